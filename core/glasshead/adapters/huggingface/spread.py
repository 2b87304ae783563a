"""Models whose layers are spread over devices, the memory and the disk by accelerate.

The weights that lie elsewhere are fetched for a module's turn, by a hook of accelerate, and are no numbers in between.
"""

from typing import Any

import torch
from torch import nn

NAMES = {"cpu": "CPU", "disk": "disk", "mps": "GPU"}


def device_of_inputs(module: nn.Module) -> torch.device:
    """Return the device on which a module computes, wherever its weights lie."""
    found = next(module.parameters()).device
    hook: Any = getattr(module, "_hf_hook", None)
    return torch.device(hook.execution_device) if found.type == "meta" and hook is not None else found


def name_devices(module: nn.Module, device: torch.device) -> str:
    """Name the places where the layers lie: `CPU and disk`."""
    spread = getattr(module, "hf_device_map", None) or {"": device.type}
    places = {NAMES.get(str(place), "GPU") for place in spread.values()}
    return " and ".join(place for place in ("GPU", "CPU", "disk") if place in places)


def is_spread(module: nn.Module) -> bool:
    """Tell whether a model lies in several places."""
    return len({str(place) for place in (getattr(module, "hf_device_map", None) or {}).values()}) > 1
