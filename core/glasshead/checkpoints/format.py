"""A checkpoint is a folder: config.json, model.safetensors, tokenizer.json and a model card, README.md. No pickle.

Where source and target have a vocabulary each, tokenizer.json is the target's, source-tokenizer.json the source's.
A run in training is a folder whose file `latest` names the newest checkpoint within it; it opens as that checkpoint.

Files are written beside their places and flushed to the disk; when all are there they are moved in, config.json last.
What interrupts the writing leaves an older checkpoint as it was. The moves are one after the other, so what interrupts
them can leave new files beside old ones: config.json holds the SHA-256 of the weights and of the tokenizers that belong
to it, and `load` refuses what is not of one piece. (Checkpoints from before these sums were kept are read without.)
Finding and describing checkpoints costs no torch; only `save` and `load` do.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glasshead import tensors
from glasshead.errors import GlassheadError, nearest
from glasshead.files import flush

if TYPE_CHECKING:
    from glasshead.model import Config, Transformer
    from glasshead.text import Codec, Vocabulary

FORMAT, VERSION = "glasshead", 1
CONFIG, WEIGHTS, TOKENIZER, CARD = "config.json", "model.safetensors", "tokenizer.json", "README.md"
SOURCE_TOKENIZER = "source-tokenizer.json"
LATEST, SETTINGS = "latest", "run.toml"
"""Of a run: which of its checkpoints is the newest, and the file that it begins with."""
LONGEST_LATEST = 1000
SUMS = "sha256"
LARGEST_LENGTH = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A checkpoint that can be opened, as its config.json describes it."""

    name: str
    folder: Path
    """Where its files are: for a run in training, the newest checkpoint in it."""
    config: Mapping[str, Any]
    card: Mapping[str, Any]
    bytes: int


def home() -> Path:
    """Where the bundled checkpoints are: the source tree's, if this is one, else those installed with the package."""
    package = Path(__file__).resolve().parents[1]
    tree = package.parents[1]
    return tree / "checkpoints" if (tree / "pyproject.toml").is_file() else package / "bundled"


def find(name: str | Path) -> Path:
    """The folder of a checkpoint: a bundled name, a name under ./checkpoints, or a folder of one's own.

    A run in training is opened as the newest checkpoint that it has saved. Raises GlassheadError, with the nearest
    names, when there is none, when the folder is not a checkpoint, and when the run has not saved any yet.
    """
    return locate(name)[0]


def locate(name: str | Path) -> tuple[Path, str]:
    """What `find` gives, and what to call it: its folder's name, or for a run in training the run's."""
    text = os.fspath(name)
    if not text.strip():
        raise GlassheadError("The name of the checkpoint is empty. `glasshead checkpoints` lists what can be opened.")
    if "\0" in text:
        raise GlassheadError(f"{text!r} holds a NUL character, which no file name can.")
    plain = Path(text).name == text and text not in (".", "..")
    places = [home() / text, Path("checkpoints") / text] if plain else []
    folder = Path(os.path.expanduser(text))  # noqa: PTH111  Path's own raises an error for a user who is not there
    try:
        for place in (*places, folder):
            found = _within(place)
            if found is not None:
                return found, place.resolve().name
        begun = next((place for place in (*places, folder) if (place / SETTINGS).is_file()), None)
    except OSError as error:  # a name too long, a folder closed to us
        raise GlassheadError(f"{text} cannot be opened: {error.strerror}.") from error
    if begun is not None:
        raise GlassheadError(f"The run {begun} has not saved a checkpoint yet: open it when it has.")
    if folder.is_dir():
        raise GlassheadError(
            f"The folder {text} holds no {CONFIG}: it is not a checkpoint, or its writing was cut short."
        )
    if folder.is_file():
        raise GlassheadError(f"{text} is a file; a checkpoint is a folder with {CONFIG}, {WEIGHTS} and {TOKENIZER}.")
    if not plain:
        raise GlassheadError(f"There is no folder {text}.")
    hint = nearest(text, [each.name for each in available()], what="checkpoint")
    raise GlassheadError(
        f"There is no checkpoint named {text!r}. {hint} `glasshead checkpoints` lists them; a folder can be given too."
    )


def _within(folder: Path) -> Path | None:
    """The checkpoint that a folder opens: itself, or the one that its `latest` names; None where there is neither.

    Raises GlassheadError for a `latest` that names no checkpoint below the folder: it may have come with a download.
    """
    if (folder / CONFIG).is_file():
        return folder
    latest = folder / LATEST
    if not os.path.lexists(latest):
        return None
    wrong = "Write into it the name of one of the run's checkpoints, or open that one by its own folder."
    if not latest.is_file():  # nor is it a pipe, which would let us wait for ever
        raise GlassheadError(f"{latest} is not a file with the name of the run's newest checkpoint. {wrong}")
    with latest.open("rb") as file:
        raw = file.read(LONGEST_LATEST + 1)
    lines = raw.decode("utf-8", "replace").splitlines()
    named = lines[0].strip() if len(lines) == 1 else ""
    if len(raw) > LONGEST_LATEST or not named.isprintable() or "\ufffd" in named or not named:
        raise GlassheadError(f"{latest} is damaged: it should be one line, the name of a folder in {folder}. {wrong}")
    found = folder / named
    run, there = Path(os.path.realpath(folder)), Path(os.path.realpath(found))  # where links lead, if in circles too
    if Path(named).is_absolute() or run not in there.parents:
        raise GlassheadError(f"{latest} names {named!r}, which does not lie in the folder of the run. {wrong}")
    if not (found / CONFIG).is_file():
        raise GlassheadError(f"{latest} names {named!r}, but there is no checkpoint there. {wrong}")
    return found


def available() -> list[Listed]:
    """What can be opened by name: the bundled checkpoints, then those under ./checkpoints; not damaged ones."""
    listed: dict[str, Listed] = {}
    for place in (home(), Path("checkpoints")):
        for entry in sorted(place.iterdir()) if place.is_dir() else ():
            if entry.name in listed:
                continue
            try:
                folder = _within(entry)
                if folder is None:
                    continue
                content = describe(folder)
                size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
            except (GlassheadError, OSError):
                continue
            listed[entry.name] = Listed(
                name=entry.name, folder=folder, config=content["config"], card=content["card"], bytes=size
            )
    return list(listed.values())


def describe(folder: Path) -> dict[str, Any]:
    """config.json of a checkpoint: its "config" and "card". Raises GlassheadError where it is not one of ours."""
    path = folder / CONFIG
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise GlassheadError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:  # bytes that are no UTF-8, no JSON, a number without end
        raise GlassheadError(f"{path} is not JSON: the checkpoint is damaged. Take a fresh copy of it.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        kind = content.get("model_type") if isinstance(content, dict) else None
        other = f"a Hugging Face model ({kind!r})" if isinstance(kind, str) else "something else"
        raise GlassheadError(f"{folder} is {other}, not a glasshead checkpoint: its {CONFIG} does not say so.")
    if content.get("version") != VERSION:
        raise GlassheadError(
            f"{folder} is of format version {content.get('version')!r}; this program reads version {VERSION}."
        )
    if not isinstance(content.get("config"), dict) or not isinstance(content.setdefault("card", {}), dict):
        raise GlassheadError(
            f"{path} lacks the shape of the model: the checkpoint is damaged. Take a fresh copy of it."
        )
    return content


def vocabulary(folder: str | Path) -> "Vocabulary":
    """The tokenizers of a checkpoint alone, which costs no torch.

    Raises GlassheadError for a file that is missing, damaged or foreign.
    """
    folder = Path(folder)
    return _vocabulary(folder, describe(folder))


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

    card: what a reader should know (data, command, time, scores); JSON values, and the text of README.md.
    name: what README.md calls it, the name of the folder unless it is given.
    Raises GlassheadError where the folder cannot be written, and where the vocabulary does not fit the model.
    """
    import torch

    _fits(vocabulary, model.config, "this folder")
    folder = Path(folder)
    weights = {
        name: tensor.detach().to("cpu", torch.float16 if half else torch.float32)
        for name, tensor in model.state_dict().items()
        if not (model.config.share_embeddings and name == "target.weight")  # tied: it is source.weight
    }
    sums: dict[str, str] = {}
    content = {
        "format": FORMAT,
        "version": VERSION,
        SUMS: sums,
        "config": asdict(model.config),
        "card": dict(card or {}),
    }
    json.dumps(content)  # a card that is not JSON is the caller's bug, told before anything is written

    def write_weights(path: Path) -> None:
        tensors.write(path, weights)
        sums[WEIGHTS] = _sum(path)

    def write_tokenizer(path: Path) -> None:
        vocabulary.target.save(path)
        sums[TOKENIZER] = _sum(path)

    def write_source_tokenizer(path: Path) -> None:
        vocabulary.source.save(path)
        sums[SOURCE_TOKENIZER] = _sum(path)

    def write_card(path: Path) -> None:
        title = folder.resolve().name if name is None else name
        path.write_text(_card(title, content, _entries(vocabulary)), encoding="utf-8")

    def write_config(path: Path) -> None:
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(
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
            (folder / SOURCE_TOKENIZER).unlink(missing_ok=True)  # of an older checkpoint here, which had two
    except OSError as error:
        raise GlassheadError(f"{folder} cannot be written: {error.strerror or error}.") from error


def load(folder: str | Path) -> tuple["Transformer", "Vocabulary", dict[str, Any]]:
    """The model (float32, in evaluation mode), its vocabulary and its card.

    Raises GlassheadError for a missing, truncated or foreign file, and for parts that do not fit each other.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from glasshead.model import Config, Embedding, Transformer, fixed_positions

    folder = Path(folder)
    content = describe(folder)
    try:
        config = Config(**content["config"])
    except GlassheadError as error:
        raise GlassheadError(f"{folder / CONFIG}: {error}") from error
    except TypeError as error:
        raise GlassheadError(
            f"{folder / CONFIG} does not describe a model that this program knows: {error}."
        ) from error
    if config.max_length > LARGEST_LENGTH:
        raise GlassheadError(f"{folder / CONFIG}: max_length is {config.max_length}; at most {LARGEST_LENGTH} is read.")
    try:
        stored = load_file(folder / WEIGHTS)
    except FileNotFoundError as error:
        raise GlassheadError(
            f"{folder} holds no {WEIGHTS}: the checkpoint is not whole. Take a fresh copy of it."
        ) from error
    except (SafetensorError, OSError) as error:
        raise GlassheadError(
            f"{folder / WEIGHTS} is truncated or not a safetensors file. Take a fresh copy of the checkpoint."
        ) from error
    if max(config.encoder_layers, config.decoder_layers) > len(stored):  # or building its shape could take for ever
        raise GlassheadError(
            f"{folder / WEIGHTS} holds {len(stored)} tensors, too few for the layers that {CONFIG} calls for: "
            "they do not belong together."
        )
    if config.share_embeddings and "source.weight" in stored:
        stored["target.weight"] = stored["source.weight"]

    try:
        with torch.device("meta"):  # the shapes alone: nothing is allocated before it is known to fit
            model = Transformer(config)
    except RuntimeError as error:  # more numbers than can be counted
        raise GlassheadError(f"{folder / CONFIG} describes a model that no machine can hold.") from error
    _same_shapes(folder / WEIGHTS, {name: tensor.shape for name, tensor in model.state_dict().items()}, stored)
    # Copied out of the file, which may be mapped into memory: what happens to it later must not reach the model.
    own = {name: tensor.to(torch.float32, copy=True) for name, tensor in stored.items()}
    model.load_state_dict(own, assign=True)
    if config.share_embeddings:
        model.target.weight = model.source.weight
    for module in model.modules():
        if isinstance(module, Embedding) and not isinstance(module.positions, torch.nn.Parameter):
            module.positions = fixed_positions(config, module.weight.shape[-1])

    words = _vocabulary(folder, content)
    _fits(words, config, str(folder))
    _of_one_piece(folder, content)
    return model.eval().requires_grad_(False), words, content["card"]


def parts(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The files beside config.json that a checkpoint is made of, as its sums name them; before there were sums, two."""
    sums = content.get(SUMS)
    separate = isinstance(sums, Mapping) and SOURCE_TOKENIZER in sums
    return (WEIGHTS, TOKENIZER, SOURCE_TOKENIZER) if separate else (WEIGHTS, TOKENIZER)


def _vocabulary(folder: Path, content: Mapping[str, Any]) -> "Vocabulary":
    from glasshead.text import Codec, Vocabulary

    target = Codec.load(folder / TOKENIZER)
    if SOURCE_TOKENIZER not in parts(content):
        return Vocabulary.shared(target)
    return Vocabulary(Codec.load(folder / SOURCE_TOKENIZER), target)


def _of_one_piece(folder: Path, content: Mapping[str, Any]) -> None:
    """The weights and the tokenizers are those that config.json was written with.

    Asked last: config.json was read before them and is the last to be replaced, so if another process replaces the
    checkpoint meanwhile, the sums of what lies there now are not those that were read.
    """
    if SUMS not in content:
        return
    try:
        found = {name: _sum(folder / name) for name in parts(content)}
    except OSError as error:
        raise GlassheadError(f"{folder} cannot be read: {error.strerror}.") from error
    if content[SUMS] != found:
        raise GlassheadError(
            f"The files of {folder} do not belong together: {' or '.join(parts(content))} is not the one "
            f"that {CONFIG} was written with. The writing was cut short, or a file was changed. "
            "Take a fresh copy of the checkpoint."
        )


def _sum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fits(vocabulary: "Vocabulary", config: "Config", where: str) -> None:
    """The sizes are those of the model's matrices, and one matrix for both sides has one vocabulary for both."""
    source, target = vocabulary.source, vocabulary.target
    if (source.size, target.size) != (config.source_size, config.vocab_size):
        raise GlassheadError(
            f"The tokenizer of {where} has {_entries(vocabulary)}, but its model has {config.source_size} for the "
            f"source and {config.vocab_size} for the target: they do not belong together."
        )
    if config.share_embeddings and not vocabulary.joint:
        raise GlassheadError(
            f"The model of {where} has one embedding matrix for both sides, but source and target have a vocabulary "
            "each: give it share_embeddings=False, or one vocabulary."
        )
    if (config.pad_id, config.bos_id, config.eos_id) != (target.PAD, target.BOS, target.EOS):
        raise GlassheadError(
            f"The model of {where} has padding, start and end at {config.pad_id}, {config.bos_id} and {config.eos_id}, "
            f"its tokenizer at {target.PAD}, {target.BOS} and {target.EOS}: they do not belong together."
        )


def _entries(vocabulary: "Vocabulary") -> str:
    """How large a vocabulary is: `3000 subwords`, or `900 words of the source and 3000 subwords of the target`."""

    def entries(codec: "Codec") -> str:
        return f"{codec.size} {codec.level}s"

    if vocabulary.joint:
        return entries(vocabulary.target)
    return f"{entries(vocabulary.source)} of the source and {entries(vocabulary.target)} of the target"


def _same_shapes(path: Path, wanted: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    for name in sorted({*wanted, *given}):
        if name not in given:
            raise GlassheadError(
                f"{path} lacks the tensor {name}, which {CONFIG} calls for: they do not belong together."
            )
        if name not in wanted:
            raise GlassheadError(
                f"{path} holds a tensor {name} that {CONFIG} does not know: they do not belong together."
            )
        if wanted[name] != given[name].shape:
            raise GlassheadError(
                f"{path}: {name} is {tuple(given[name].shape)}, but {CONFIG} calls for {tuple(wanted[name])}."
            )


def _replace(folder: Path, writers: Mapping[str, Callable[[Path], Any]]) -> None:
    """Write every file beside its place and flush it to the disk; when all are there, move them in, in this order.

    Whatever goes wrong while writing leaves the files that were there before as they were, all of them. What goes wrong
    between two moves leaves those that were moved in beside older ones.
    """
    parts = {name: folder / f".{name}.{os.getpid()}.part" for name in writers}
    umask = os.umask(0)
    os.umask(umask)
    try:
        for name, write in writers.items():
            write(parts[name])
            with parts[name].open("rb+") as file:
                os.fsync(file.fileno())
        for name, part in parts.items():
            part.chmod(0o666 & ~umask)  # some writers make files that only their owner may read
            part.replace(folder / name)
        flush(folder)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _card(name: str, content: Mapping[str, Any], entries: str) -> str:
    """README.md of a checkpoint: what it is, and what its card says of where it comes from."""
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
    """A value of a card as a reader likes it: no brackets, no quotes."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key.replace('_', ' ')} {_plainly(each)}" for key, each in value.items())
    if isinstance(value, list):
        return " · ".join(map(_plainly, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
