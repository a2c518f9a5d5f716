"""Benchmarks: each value beside a physical limit measured in the same run on the same machine."""
