"""A checkpoint is a folder: config.json, model.safetensors, tokenizer.json and a model card, README.md. No pickle.

Files are written beside their places and flushed to the disk; when all are there they are moved in, config.json last.
What interrupts the writing leaves an older checkpoint as it was. The moves are one after the other, so what interrupts
them can leave new files beside old ones: config.json holds the SHA-256 of the weights and of the tokenizer that belong
to it, and `load` refuses what is not of one piece. (Checkpoints from before these sums were kept are read without.)
Finding and describing checkpoints costs no torch; only `save` and `load` do.
"""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glasshead.errors import GlassheadError, nearest

if TYPE_CHECKING:
    from glasshead.model import Config, Transformer
    from glasshead.text import Codec

FORMAT, VERSION = "glasshead", 1
CONFIG, WEIGHTS, TOKENIZER, CARD = "config.json", "model.safetensors", "tokenizer.json", "README.md"
SUMS = "sha256"
LARGEST_LENGTH = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A checkpoint that can be opened, as its config.json describes it."""

    name: str
    folder: Path
    config: Mapping[str, Any]
    card: Mapping[str, Any]
    bytes: int


def home() -> Path:
    """Where the bundled checkpoints are: the source tree's, if this is one, else those installed with the package."""
    here = Path(__file__).resolve().parent
    tree = here.parent.parent
    return tree / "checkpoints" if (tree / "pyproject.toml").is_file() else here / "checkpoints"


def find(name: str | Path) -> Path:
    """The folder of a checkpoint: a bundled name, a name under ./checkpoints, or a folder of one's own.

    Raises GlassheadError, with the nearest names, when there is none, or when the folder is not a checkpoint.
    """
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
            if (place / CONFIG).is_file():
                return place
    except OSError as error:  # a name too long, a folder closed to us
        raise GlassheadError(f"{text} cannot be opened: {error.strerror}.") from error
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


def available() -> list[Listed]:
    """What can be opened by name: the bundled checkpoints, then those under ./checkpoints; not damaged ones."""
    listed: dict[str, Listed] = {}
    for place in (home(), Path("checkpoints")):
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            if folder.name not in listed and (folder / CONFIG).is_file():
                try:
                    content = describe(folder)
                    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
                except (GlassheadError, OSError):
                    continue
                listed[folder.name] = Listed(
                    name=folder.name, folder=folder, config=content["config"], card=content["card"], bytes=size
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


def save(
    folder: str | Path,
    model: "Transformer",
    codec: "Codec",
    card: Mapping[str, Any] | None = None,
    *,
    half: bool = True,
) -> None:
    """Write a checkpoint. half: store the weights in float16, half the size; they are float32 again when loaded.

    card: what a reader should know (data, command, time, scores); JSON values, and the text of README.md.
    Raises GlassheadError where the folder cannot be written, and where the tokenizer does not fit the model.
    """
    import torch
    from safetensors.torch import save_file

    _fits(codec, model.config, "this folder")
    folder = Path(folder)
    tensors = {
        name: tensor.detach().to("cpu", torch.float16 if half else torch.float32).contiguous()
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
        save_file(tensors, path)
        sums[WEIGHTS] = _sum(path)

    def write_tokenizer(path: Path) -> None:
        codec.save(path)
        sums[TOKENIZER] = _sum(path)

    def write_config(path: Path) -> None:
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    try:
        folder.mkdir(parents=True, exist_ok=True)
        _replace(
            folder,
            {
                WEIGHTS: write_weights,
                TOKENIZER: write_tokenizer,
                CARD: lambda path: path.write_text(_card(folder.name, content), encoding="utf-8"),
                CONFIG: write_config,  # the last one: it knows the sums of the others
            },
        )
    except OSError as error:
        raise GlassheadError(f"{folder} cannot be written: {error.strerror or error}.") from error


def load(folder: str | Path) -> tuple["Transformer", "Codec", dict[str, Any]]:
    """The model (float32, in evaluation mode), its tokenizer and its card.

    Raises GlassheadError for a missing, truncated or foreign file, and for parts that do not fit each other.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from glasshead.model import Config, Embedding, Transformer, sinusoids
    from glasshead.text import Codec

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
        tensors = load_file(folder / WEIGHTS)
    except FileNotFoundError as error:
        raise GlassheadError(
            f"{folder} holds no {WEIGHTS}: the checkpoint is not whole. Take a fresh copy of it."
        ) from error
    except (SafetensorError, OSError) as error:
        raise GlassheadError(
            f"{folder / WEIGHTS} is truncated or not a safetensors file. Take a fresh copy of the checkpoint."
        ) from error
    if max(config.encoder_layers, config.decoder_layers) > len(tensors):  # or building its shape could take for ever
        raise GlassheadError(
            f"{folder / WEIGHTS} holds {len(tensors)} tensors, too few for the layers that {CONFIG} calls for: "
            "they do not belong together."
        )
    if config.share_embeddings and "source.weight" in tensors:
        tensors["target.weight"] = tensors["source.weight"]

    try:
        with torch.device("meta"):  # the shapes alone: nothing is allocated before it is known to fit
            model = Transformer(config)
    except RuntimeError as error:  # more numbers than can be counted
        raise GlassheadError(f"{folder / CONFIG} describes a model that no machine can hold.") from error
    _same_shapes(folder / WEIGHTS, {name: tensor.shape for name, tensor in model.state_dict().items()}, tensors)
    # Copied out of the file, which may be mapped into memory: what happens to it later must not reach the model.
    own = {name: tensor.to(torch.float32, copy=True) for name, tensor in tensors.items()}
    model.load_state_dict(own, assign=True)
    if config.share_embeddings:
        model.target.weight = model.source.weight
    for module in model.modules():
        if isinstance(module, Embedding) and not isinstance(module.positions, torch.nn.Parameter):
            module.positions = sinusoids(config.max_length, module.weight.shape[-1])

    codec = Codec.load(folder / TOKENIZER)
    _fits(codec, config, str(folder))
    _of_one_piece(folder, content)
    return model.eval().requires_grad_(False), codec, content["card"]


def _of_one_piece(folder: Path, content: Mapping[str, Any]) -> None:
    """The weights and the tokenizer are those that config.json was written with.

    Asked last: config.json was read before them and is the last to be replaced, so if another process replaces the
    checkpoint meanwhile, the sums of what lies there now are not those that were read.
    """
    if SUMS not in content:
        return
    try:
        found = {name: _sum(folder / name) for name in (WEIGHTS, TOKENIZER)}
    except OSError as error:
        raise GlassheadError(f"{folder} cannot be read: {error.strerror}.") from error
    if content[SUMS] != found:
        raise GlassheadError(
            f"The files of {folder} do not belong together: {WEIGHTS} or {TOKENIZER} is not the one that {CONFIG} was "
            "written with. The writing was cut short, or a file was changed. Take a fresh copy of the checkpoint."
        )


def _sum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fits(codec: "Codec", config: "Config", where: str) -> None:
    if codec.size != config.vocab_size or codec.size != config.source_size:
        raise GlassheadError(
            f"The tokenizer of {where} has {codec.size} subwords, but its model has {config.source_size} for the "
            f"source and {config.vocab_size} for the target: they do not belong together."
        )
    if (config.pad_id, config.bos_id, config.eos_id) != (codec.PAD, codec.BOS, codec.EOS):
        raise GlassheadError(
            f"The model of {where} has padding, start and end at {config.pad_id}, {config.bos_id} and {config.eos_id}, "
            f"its tokenizer at {codec.PAD}, {codec.BOS} and {codec.EOS}: they do not belong together."
        )


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
        _flush(folder)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _flush(folder: Path) -> None:
    """Have the disk keep the moves too. Windows opens no folder, and some file systems flush none."""
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(number)


def _card(name: str, content: Mapping[str, Any]) -> str:
    """README.md of a checkpoint: what it is, and what its card says of where it comes from."""
    config = content["config"]
    lines = [
        f"# {name}",
        "",
        f"A glasshead checkpoint: an encoder–decoder Transformer with {config['encoder_layers']} + "
        f"{config['decoder_layers']} layers, {config['heads']} heads, d_model {config['d_model']}, "
        f"{config['vocab_size']} subwords. Open it with `glasshead explore` and the path of this folder.",
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
