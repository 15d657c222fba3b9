"""Servers of the demo, the tests and the benchmarks: PostgreSQL and Valkey from wheels, and their supervisor.

Nothing here is used in production, where the same settings take their URLs from the environment.
"""
