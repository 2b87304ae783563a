"""Whether a training can fit into this machine, by its settings alone: asked before anything of it is made.

What is counted is the least that it takes. Of a model that is 20 bytes for each parameter (weights, gradients,
Adam's two moments, the mean of the snapshots) and its table of positions; of a batch the logits and their gradients; of
pairs that are made, their ids on the disk and their lengths and order in memory. A GPU has a memory of its own, which
nobody knows without torch: then only what the processor holds is counted, the weights as they are first made.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from glasshead import machine
from glasshead.errors import GlassheadError
from glasshead.text import BYTES, SPECIALS
from glasshead.training.run import DATA
from glasshead.training.settings import Settings

Values = Mapping[str, Any]

TRAINED, MADE = 20, 4
"""Bytes for a parameter: of one that is trained, and of one that is only made."""
LOGIT = 8
"""Bytes for a logit: itself and its gradient."""
ENTRY = 200
"""Bytes for an entry of a vocabulary that is learned."""
ON_DISK, IN_MEMORY = 56, 24
"""Bytes for a pair that a recipe makes: some 20 ids and two places of 8 bytes; two lengths, two places in orders."""
SENTENCE = 400
"""Bytes for a pair of an evaluation, as text and as ids."""
LAST = 10
"""How many times as many sentences the last evaluation has."""
LAYERS = ("encoder_layers", "decoder_layers")
MODEL = (
    ("d_model",), ("d_ff",), LAYERS, *((name,) for name in LAYERS), ("vocab_size",), ("max_length",), ("batch_tokens",)
)  # fmt: skip
"""Settings that decide what a training takes, those together that one option sets."""
USUAL = {**{each.name: each.default for each in fields(Settings)}, "vocab_size": 8000, "generate": 30_000}
"""Values that nobody takes for too large."""


def check_sizes(settings: Settings, folder: Path) -> None:
    """Raise GlassheadError, with the bytes and the largest value that fits, for what this machine has no room for."""
    values = vars(settings)
    on_gpu = settings.device in ("cuda", "mps") or (settings.device == "auto" and machine.accelerated())
    room = machine.memory()

    def training(changed: Values) -> int:
        return count_bytes(changed, made=on_gpu) + (0 if on_gpu else count_batch(changed))

    many = f"this machine has {machine.size(room)} of memory"
    _fits(values, MODEL, training, room, f"such a training takes {{}} or more, and {many}")
    _fits(
        values, (("eval_size",),), lambda changed: changed["eval_size"] * LAST * SENTENCE, room,
        f"its sentences take {{}}, those of the last evaluation {LAST} times as many, and {many}",
    )  # fmt: skip
    if settings.recipe is not None and settings.generate is not None and not (folder / DATA).exists():
        free = machine.disk(folder)
        _fits(
            values, (("generate",),), lambda changed: changed["generate"] * ON_DISK, free,
            f"so many pairs take {{}}, and {folder} has {machine.size(free)} left",
        )  # fmt: skip
        _fits(
            values, (("generate",),), lambda changed: changed["generate"] * IN_MEMORY, room,
            f"the order of so many pairs takes {{}}, and {many}",
        )  # fmt: skip


def count_parameters(values: Values) -> int:
    """Count the parameters of the model of these settings, whose vocabulary is as large as was asked for."""
    m, f, entries = values["d_model"], values["d_ff"], _entries(values)
    feed_forward = 2 * m * f + f + m
    encoder = 4 * m * m + feed_forward + 2 * 2 * m
    decoder = 8 * m * m + feed_forward + 3 * 2 * m
    embeddings = entries * m * (1 if values["vocabulary"] == "joint" else 3)
    final = 2 * 2 * m if values["norm"] == "pre" else 0
    positions = 2 * values["max_length"] * m if values["positions"] == "learned" else 0
    return embeddings + positions + values["encoder_layers"] * encoder + values["decoder_layers"] * decoder + final


def count_bytes(values: Values, *, made: bool = False) -> int:
    """Count what a training holds for its model at least. made: only the weights, as they are when it is made."""
    table = 0 if values["positions"] == "learned" else 2 * 4 * values["max_length"] * values["d_model"]
    learned = ENTRY * _entries(values)
    return (MADE if made else TRAINED) * count_parameters(values) + table + learned


def count_batch(values: Values) -> int:
    """Count what the logits of a batch take, and their gradients."""
    return LOGIT * values["batch_tokens"] * _entries(values)


def _entries(values: Values) -> int:
    """Give the size of the vocabulary, the least that it can be where nobody has said."""
    least = len(SPECIALS) + (len(BYTES) if values["level"] == "subword" else 0)
    return max(least, values["vocab_size"] or 0)


def _fits(
    values: Values, groups: tuple[tuple[str, ...], ...], count: Callable[[Values], int], room: int, why: str
) -> None:
    """Raise GlassheadError if what is counted has no room, naming the setting that alone can mend it; of several,
    the one that is the most times its usual value.

    groups: settings that are changed together. why: the reason, with the bytes in {}.
    """
    needed = count(values)
    if needed <= room:
        return
    usual = {name: values[name] for group in groups for name in group}
    found: list[tuple[int, tuple[str, ...], int]] = []
    for group in groups:
        largest = _largest(values, group, count, room)
        if largest and all(usual[name] is not None and usual[name] > largest for name in group):
            times = max(1000 * usual[name] // USUAL[name] for name in group)
            found.append((times, group, largest))
    if not found:
        raise GlassheadError(
            f"Too large: {why.format(machine.size(needed))}. Give smaller values of "
            f"{', '.join(_option((name,)) for name in usual)}."
        )
    _, group, largest = max(found, key=lambda each: each[0])
    largest = largest // values["heads"] * values["heads"] or largest if group == ("d_model",) else largest
    given = machine.number(max(usual[name] for name in group))
    raise GlassheadError(
        f"{_option(group)} is {given}: {why.format(machine.size(needed))}. With the other settings as they are it may "
        f"be at most {largest:,}."
    )


def _largest(values: Values, group: tuple[str, ...], count: Callable[[Values], int], room: int) -> int:
    """Find the largest value of some settings that leaves enough room; 0 if none does."""
    low, high = 0, 1 << 63
    while high - low > 1:
        middle = (low + high) // 2
        if count({**values, **dict.fromkeys(group, middle)}) <= room:
            low = middle
        else:
            high = middle
    return low


def _option(group: tuple[str, ...]) -> str:
    return "--layers" if group == LAYERS else f"--{group[0].replace('_', '-')}"
