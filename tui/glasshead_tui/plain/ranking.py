"""A ranking as text: a table of 80 columns, tab-separated rows, or JSON."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from glasshead.named import name_next
from glasshead_tui.drawing import numbers
from glasshead_tui.drawing.ranking import place_name, write_placebo
from glasshead_tui.plain.tables import name_all, words
from glasshead_tui.terminal import strict_json
from glasshead_tui.terminal.visible import fit, visible

if TYPE_CHECKING:
    from glasshead.anatomy import Anatomy
    from glasshead.ranking.lines import Line
    from glasshead.ranking.parts import Part
    from glasshead.ranking.results import Effect, Ranking, Why

WIDTH = 80
HEADINGS = ("part", "layer", "head", "effect", "placebo")
ROOM = (12, 5, 4, 8, 13)
DONE = {"knockout": "without it", "keep-only": "with it alone of its layer's heads", "patch": "patched into"}
INSTEAD = {"knockout": "taken out", "keep-only": "kept", "patch": "patched"}
LIKE = {
    "heads": "any other head of its layer", "layers": "its like in any other layer",
    "sources": "any other token",
}  # fmt: skip


LAST = {"heads": "looks at, more than evenly", "layers": "", "sources": "token"}
"""Heading of the last column."""


class Named(Protocol):
    """A token with its text."""

    @property
    def text(self) -> str: ...


class Names(Protocol):
    """Whatever names tokens."""

    def tokens(self, ids: Sequence[int]) -> Sequence[Named]: ...


class Sides(Protocol):
    """The names of both sides."""

    @property
    def source(self) -> Names: ...
    @property
    def target(self) -> Names: ...


class Ranked(Protocol):
    """The subject that was ranked."""

    @property
    def name(self) -> str: ...
    @property
    def anatomy(self) -> "Anatomy": ...
    @property
    def vocabulary(self) -> Any: ...


def meaning(ranking: "Ranking") -> str:
    """Say what an effect is."""
    if ranking.method == "patch":
        return "share of the lost log-probability that it recovers, 1 is all of it"
    if ranking.by is not None:
        return f"fall of the token's log-probability {DONE[ranking.method]}, in nats"
    return f"rise of the loss {DONE[ranking.method]}, in nats a token"


def as_table(subject: Ranked, ranking: "Ranking", line: "Line", top: int) -> Iterator[str]:
    """Write the largest effects, as lines of at most 80 columns."""
    yield fit(f"checkpoint  {visible(subject.name)}", WIDTH).rstrip()
    yield fit(f"target      {_asked(subject, ranking, line)}", WIDTH).rstrip()
    loss = f"{ranking.loss:.4f} nats a token" + (" on the corrupted text" if ranking.method == "patch" else "")
    yield f"loss        {loss}"
    yield f"effect      {meaning(ranking)}"
    yield f"placebo     {LIKE[ranking.of]} {INSTEAD[ranking.method]} instead, mean ± spread"
    yield ""
    yield _row([*HEADINGS, LAST[ranking.of]])
    for effect in ranking.effects[:top]:
        yield _row([*place_of(effect.part), _effect(effect), _placebo(effect), _does(subject, effect, line)])
    left, still = ranking.effects[top:], sum(not effect.moved for effect in ranking.effects)
    if left:
        yield f"… {len(left)} more, with effects down to {numbers.real(left[-1].effect, 8)} (--top, --json, --tsv)"
    if still:
        yield f"{still} moved no logit by more than the model's precision may: nothing."


def _row(cells: Sequence[str]) -> str:
    fixed = "  ".join(
        fit(cell, room, right=place > 0) for place, (cell, room) in enumerate(zip(cells, ROOM, strict=False))
    )
    return fit(f"{fixed}  {cells[-1]}", WIDTH).rstrip()


def place_of(part: "Part") -> tuple[str, str, str]:
    """Name a part in three cells, for a reader."""
    if part.token is not None:
        return "token", "", str(part.token)
    return *place_name(part.prefix), "" if part.head is None else str(part.head)


def kind_of(part: "Part") -> str:
    """Name the kind of a part in data: `decoder self`, `cross`, `token`."""
    if part.token is not None:
        return "token"
    stack, _, kind = part.prefix.split(".")
    return "cross" if kind == "cross" else f"{stack} {kind}"


def _effect(effect: "Effect") -> str:
    return numbers.real(effect.effect, 8) if effect.moved else "nothing"


def _placebo(effect: "Effect") -> str:
    return "none" if effect.placebo is None else write_placebo(effect.placebo)


def _does(subject: Ranked, effect: "Effect", line: "Line") -> str:
    """Write what stands out in what a head looks at, as far as there is room; of a token its text."""
    if effect.part.token is not None:
        return token(subject, line, effect.part)
    room = WIDTH - sum(ROOM) - 2 * len(ROOM)
    shown = ""
    for trait in effect.does:
        more = f"{shown}, " if shown else ""
        more += f"{trait.measure.name} {numbers.weight(trait.value, 3)}"
        if len(more) > room:
            break
        shown = more
    return shown


def token(subject: Ranked, line: "Line", part: "Part") -> str:
    """Name the token that a part hides."""
    names, ids = (subject.vocabulary.source, line.source) if line.source else (subject.vocabulary.target, line.ids)
    assert part.token is not None
    return name_all(names.tokens(ids))[part.token]


def _asked(subject: Ranked, ranking: "Ranking", line: "Line") -> str:
    """Say what was asked about."""
    if ranking.by is not None:
        chosen = line.labels[ranking.by.step - 1] if ranking.by.id is None else ranking.by.id
        before = line.ids[: line.prompt + ranking.by.step - 1]
        return f"{visible(_named_next(subject, before, [chosen])[0])} at step {ranking.by.step}"
    if ranking.texts > 1:
        return f"{ranking.tokens:,} tokens of {ranking.texts:,} texts"
    if not line.labels:
        return f"what the model fills in at {ranking.tokens} mask tokens"
    return words(subject.vocabulary.target.tokens(line.labels))


def _named_next(subject: Ranked, before: Sequence[int], ids: Sequence[int]) -> tuple[str, ...]:
    """Name tokens that may come after a line."""
    names = subject.vocabulary.target
    return name_next([token.text for token in names.tokens(before)], [token.text for token in names.tokens(ids)])


def as_rows(subject: Ranked, ranking: "Ranking", line: "Line") -> list[dict[str, Any]]:
    """Make a row of plain values for each effect."""
    rows = []
    for effect in ranking.effects:
        kind, layer = kind_of(effect.part), place_of(effect.part)[1]
        placebo = effect.placebo
        own = {"token": effect.part.token, "text": token(subject, line, effect.part)} if ranking.of == "sources" else {
            "part": kind, "layer": int(layer), "head": effect.part.head
        }  # fmt: skip
        rows.append(
            {
                **own, "effect": effect.effect, "placebo": None if placebo is None else placebo.mean,
                "placebo_spread": None if placebo is None else placebo.spread,
                "placebo_count": 0 if placebo is None else placebo.count, "kl": effect.kl, "move": effect.move,
                "moved": effect.moved, "measures": {name: trait.value for name, trait in effect.traits.items()},
                "chances": {name: trait.chance for name, trait in effect.traits.items()},
                "stands_out": [trait.measure.name for trait in effect.does],
            }
        )  # fmt: skip
    return rows


def as_json(subject: Ranked, ranking: "Ranking", line: "Line") -> Iterator[str]:
    """Write all that is known."""
    yield strict_json.dumps(
        {
            "checkpoint": subject.name, "method": ranking.method, "of": ranking.of,
            "by": "loss" if ranking.by is None else {"step": ranking.by.step, "id": ranking.by.id},
            "effect": meaning(ranking), "loss": ranking.loss, "texts": ranking.texts, "tokens": ranking.tokens,
            "effects": as_rows(subject, ranking, line),
        },
        indent=2,
    )  # fmt: skip


def as_tsv(subject: Ranked, ranking: "Ranking", line: "Line") -> Iterator[str]:
    """Write a row for each part, with its measures in columns."""
    rows = as_rows(subject, ranking, line)
    names = list(dict.fromkeys(name for row in rows for name in row["measures"]))
    plain = [name for name in rows[0] if name not in ("measures", "chances", "stands_out")] if rows else []
    yield "\t".join([*plain, *names])
    for row in rows:
        cells = [row[name] for name in plain] + [row["measures"].get(name) for name in names]
        yield "\t".join("" if cell is None else cell if isinstance(cell, str) else repr(cell) for cell in cells)


def why_lines(subject: Ranked, line: "Line", found: "Why") -> Iterator[str]:
    """Write a set of parts without which a choice turns."""
    one, other, pick = map(visible, _named_next(subject, line.ids, (found.chosen, found.rival, found.pick)))
    yield fit(f"checkpoint  {visible(subject.name)}", WIDTH).rstrip()
    yield fit(f"choice      {one}, not {other}: its logit is {numbers.real(found.margin, 8)} higher", WIDTH).rstrip()
    if not found.found:
        yield fit(f"found       no set without which {other} is preferred to {one}", WIDTH).rstrip()
        yield f"tried       {found.tried} removals, which are not all there are"
        return
    count = f"{len(found.parts)} part{'s' if len(found.parts) != 1 else ''}"
    yield fit(
        f"found       {count} without which {other} is preferred, by {numbers.real(-found.without, 8)}", WIDTH
    ).rstrip()
    for part in found.parts:
        named = f"token {part.token} {token(subject, line, part)}" if part.token is not None else part.name
        yield fit(f"            {named}", WIDTH).rstrip()
    yield fit(f"then        {pick} is written", WIDTH).rstrip()
    placebo = found.placebo
    if placebo is None:
        yield "placebo     none: there is no other set of as many like these"
    else:
        sets = f"{placebo.count} random sets of as many like these" if placebo.count > 1 else "the one other such set"
        yield f"placebo     {found.random_flips} of {sets} do the same"
        margins = f"{write_placebo(placebo)} without them, {numbers.real(found.without, 8)} without these"
        yield fit(f"            {one} − {other}: {margins}", WIDTH).rstrip()
    yield f"tried       {found.tried} removals; the smallest set found, there may be smaller ones"


def why_json(subject: Ranked, line: "Line", found: "Why") -> Iterator[str]:
    """Write the same as JSON."""
    ids = found.chosen, found.rival, found.pick
    one, other, pick = (
        {"id": each, "text": name} for each, name in zip(ids, _named_next(subject, line.ids, ids), strict=True)
    )
    yield strict_json.dumps(
        {
            "checkpoint": subject.name, "chosen": one, "rival": other, "margin": found.margin, "found": found.found,
            "parts": [{"part": part.prefix, "head": part.head, "token": part.token} for part in found.parts],
            "margin_without": found.without, "written_then": pick, "random_flips": found.random_flips,
            "random_sets": 0 if found.placebo is None else found.placebo.count,
            "random_margin": None if found.placebo is None else found.placebo.mean,
            "random_margin_spread": None if found.placebo is None else found.placebo.spread, "tried": found.tried,
        },
        indent=2,
    )  # fmt: skip
