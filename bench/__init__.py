"""Benchmarks: `make bench` compares the application with the least code that could do the same."""
