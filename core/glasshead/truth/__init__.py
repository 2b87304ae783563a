"""Checks that the numbers on the screen are true."""
