"""From checked arguments to a screen, or to text where there is no terminal."""
