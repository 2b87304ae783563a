"""The user's state: focus, keys, the place in the course."""
