"""Faster and smaller training steps, and the figures that measure them."""
