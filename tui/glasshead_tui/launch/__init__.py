"""From checked arguments to a screen, or to text without a terminal."""
