"""Whatever comes from outside, mutated by the million: nothing may crash, hang or eat memory.

``python -m tests.fuzzing`` (``make fuzz``) fuzzes each target of ``table.TARGETS`` in a process of its own, with
atheris; ``test_fuzzing.py`` is the short form that runs with the other tests.
"""
