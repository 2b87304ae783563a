"""The terminal and its streams: what may be written, what is read."""
