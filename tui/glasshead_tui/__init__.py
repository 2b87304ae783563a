"""glasshead in the terminal: the Typer commands and the Textual explorer."""
