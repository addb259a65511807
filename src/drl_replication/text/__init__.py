"""How numbers, notes and tables are worded and laid out."""
