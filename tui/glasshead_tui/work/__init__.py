"""The threads that run models and read runs, and the messages they send."""
