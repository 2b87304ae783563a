"""Which part matters: what becomes of a model's output without a head, a sub-layer or a token."""
