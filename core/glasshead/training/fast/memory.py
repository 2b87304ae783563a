"""What oneDNN, which multiplies matrices for torch on a processor, is told of memory before torch starts.

It keeps a program, and the scratch memory that it works in, for each of 1,024 sizes of products that it has met, and
batches of real lengths are of many sizes. With 128, as many as a few steps need, a training of 200 steps on a million
pairs took 1.2 GB in place of 1.4, at the same speed.
"""

import os

CAPACITIES = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128", "LRU_CACHE_CAPACITY": "128"}


def spare() -> None:
    """Tell it, unless the person has. Has no effect once a matrix was multiplied."""
    for name, value in CAPACITIES.items():
        os.environ.setdefault(name, value)
