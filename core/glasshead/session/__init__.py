"""One person's work with a model, without a screen or a thread: lines, moves, undo, and what is shown of them."""
