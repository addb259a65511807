"""Does it replicate? Each printed number and each claim, judged."""
