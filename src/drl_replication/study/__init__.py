"""The configuration: what is studied, and under which readings."""
