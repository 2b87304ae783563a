"""Adapters that make a Model of a format: one file, or one room, for each."""
