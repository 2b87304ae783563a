"""Opening: how a model is to be opened, and how texts are to be read for it. Plain data, no torch."""

from dataclasses import dataclass, fields
from typing import Literal

from glasshead.errors import GlassheadError

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "float16", "bfloat16"]
Capture = Literal["auto", "all", "shown"]
DEVICES: tuple[Device, ...] = ("auto", "cpu", "cuda", "mps")
PRECISIONS: tuple[Precision, ...] = ("auto", "float32", "float16", "bfloat16")
CAPTURES: tuple[Capture, ...] = ("auto", "all", "shown")


@dataclass(frozen=True, kw_only=True)
class Opening:
    """See the module. Raises GlassheadError for wishes that contradict each other."""

    to: str | None = None
    """Language to write, of a model that writes several: `fr`."""
    source: str | None = None
    """Language of the text, of a model whose tokenizer wants to know."""
    chat: bool = False
    """Whether a text is what a user says to a chat model, put into the template of its tokenizer."""
    ids: bool = False
    """Whether a text is a list of ids, `3,17,2`, read as they are, without what a tokenizer would add."""
    device: Device = "cpu"
    dtype: Precision = "auto"
    """Precision of the weights; auto is that of the file."""
    spread: bool = False
    """Whether the layers are spread over all devices that there are, the processor's memory and the disk."""

    capture: Capture = "auto"
    """Layers whose values are captured at every step: all, or the one that is shown; auto is all of a model that one
    device holds."""

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise GlassheadError(f"There is no device {self.device!r}; there are {', '.join(DEVICES)}.")
        if self.dtype not in PRECISIONS:
            raise GlassheadError(f"There is no precision {self.dtype!r}; there are {', '.join(PRECISIONS)}.")
        if self.capture not in CAPTURES:
            raise GlassheadError(f"Nothing captures {self.capture!r}; there are {', '.join(CAPTURES)}.")
        if self.chat and self.ids:
            raise GlassheadError("--chat and --ids are two ways of reading a text: choose one.")
        if self.spread and self.device not in ("cpu", "auto"):
            raise GlassheadError("--device and --device-map are two ways of placing a model: choose one.")

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the fields that differ from their defaults."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) != field.default)


AS_IT_IS = Opening()
"""A model as its files have it, on the processor."""
