"""The commands are run as everywhere on the command line."""

from tests.cli.conftest import glasshead, here, process

__all__ = ["glasshead", "here", "process"]
