"""What fills the terminal: the explorer, and what opens over it."""
