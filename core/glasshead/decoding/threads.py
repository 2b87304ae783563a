"""Opening a model for decoding at the command line."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasshead.subject import Subject


def load(name: str) -> "Subject":
    """`glasshead.load`, with one thread for the model, unless OMP_NUM_THREADS says otherwise.

    One position at a time is too little work to share: threads that wait for each other cost more than they bring, and
    where something else keeps the cores busy 5 to 20 times more (measured at d_model 256 and 512). To be called in the
    thread in which the model will run: how many helpers it has is a matter of each.
    """
    from glasshead import subject

    one_thread()
    return subject.load(name)


def one_thread() -> None:
    """Let torch compute in the thread that calls, unless OMP_NUM_THREADS says otherwise."""
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)
