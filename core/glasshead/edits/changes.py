"""Changes: edits as functions that `listen` applies while a model runs.

    changes = make_changes(edits, model.anatomy, reference)
    subject.start(text, edit=changes)

All positions are absolute, so a pass over the whole target and steps from a cache are changed alike.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor

from glasshead.anatomy import Anatomy
from glasshead.edits.edit import (
    At,
    Copy,
    Edit,
    Hide,
    Mean,
    Narrow,
    Origin,
    Patch,
    Put,
    Reveal,
    Scale,
    Spans,
    Steer,
    Swap,
    Uniform,
    Unscale,
    Weigh,
    Where,
)
from glasshead.edits.strokes import Stroke, first_of, look_ahead, strokes
from glasshead.errors import GlassheadError
from glasshead.site import SQUARE, Site
from glasshead.tap import Change, Place

Reference = Callable[[Origin, str], Tensor]
"""Function to the values of a site in another decode, without a batch axis: h q d, q m, h q k."""
Made = Callable[[Tensor, Place], Tensor]
"""Function from a value, and its place, to the new one."""
Value = Made | float
"""New value of what an edit chooses: of the old one, or the same number everywhere."""
Spelled = Sequence[tuple[Edit, tuple[Stroke, ...]]]
"""Edits, each with its strokes."""
AXES = {"h": "head", "q": "query", "k": "key"}
"""Names of the axes by their letters; any other is that of the numbers of a vector, `unit`."""


class Changes(Mapping[str, Change]):
    """Site → the function that replaces its values; with the edits that it was made of."""

    def __init__(self, spelled: Spelled, functions: Mapping[str, Change], anatomy: Anatomy) -> None:
        """spelled: the edits, spelled out · anatomy: that of the model."""
        self.edits, self._functions = tuple(edit for edit, _ in spelled), dict(functions)
        single = [stroke for _, made in spelled for stroke in made]
        self.first_row = first_of(single, anatomy)
        """See `strokes.first_row`."""
        self._ahead = look_ahead(single, anatomy)
        bare = _whole(spelled, Reveal)
        self._bare = frozenset(prefix for prefix in bare if anatomy.kind_at(prefix).causal)
        """Attentions without any mask."""
        unscaled = _whole(spelled, Unscale)
        self._unscaled = frozenset(prefix for prefix in unscaled if unscaled.count(prefix) == 1)
        """Attentions without their scale."""
        self._masked = frozenset(site.prefix for name in self._functions if (site := Site.parse(name)).name == "masked")

    def __getitem__(self, site: str) -> Change:
        return self._functions[site]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def anatomy(self, anatomy: Anatomy) -> Anatomy:
        """Describe the model under these edits: what the captured mask hides, and whether rows last."""
        attending = {
            prefix: replace(
                how,
                patterned=how.patterned or prefix in self._masked,
                scale=1.0 if prefix in self._unscaled else how.scale,
            )
            for prefix, how in anatomy.attending.items()
        }
        kinds = tuple(
            replace(kind, masked=False, label=kind.label.replace("(masked)", "(no mask)"))
            if set(anatomy.attentions(kind)) <= self._bare
            else kind
            for kind in anatomy.kinds
        )
        return replace(anatomy, kinds=kinds, attending=attending, lasting=anatomy.lasting and not self._ahead)


def _whole(spelled: Spelled, action: type) -> list[str]:
    """List the attentions that an action changes as a whole."""
    whole = (made for edit, made in spelled if isinstance(edit.action, action) and edit.where == Where())
    return [Site.parse(stroke.site).prefix for made in whole for stroke in made]


def make_changes(edits: Iterable[Edit], anatomy: Anatomy, reference: Reference) -> Changes:
    """Make the functions of some edits, in their order. Raises GlassheadError for one that does not fit the model."""
    spelled = [(edit, strokes(edit, anatomy)) for edit in edits]
    steps: dict[str, list[Made]] = {}
    noted: dict[str, list[Made]] = {}
    for edit, made in spelled:
        for stroke in made:
            value, notes = _make(edit, stroke, anatomy, reference)
            for site, note in notes.items():
                noted.setdefault(site, []).append(note)
            whole = replace(stroke.where, key=()) if isinstance(stroke.action, Weigh) else stroke.where
            steps.setdefault(stroke.site, []).append(_at(replace(stroke, where=whole), value, edit.said))
    for site, each in noted.items():  # a value is copied as the model goes on with it, after all edits of its site
        steps.setdefault(site, []).extend(each)
    return Changes(spelled, {site: _in_turn(each) for site, each in steps.items()}, anatomy)


def _in_turn(values: list[Made]) -> Change:
    def change(value: Tensor, place: Place) -> Tensor:
        for each in values:
            value = each(value, place)
        return value

    return change


def _at(stroke: Stroke, new: Value, name: str) -> Made:
    """Change a value where the edit says, and nowhere else."""
    axes = Site.parse(stroke.site).axes.split()
    if isinstance(new, float):
        number = new

        def put(old: Tensor, place: Place) -> Tensor:
            largest = torch.finfo(old.dtype).max
            if largest < abs(number) < torch.inf:
                precision = str(old.dtype).removeprefix("torch.")
                raise GlassheadError(
                    f"{name}: {stroke.site} is {precision} in this model, whose numbers go up to {largest:,.6g}."
                )
            return old.masked_fill(select(stroke.where, axes, old, place, name), number)

        return put

    def value(old: Tensor, place: Place) -> Tensor:
        chosen = select(stroke.where, axes, old, place, name)
        return torch.where(chosen, new(old, place).to(old), old)

    return value


def select(where: Where, axes: list[str], value: Tensor, place: Place, name: str) -> Tensor:
    """Make the mask of the chosen part of a value: boolean, of its dimensions, each of size 1 or its own."""
    for dimension, letter in enumerate(axes, 1):
        if where.unit and letter not in AXES and where.unit[-1].first >= value.shape[dimension]:
            raise GlassheadError(f"{name}: a vector has the numbers 0 to {value.shape[dimension] - 1} there.")
    rows = _row_axis(axes)
    own, start = where.query if axes[rows] == "q" else where.key, place.start
    if not own:  # only the rows of a pass begin where it does
        start = 0
    elif value.shape[rows + 1] == 1:  # a step: all that lie within the rows, and all that do not, have the same mask
        start = next((span.first for span in own if span.first <= start <= span.last), NOWHERE)
    return _chosen(where, tuple(axes), value.shape, start, value.device)


NOWHERE = -1
"""Number of a row that no edit chooses."""


@lru_cache(maxsize=64)
def _chosen(where: Where, axes: tuple[str, ...], shape: torch.Size, start: int, device: torch.device) -> Tensor:
    """Make the mask of `select`, once for all layers of a pass. It stays as it is."""
    chosen: Tensor | None = None
    with torch.inference_mode(False):  # autograd takes it too
        rows = axes[_row_axis(axes)]
        for dimension, letter in enumerate(axes, 1):
            spans: Spans = getattr(where, AXES.get(letter, "unit"))
            if not spans:
                continue
            size, first = shape[dimension], start if letter == rows else 0
            here = torch.zeros(size, dtype=torch.bool, device=device)
            for span in spans:
                here[max(0, span.first - first) : max(0, min(size, span.last + 1 - first))] = True
            here = here.view([-1 if number == dimension else 1 for number in range(len(shape))])
            chosen = here if chosen is None else chosen & here
        return torch.ones((1,) * len(shape), dtype=torch.bool, device=device) if chosen is None else chosen


class Note:
    """The value of a site in the pass under way, kept for another site of the same pass."""

    def __init__(self, site: str, name: str) -> None:
        self._site, self._name = site, name
        self._kept: Tensor | None = None

    def __call__(self, value: Tensor, _place: Place) -> Tensor:
        """Keep it; change nothing."""
        self._kept = value
        return value

    def take(self) -> Tensor:
        """Return it once. Raises GlassheadError if the site comes later in the pass."""
        if self._kept is None:
            raise GlassheadError(
                f"{self._name}: {self._site} is computed later; a value is copied from an earlier one."
            )
        kept, self._kept = self._kept, None
        return kept


def _make(edit: Edit, stroke: Stroke, anatomy: Anatomy, reference: Reference) -> tuple[Value, dict[str, Made]]:
    """Make the new value of a stroke, and the notes that it needs of other sites."""
    site, name = Site.parse(stroke.site), edit.said

    def note(local: str) -> Note:
        return Note(site.beside(local) if local not in anatomy.sites else local, name)

    match stroke.action:
        case Put(number):
            return float(number), {}
        case Scale(factor):
            return (lambda old, _: torch.where(old.isneginf(), old, old * factor)), {}
        case Hide():
            return -torch.inf, {}
        case Narrow(reach):
            return (lambda old, place: _narrowed(old, place, reach)), {}
        case Swap():
            one, other = (number for span in stroke.where.head for number in range(span.first, span.last + 1))
            return (lambda old, _: _swapped(old, one, other)), {}
        case Copy(source):
            copied = note(source)
            return (lambda old, _place: _fitted(copied.take(), old, source, site, name)), {source: copied}
        case Reveal():
            # A score before the mask is what the mask hides.
            scores = note("scores")
            return (lambda _old, _place: scores.take()), {site.beside("scores"): scores}
        case Uniform():
            masked = note("masked")
            return (lambda _old, _place: _uniform(masked.take())), {site.beside("masked"): masked}
        case Weigh(number):
            masked = note("masked")
            weigh = _weigh(stroke.where, number, name)
            return (lambda old, place: weigh(old, masked.take(), place)), {site.beside("masked"): masked}
        case Unscale():
            return _unscale(site, anatomy, name)
        case Mean(of):
            return _constant(_mean(reference(of, stroke.site), site), site, name), {}
        case At(row):
            return _constant(_row(reference(Origin(), stroke.site), site, row, name), site, name), {}
        case Steer(factor, towards, away):
            added, taken = (
                _constant(_mean(reference(each, stroke.site), site), site, name) for each in (towards, away)
            )
            return (lambda old, place: old + factor * (added(old, place) - taken(old, place))), {}
        case Patch(of):
            return _patch(reference(of, stroke.site), site, name), {}
    raise AssertionError(f"{stroke.action} is spelled out")


def _constant(fixed: Tensor, site: Site, name: str) -> Made:
    """Make the function that puts one row of another decode in place of every row."""

    def value(old: Tensor, _place: Place) -> Tensor:
        given = _shaped(fixed, old)
        _same_widths(given, old, site, name)
        return given.expand_as(old)

    return value


def _same_widths(given: Tensor, own: Tensor, site: Site, name: str) -> None:
    """Ensure that values of another decode have the heads and the width of those here, whatever their rows."""
    for dimension, (one, other) in enumerate(zip(given.shape, own.shape, strict=True)):
        if dimension not in (0, _rows(site) + 1) and one != other:
            raise GlassheadError(f"{name}: there {site} has {one} where this model has {other}.")


def _fitted(copied: Tensor, old: Tensor, source: str, site: Site, name: str) -> Tensor:
    if copied.shape != old.shape:
        raise GlassheadError(f"{name}: {source} is {_by(copied)}, {site} is {_by(old)}: it does not fit.")
    return copied


def _by(value: Tensor) -> str:
    return " × ".join(map(str, value.shape[1:]))


def _shaped(fixed: Tensor, old: Tensor) -> Tensor:
    """Give a value of another decode the dimensions of one here: b first, a last one of size 1 for statistics."""
    fixed = fixed.unsqueeze(0)
    return (fixed.unsqueeze(-1) if fixed.dim() < old.dim() else fixed).to(old)


def _rows(site: Site) -> int:
    """Return the dimension of the rows of a value without a batch axis."""
    return _row_axis(site.axes.split())


def _row_axis(axes: Sequence[str]) -> int:
    """Return the place of the rows among axes: queries, else keys.

    Those of keys and values start at 0, or before their rotation where the pass starts.
    """
    return axes.index("q") if "q" in axes else axes.index("k")


def _mean(values: Tensor, site: Site) -> Tensor:
    return values.mean(_rows(site), keepdim=True)


def _row(values: Tensor, site: Site, row: int, name: str) -> Tensor:
    axis = _rows(site)
    if row >= values.shape[axis]:
        raise GlassheadError(f"{name}: there is no position {row}; the line has {values.shape[axis]} there.")
    return values.narrow(axis, row, 1)


def _narrowed(masked: Tensor, place: Place, reach: int) -> Tensor:
    q = torch.arange(place.start, place.start + masked.shape[-2], device=masked.device).unsqueeze(-1)
    k = torch.arange(masked.shape[-1], device=masked.device)
    return masked.masked_fill((q - k).abs() > reach, -torch.inf)


def _swapped(old: Tensor, one: int, other: int) -> Tensor:
    new = old.clone()
    new[:, one], new[:, other] = old[:, other], old[:, one]
    return new


def _uniform(masked: Tensor) -> Tensor:
    visible = (masked > -torch.inf).to(masked)
    return visible / visible.sum(-1, keepdim=True).clamp_min(1.0)


def _weigh(where: Where, number: float, name: str) -> Callable[[Tensor, Tensor, Place], Tensor]:
    """Make the function that gives some keys of a row a weight each, and the others what is left."""
    keys = Where(key=where.key)

    def weigh(weights: Tensor, masked: Tensor, place: Place) -> Tensor:
        visible = masked > -torch.inf
        chosen = select(keys, ["h", "q", "k"], weights, place, name) & visible
        left = 1.0 - number * chosen.sum(-1, keepdim=True)
        if bool((left < -1e-6).any()):
            raise GlassheadError(f"{name}: the chosen keys would have more than all of the weight.")
        others = weights.masked_fill(chosen, 0.0)
        total = others.sum(-1, keepdim=True)
        rest = (visible & ~chosen).to(weights)
        evenly = rest / rest.sum(-1, keepdim=True).clamp_min(1.0)
        shared = torch.where(total > 0, others / total.clamp_min(torch.finfo(weights.dtype).tiny), evenly)
        new = torch.where(chosen, number, shared * left.clamp_min(0.0))
        # Where none is chosen, or all are, nothing can be shared out: such a row stays as it is.
        return torch.where(chosen.any(-1, keepdim=True) & (visible & ~chosen).any(-1, keepdim=True), new, weights)

    return weigh


def _unscale(site: Site, anatomy: Anatomy, name: str) -> tuple[Value, dict[str, Made]]:
    how = anatomy.attending[site.prefix]
    if not how.biased:
        return (lambda old, _: old / how.scale), {}
    bias = Note(site.beside("bias"), name)

    def value(old: Tensor, _place: Place) -> Tensor:
        added = bias.take()
        return torch.where(added.isneginf(), added, (old - added) / how.scale + added)

    return value, {site.beside("bias"): bias}


def _patch(values: Tensor, site: Site, name: str) -> Made:
    """Make the function that puts rows of another decode in the same place."""
    axes = site.axes.split()

    def value(old: Tensor, place: Place) -> Tensor:
        given = _shaped(values, old)
        for dimension, letter in enumerate(axes, 1):
            if letter not in ("q", "k") and given.shape[dimension] != old.shape[dimension]:
                raise GlassheadError(
                    f"{name}: there {site} has {given.shape[dimension]} where this model has {old.shape[dimension]}."
                )
        dimension = _rows(site) + 1
        count = min(max(0, given.shape[dimension] - place.start), old.shape[dimension])
        new = old.clone()
        part = new.narrow(dimension, 0, count)
        put = given.narrow(dimension, min(place.start, given.shape[dimension]), count)
        if site.name in SQUARE:
            keys = min(put.shape[-1], part.shape[-1])  # in self-attention there are only later ones after the shorter
            if count and max(put.shape[-1], part.shape[-1]) > keys and (site.side, site.part) != ("target", "self"):
                raise GlassheadError(
                    f"{name}: its rows have {put.shape[-1]} keys, here they have {part.shape[-1]}: patch "
                    f"{site.beside('heads')}, or give a text of as many tokens."
                )
            part, put = part[..., :keys], put[..., :keys]
        part.copy_(put)
        return new

    return value
