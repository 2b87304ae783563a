"""The model card of a checkpoint, README.md."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


def card_text(name: str, content: Mapping[str, Any], entries: str) -> str:
    """Write README.md of a checkpoint: a description, and its origin as the card has it."""
    config = content["config"]
    lines = [
        f"# {name}",
        "",
        f"A glasshead checkpoint: an encoder–decoder Transformer with {config['encoder_layers']} + "
        f"{config['decoder_layers']} layers, {config['heads']} heads, d_model {config['d_model']}, "
        f"{entries}. Open it with `glasshead explore` and the path of this folder.",
        "",
        "| | |",
        "|---|---|",
    ]
    for key, value in content["card"].items():
        lines.append(f"| {key} | {_plainly(value).replace('|', '¦')} |".replace("\n", " "))
    return "\n".join(lines) + "\n"


def _plainly(value: Any) -> str:
    """Write a value of a card without brackets and quotes."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key.replace('_', ' ')} {_plainly(each)}" for key, each in value.items())
    if isinstance(value, list):
        return " · ".join(map(_plainly, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
