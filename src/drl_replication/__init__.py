"""Replication of "Discriminative Representation Loss (DRL)": online continual learning."""

__version__ = "0.2.0"
