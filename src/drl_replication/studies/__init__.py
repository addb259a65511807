"""What studies of variants say: effects, agreement with the print, claims."""
