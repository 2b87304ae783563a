"""The number of threads that torch computes with while a model decodes."""

import os


def one_thread() -> None:
    """Let torch compute in the calling thread alone, unless OMP_NUM_THREADS says otherwise.

    One position at a time is too little work to share: threads that wait for each other cost more time than they save,
    and 5 to 20 times more if something else keeps the cores busy (measured at d_model 256 and 512). Call it in the
    thread in which the model will run: the number of helpers is set for each thread.
    """
    import torch

    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1)
