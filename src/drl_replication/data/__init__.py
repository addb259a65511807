"""Datasets from download to stream."""
