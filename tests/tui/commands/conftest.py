"""The commands are run as everywhere on the command line."""

from tests.cli.conftest import fork, glasshead, here, process

__all__ = ["fork", "glasshead", "here", "process"]
