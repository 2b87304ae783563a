"""Numbers computed from a trace. Nothing here runs a model."""
