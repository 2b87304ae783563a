"""What makes something a Model: one file, or one room, for each format."""
