"""A checkpoint as a folder of Hugging Face, and a folder of Hugging Face as a checkpoint.

The model becomes a Marian (marian.py), its vocabulary a `tokenizer.json` that adds the end token by itself. Writing
such a folder needs no library of Hugging Face but safetensors and tokenizers.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from glasshead import tensors
from glasshead.adapters.huggingface.folder import HuggingFolder
from glasshead.checkpoints.format import CONFIG, TOKENIZER, WEIGHTS
from glasshead.config import Config
from glasshead.errors import GlassheadError, brief
from glasshead.files import check_new, write_new
from glasshead.symbols import Symbols
from glasshead.text import SPECIALS, Codec, Vocabulary

GENERATION, NAMES = "generation_config.json", "tokenizer_config.json"


def export(checkpoint: Path, folder: Path) -> None:
    """Write a checkpoint as a folder of Hugging Face, which is new or empty.

    Raises GlassheadError for a model or a vocabulary that Marian cannot express, and for a folder that cannot be
    written; nothing is written then.
    """
    from glasshead.adapters.huggingface.marian import values, weights
    from glasshead.checkpoints.load import load

    check_new(folder)
    model, vocabulary, _ = load(checkpoint)
    config, codec = model.config, vocabulary.target
    content = values(config)
    if not vocabulary.joint:
        raise GlassheadError(
            f"{checkpoint} has a vocabulary for each side; a tokenizer of Hugging Face has one, so this model cannot "
            "become one of its folders."
        )
    if isinstance(codec, Symbols) and codec.level == "word" and codec.unknown is None:
        raise GlassheadError(
            f"The vocabulary of {checkpoint} has no symbol for what it lacks, which a tokenizer of Hugging Face needs."
        )
    renamed = weights(model)
    tokenizer, names = _tokenizer(codec, config), _names(codec, config)
    write_new(
        folder,
        {
            WEIGHTS: lambda path: tensors.write(path, renamed, {"format": "pt"}),
            TOKENIZER: lambda path: path.write_text(tokenizer, encoding="utf-8"),
            NAMES: _json(names),
            GENERATION: _json(_generation(config)),
            CONFIG: _json(content),  # the last one: without it there is no model
        },
    )


def convert(hugging: HuggingFolder, folder: Path) -> None:
    """Write a folder of Hugging Face that holds a Marian as a checkpoint into a folder that is new or empty.

    Raises GlassheadError for a model or a tokenizer that cannot be expressed, and for a folder that cannot be written;
    nothing is written then.
    """
    from glasshead.adapters.huggingface.marian import transformer
    from glasshead.checkpoints.save import save

    check_new(folder)
    if hugging.kind != "marian":
        raise GlassheadError(
            f"{hugging.folder} is a model of the type {brief(hugging.kind)}; only a marian can become a checkpoint. It "
            "can be explored as it is."
        )
    found = hugging.load()
    try:
        model = transformer(found)
        codec = _codec(hugging.tokenizer, model.config, hugging.folder / TOKENIZER)
    except GlassheadError as error:
        raise GlassheadError(f"{hugging.folder} cannot become a checkpoint: {error}") from error
    card = {"origin": f"Marian of Hugging Face, from {hugging.title}"}
    save(folder, model, Vocabulary.shared(codec), card, half=False)


def _json(content: Any) -> Callable[[Path], Any]:
    return lambda path: path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _generation(config: Config) -> dict[str, Any]:
    """Say how to decode greedily; a line may be as long as here, where its last token needs no position."""
    return {
        "bos_token_id": config.bos_id, "decoder_start_token_id": config.bos_id, "eos_token_id": config.eos_id,
        "pad_token_id": config.pad_id, "max_length": config.max_length + 1, "num_beams": 1, "do_sample": False,
        **({"forced_bos_token_id": config.prefix[0]} if config.prefix else {}),
    }  # fmt: skip


def _tokenizer(codec: Codec, config: Config) -> str:
    """Write tokenizer.json: the special tokens are marked as such, and the end token follows every text.

    One of the project's own gets its first word begun wherever it stands: there is no other code here to strip the
    spaces before it.
    """
    content = json.loads(codec.to_json())
    if not isinstance(codec, Symbols):
        content["added_tokens"] = [
            {"id": number, "content": name, "special": True, "normalized": False}
            | dict.fromkeys(("single_word", "lstrip", "rstrip"), False)
            for number, name in enumerate(SPECIALS[: len(codec.marks)])
        ]
        _metaspace(content)["prepend_scheme"] = "always"
    names = {codec.name(number): number for number in config.source_ends}
    parts = [{"SpecialToken": {"id": name, "type_id": 0}} for name in names]
    content["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"Sequence": {"id": "A", "type_id": 0}}, *parts],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}, *parts],
        "special_tokens": {name: {"id": name, "ids": [number], "tokens": [name]} for name, number in names.items()},
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _metaspace(content: dict[str, Any]) -> dict[str, Any]:
    """Find the part of the project's own tokenizers that begins words."""
    found: dict[str, Any] = content["pre_tokenizer"]["pretokenizers"][0]
    return found


def _names(codec: Codec, config: Config) -> dict[str, Any]:
    """Write tokenizer_config.json. What is typed is never special, here as there."""
    roles = {
        "pad_token": config.pad_id, "bos_token": config.bos_id, "eos_token": config.eos_id, "unk_token": codec.unknown,
    }  # fmt: skip
    return {
        "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": config.max_length,
        "clean_up_tokenization_spaces": False, "split_special_tokens": True,
        **{role: codec.name(number) for role, number in roles.items() if number is not None and number in codec.marks},
    }  # fmt: skip


def _codec(tokenizer: Any, config: Config, path: Path) -> Codec:
    """Make a codec of a tokenizer of Hugging Face: the project's own if `export` made it of one."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        pieces = (
            ", which would cut some texts otherwise than SentencePiece does: where characters that it does not know "
            "stand side by side, and at a combining mark that stands alone"
        )
        raise GlassheadError(
            f"its tokenizer is a {type(tokenizer).__name__}, which takes text apart in Python, and a checkpoint has a "
            f"{TOKENIZER} for that{pieces if hasattr(tokenizer, 'spm_source') else ''}. It can be explored as it is."
        )
    content = json.loads(backend.to_str())
    marked, content["added_tokens"], content["post_processor"] = content["added_tokens"], [], None
    if marked and (config.pad_id, *config.start, config.eos_id) == (Codec.PAD, Codec.BOS, Codec.EOS):
        try:
            _metaspace(content)["prepend_scheme"] = "first"
            return Codec.from_json(json.dumps(content), path)
        except (GlassheadError, KeyError, IndexError, TypeError):
            pass  # another's
    return Symbols.from_json(backend.to_str(), path)
