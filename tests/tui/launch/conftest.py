"""The folder in which the command line is run."""

from tests.cli.conftest import here

__all__ = ["here"]
