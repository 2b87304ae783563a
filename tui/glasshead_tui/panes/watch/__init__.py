"""The panes of the screen that watches a training."""
