"""One person's work with a model, without a screen or a thread: lines, moves, undo, and a moment to show."""
