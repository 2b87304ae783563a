"""Checks that what is shown is true."""
