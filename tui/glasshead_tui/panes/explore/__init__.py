"""The panes that only the explorer has."""
