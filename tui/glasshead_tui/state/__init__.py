"""What is the person's: focus, keys, the place in the course."""
