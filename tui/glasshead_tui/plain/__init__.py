"""The text twin of every view: what a pipe, a log or a screen reader gets."""
