"""Benchmarks: one command each, raw results as JSON, and the tables and curves made from them.

``python -m benchmarks NAME`` measures, ``python -m benchmarks tables`` writes docs/benchmarks.md.
"""
