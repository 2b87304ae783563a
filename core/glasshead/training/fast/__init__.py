"""What makes a training step faster or smaller, and the figures that measure it."""
