"""Writing a checkpoint: every file beside its place, then all of them moved in."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glasshead import tensors
from glasshead.errors import GlassheadError
from glasshead.files import replace_all

if TYPE_CHECKING:
    from glasshead.model import Transformer
    from glasshead.text import Vocabulary
from glasshead.checkpoints.card import card_text
from glasshead.checkpoints.format import (
    CARD,
    CONFIG,
    FORMAT,
    SOURCE_TOKENIZER,
    SUMS,
    SYMBOLS,
    TOKENIZER,
    VERSION,
    WEIGHTS,
    check_fit,
    checksum,
    count_entries,
)


def save(
    folder: str | Path,
    model: "Transformer",
    vocabulary: "Vocabulary",
    card: Mapping[str, Any] | None = None,
    *,
    half: bool = True,
    name: str | None = None,
) -> None:
    """Write a checkpoint. half: store the weights in float16, half the size; they are float32 again when loaded.

    card: facts for a reader (data, command, time, scores) as JSON values; README.md is written from them.
    name: the title in README.md, by default the name of the folder.
    Raises GlassheadError if the folder cannot be written, and if the vocabulary does not fit the model.
    """
    import torch

    from glasshead.symbols import Symbols

    check_fit(vocabulary, model.config, "this folder")
    folder = Path(folder)
    weights = {
        name: tensor.detach().to("cpu", torch.float16 if half else torch.float32)
        for name, tensor in model.state_dict().items()
        if not (model.config.share_embeddings and name == "target.weight")  # tied: it is source.weight
    }
    sums: dict[str, str] = {}
    sides = {TOKENIZER: vocabulary.target, SOURCE_TOKENIZER: vocabulary.source}
    foreign = [name for name, codec in sides.items() if isinstance(codec, Symbols)][: 1 if vocabulary.joint else 2]
    content = {
        "format": FORMAT,
        "version": VERSION,
        SUMS: sums,
        **({SYMBOLS: foreign} if foreign else {}),
        "config": asdict(model.config),
        "card": dict(card or {}),
    }
    json.dumps(content)  # a card that is not JSON is the caller's bug, raised before anything is written

    def write_weights(path: Path) -> None:
        tensors.write(path, weights)
        sums[WEIGHTS] = checksum(path)

    def write_tokenizer(path: Path) -> None:
        vocabulary.target.save(path)
        sums[TOKENIZER] = checksum(path)

    def write_source_tokenizer(path: Path) -> None:
        vocabulary.source.save(path)
        sums[SOURCE_TOKENIZER] = checksum(path)

    def write_card(path: Path) -> None:
        title = folder.resolve().name if name is None else name
        path.write_text(card_text(title, content, count_entries(vocabulary)), encoding="utf-8")

    def write_config(path: Path) -> None:
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_all(
            folder,
            {
                WEIGHTS: write_weights,
                TOKENIZER: write_tokenizer,
                **({} if vocabulary.joint else {SOURCE_TOKENIZER: write_source_tokenizer}),
                CARD: write_card,
                CONFIG: write_config,  # the last one: it knows the sums of the others
            },
        )
        if vocabulary.joint:
            (folder / SOURCE_TOKENIZER).unlink(missing_ok=True)  # left by an older checkpoint here, which had two
    except OSError as error:
        raise GlassheadError(f"{folder} cannot be written: {error.strerror or error}.") from error
