"""Measures of runs, and the statistics of many."""
