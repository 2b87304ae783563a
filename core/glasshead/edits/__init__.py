"""Edits: changes of a model's values while it runs, as plain data that can be listed, printed, compared and undone."""
