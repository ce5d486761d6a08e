"""Benchmarks: numbers, never timed asserts."""
