"""The paper's tables, and two of ours, from run records."""
