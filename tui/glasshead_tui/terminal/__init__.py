"""The terminal and its streams: safe output, checked input."""
