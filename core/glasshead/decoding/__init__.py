"""Decoding with any model: a line and its moves, the cache, picking a token, beam search."""
