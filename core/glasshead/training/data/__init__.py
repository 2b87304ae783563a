"""From a user's files, or a recipe, to batches of tokens."""
