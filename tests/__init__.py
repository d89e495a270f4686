"""The tests, in folders that mirror the rooms; simulation/ is a program of its own (python -m tests.simulation)."""
