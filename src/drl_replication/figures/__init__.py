"""Figures, each drawn from records alone: one module a figure, and the style they share."""
