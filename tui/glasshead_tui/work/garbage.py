"""Garbage is collected where nobody waits. With torch loaded, a full collection stops all threads for a quarter of a
second; later ones take some ten milliseconds, which Python would choose in the middle of a key.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

DUE, OVERDUE = 10, 200
"""Collections of younger objects after which a full one is worth its time; and after which Python begins one itself."""


def put_off() -> None:
    """Have full collections begin by `tidy`."""
    young, older, _ = gc.get_threshold()
    gc.set_threshold(young, older, OVERDUE)


def tidy() -> None:
    """Collect garbage, if there may be some: called where nothing waits for an answer."""
    if gc.get_count()[2] >= DUE:
        gc.collect()


@contextmanager
def loading() -> Iterator[None]:
    """Collect nothing within: what is loaded stays, and no collection looks through it afterwards."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        keep()
        if collects:
            gc.enable()


def keep() -> None:
    """Let no collection look through what is there now."""
    gc.freeze()


def unload() -> None:
    """Let collections look again through what was loaded, once it is no longer in use."""
    gc.unfreeze()
