"""Replication of "Discriminative Representation Loss (DRL)": online continual learning."""

__version__ = "0.1.0"
