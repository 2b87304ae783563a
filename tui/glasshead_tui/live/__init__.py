"""A training in its own terminal: the live panel, or plain lines."""
