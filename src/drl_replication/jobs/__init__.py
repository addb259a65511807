"""What the workflow's jobs do, what they cost, and where their results are kept."""
