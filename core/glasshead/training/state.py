"""The state that an exact resume needs, beside its checkpoint.

    training/parameters.safetensors   float32, as trained (what is explored is an average, in float16)
    training/adam.safetensors         both moments of every parameter, and its count of steps
    training/state.json               the place in the data, the progress, and the steps of snapshots

It holds no random numbers: those of an update are drawn from its number (see engine.py).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from glasshead import tensors
from glasshead.errors import GlassheadError
from glasshead.training.run import TRAINING

VERSION = 1
PARAMETERS, ADAM, STATE = "parameters.safetensors", "adam.safetensors", "state.json"


@dataclass(frozen=True, kw_only=True)
class State:
    """Progress of a training. `epoch` and `index` name the next micro-batch."""

    step: int
    epoch: int
    index: int
    tokens: int
    seconds: float
    snapshots: tuple[int, ...]
    """Steps whose parameters will be averaged with later ones."""
    fingerprint: str
    """Fingerprint of the corpus."""
    group: int
    """Micro-batches of an update."""
    precision: str
    threads: int
    torch: str
    validation: Mapping[str, str] = field(default_factory=dict)
    best: Mapping[str, float] = field(default_factory=dict)
    """The best evaluation so far (best.py); empty before the first."""
    scaler: Mapping[str, Any] | None = None
    """State of the loss scaler, in fp16."""


def write(
    folder: Path, state: State, parameters: Mapping[str, Tensor], moments: Mapping[Tensor, Mapping[str, Any]]
) -> None:
    """Write everything into a folder that is not yet in its place."""
    home = folder / TRAINING
    home.mkdir()
    tensors.write(home / PARAMETERS, parameters)
    adam = {
        f"{name}/{key}": torch.as_tensor(value)
        for name, parameter in parameters.items()
        for key, value in moments.get(parameter, {}).items()
    }
    tensors.write(home / ADAM, adam)
    text = json.dumps({"version": VERSION, **asdict(state)}, indent=2)
    (home / STATE).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> State:
    """Read the state of a checkpoint. Raises GlassheadError if it holds none, or a damaged one."""
    path = folder / TRAINING / STATE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version = content.pop("version")
        if version != VERSION:
            raise GlassheadError(f"{path} is of version {version!r}; this program reads version {VERSION}.")
        content["snapshots"] = tuple(content["snapshots"])
        return State(**content)
    except OSError as error:
        raise GlassheadError(f"{path} cannot be read ({error.strerror}): this checkpoint cannot be resumed.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, GlassheadError):
            raise
        raise GlassheadError(f"{path} is damaged: resume from an older checkpoint by naming it in `latest`.") from error


def snapshot(folder: Path, names: Sequence[str]) -> list[Tensor]:
    """Read the float32 parameters of a checkpoint, in the order of `names`."""
    found = _tensors(folder / TRAINING / PARAMETERS)
    if set(names) != found.keys():
        raise GlassheadError(f"{folder / TRAINING / PARAMETERS} belongs to another model.")
    return [found[name] for name in names]


@torch.no_grad()
def restore(folder: Path, parameters: Mapping[str, Tensor], optimizer: torch.optim.Optimizer) -> None:
    """Restore parameters and moments, bit for bit."""
    for parameter, value in zip(parameters.values(), snapshot(folder, list(parameters)), strict=True):
        if parameter.shape != value.shape:
            raise GlassheadError(f"{folder / TRAINING / PARAMETERS} belongs to a model of another shape.")
        parameter.copy_(value)
    order = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    number = {id(parameter): place for place, parameter in enumerate(order)}
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _tensors(folder / TRAINING / ADAM).items():
        owner, key = name.rsplit("/", 1)
        state.setdefault(number[id(parameters[owner])], {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _tensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except FileNotFoundError:
        raise GlassheadError(f"{path} is not there: this checkpoint can be explored, but not resumed.") from None
    except (SafetensorError, OSError) as error:
        raise GlassheadError(f"{path} is damaged ({error}): this checkpoint cannot be resumed.") from error
