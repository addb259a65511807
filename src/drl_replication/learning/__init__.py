"""A method learns a stream: networks, methods, training."""
