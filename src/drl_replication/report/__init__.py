"""The report: one HTML page that holds everything, made from files alone."""
