"""How things look everywhere: styles, names, numbers, charts."""
