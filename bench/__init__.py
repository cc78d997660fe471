"""Speeds as ratios, each taken side by side in one run (docs/benchmarks.md)."""
