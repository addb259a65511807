"""What Figures 1 to 4 need besides runs."""
