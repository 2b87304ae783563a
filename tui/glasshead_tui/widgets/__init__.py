"""Drawings of numbers for the terminal. They know nothing of Transformers and can be used elsewhere."""
