"""The panes. Each gets data and a Focus, and draws them; it runs no model."""
