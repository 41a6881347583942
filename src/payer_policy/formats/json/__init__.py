"""This product's own JSON: one request, a list of them, or one on each line."""
