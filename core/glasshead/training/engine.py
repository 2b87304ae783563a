"""The engine: one update of the parameters, on any hardware, by accelerate.

Accelerate prepares the model and the optimizer and nothing else: the data, the schedule, the divisor of a loss and the
exchange of gradients are ours. An update is G = accumulate × processes micro-batches; process r takes those at the
positions p with p % processes == r. With L(p) the summed loss of one and T the target tokens of all G,

    gradient = Σ ∂L(p) / T

whichever process computes which part. Dropout draws from a generator seeded by (seed, update, p), so that neither the
number of processes nor a resume changes the draw: 1 × 4, 2 × 2 and 4 × 1 make the same update, up to the order of sums.
"""

import math
import os
import shutil
import signal
import threading
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import DistributedDataParallelKwargs, GradientAccumulationPlugin, InitProcessGroupKwargs
from torch import Tensor, nn
from torch.nn import functional as F

from glasshead.errors import GlassheadError
from glasshead.machine import device_of
from glasshead.model import Config, Transformer
from glasshead.text import Codec
from glasshead.training.data.batches import Batch
from glasshead.training.fast import kernels
from glasshead.training.fast.adam import PlainAdam
from glasshead.training.loss import projected
from glasshead.training.settings import Settings

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
PATIENCE = timedelta(days=7)
"""Time that processes wait for the first, which prepares a corpus or evaluates, before they give up."""

READ_EVERY, TIDY_EVERY = 10, 16
"""Updates between two reads of their results, and between two releases of memory."""


def precision_of(wanted: str, device: torch.device) -> str:
    """Return the precision of matrix products; `auto` is bf16 if the hardware has it.

    Raises GlassheadError for fp16 on a processor, which would compute it in software.
    """
    if wanted == "auto":
        return "bf16" if kernels.has_bfloat16(device) else "fp32"
    if wanted == "fp16" and device.type == "cpu":
        raise GlassheadError("--precision fp16 needs a GPU; use bf16 or fp32 on a processor.")
    return wanted


def check_marks(config: Config) -> None:
    """Raise GlassheadError, with the fields, for ids around a sentence that are not those that batches have."""
    fields = ("pad_id", "bos_id", "eos_id", "prefix", "source_end")
    odd = [f"{name} {getattr(config, name)}" for name in fields if getattr(config, name) != getattr(Config, name)]
    if odd:
        raise GlassheadError(
            f"A model with {', '.join(odd)} cannot be trained: a training pads with {Config.pad_id}, begins a target "
            f"with {Config.bos_id} and ends both sides with {Config.eos_id}. Leave these fields at their defaults."
        )


def check_compiler(device: torch.device) -> None:
    """Raise GlassheadError if torch.compile would not find the C++ compiler that it needs for a processor."""
    names = [os.environ[name] for name in ("CXX",) if os.environ.get(name)] or ["g++", "clang++", "cl"]
    if device.type == "cpu" and not any(map(shutil.which, names)):
        raise GlassheadError(
            f"--compile needs a C++ compiler, but there is no {' or '.join(names)} here: leave it out."
        )


class Objective(nn.Module):
    """A model with its loss, so that its output is two numbers and not the logits, its largest tensor."""

    def __init__(self, model: Transformer, smoothing: float) -> None:
        super().__init__()
        self.model, self.smoothing = model, smoothing

    def forward(self, source: Tensor, target: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the summed smoothed loss and the summed negative log-likelihood, in nats. ids: b k, b q, b q"""
        mask = self.model.padding_mask(source)
        states = self.model.states(target, self.model.encode(source, mask), mask)
        return projected(
            states, self.model.projection, labels, bias=self.model.bias, smoothing=self.smoothing, pad_id=Codec.PAD
        )


class Compiled(Objective):
    """The same computation in PyTorch's own operators, which torch.compile can read and turn into kernels."""

    def forward(self, source: Tensor, target: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the summed smoothed loss and the summed negative log-likelihood, in nats. ids: b k, b q, b q"""
        logits, flat = self.model(source, target).flatten(0, 1).float(), labels.flatten()
        loss, likelihood = (
            F.cross_entropy(logits, flat, ignore_index=Codec.PAD, reduction="sum", label_smoothing=smoothing)
            for smoothing in (self.smoothing, 0.0)
        )
        return loss, likelihood.detach()


@dataclass(frozen=True, slots=True)
class Updated:
    """Results of an update, on its device: reading them waits for the device. Sums over this process's batches."""

    loss: Tensor
    likelihood: Tensor
    norm: Tensor


class Engine:
    """A model in training. Every process of a training has one."""

    def __init__(self, settings: Settings) -> None:
        device = device_of(settings.device)
        self.precision = precision_of(settings.precision, device)
        if settings.compile:
            check_compiler(device)
        self.settings = settings
        if PartialState._shared_state.get("num_processes", 2) == 1:
            # It holds device and precision of a whole process, and must not keep those of an earlier training.
            AcceleratorState._reset_state(reset_partial_state=True)
        self.accelerator = Accelerator(
            device_placement=False,  # `take` does it: to place a model, accelerate looks for sharded tensors first
            cpu=device.type == "cpu",
            mixed_precision="no" if self.precision == "fp32" else self.precision,
            gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1, adjust_scheduler=False),
            kwargs_handlers=[
                InitProcessGroupKwargs(timeout=PATIENCE),
                DistributedDataParallelKwargs(broadcast_buffers=False, gradient_as_bucket_view=True),
            ],
        )
        self.device = self.accelerator.device
        self.rank, self.processes = self.accelerator.process_index, self.accelerator.num_processes
        self.network: Transformer
        self.parameters: dict[str, nn.Parameter]
        self.optimizer: torch.optim.Optimizer

    @property
    def main(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    @property
    def dtype(self) -> torch.dtype:
        """Data type of matrix products."""
        return DTYPES[self.precision]

    @property
    def read_every(self) -> int:
        """Updates between two reads of their results. Reading costs nothing if there is nothing to wait for."""
        return 1 if self.device.type == "cpu" and self.processes == 1 else READ_EVERY

    @property
    def group(self) -> int:
        """Micro-batches of one update, over all processes."""
        return self.settings.accumulate * self.processes

    def take(self, network: Transformer) -> None:
        """Take a model to train. Its parameters stay float32 in any precision.

        Raises GlassheadError for one whose sentences begin or end otherwise than those of the batches.
        """
        check_marks(network.config)
        compiled = self.settings.compile
        if compiled:
            network.train()
        else:
            kernels.prepare(network, self.dtype, self.device)
        self.network = network.to(self.device)
        self.parameters = dict(network.named_parameters())  # a shared matrix counts once
        adam = torch.optim.Adam if compiled else PlainAdam
        self.optimizer = adam(
            self.parameters.values(), lr=0.0, betas=(0.9, 0.98), eps=1e-9, fused=self.device.type in ("cpu", "cuda")
        )
        smoothing = self.settings.label_smoothing
        objective: Any = (
            torch.compile(Compiled(network, smoothing), dynamic=True) if compiled else Objective(network, smoothing)
        )
        self._objective, self._optimizer = self.accelerator.prepare(objective, self.optimizer)

    def update(self, number: int, batches: Sequence[Batch], tokens: int, rate: float) -> Updated:
        """Make update `number` (1, 2, …) from this process's batches, in order. tokens: T, over all processes."""
        loss = torch.zeros((), device=self.device)
        likelihood = torch.zeros((), device=self.device)
        for turn, batch in enumerate(batches):
            torch.manual_seed(draw(self.settings.seed, number, turn * self.processes + self.rank))
            last = turn == len(batches) - 1
            with nullcontext() if last else self.accelerator.no_sync(self._objective):
                found, unsmoothed = self._objective(
                    *(self._there(part) for part in (batch.source, batch.target, batch.labels))
                )
                # Accelerate averages gradients over the processes; the update needs their sum.
                self.accelerator.backward(found * (self.processes / tokens))
            loss += found.detach()
            likelihood += unsmoothed
        self.accelerator.unscale_gradients()
        norm = nn.utils.clip_grad_norm_(list(self.parameters.values()), self.settings.clip or math.inf)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        if self.device.type == "cpu" and number % TIDY_EVERY == 0:
            kernels.give_back()
        return Updated(loss, likelihood, torch.as_tensor(norm))

    def _there(self, ids: Tensor) -> Tensor:
        if self.device.type == "cuda":
            return ids.pin_memory().to(self.device, non_blocking=True)
        return ids.to(self.device)

    def total(self, values: Tensor) -> list[Any]:
        """Sum values over all processes and return numbers. Every process must call it."""
        summed: Any = self.accelerator.reduce(values, reduction="sum") if self.processes > 1 else values
        found: list[Any] = summed.tolist()
        return found

    def agreed(self, answer: bool) -> bool:
        """Return whether any process says yes. Every process must call it."""
        return answer if self.processes == 1 else self.total(torch.tensor([float(answer)], device=self.device))[0] > 0

    def wait(self) -> None:
        """Wait for every process. An interrupt ends a waiting process at once: there is nothing to save."""
        numbers = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
        before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
        try:
            self.accelerator.wait_for_everyone()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @property
    def scaler(self) -> Any:
        """The scaler of the loss in fp16, or None."""
        return self.accelerator.scaler if self.precision == "fp16" else None


def draw(seed: int, update: int, position: int) -> int:
    """Derive the seed of the random numbers of one micro-batch."""
    return int.from_bytes(blake2b(f"{seed}/{update}/{position}".encode(), digest_size=8).digest(), "big") >> 1
