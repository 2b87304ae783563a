"""A checkpoint is a folder: config.json, model.safetensors, tokenizer.json and a model card, README.md. No pickle.

If source and target have separate vocabularies, tokenizer.json is the target's, source-tokenizer.json the source's.
One that no training here made, with special ids of its own, is named in config.json under "symbols" (symbols.py).
A run in training is a folder whose file `latest` names the newest checkpoint within it; it opens as that checkpoint.

Files are written beside their places and flushed to the disk; then all are moved in, config.json last. An interruption
while writing leaves an older checkpoint as it was. The moves happen one after the other, so an interruption between two
of them can leave new files beside old ones: config.json holds the SHA-256 of the weights and of the tokenizers that
belong to it, and `load` refuses files that do not match. (Checkpoints older than these sums are read without them.)
Finding and describing checkpoints costs no torch; only `save` and `load` do.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glasshead.errors import GlassheadError, brief
from glasshead.files import read_plain, refuse_pointer

if TYPE_CHECKING:
    from glasshead.model import Config
    from glasshead.text import Codec, Vocabulary

FORMAT, VERSION = "glasshead", 1
CONFIG, WEIGHTS, TOKENIZER, CARD = "config.json", "model.safetensors", "tokenizer.json", "README.md"
SOURCE_TOKENIZER = "source-tokenizer.json"
LATEST, SETTINGS = "latest", "run.toml"
"""Files of a run: the name of its newest checkpoint, and its settings, which are written first."""
LONGEST_LATEST = 1000
SUMS, SYMBOLS = "sha256", "symbols"
"""Keys of config.json: the sums of the files, and the tokenizers among them that are another's (symbols.py)."""
LARGEST_LENGTH = 1 << 20
LARGEST_CONFIG = 16 << 20
"""Bytes of config.json."""


def describe(folder: Path) -> dict[str, Any]:
    """Read config.json of a checkpoint: its "config" and "card". Raises GlassheadError if it is not one of ours."""
    path = folder / CONFIG
    refuse_pointer(path)
    try:
        content = json.loads(read_plain(path, LARGEST_CONFIG).decode())
    except OSError as error:
        raise GlassheadError(f"{path} cannot be read: {error.strerror}.") from error
    except GlassheadError:
        raise
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or an endless number
        raise GlassheadError(f"{path} is not JSON: the checkpoint is damaged. Take a fresh copy of it.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        kind = content.get("model_type") if isinstance(content, dict) else None
        other = f"a Hugging Face model ({brief(kind)})" if isinstance(kind, str) else "something else"
        raise GlassheadError(f"{folder} is {other}, not a glasshead checkpoint: its {CONFIG} does not say so.")
    if content.get("version") != VERSION:
        raise GlassheadError(
            f"{folder} is of format version {brief(content.get('version'))}; this program reads version {VERSION}."
        )
    if not isinstance(content.get("config"), dict) or not isinstance(content.setdefault("card", {}), dict):
        raise GlassheadError(
            f"{path} lacks the shape of the model: the checkpoint is damaged. Take a fresh copy of it."
        )
    return content


def vocabulary(folder: str | Path) -> "Vocabulary":
    """Load only the tokenizers of a checkpoint, without torch.

    Raises GlassheadError for a file that is missing, damaged or foreign.
    """
    folder = Path(folder)
    return load_vocabulary(folder, describe(folder))


def parts(content: Mapping[str, Any]) -> tuple[str, ...]:
    """List the files of a checkpoint beside config.json, as its sums name them; two if it has no sums."""
    sums = content.get(SUMS)
    separate = isinstance(sums, Mapping) and SOURCE_TOKENIZER in sums
    return (WEIGHTS, TOKENIZER, SOURCE_TOKENIZER) if separate else (WEIGHTS, TOKENIZER)


def load_vocabulary(folder: Path, content: Mapping[str, Any]) -> "Vocabulary":
    from glasshead.symbols import Symbols
    from glasshead.text import Codec, Vocabulary

    foreign = content.get(SYMBOLS)

    def read(name: str) -> Codec:
        return (Symbols if isinstance(foreign, list) and name in foreign else Codec).load(folder / name)

    target = read(TOKENIZER)
    return (
        Vocabulary(read(SOURCE_TOKENIZER), target) if SOURCE_TOKENIZER in parts(content) else Vocabulary.shared(target)
    )


def checksum(path: Path) -> str:
    """Compute the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_fit(vocabulary: "Vocabulary", config: "Config", where: str) -> None:
    """Check that sizes are those of the model's matrices, and that one matrix for both sides has one vocabulary."""
    from glasshead.symbols import Symbols

    source, target = vocabulary.source, vocabulary.target
    if not (_fits(source, config.source_size) and _fits(target, config.vocab_size)):
        raise GlassheadError(
            f"The tokenizer of {where} has {count_entries(vocabulary)}, but its model has {config.source_size} for the "
            f"source and {config.vocab_size} for the target: they do not belong together."
        )
    if config.share_embeddings and not vocabulary.joint:
        raise GlassheadError(
            f"The model of {where} has one embedding matrix for both sides, but source and target have a vocabulary "
            "each: give it share_embeddings=False, or one vocabulary."
        )
    if isinstance(target, Symbols):
        if odd := {config.pad_id, *config.ends} - target.marks:
            raise GlassheadError(
                f"The model of {where} has padding or the end at {min(odd)}, which is no special token of its "
                "tokenizer: they do not belong together."
            )
    elif (config.pad_id, config.bos_id, config.eos_id) != (target.PAD, target.BOS, target.EOS):
        raise GlassheadError(
            f"The model of {where} has padding, start and end at {config.pad_id}, {config.bos_id} and {config.eos_id}, "
            f"its tokenizer at {target.PAD}, {target.BOS} and {target.EOS}: they do not belong together."
        )


def _fits(codec: "Codec", size: int) -> bool:
    """Tell whether a vocabulary has as many entries as a matrix has rows; another's may have fewer."""
    from glasshead.symbols import Symbols

    return codec.size <= size if isinstance(codec, Symbols) else codec.size == size


def count_entries(vocabulary: "Vocabulary") -> str:
    """Write the size of a vocabulary: `3000 subwords`, or `900 words of the source and 3000 subwords of the target`."""

    def entries(codec: "Codec") -> str:
        return f"{codec.size} {codec.level}s"

    if vocabulary.joint:
        return entries(vocabulary.target)
    return f"{entries(vocabulary.source)} of the source and {entries(vocabulary.target)} of the target"
