"""Benchmarks: what the platform can do on this machine, as ratios within one run."""
