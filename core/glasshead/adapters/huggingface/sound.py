"""Sound, for a model that hears: its prepared features from a file. To name them costs no torch.

Features are what the model's own feature extractor makes of a sound: f numbers for each of t moments.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glasshead import tensors
from glasshead.errors import GlassheadError, brief
from glasshead.files import open_plain, refuse_pointer

if TYPE_CHECKING:
    from torch import Tensor

MOST = 256 << 20
"""Bytes of the largest file of features that is read; half a minute of sound has about one million."""
NAME = "input_features"
"""Tensor to take from a file that holds several."""


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A sound: a file of its features, or in Python the features or what the encoder made of them."""

    path: Path | None = None
    features: "Tensor | None" = None
    """f t, or 1 f t."""
    states: "Tensor | None" = None
    """1 k m."""

    @property
    def title(self) -> str:
        """Name of the sound."""
        return "the sound" if self.path is None else self.path.name

    def read(self, shape: tuple[int, int]) -> "Tensor | None":
        """Return the features, f t, of this shape; None if there are only states. Raises GlassheadError."""
        import torch

        if self.path is not None:
            return torch.from_numpy(read_features(self.path, shape))
        return self.features


def read_features(path: Path, shape: tuple[int, int]) -> Any:
    """Read the features of one sound: an array f t. Pickles are never read.

    path: a `.npy` file, or `.safetensors` with one tensor, or one of the name `input_features` · shape: f and t.
    Raises GlassheadError for any other file, for another shape, and for numbers that are not finite.
    """
    import numpy

    refuse_pointer(path)
    try:
        with open_plain(path, MOST):
            pass
        found = _read(path)
    except OSError as error:
        raise GlassheadError(f"{path} cannot be read: {error.strerror}.") from None
    found = found[0] if found.ndim == 3 and len(found) == 1 else found
    if found.dtype.kind != "f" or found.shape != shape:
        size = " × ".join(map(str, found.shape)) or "one"
        raise GlassheadError(
            f"{path} holds {size} numbers of type {found.dtype}; this model hears features of {shape[0]} × {shape[1]} "
            "(frequencies × moments), as its feature extractor prepares them."
        )
    found = numpy.array(found, dtype="float32")
    if not numpy.isfinite(found).all():
        raise GlassheadError(f"{path} holds numbers that are not finite (NaN or ±∞): prepare the features again.")
    return found


def _read(path: Path) -> Any:
    """Read the one array of a file. Raises OSError and GlassheadError."""
    import numpy

    if path.suffix == ".npy":
        try:
            # Mapped into memory: a false header is found before any room is taken for what it claims.
            found = numpy.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise GlassheadError(f"{path} is not a file of numpy that can be read: {brief(str(error))}") from None
        if not isinstance(found, numpy.ndarray):
            raise GlassheadError(f"{path} is an archive of several arrays: save one of them with numpy.save.")
        return found
    if path.suffix != ".safetensors":
        raise GlassheadError(f"{path} is neither .npy nor .safetensors: features are read from such files alone.")
    tensors.count_numbers(path)
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        held = load_file(path)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise GlassheadError(f"{path} cannot be read: {brief(str(error))}") from None
    if len(held) != 1 and NAME not in held:
        raise GlassheadError(
            f"{path} holds {len(held)} tensors ({brief(', '.join(sorted(held)))}): name the features {NAME}."
        )
    return held[NAME] if NAME in held else next(iter(held.values()))
