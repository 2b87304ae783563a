"""The panes of the explorer alone."""
