"""Rows: the model's results for one line, a row for each position of the target.

A row holds the logits after a position and, if values are captured, those of that position. Missing rows are computed
in one pass, or in a few if too much is captured for one, from the past. Where rows do not last (`Anatomy.lasting`),
because a position can look at later ones, every pass computes all of them, and those of the newest pass are kept: the
logits stay those that chose the tokens.

Each pass has its own `Seen`, which is read before the lock is released, so lines that share a model may be driven from
several threads.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import torch
from torch import Tensor

from glasshead.anatomy import Anatomy
from glasshead.decoding.protocols import Memory, Model, Past
from glasshead.edits.changes import Changes
from glasshead.site import Site
from glasshead.tap import ONE_AT_A_TIME, Change, Seen
from glasshead.text import Token
from glasshead.traces.chances import entropy, most_probable
from glasshead.traces.reading import Reading
from glasshead.traces.record import Record, first_rows, grows
from glasshead.traces.shown import Layers, Shown, layer_of

PASS = 128 << 20
"""Bytes of captured values in one pass over a long prompt: longer ones are read in parts."""
UNSAYABLE = 30.0
"""Distance below the best logit at which a token is practically impossible: a probability of at most 1e-13."""


@dataclass(frozen=True)
class Watch:
    """The values to capture and to change in every pass of a line."""

    keep: tuple[str, ...] | None
    """Sites or globs; None captures nothing."""
    edit: Mapping[str, Change]
    taps: AbstractContextManager[Seen] | None
    """Taps for `keep` and `edit`; None if there are neither."""
    shown: Shown | None = None
    """Of what would be kept, only the layers that are shown; None for all."""

    @classmethod
    def of(
        cls,
        model: Model,
        keep: Iterable[str] | None,
        edit: Mapping[str, Change] | None,
        shown: Shown | None = None,
        layers: Layers | None = None,
    ) -> "Watch":
        """Make the taps. shown: capture only these layers · layers: those that it showed, if it has moved on.

        Raises GlassheadError for a pattern that matches no site.
        """
        kept = None if keep is None else (keep,) if isinstance(keep, str) else tuple(keep)
        if kept is not None and shown is not None:
            there = (None, *(layers or shown.layers).values())
            kept = tuple(site for site in _matches(model, kept) if layer_of(site) in there)
        changes = edit if isinstance(edit, Changes) else dict(edit or {})
        wanted = kept is not None or changes
        return cls(kept, changes, model.listen(kept or (), changes) if wanted else None, shown)

    def without(self, model: Model, dropped: Collection[str]) -> "Watch":
        """Capture some sites no more."""
        kept = [site for site in self.sites(model) if site not in dropped]
        return replace(Watch.of(model, kept, self.edit), shown=self.shown)

    @property
    def names(self) -> tuple[str, ...]:
        """The edits as text; of functions the sites that they change."""
        return tuple(map(str, self.edit.edits)) if isinstance(self.edit, Changes) else tuple(self.edit)

    def anatomy(self, model: Model) -> Anatomy:
        """Describe the model as it is under the edits."""
        return self.edit.anatomy(model.anatomy) if isinstance(self.edit, Changes) else model.anatomy

    def sites(self, model: Model) -> list[str]:
        """List the sites that are captured."""
        return _matches(model, self.keep or ())


def _matches(model: Model, patterns: Sequence[str]) -> list[str]:
    """List the sites that match one of some globs."""
    names = frozenset(patterns)
    globs = [each for each in patterns if "*" in each or "?" in each or "[" in each]
    return [site for site in model.anatomy.sites if site in names or any(fnmatchcase(site, each) for each in globs)]


class Rows:
    """See the module."""

    def __init__(
        self,
        model: Model,
        watch: Watch,
        memory: Memory | None,
        past: Past,
        record: Record,
        logits: Sequence[Tensor] = (),
        source: tuple[int, ...] = (),
    ) -> None:
        """memory: the encoded source, from `begin` · past, record, logits: the results so far · source: its ids."""
        self.source = source
        self.model, self.watch, self.memory, self.past, self.record = model, watch, memory, past, record
        self._logits: list[Tensor] = list(logits)

    @classmethod
    def begin(cls, model: Model, watch: Watch, source: Sequence[int], tokens: tuple[Token, ...], budget: int) -> "Rows":
        """Read the source, without computing a row. tokens: those of the source · budget: bytes for the record."""
        layers = None if watch.shown is None else watch.shown.layers
        record = Record(watch.anatomy(model), tokens, budget=budget, layers=layers)
        with ONE_AT_A_TIME:
            with torch.inference_mode(), watch.taps or nullcontext(Seen()) as seen:
                memory = model.read([source]) if source else None
            if watch.keep is not None:  # outside of inference mode: what is kept can be used like any other tensor
                record.keep_source(seen)
        return cls(model, watch, memory, model.past(), record, source=tuple(source))

    @property
    def captures(self) -> bool:
        """Whether values are kept."""
        return self.watch.keep is not None

    @property
    def lasting(self) -> bool:
        """Whether a row stays as it is when the target grows, with the edits."""
        return self.record.anatomy.lasting

    def __len__(self) -> int:
        return len(self._logits)

    def through(self, ids: Sequence[int]) -> Tensor:
        """Return the logits after the last of these ids (v); compute missing rows."""
        self.reach(ids)
        return self._logits[len(ids) - 1]

    def reach(self, ids: Sequence[int]) -> None:
        """Compute the missing rows of these ids; all of them, where a later token changes earlier rows."""
        missing = len(ids) - len(self._logits)
        if missing > 0:
            self.turn(ids)
        if self.lasting:
            while (start := len(self._logits)) < len(ids):
                more = 1 if len(ids) - start == 1 else self._together(len(ids))
                self._extend(start, ids[start : start + more])
        elif missing > 0 or (self.captures and len(self.record.rows) != len(ids)):
            self.record.crop(0)
            self._extend(0, ids)

    def turn(self, ids: Sequence[int]) -> None:
        """Hold, from here on, the layers that were looked at last. ids: of all rows, or more.

        A layer is taken over from the pass that was run to look at it; if that was another one, it waits for the next.
        """
        shown, record = self.watch.shown, self.record
        if shown is None or record.layers is None or shown.layers == record.layers:
            return
        for stack, layer in shown.layers.items():
            if record.layers[stack] == layer:
                continue
            found = shown.again.get(stack)
            rows = len(record.rows)
            if found is not None and found.layer == layer and self._is_of(found.of, ids[:rows]):
                cut = {site: first_rows(site, value, rows, record.anatomy) for site, value in found.values.items()}
                record.turn(layer, cut)
            elif not rows and stack == "decoder":
                record.turn(layer, {})
        keep = Watch.of(self.model, ("*",), self.watch.edit, shown, record.layers)
        self.watch = keep.without(self.model, record.dropped)

    def _is_of(self, again: "Again", ids: Sequence[int]) -> bool:
        """Tell whether a pass was run over these tokens, or over more of which they are the first."""
        target = again.target if not self.lasting else again.target[: len(ids)]
        return replace(again, target=target) == self.again(ids)

    def again(self, ids: Sequence[int], known: Sequence[int] = ()) -> "Again":
        """Return what recomputes the sites of these rows. known: ids of all rows, if there are more.

        Where one layer is captured, another one is computed for all rows, so that it can take its place.
        """
        if self.watch.shown is not None and self.lasting and len(known) >= len(self) > len(ids):
            ids = known[: len(self)]
        return Again(self.model, self.source, tuple(ids), self.watch.edit)

    def whole(self, ids: Sequence[int]) -> "Rows":
        """Return rows of these ids that capture every layer: these, or where one layer is shown, others."""
        if self.watch.shown is None:
            return self
        watch = Watch.of(self.model, ("*",), self.watch.edit)
        new = Rows.begin(self.model, watch, self.source, self.record.source, self.record.budget)
        new.reach(ids)
        return new

    def best(self, ids: Sequence[int], count: int) -> tuple[list[int], list[float]]:
        """Return the ids and the probabilities of the most probable tokens after these ids, best first."""
        best, chances = most_probable(self.through(ids), count)
        return best.tolist(), chances.tolist()

    def entropy(self, ids: Sequence[int]) -> float:
        """Compute the entropy of the token after these ids, in bits."""
        return entropy(self.through(ids))

    @property
    def blanks(self) -> Mapping[int, Tensor] | None:
        """Logits (v) at each mask token of the source, by its place; None of a model that fills in nothing."""
        if self.memory is None or self.memory.logits is None:
            return None
        return {place: self.memory.logits[0, place].float() for place in self.memory.blanks}

    def fillings(self, count: int) -> list[tuple[int, list[int], list[float], float]] | None:
        """Return, for each mask token, its place, the most probable tokens there, best first, and the entropy in bits.

        None of a model that fills in nothing.
        """
        if self.blanks is None:
            return None
        found = []
        for place, logits in self.blanks.items():
            best, chances = most_probable(logits, count)
            found.append((place, best.tolist(), chances.tolist(), entropy(logits)))
        return found

    def logits(self, count: int) -> tuple[Tensor, ...]:
        """Return the logits of the first rows: v each."""
        return tuple(self._logits[:count])

    def reading(self, ids: Sequence[int], names: Callable[..., list[Token]]) -> Reading:
        """Gather what can be said of the rows of these ids besides captured values. names: makes tokens of ids."""
        known = self.logits(len(ids))
        found = None if self.memory is None else self.memory.logits
        return Reading(
            learned=getattr(self.model, "learned", None), names=names, target=known.__getitem__,
            source=None if found is None else found[0],
        )  # fmt: skip

    def _together(self, length: int) -> int:
        """Count the positions of one pass: as many as have room for all that is captured in it, at least one."""
        if not self.captures:
            return length
        anatomy, sites = self.model.anatomy, self.watch.sites(self.model)
        matrices = [Site.parse(site) for site in sites if grows(anatomy, site)]
        heads = sum(anatomy.kind(site.stack, site.part).heads for site in matrices)
        row = 4 * (self.model.size + anatomy.width * len(sites) + heads * length)
        return max(1, PASS // row)

    def _extend(self, start: int, ids: Sequence[int]) -> None:
        """Compute the rows of these ids, the first of which stands at `start`."""
        new = torch.tensor([list(ids)], dtype=torch.long, device=self.model.device)
        with ONE_AT_A_TIME:
            with torch.inference_mode(), self.watch.taps or nullcontext(Seen()) as seen:
                self.past.crop(start)  # a failed edit may have left a position in the first layers
                logits = self.model.logits(new, self.memory, self.past)
            if self.captures:
                before = self.record.dropped
                self.record.keep_rows(seen, len(ids))
                if self.record.dropped != before:
                    self.watch = self.watch.without(self.model, self.record.dropped)
        self._logits.extend(logits[0][len(self._logits) - start :])

    def crop(self, rows: int) -> None:
        """Forget the rows from there on."""
        del self._logits[rows:]
        self.past.crop(rows)
        self.record.crop(rows if self.lasting else 0)

    def branch(self) -> "Rows":
        """Return rows that continue independently. The common part is shared, not copied."""
        return Rows(
            self.model, self.watch, self.memory, self.past.branch(), self.record.branch(), self._logits, self.source
        )

    def bare(self) -> "Rows":
        """Return rows under the same edits that continue independently, and capture nothing more."""
        watch = Watch.of(self.model, None, self.watch.edit)
        return Rows(self.model, watch, self.memory, self.past.branch(), self.record.branch(), self._logits, self.source)

    def edited(self, edit: Mapping[str, Change], since: int) -> "Rows":
        """Return rows under other edits, which change no row before `since`, and nothing of the source."""
        watch = replace(Watch.of(self.model, self.watch.keep, edit), shown=self.watch.shown)
        record = self.record.branch()
        record.anatomy = watch.anatomy(self.model)
        new = Rows(self.model, watch, self.memory, self.past.branch(), record, self._logits, self.source)
        since = since if new.lasting and self.lasting else 0
        new.crop(since)
        if not since:
            new.record.forget_fixed()
        return new

    def anew(self, edit: Mapping[str, Change], source: Sequence[int]) -> "Rows":
        """Return rows under other edits, for which the source is read again."""
        keep = self.watch.keep if self.watch.shown is None else ("*",)
        watch = Watch.of(self.model, keep, edit, self.watch.shown)
        return Rows.begin(self.model, watch, source, self.record.source, self.record.budget)

    def emptied(self) -> "Rows":
        """Return rows that hold nothing, not even the source, and can only be made `anew`."""
        record = Record(self.record.anatomy, self.record.source, budget=self.record.budget)
        return Rows(self.model, self.watch, None, self.model.past(), record, source=self.source)

    def once(self, ids: Sequence[int]) -> Tensor:
        """Compute the logits of all these ids in one pass under the edits, without the past: q v. Keeps nothing."""
        if not ids:
            return torch.empty(0, self.model.size)
        whole = torch.tensor([list(ids)], dtype=torch.long, device=self.model.device)
        with ONE_AT_A_TIME, torch.inference_mode(), self.model.listen((), self.watch.edit):
            return self.model.logits(whole, self.memory)[0]

    def full(self, ids: Sequence[int]) -> tuple[Tensor, int]:
        """Run one pass over all these ids without the past: logits (q v), and the number of weights on the future.

        In this pass there are future keys for the mask to hide; in a step from the past there are none.
        """
        if not ids:
            return torch.empty(0, self.model.size), 0
        peeking = 0

        def count(weights: Tensor) -> Tensor:
            nonlocal peeking
            peeking += int((weights.triu(1) != 0).sum())
            return weights

        causal = [kind for kind in self.model.anatomy.kinds if kind.causal and kind.queries == "target"]
        counting = {f"{prefix}.weights": count for kind in causal for prefix in self.model.anatomy.attentions(kind)}
        whole = torch.tensor([list(ids)], dtype=torch.long, device=self.model.device)
        with (
            ONE_AT_A_TIME,
            torch.inference_mode(),
            self.model.listen((), self.watch.edit),
            self.model.listen((), counting),
        ):
            logits = self.model.logits(whole, self.memory)[0]
        return logits, peeking

    @property
    def verifiable(self) -> bool:
        """Whether there are rows for `verify` to compare."""
        return bool(self._logits)

    def verify(self, ids: Sequence[int]) -> tuple[float, int]:
        """Compare the rows with one pass over the same ids without the past.

        Returns the largest difference of a logit relative to the largest logit, both over possible tokens (a vocabulary
        may hold some that are practically forbidden), and the number of weights on the future.
        """
        if not self._logits:
            return 0.0, 0
        full, peeking = self.full(ids[: len(self._logits)])
        rows, full = torch.stack(self._logits).double(), full.double()
        if not (rows.amax(-1).isfinite().all() and full.amax(-1).isfinite().all()):
            return math.inf, peeking
        sayable = rows > rows.amax(-1, keepdim=True) - UNSAYABLE
        size = max(1.0, float(rows[sayable].abs().max()))
        return float((rows - full)[sayable].abs().nan_to_num(nan=math.inf).max()) / size, peeking


@dataclass(frozen=True)
class Again:
    """Recomputes sites by running the model over the same tokens, at once and without the past."""

    model: Model
    source: tuple[int, ...]
    target: tuple[int, ...]
    edit: Mapping[str, Change]

    def __call__(self, sites: Sequence[str]) -> dict[str, Tensor]:
        with ONE_AT_A_TIME, torch.inference_mode(), self.model.listen(sites, self.edit) as seen:
            memory = self.model.read([self.source]) if self.source else None
            if self.target and any(Site.parse(site).side == "target" for site in sites):
                self.model.logits(torch.tensor([self.target], dtype=torch.long, device=self.model.device), memory)
        return {site: seen[site] for site in sites}
