"""Model FLOPs utilisation: the matrix products of the model, against the speed of a matrix product here.

It counts the products of the paper's formulas, 2 · rows · columns · inner each, and twice as much again for the
gradients (one product for each operand). Real tokens count, padding does not. Attention counts in full, with the half
that the mask hides, as is usual. Norms, softmax and the optimizer multiply no matrices.
"""

import time

import numpy as np
import torch
from numpy.typing import NDArray

from glasshead.model import Config
from glasshead.training.fast.products import multiply

SIZE, PATIENCE = {"cpu": 1024, "cuda": 8192, "mps": 4096}, 0.1
"""Rows of the matrices in the measurement, and its most seconds."""


def flops(config: Config, sources: "NDArray[np.integer]", targets: "NDArray[np.integer]") -> float:
    """Count the FLOP of forward and backward pass for sentences of these lengths, end tokens included."""
    s, t = sources.astype(np.float64), targets.astype(np.float64)
    m, e, f, h = config.d_model, config.encoder_width, config.d_ff, config.heads
    both = h * (config.key_width + config.value_width)  # a product with as many numbers for keys as for values
    encoder = 2 * s * e * both + s * s * both + 2 * s * e * f
    own = 2 * t * m * both + t * t * both
    cross = t * m * both + s * e * both + t * s * both
    decoder = own + cross + 2 * t * m * f
    forward = config.encoder_layers * encoder + config.decoder_layers * decoder + t * m * config.vocab_size
    return float(3 * 2 * forward.sum())


def peak(device: torch.device, dtype: torch.dtype) -> float:
    """Measure the FLOP/s of one large matrix product on this device: the best of a few."""
    size = SIZE.get(device.type, 1024)
    left, right = (torch.full((size, size), 0.5, device=device, dtype=dtype) for _ in range(2))
    best, began = float("inf"), time.perf_counter()
    _timed(left, right)
    while time.perf_counter() - began < PATIENCE or best == float("inf"):
        best = min(best, _timed(left, right))
    return 2 * size**3 / best


def _timed(left: torch.Tensor, right: torch.Tensor) -> float:
    began = time.perf_counter()
    float(multiply(left, right)[0, 0])  # reading it waits for the device
    return time.perf_counter() - began
