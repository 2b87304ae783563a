"""`glasshead export`: a checkpoint as a folder of Hugging Face, or such a folder as a checkpoint."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from glasshead.errors import GlassheadError
from glasshead_tui.commands.arguments import Checkpoint


def export(
    checkpoint: Checkpoint,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or an empty folder.", show_default=False)],
    to: Annotated[
        Literal["hf", "native"],
        typer.Option(help="hf: a Marian of Hugging Face. native: a checkpoint, of a folder that holds a Marian."),
    ],
) -> None:
    """Turn a checkpoint into a model of Hugging Face, or back.

    The model computes the same logits there. transformers opens the folder by AutoModelForSeq2SeqLM and AutoTokenizer,
    and glasshead by its path. What the other format cannot express is refused, with the field that is in the way.
    """
    from glasshead.adapters.huggingface.export import convert
    from glasshead.adapters.huggingface.export import export as write
    from glasshead.adapters.huggingface.folder import HuggingFolder, is_hugging_face
    from glasshead.checkpoints.find import locate
    from glasshead_tui.terminal.visible import visible

    source, title = locate(checkpoint)
    foreign = is_hugging_face(source)
    if foreign and to == "hf":
        raise GlassheadError(f"{checkpoint} is a folder of Hugging Face already; --to native makes a checkpoint of it.")
    if to == "native" and not foreign:
        raise GlassheadError(f"{checkpoint} is a checkpoint already; --to hf makes a folder of Hugging Face of it.")
    if foreign:
        convert(HuggingFolder(source, title), folder)
    else:
        write(source, folder)
    kind = "a Marian of Hugging Face" if to == "hf" else "a checkpoint"
    print(f"{visible(str(folder))} holds {visible(title)} as {kind}.")
    print(f"To open it: glasshead explore {visible(shlex.quote(str(folder)))}")
