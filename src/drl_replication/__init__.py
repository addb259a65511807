"""Replication of "Discriminative Representation Loss (DRL)": online continual learning."""

__version__ = "1.0.0"
