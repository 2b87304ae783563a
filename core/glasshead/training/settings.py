"""Every setting of a training, once: its name, default, meaning and allowed values.

The command line takes its options from this table, a TOML file its keys. A run keeps the resolved settings as
`run.toml`, which can be given as `--config` again. The command line beats the file, the file beats the recipe, the
recipe beats the defaults. Importing the settings does not import torch.
"""

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from glasshead.errors import GlassheadError, nearest
from glasshead.machine import number
from glasshead.recipes.base import Recipe

SECTIONS = {
    "data": "The data: a recipe, or your own pairs of sentences.",
    "vocabulary": "The vocabulary: how text is cut into tokens.",
    "model": "The shape of the model; the paper's base model is d_model 512, 8 heads, 6 + 6 layers, d_ff 2048.",
    "training": "The training: Adam with β 0.9 and 0.98 and ε 1e-9, as in the paper.",
    "engine": "The hardware and its use.",
    "reports": "Reports of the training.",
}


def setting(section: str, default: Any, help: str, *, least: float | None = None, **more: Any) -> Any:
    """Make a field of Settings. least, most: inclusive bounds. choices: all values. flags: two, for two choices."""
    return field(default=default, metadata={"section": section, "help": help, "least": least, **more})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings of a training. Raises GlassheadError for inconsistent values."""

    recipe: str | None = setting("data", None, "A corpus that the project makes itself.")
    pairs: str | None = setting("data", None, "Your own pairs: .tsv, .csv or .jsonl, also .gz or .zst.")
    source: str | None = setting("data", None, "Your own sentences, a line each; --target has their translations.")
    target: str | None = setting("data", None, "The translations, line by line.")
    valid: str | None = setting("data", None, "Pairs to score on; otherwise some are held back.")
    valid_source: str | None = setting("data", None, "Sentences to score on, a line each.")
    valid_target: str | None = setting("data", None, "Their translations, line by line.")
    valid_size: int | None = setting(
        "data", None, "Pairs held back for scoring when no file is given; by default 1 %, at most 2,000.", least=1
    )
    source_column: str | None = setting("data", None, "The source's column or key in --pairs; by default 'source'.")
    target_column: str | None = setting("data", None, "The target's column or key in --pairs; by default 'target'.")
    max_length: int = setting(
        "data", 256, "Most tokens of a sentence, its end included; longer pairs are left out.", least=2
    )
    skip_bad: bool = setting("data", False, "Leave out and count lines that cannot be read, instead of stopping.")
    keep_copies: bool = setting("data", False, "Keep pairs whose target is their source.")
    keep_duplicates: bool = setting("data", False, "Keep pairs that occurred before.")
    generate: int | None = setting("data", None, "Pairs that a recipe makes; by default what the steps need.", least=1)

    vocab_size: int | None = setting(
        "vocabulary", None, "Entries of a vocabulary; by default 8,000, or what the text gives. 0: characters.", least=0
    )
    vocabulary: str = setting(
        "vocabulary", "joint", "One vocabulary for both sides, as in the paper, or one for each.",
        choices=("joint", "separate"), flags="--joint/--separate",
    )  # fmt: skip
    level: str = setting(
        "vocabulary", "subword", "Subwords (BPE, as in the paper), or whole words, for comparison.",
        choices=("word", "subword"), flags="--word-level/--subword-level",
    )  # fmt: skip
    lowercase: bool = setting("vocabulary", False, "Read all text in lower case.", flags="--lowercase/--keep-case")
    tokenizer: str | None = setting("vocabulary", None, "A checkpoint's or run's folder whose vocabulary is used.")

    d_model: int = setting("model", 256, "Width of the residual stream.", least=1)
    heads: int = setting("model", 8, "Heads of each attention.", least=1)
    encoder_layers: int = setting("model", 3, "Layers of the encoder.", least=1)
    decoder_layers: int = setting("model", 3, "Layers of the decoder.", least=1)
    d_ff: int = setting("model", 1024, "Width of the feed-forward layer.", least=1)
    dropout: float = setting("model", 0.1, "Probability of dropout, on every sub-layer and on the embeddings.", least=0)
    norm: str = setting(
        "model", "post", "LayerNorm after each residual connection, as in the paper, or before each sub-layer.",
        choices=("pre", "post"), flags="--pre-norm/--post-norm",
    )  # fmt: skip
    positions: str = setting(
        "model", "sinusoidal", "Positions: sinusoidal, as in the paper, or learned.", choices=("sinusoidal", "learned")
    )

    steps: int = setting("training", 20_000, "Updates of the parameters.", least=1)
    batch_tokens: int = setting("training", 2048, "Most tokens of a batch, padding included, on either side.", least=16)
    accumulate: int = setting("training", 1, "Batches of a process whose gradients make one update.", least=1)
    schedule: str = setting(
        "training", "noam", "Course of the learning rate: noam (the paper's), cosine or constant, all after a warm-up.",
        choices=("noam", "cosine", "constant"),
    )  # fmt: skip
    warmup: int = setting("training", 4000, "Steps over which the learning rate rises.", least=1)
    rate: float = setting("training", 5e-4, "Highest learning rate of cosine and constant.")
    factor: float = setting("training", 1.0, "Departure: multiplies the paper's learning rate.")
    label_smoothing: float = setting("training", 0.1, "Share of the target spread over all classes.", least=0)
    clip: float = setting("training", 1.0, "Departure: largest norm of a gradient; 0: no limit.", least=0)
    average: int = setting("training", 5, "Snapshots averaged into a checkpoint.", least=1)
    patience: int = setting(
        "training", 0, "Evaluations without a better score before a training ends, with its best checkpoint; 0: none.",
        least=0,
    )  # fmt: skip
    save_every: int = setting("training", 500, "Steps between two snapshots.", least=1)
    eval_every: int = setting("training", 1000, "Steps between two evaluations.", least=1)
    eval_size: int = setting(
        "training", 200, "Sentences of an evaluation; the last one has ten times as many.", least=1
    )
    seed: int = setting("training", 0, "Seed of the weights and of every draw.", least=0, most=(1 << 63) - 1)

    device: str = setting("engine", "auto", "Device: auto, cpu, cuda or mps.", choices=("auto", "cpu", "cuda", "mps"))
    precision: str = setting(
        "engine", "auto", "Precision of matrix products: auto, fp32, bf16 or fp16; auto is bf16 if the hardware can.",
        choices=("auto", "fp32", "bf16", "fp16"),
    )  # fmt: skip
    compile: bool = setting("engine", False, "Compile the model with torch.compile.")

    tensorboard: bool = setting("reports", False, "Write TensorBoard's files too, into the run's folder.")
    tracker: str | None = setting("reports", None, "Report to a tracker too: wandb.", choices=("wandb",))
    probes: int = setting("reports", 4, "Sentences whose attention is kept at every evaluation.", least=0)

    def __post_init__(self) -> None:
        for each in fields(self):
            _check(each, getattr(self, each.name))
        for name in ("dropout", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise GlassheadError(f"{name} is {getattr(self, name)}; it is at least 0 and below 1.")
        for name in ("factor", "rate"):
            if not 0 < getattr(self, name) < math.inf:
                raise GlassheadError(f"{name} is {getattr(self, name)}; it must be above 0.")
        self._check_data()

    def _check_data(self) -> None:
        given = [name for name in ("recipe", "pairs", "source") if getattr(self, name) is not None]
        if (self.source is None) != (self.target is None):
            raise GlassheadError("--source and --target belong together: a file of sentences, and their translations.")
        if (self.valid_source is None) != (self.valid_target is None):
            raise GlassheadError("--valid-source and --valid-target belong together.")
        if not given:
            raise GlassheadError(
                "Nothing to learn from: name a recipe, or give --pairs FILE, or --source FILE and --target FILE."
            )
        if len(given) > 1:
            raise GlassheadError(f"{' and '.join(given)} are two things to learn from: give one.")
        held = [name for name in ("valid", "valid_source", "valid_size") if getattr(self, name) is not None]
        if len(held) > 1:
            raise GlassheadError(f"{' and '.join(held)} are two ways to choose what is held back: give one.")
        if self.recipe is not None and held:
            raise GlassheadError(f"A recipe makes its own sentences to score on: leave {held[0]} out.")
        if self.recipe is None and self.generate is not None:
            raise GlassheadError("generate is for recipes: the number of your own pairs is fixed.")
        if self.tokenizer is not None and self.vocab_size is not None:
            raise GlassheadError("--tokenizer brings its own vocabulary: leave --vocab-size out.")


TYPES: dict[str, type] = {
    each.name: next(kind for kind in (*get_args(each.type), each.type) if kind is not NoneType)
    for each in fields(Settings)
}
"""Type of each setting's value."""

FREE = ("steps", "accumulate", "patience", "eval_every", "eval_size", "device", "tensorboard", "tracker", "probes")
"""Settings that a resumed run may change: none of them changes how a step is computed (but see `differences`).

With more processes fewer batches are accumulated; the resume checks whether an update is still the same.
"""


def _check(each: "Field[Any]", value: Any) -> None:
    """Check a value by its type, its least and its choices."""
    kind, least, choices = TYPES[each.name], each.metadata["least"], each.metadata.get("choices")
    most = each.metadata.get("most")
    if value is None and each.default is None:
        return
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        if abs(value) >= 1 << 1000:
            raise GlassheadError(f"{each.name} is {number(value)}; it must be a number of 64 bits.")
        value = float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        names = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
        raise GlassheadError(f"{each.name} is {value!r}; it must be {names[kind]}.")
    if choices and value not in choices:
        raise GlassheadError(f"{each.name} is {value!r}; it is {' or '.join(choices)}.")
    if least is not None and not value >= least:
        raise GlassheadError(f"{each.name} is {value}; it must be at least {least:g}.")
    if isinstance(value, int) and most is not None and value > most:
        raise GlassheadError(f"{each.name} is {number(value)}; it must be at most {number(most)}.")


def resolve(flags: Mapping[str, Any], file: Mapping[str, Any] | None = None) -> Settings:
    """Merge settings: flags beat the file, the file beats the recipe; None means not given."""
    said = {name: value for name, value in flags.items() if value is not None}
    below = dict(file or {})
    for rivals in (("recipe", "pairs", "source", "target"), ("valid", "valid_source", "valid_target", "valid_size")):
        if any(name in said for name in rivals):  # a different task, not an additional one
            below = {name: value for name, value in below.items() if name not in rivals}
    given = {**below, **said}
    name = given.get("recipe")
    if isinstance(name, str):
        from glasshead.recipes import recipe

        given = {**of_recipe(recipe(name)), **given}
    return Settings(**given)


def of_recipe(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe's own settings."""
    own: dict[str, Any] = {"lowercase": recipe.lowercase, "keep_copies": True, "keep_duplicates": True}
    return {**own, **recipe.model, **recipe.training}


def read_settings(path: Path) -> dict[str, Any]:
    """Read the settings of a TOML file. Raises GlassheadError for an unknown key, with the nearest one."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise GlassheadError(f"The configuration {path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise GlassheadError(f"The configuration {path} is not UTF-8 text.") from None
    except ValueError as error:  # TOMLDecodeError is one; so is what Python says of a number of 5,000 digits
        raise GlassheadError(f"The configuration {path} is not TOML: {error}.") from None
    found: dict[str, Any] = {}
    known = {each.name: each for each in fields(Settings)}
    for section, values in content.items():
        if section not in SECTIONS or not isinstance(values, dict):
            raise GlassheadError(
                f"{path}: there is no section [{section}]. {nearest(section, list(SECTIONS), what='section')}"
            )
        for name, value in values.items():
            if name not in known:
                raise GlassheadError(
                    f"{path}: [{section}] has no setting {name!r}. {nearest(name, list(known), what='setting')}"
                )
            if known[name].metadata["section"] != section:
                raise GlassheadError(
                    f"{path}: {name} belongs under [{known[name].metadata['section']}], not [{section}]."
                )
            try:
                _check(known[name], value)
            except GlassheadError as error:
                raise GlassheadError(f"{path}: {error}") from None
            found[name] = value
    return found


def format_settings(settings: Settings) -> str:
    """Write the settings as TOML, every key explained; unset ones become comments."""
    return "\n".join(_lines(settings)) + "\n"


def _lines(settings: Settings) -> Iterator[str]:
    yield "# The settings of a training. `glasshead train --config FILE` reads them; options beat them."
    for section, meaning in SECTIONS.items():
        yield from ("", f"# {meaning}", f"[{section}]")
        for each in fields(settings):
            if each.metadata["section"] == section:
                value = getattr(settings, each.name)
                yield f"# {each.metadata['help']}"
                yield f"# {each.name} =" if value is None else f"{each.name} = {_toml(value)}"


def _toml(value: Any) -> str:
    import tomlkit

    return tomlkit.item(value).as_string()


def differences(before: Settings, now: Settings) -> list[str]:
    """List the changes that would train another model, a line each; empty if the run may continue.

    More steps are allowed unless the learning rate depends on their number.
    """
    free = set(FREE) - ({"steps"} if before.schedule == "cosine" else set())
    return [
        f"{each.name} was {describe_value(getattr(before, each.name))} and is {describe_value(getattr(now, each.name))}"
        for each in fields(Settings)
        if each.name not in free and getattr(before, each.name) != getattr(now, each.name)
    ]


def describe_value(value: Any) -> str:
    """Write a setting's value for a sentence."""
    return "not given" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
