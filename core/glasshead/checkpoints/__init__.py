"""Checkpoints on disk: finding, describing, reading and writing them. No pickle."""
