"""From a trace to numbers. Nothing here runs a model."""
