"""Checks of a module's own state, which no pass over ids shows: training flags, tied matrices, tables of positions."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from glasshead.truth.report import Verdict

TABLES = ("sinusoidal", "halves", "tensor2tensor")
SAID = {
    "sinusoidal": "the paper's sinusoids, sines and cosines in turn",
    "halves": "sinusoids in halves, all sines before all cosines",
    "tensor2tensor": "tensor2tensor's sinusoids",
}
EQUAL = 1e-4
"""Largest difference between a table and the formula, as a table is kept in some precision."""
HALF = 1e-2
"""The same for a table in half precision."""


@dataclass(frozen=True)
class Tie:
    """What is claimed of two parameters, by their paths."""

    one: str
    other: str
    tied: bool = True
    source: str = "tied="
    """Who claims it, such as a configuration's field."""


def training_flags(module: nn.Module) -> list[str]:
    """List the modules that drop something out as they are now, by path and probability."""
    return [
        f"{path or type(each).__name__} (p {_probability(each):g})"
        for path, each in module.named_modules()
        if each.training and _probability(each) > 0
    ]


def _probability(module: nn.Module) -> float:
    found = getattr(module, "p", None) if "Drop" in type(module).__name__ else getattr(module, "dropout", None)
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else 0.0


def tied_weights(module: nn.Module, claims: Sequence[Tie]) -> list[Verdict]:
    """Compare what is tied with what is claimed; of a module without claims, name what is one tensor."""
    named = dict(module.named_parameters(remove_duplicate=False))
    if not claims:
        return _unclaimed(named)
    found = []
    for claim in claims:
        missing = [path for path in (claim.one, claim.other) if path not in named]
        if missing:
            known = ", ".join(path for path, each in named.items() if each.dim() == 2)
            found.append(
                Verdict("tied weights", "no reference", f"There is no parameter {missing[0]}; there are {known}.")
            )
            continue
        found.append(_claimed(claim, named[claim.one], named[claim.other]))
    bad = [verdict for verdict in found if not verdict.ok]
    return bad or found[:1]


def _claimed(claim: Tie, one: Tensor, other: Tensor) -> Verdict:
    same = _same_storage(one, other)
    pair = f"{claim.one} and {claim.other}"
    if same == claim.tied:
        return Verdict(
            "tied weights",
            "supported",
            f"{'One tensor' if same else 'Two tensors'}, as {claim.source} says: {pair}.",
        )
    if same:
        return Verdict(
            "tied weights", "silently wrong", f"{pair} are one tensor, and {claim.source} says that they are two: "
            "what changes one changes the other.",
        )  # fmt: skip
    apart = (
        float((one.detach().double() - other.detach().double()).abs().max()) if one.shape == other.shape else math.inf
    )
    how = (
        "with the same numbers for now: training would part them"
        if apart == 0
        else f"of other shapes, {tuple(one.shape)} and {tuple(other.shape)}"
        if math.isinf(apart)
        else f"which differ by up to {apart:.2g}"
    )
    return Verdict(
        "tied weights", "silently wrong", f"{claim.source} says that {pair} are one tensor; they are two, {how}. "
        "A copy or a load has parted them: assign one to the other again.", apart,
    )  # fmt: skip


def _unclaimed(named: Mapping[str, Tensor]) -> list[Verdict]:
    """Name matrices that are one tensor; find those of equal numbers that are not."""
    matrices = [(path, each) for path, each in named.items() if each.dim() == 2]
    one: list[str] = []
    for number, (path, each) in enumerate(matrices):
        for other, value in matrices[number + 1 :]:
            if _same_storage(each, value):
                one.append(f"{path} = {other}")
            elif (
                _role(path) != _role(other)  # layers may begin as copies of one
                and each.shape == value.shape
                and each.std() > 0
                and torch.equal(each, value)
            ):
                return [
                    Verdict(
                        "tied weights", "silently wrong", f"{path} and {other} hold the same numbers in two tensors: a "
                        "tie that a copy or a load has parted. Training would make them differ.", 0.0,
                    )
                ]  # fmt: skip
    return [Verdict("tied weights", "supported", f"One tensor: {', '.join(one)}.")] if one else []


def _role(path: str) -> str:
    """Name what a parameter is, whichever layer it is in."""
    return ".".join(part for part in path.split(".") if not part.isdecimal())


def _same_storage(one: Tensor, other: Tensor) -> bool:
    return one is other or (one.data_ptr() == other.data_ptr() and one.shape == other.shape and one.numel() > 0)


def sinusoid_table(positions: int, width: int, form: str = "sinusoidal", first: int = 0) -> Tensor:
    """Compute sin and cos of position / 10000^(2i / width): positions × width.

    form: `sinusoidal` (in turn: 2i is a sine, 2i + 1 its cosine), `halves` (sines, then cosines), `tensor2tensor` (the
    same, and the slowest rate is exactly 1/10,000) · first: the number of the first position.
    """
    half = width // 2
    columns = torch.arange(width)
    if form == "sinusoidal":
        pair, sine = columns // 2, columns % 2 == 0
    else:
        sines = half if form == "tensor2tensor" else width - half
        pair, sine = torch.where(columns < sines, columns, columns - sines), columns < sines
    exponent = pair.double() / max(half - 1, 1) if form == "tensor2tensor" else 2 * pair.double() / width
    angle = torch.arange(first, first + positions).double().unsqueeze(-1) / 10_000**exponent
    table = torch.where(sine, angle.sin(), angle.cos())
    if form == "tensor2tensor":
        table[:, 2 * half :] = 0
    return table


def formula_of(table: Tensor, firsts: Iterable[int] = range(8)) -> tuple[str, int, float] | None:
    """Find the formula that gives a table (q m) up to one factor: its name, its first position, the difference."""
    rows = table[:16].double()
    best: tuple[str, int, float] | None = None
    for form in TABLES:
        for first in firsts:
            wanted = sinusoid_table(len(rows), rows.shape[1], form, first)
            factor = float((rows * wanted).sum() / wanted.square().sum())
            if factor == 0:
                continue
            apart = float((rows / factor - wanted).abs().max())
            if best is None or apart < best[2]:
                best = form, first, apart
    # A table may come in float32 that was kept in less: then all its numbers are such of half precision.
    half = any(torch.equal(rows, rows.to(precision).double()) for precision in (torch.float16, torch.bfloat16))
    limit = HALF if half else EQUAL
    return best if best is not None and best[2] <= limit else None


def position_tables(module: nn.Module) -> dict[str, tuple[Tensor, bool]]:
    """Find the tables of positions of a module by their names: path → (positions × width, whether it is learned)."""
    found: dict[str, tuple[Tensor, bool]] = {}
    named: list[tuple[str, Tensor, bool]] = [(path, each, True) for path, each in module.named_parameters()]
    named += [(path, each, False) for path, each in module.named_buffers()]
    for path, each, learned in named:
        words = path.lower().replace("_", ".").split(".")
        told = any(word in ("pe", "pos", "wpe") or word.startswith("posit") for word in words)
        flat = each.detach().squeeze() if each.dim() > 2 else each.detach()
        if told and flat.dim() == 2 and flat.is_floating_point() and min(flat.shape) > 1:
            found[path] = flat, learned
    return found


def rows_of(rows: Tensor, tables: Mapping[str, tuple[Tensor, bool]]) -> str | None:
    """Find the parameter that positions are rows of, wherever they begin: its path. rows: q m."""
    for path, (table, learned) in tables.items():
        if not learned or table.shape[1] != rows.shape[1] or len(table) < len(rows):
            continue
        first = int((table.to(rows) - rows[0]).abs().amax(-1).argmin())
        if torch.equal(table[first : first + len(rows)].to(rows), rows):
            return path
    return None


def claimed_positions(table: Tensor, claim: str | None, where: str, *, learned: bool) -> Verdict:
    """Compare a table of positions with what is claimed of it, or say what it is."""
    formula = formula_of(table)
    if formula is not None:
        form, first, apart = formula
        start = f", counted from {first}" if first else ""
        said = f"{where} holds {SAID[form]}{start}"
        if claim in (None, form):
            return Verdict("positions", "supported", f"{said}.", apart)
        return Verdict("positions", "silently wrong", f"{said}, and {claim} positions are claimed.", apart)
    if claim in TABLES:
        wanted = sinusoid_table(min(16, len(table)), table.shape[1], claim)
        rows = table[:16].double()
        apart = float((rows - wanted).abs().max())
        place = int((rows - wanted).abs().amax(-1).argmax())
        return Verdict(
            "positions", "silently wrong", f"{where} does not hold {SAID[claim]}: it differs by up to {apart:.2g}, "
            f"most at position {place}.", apart,
        )  # fmt: skip
    if claim == "none" and bool(table.any()):
        return Verdict("positions", "silently wrong", f"{where} adds positions, and none are claimed.")
    if claim == "none":
        return Verdict("positions", "supported", f"{where} adds nothing.")
    return Verdict(
        "positions", "supported" if learned or claim == "learned" else "no reference",
        f"{where} holds numbers {'that are learned' if learned else 'of its own'}: no formula of sinusoids gives them.",
    )  # fmt: skip
