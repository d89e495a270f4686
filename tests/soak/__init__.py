"""A day of a small network of real nodes, compressed: ``python -m tests.soak --help``.

plan.py says what happens and when, day.py lets it happen, on the hosts of hosts.py; watch.py looks at the processes
meanwhile, and outcome.py at what is left.
"""
