"""Strokes: what an edit does at single sites. Globs and skipped parts are spelled out, and all is checked."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import inf, isfinite

from glasshead.anatomy import Anatomy
from glasshead.edits.edit import (
    OPEN,
    Action,
    At,
    Copy,
    Edit,
    Hide,
    Mean,
    Narrow,
    Put,
    Reveal,
    Scale,
    Skip,
    Span,
    Steer,
    Swap,
    Uniform,
    Unscale,
    Weigh,
    Where,
)
from glasshead.errors import GlassheadError, brief, nearest
from glasshead.site import KEYED, NORMS, SQUARE, Site, attention

ONLY_AT: dict[type, tuple[str, ...]] = {
    Weigh: ("weights",),
    Uniform: ("weights",),
    Hide: ("masked",),
    Reveal: ("masked",),
    Narrow: ("masked",),
    Unscale: ("scores",),
}
"""Local names of the sites that an action is for."""
LARGEST = (2 - 2.0**-23) * 2.0**127
"""The largest number of float32."""
FORBIDDING = ("scores", "masked", "logits")
"""Local names of the sites where −∞ means something: what has it gets a weight or a probability of 0."""


@dataclass(frozen=True)
class Stroke:
    """What an edit does at one site. `action` is no `Skip`."""

    site: str
    where: Where
    action: Action


def strokes(edit: Edit, anatomy: Anatomy) -> tuple[Stroke, ...]:
    """Spell an edit out for a model. Raises GlassheadError for a site, a head or a value that does not fit."""
    if isinstance(edit.action, Skip):
        return _skipped(edit, anatomy)
    named = edit.site in anatomy.sites
    found = [edit.site] if named else [site for site in anatomy.sites if fnmatchcase(site, edit.site)]
    if not found:
        known = nearest(edit.site, _near(edit, anatomy), what="site")
        raise GlassheadError(f"{edit.said}: no site of this model matches {brief(edit.site)}. {known}")
    made = []
    for name in found:
        site = Site.parse(name)
        action = edit.action
        if isinstance(action, Copy):
            action = Copy(_source(edit, site, anatomy))
        _fit(edit, site, anatomy)
        made.append(Stroke(name, edit.where, action))
    return tuple(made)


def first_row(edits: Iterable[Edit], anatomy: Anatomy) -> int | None:
    """Return the first row of the target that edits can change; None if they change what is read of the source.

    Rows before it stay as they are: they need not be computed again.
    """
    return first_of((stroke for edit in edits for stroke in strokes(edit, anatomy)), anatomy)


def first_of(made: Iterable[Stroke], anatomy: Anatomy) -> int | None:
    """Return the first row that strokes can change; see `first_row`."""
    rows = [_first_row(stroke, anatomy) for stroke in made]
    return None if None in rows else min((row for row in rows if row is not None), default=OPEN)


def touching(edits: Iterable[Edit], anatomy: Anatomy, prefix: str, head: int) -> tuple[Edit, ...]:
    """Return the edits that change values of one head of an attention, e.g. of `decoder.1.cross`."""
    kind = anatomy.kind_at(prefix)

    def touches(stroke: Stroke) -> bool:
        site = Site.parse(stroke.site)
        if site.attention != prefix:
            return False
        number = kind.key_head(head) if site.name in KEYED else head
        return not stroke.where.head or any(number in span for span in stroke.where.head)

    return tuple(edit for edit in edits if any(map(touches, strokes(edit, anatomy))))


def looks_ahead(edits: Iterable[Edit], anatomy: Anatomy) -> bool:
    """Tell whether edits let a position look at later ones, so that its row changes when the target grows."""
    return look_ahead((stroke for edit in edits for stroke in strokes(edit, anatomy)), anatomy)


def look_ahead(made: Iterable[Stroke], anatomy: Anatomy) -> bool:
    """Tell that of strokes; see `looks_ahead`."""
    return any(_looks_ahead(stroke, anatomy) for stroke in made)


def _looks_ahead(stroke: Stroke, anatomy: Anatomy) -> bool:
    """Tell whether a stroke lets a query of masked self-attention look at a key after it."""
    site, action, where = Site.parse(stroke.site), stroke.action, stroke.where
    if site.name not in ("masked", "weights"):
        return False
    kind = anatomy.kind(site.stack, site.part)
    if not kind.causal or kind.queries != "target":
        return False
    first, last = where.query[0].first if where.query else 0, max((span.last for span in where.key), default=OPEN)
    if isinstance(action, Put):
        return action.number != (0.0 if site.name == "weights" else -inf) and last > first
    return isinstance(action, (Reveal, Copy)) and last > first


def _first_row(stroke: Stroke, anatomy: Anatomy) -> int | None:
    site = Site.parse(stroke.site)
    if site.side == "source":
        return None
    query = stroke.where.query[0].first if stroke.where.query else 0
    if _looks_ahead(stroke, anatomy):
        return 0
    kind = anatomy.kind(site.stack, site.part) if site.attention else None
    if kind is None or kind.keys == "source":
        return query
    key = stroke.where.key[0].first if stroke.where.key else 0
    return key if site.name in KEYED else max(query, key if kind.causal else 0)


def _near(edit: Edit, anatomy: Anatomy) -> list[str]:
    """List the names that a wrong one may have meant; of many layers those of the one that it names."""
    same = [site for site in anatomy.sites if site.split(".")[:2] == edit.site.split(".")[:2]]
    return same or list(anatomy.sites)


def _fit(edit: Edit, site: Site, anatomy: Anatomy) -> None:
    """Ensure that the action makes sense at a site, and that the chosen heads exist."""
    action, where = edit.action, edit.where
    wanted = ONLY_AT.get(type(action))
    if wanted is not None and site.name not in wanted:
        raise GlassheadError(f"{edit.said}: this is for {site.beside(wanted[0])}, not for {site}.")
    axes = site.axes.split()
    for axis, letters in (("head", "h"), ("query", "q"), ("key", "k"), ("unit", "dmfv")):
        spans: tuple[Span, ...] = getattr(where, axis)
        if spans and not any(letter in axes for letter in letters):
            raise GlassheadError(
                f"{edit.said}: the values of {site} have no axis of {axis}s; theirs are {_named(axes)}."
            )
    if where.head:
        kind = anatomy.kind(site.stack, site.part)
        heads = kind.key_heads if site.name in KEYED else kind.heads
        last = max(span.first if span.last >= OPEN else span.last for span in where.head)
        if last >= heads:
            raise GlassheadError(f"{edit.said}: {site} has the heads 0 to {heads - 1}; there is no head {last}.")
    if (
        isinstance(action, Put)
        and not isfinite(action.number)
        and (action.number == inf or site.name not in FORBIDDING)
    ):
        raise GlassheadError(f"{edit.said}: a value is a finite number; −∞ is for {', '.join(FORBIDDING)}.")
    if isinstance(action, (Scale, Steer)) and not isfinite(action.factor):
        raise GlassheadError(f"{edit.said}: a factor is a finite number.")
    number = action.number if isinstance(action, Put) else getattr(action, "factor", 0.0)
    if isfinite(number) and abs(number) > LARGEST:
        raise GlassheadError(f"{edit.said}: a number goes up to {LARGEST:.2g}, the largest of float32.")
    if site.name.endswith(".var") and (
        isinstance(action, Steer)
        or (isinstance(action, Put) and action.number < 0)
        or (isinstance(action, Scale) and action.factor < 0)
    ):
        raise GlassheadError(
            f"{edit.said}: a variance is not negative: set it to a number from 0 on, or scale it by one."
        )
    if isinstance(action, Weigh) and (not where.key or not 0 <= action.number <= 1):
        raise GlassheadError(
            f"{edit.said}: say which keys get the weight, from 0 to 1: [query=2, key=4] = 0.9 renormalised."
        )
    if isinstance(action, (Mean, At, Steer)) and site.name in SQUARE:
        raise GlassheadError(
            f"{edit.said}: the rows of {site} have a number for each token, which another sentence does not have. "
            f"Use {site.beside('heads')}."
        )
    if isinstance(action, Swap):
        _fit_swap(edit, where, axes)
    if isinstance(action, Unscale) and anatomy.attending[site.prefix].cap is not None:
        raise GlassheadError(
            f"{edit.said}: the scores of {site.prefix} have a soft cap, under which 1/√d_k cannot be undone."
        )


def _fit_swap(edit: Edit, where: Where, axes: list[str]) -> None:
    chosen = [number for span in where.head for number in range(span.first, min(span.last, span.first + 3) + 1)]
    if "h" not in axes or len(chosen) != 2:
        raise GlassheadError(f"{edit.said}: two heads are swapped: [head=2 5] = swapped.")


def _named(axes: list[str]) -> str:
    words = {"h": "head", "q": "query", "k": "key"}
    return ", ".join(words.get(axis, "unit") for axis in axes)


def _source(edit: Edit, site: Site, anatomy: Anatomy) -> str:
    """Find the site that a value is copied from: a whole name, or a local one beside."""
    assert isinstance(edit.action, Copy)
    given = edit.action.site
    name = given if given in anatomy.sites else site.beside(given)
    if name not in anatomy.sites:
        raise GlassheadError(
            f"{edit.said}: there is no site {brief(given)}. {nearest(given, list(anatomy.sites), what='site')}"
        )
    source = Site.parse(name)
    unfit = source.side != site.side or (source.name == "k_unrotated") != (site.name == "k_unrotated")
    if source.axes != site.axes or name == str(site) or unfit:
        raise GlassheadError(f"{edit.said}: a value of {name} does not fit {site}: choose a site with the same rows.")
    return name


def _skipped(edit: Edit, anatomy: Anatomy) -> tuple[Stroke, ...]:
    """Spell out a skipped sub-layer (its output is 0) or layer (its result is what came in)."""
    parts = _parts(anatomy)
    if edit.where != Where(query=edit.where.query):
        raise GlassheadError(f"{edit.said}: a part is skipped for all of a vector; only query= can choose.")
    layers = list(dict.fromkeys(".".join(prefix.split(".")[:2]) for prefix in parts))
    chosen = [layer for layer in layers if fnmatchcase(layer, edit.site)]
    found = [prefix for prefix in parts if fnmatchcase(prefix, edit.site)]
    if found and not chosen:
        return tuple(_left_out(prefix, edit, anatomy) for prefix in found)
    if not chosen:
        raise GlassheadError(
            f"{edit.said}: this is no layer and no sub-layer. {nearest(edit.site, [*layers, *parts], what='layer')}"
        )
    return tuple(stroke for layer in chosen for stroke in _skipped_layer(edit, layer, parts, anatomy))


def _skipped_layer(edit: Edit, layer: str, parts: list[str], anatomy: Anatomy) -> list[Stroke]:
    own = [prefix for prefix in parts if prefix.startswith(f"{layer}.")]
    end = f"{own[-1]}.{NORMS[0]}.out"
    if not any(norm.where == "post" and f"{norm.prefix}.out" == end for norm in anatomy.norms):
        return [_left_out(prefix, edit, anatomy) for prefix in own]
    return [Stroke(end, edit.where, Copy(stream_before(layer, anatomy)))]


def _left_out(prefix: str, edit: Edit, anatomy: Anatomy) -> Stroke:
    """Put 0 in place of what a sub-layer adds to the stream: its output, or that of the norm after it."""
    after = f"{prefix}.{NORMS[1]}.out"
    return Stroke(after if after in anatomy.sites else f"{prefix}.out", edit.where, Put(0.0))


def _parts(anatomy: Anatomy) -> list[str]:
    """List the prefixes of all sub-layers whose output can be changed."""
    sites = [Site.parse(name) for name in anatomy.sites]
    return [site.prefix for site in sites if site.layer is not None and site.name == "out"]


def stream_before(layer: str, anatomy: Anatomy) -> str:
    """Name the site of the residual stream that a layer of a post-norm stack is given, e.g. `decoder.1`."""
    stack, number = layer.split(".")
    if int(number):
        before = [prefix for prefix in _parts(anatomy) if prefix.startswith(f"{stack}.{int(number) - 1}.")]
        return f"{before[-1]}.{NORMS[0]}.out"
    side = Site.parse(attention(stack, 0, "self") + ".q").side
    name = f"{side}.norm.out" if f"{side}.norm.out" in anatomy.sites else f"{side}.sum"
    if name not in anatomy.sites:
        raise GlassheadError(f"{layer} cannot be skipped: what comes into it has no site in this model.")
    return name
