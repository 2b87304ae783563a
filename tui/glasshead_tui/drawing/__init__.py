"""The look of everything: styles, names, numbers, charts."""
