"""Trace: all captured values of one decode, addressed by site.

    trace["decoder.1.self.weights"]          h q k: a row for every step taken, exact zeros above the diagonal
    trace["decoder.1.self.masked"]           h q k: −∞ there
    trace["decoder.1.self.scores"]           h q k: the scores before the mask
    trace.find("decoder.*.cross.weights")    the names that match

Decoding runs one position at a time from a cache, so the rows of the decoder's sites are gathered step by step. A key
that did not exist yet at the step of a query has no captured score: there the score is q·k of the captured query and
key, times the scale, and `origin` says so. Values beyond the memory budget are not kept; they are recomputed when they
are looked at, by running the model over the same tokens, and `origin` says that too. So are those of other layers where
only the shown layer is captured (`shown.py`).
"""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from pathlib import Path
from threading import RLock

import torch
from torch import Tensor

from glasshead.anatomy import Attending, Kind
from glasshead.errors import GlassheadError
from glasshead.site import Site
from glasshead.text import Token
from glasshead.traces import file
from glasshead.traces.reading import Reading
from glasshead.traces.record import Record, Row, first_rows, grows, size_of
from glasshead.traces.scores import scores
from glasshead.traces.shown import Again, NotYetError, Shown, layer_of, puts_off

SMALL = 2
"""Small values that are kept beside a matrix: a cell needs the keys and the values of its row."""
OVER_BUDGET = "keeping it would exceed the memory budget"


class Trace:
    """A frozen view of the values captured up to a step. Tensors are float32 on the CPU, without a batch axis."""

    def __init__(
        self,
        record: Record,
        target: Sequence[Token],
        again: Callable[[Sequence[str]], Mapping[str, Tensor]],
        line: "Callable[[], file.Line] | None" = None,
        reading: Reading | None = None,
        shown: Shown | None = None,
    ) -> None:
        """record: captured values · target: the token of each row · again: recomputes dropped sites, of these rows or
        more · line: tells of the line of decoding, for `save` · reading: what can be said of the model besides ·
        shown: learns which layer is looked at, where not all are captured.
        """
        self.source: tuple[Token, ...] = record.source
        self.target: tuple[Token, ...] = tuple(target)
        self.steps = len(self.target)
        """Number of rows of the decoder's sites."""
        self.anatomy, self.budget = record.anatomy, record.budget
        self._static, self._order, self._aside = record.static, record.order, record.aside
        self._dropped = record.dropped | self._aside
        self._again, self._line, self._shown = again, line, shown
        self.reading = reading
        """What can be said of the model besides captured values; None if nothing can."""
        self.recorded = record.recorded
        """For a trace that was read from a file: the beginning of the sentences that say so; else empty."""
        self._rows: list[Row] = record.rows[: self.steps]
        self._whole = record.bytes if len(record.rows) == self.steps else None
        """Bytes of the captured values, if all of the record are in the view."""
        self._lock = RLock()
        self._gathered: dict[str, Tensor] = {}
        self._filled: dict[str, Tensor] = {}
        self._recomputed: dict[str, Tensor] = {}
        """Sites that were let go and computed again, the newest last."""
        self._mask_again: tuple[str, Tensor] | None = None
        """Where a mask hides keys, of an attention whose values were let go: boolean h q k, or 1 q k for all heads."""
        self._layers: dict[str, dict[str, Tensor]] = {}
        """Layers that were computed again when they were looked at, the newest last."""
        self._row_again: tuple[int, dict[str, Tensor]] = -1, {}
        """Values that were let go, as they were recomputed at one row."""
        self._room = record.budget - record.bytes
        """Bytes of the budget that captured values leave for gathered ones; the newest may exceed it."""

    @property
    def _slight(self) -> int:
        """Bytes of a value that is small."""
        return self.budget // 16

    @cached_property
    def _captured(self) -> int:
        """Bytes of the captured values: of a part of a record they are counted when somebody asks."""
        if self._whole is not None:
            return self._whole
        return size_of(self._static) + sum(map(size_of, self._rows))

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write a recording of the line up to here, which `glasshead.load` opens without the model; return its path.

        Its truth line has no "cached = full": `Stepper.save` measures that. Raises GlassheadError for a name that does
        not end in .safetensors, for a file that is there unless `overwrite`, and if it cannot be written.
        """
        if self._line is None:
            raise GlassheadError("This trace belongs to no line of decoding: save that of a Stepper.")
        record = Record(
            self.anatomy, self.source, self._static, self._rows, self.budget, self._dropped, self._captured,
            self._order, recorded=self.recorded,
        )  # fmt: skip
        return file.save(path, record, self._line(), overwrite=overwrite)

    @property
    def sites(self) -> list[str]:
        """Names of all sites, in the order in which the model computes them."""
        return list(self._names)

    @cached_property
    def _names(self) -> dict[str, None]:
        return {site: None for site in self._order if self._rows or Site.parse(site).side == "source"}

    @property
    def dropped(self) -> frozenset[str]:
        """Sites that are recomputed when they are looked at: those let go to stay within the budget, or not shown."""
        return self._dropped

    @property
    def aside(self) -> frozenset[str]:
        """Those that belong to layers that were not shown when their rows were captured."""
        return self._aside

    def at_hand(self, site: str) -> bool:
        """Tell whether a site is there without running the model."""
        return site in self and not self._gone(site)

    def _spare(self) -> None:
        """Let go of what was computed again before, but for a few small values, which a cell needs with its matrix."""
        small = [site for site, value in self._recomputed.items() if value.nbytes <= self._slight]
        self._recomputed = {site: self._recomputed[site] for site in small[-SMALL:]}

    def hides_at_hand(self, prefix: str) -> bool:
        """Tell whether `hides` is there without running the model."""
        known = self._mask_again
        return self.at_hand(f"{prefix}.masked") or (known is not None and known[0] == prefix)

    def _gone(self, site: str) -> bool:
        """Tell whether a site was let go, and is not there again."""
        return site in self._dropped and self._held(site) is None and site not in self._recomputed

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of attention of the model."""
        return self.anatomy.kinds

    def attending(self, prefix: str) -> Attending:
        """Return the arithmetic of the attention at a prefix."""
        return self.anatomy.attending[prefix]

    def __contains__(self, site: object) -> bool:
        return site in self._names

    def find(self, pattern: str) -> list[str]:
        """Find the sites that match a glob."""
        return [site for site in self._names if fnmatchcase(site, pattern)]

    @property
    def bytes(self) -> int:
        """Bytes held."""
        return self._captured + self._made()

    def tokens(self, stack: str) -> tuple[Token, ...]:
        """Return the tokens at the rows of a stack, `encoder` or `decoder`."""
        return self.source if stack == "encoder" else self.target

    def axes(self, prefix: str) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
        """Return query tokens and key tokens of an attention, e.g. of `decoder.0.cross`."""
        kind = self.anatomy.kind_at(prefix)
        sides = {"source": self.source, "target": self.target}
        return sides[kind.queries], sides[kind.keys]

    def may_look(self, prefix: str) -> Tensor:
        """Return the mask of an attention by the model's rule: boolean q k, True for a key that may be looked at.

        What a mask of the caller's hides beyond the rule counts too, as far as it was captured.
        """
        queries, keys = (len(tokens) for tokens in self.axes(prefix))
        mask = torch.ones(queries, keys, dtype=torch.bool)
        if self.anatomy.kind_at(prefix).causal:
            mask = mask.tril()
        if (window := self.attending(prefix).window) is not None:
            before, after = window
            distance = torch.arange(keys) - torch.arange(queries).unsqueeze(-1)
            mask = mask & (distance >= -before) & (distance <= after)
        hidden = self.hidden(prefix)
        return mask if hidden is None else mask & ~hidden.all(0)

    def hidden(self, prefix: str) -> Tensor | None:
        """Return where a mask of the caller's has put −∞: boolean h q k; None if there is none, or it is not known."""
        site = f"{prefix}.masked"
        if not self.attending(prefix).patterned or site not in self:
            return None
        return self[site] == -torch.inf

    def scores(self, prefix: str, rows: slice = slice(None)) -> Tensor | None:
        """Recompute scores, in float64, from the captured q, k and bias: h q k; None if one is missing."""
        how = self.attending(prefix)
        needed = [f"{prefix}.{name}" for name in ("q", "k", *(["bias"] if how.biased else []))]
        if not all(site in self for site in needed):
            return None
        q, k, *bias = (self.captured(site).double() for site in needed)
        return scores(q[:, rows], k, how, bias[0][:, rows] if bias else None)

    def captured(self, site: str) -> Tensor:
        """Return a site without running the model: of a matrix of the target against itself 0 above the diagonal.

        What was let go to stay within the budget is recomputed all the same. Raises GlassheadError like `trace[site]`.
        """
        if site in self and self._grows(site) and site not in self._dropped:
            with self._lock:
                if site not in self._filled:
                    self._filled = {site: self._fill(site, 0.0)}
                return self._filled[site]
        return self[site]

    def origin(self, site: str) -> str:
        """Describe the origin of a site's numbers: "captured", or a sentence that says how they were derived."""
        if site in self._dropped:
            why = "only the layer that is shown is captured" if site in self._aside else OVER_BUDGET
            return f"recomputed by running the model over the same tokens: {why}"
        if not self._grows(site):
            return "captured"
        name = Site.parse(site).name
        if name not in ("scores", "bias"):
            hidden = "−∞" if name == "masked" else "0"
            return f"captured row by row; above the diagonal {hidden}, as those keys did not exist yet"
        if not self._can_complete(site):
            if self.recorded:
                return "captured; what is above the diagonal was not recorded"
            missing = "the bias above the diagonal was" if self._biased(site) else "q and k were"
            return f"recomputed by running the model over the same tokens: {missing} not captured"
        how = "q·k × scale" if self.attending(Site.parse(site).prefix).cap is None else "the capped q·k × scale"
        return f"captured; above the diagonal {how} of the captured q and k, as those keys did not exist yet"

    def _grows(self, site: str) -> bool:
        return grows(self.anatomy, site)

    def _biased(self, site: str) -> bool:
        return self.attending(Site.parse(site).prefix).biased

    def _can_complete(self, site: str) -> bool:
        """Tell whether the scores above the diagonal follow from captured values: a bias for them was not captured."""
        parsed = Site.parse(site)
        there = all(parsed.beside(name) in self for name in ("q", "k"))
        return parsed.name == "scores" and there and not self._biased(site)

    def __getitem__(self, site: str) -> Tensor:
        """Return the values of a site: h q k, h q d, q m, q f, q v or q. Raises GlassheadError for an unknown name.

        Every call returns the same tensor: clone it before writing to it. Calls may come from several threads. Raises
        NotYetError where a pass for it is put off.
        """
        while True:
            with self._lock:
                if not self._passes(site):
                    return self._get(site)
            if puts_off():
                raise NotYetError((id(self), site), lambda: self._run_again(site), turns=False)
            self._run_again(site)  # without the lock: another thread may look at what is there

    def _passes(self, site: str) -> bool:
        """Tell whether a pass is needed for a site that was let go, and for it alone."""
        return self._gone(site) and site in self and (self._shown is None or layer_of(site) is None)

    def _run_again(self, site: str) -> None:
        """Recompute a site that was let go, if it is not there; with a matrix of attention, what its mask hides."""
        if not self._gone(site):
            return
        place = Site.parse(site)
        mask = place.beside("masked") if place.axes == "h q k" else ""
        sites = list(dict.fromkeys((site, *([mask] if mask in self._dropped else ()))))
        with self._lock:
            self._spare()  # its memory first
        found = {name: first_rows(name, value, self.steps, self.anatomy) for name, value in self._again(sites).items()}
        if mask in found:
            self._keep_mask(place.prefix, found[mask])
        value = _plain(found[site], site)
        with self._lock:
            self._recomputed[site] = value
            self._let_go(0)

    def hides(self, prefix: str) -> Tensor:
        """Return where scores are −∞ after the mask of an attention: boolean h q k. Raises like `trace[site]`."""
        site = f"{prefix}.masked"
        if not self._passes(site):
            return self[site] == -torch.inf
        while (known := self._mask_again) is None or known[0] != prefix:  # another thread may look at another one
            if puts_off():
                raise NotYetError((id(self), site, "hides"), lambda: self._find_mask(prefix), turns=False)
            self._find_mask(prefix)
        return known[1].expand(self.anatomy.kind_at(prefix).heads, -1, -1)

    def _find_mask(self, prefix: str) -> None:
        """Recompute where the mask of an attention hides keys."""
        site = f"{prefix}.masked"
        self._keep_mask(prefix, first_rows(site, self._again([site])[site], self.steps, self.anatomy))

    def _keep_mask(self, prefix: str, masked: Tensor) -> None:
        """Keep where scores are −∞: once, where all heads have the same. masked: b h q k"""
        hidden = masked[0].cpu() == -torch.inf
        same = bool((hidden == hidden[:1]).all())
        with self._lock:
            self._mask_again = prefix, hidden[:1].clone() if same else hidden

    def row(self, site: str, row: int) -> Tensor:
        """Return one row of a site as `trace[site]` has it: h k or h d, m, f or v.

        Of a site that was let go that row alone is recomputed; see `prepare`. Where layers are captured as they are
        looked at, it is a look at the whole layer.
        """
        if self._passes(site):
            return self.at(site, row)
        found = self[site]
        return found[:, row] if self._heads(site) else found[row]

    def at(self, site: str, row: int) -> Tensor:
        """Return one row of a site without gathering the others: m, f or v; h d of a value with heads; a statistic.

        What was let go is recomputed like `trace[site]`; see `prepare`. Raises GlassheadError like that.
        """
        if self._gone(site):
            while (value := self._prepared(row).get(site)) is None:  # another thread may prepare another row
                self.prepare([site], row)
            return value
        with self._lock:
            gathered = site in self._static or site in self._gathered or site in self._dropped
            if site in self._names and not gathered and self._rows:
                return self._only(_plain(self._rows[row][site], site), site)
            found = self[site]
        return found[:, row] if self._heads(site) else found[row]

    def prepare(self, sites: Sequence[str], row: int) -> bool:
        """Recompute one row of those sites that were let go, all in one pass; return whether any was.

        They are held until another row is prepared. Raises NotYetError where that pass is put off.
        """
        gone = [site for site in sites if self._gone(site)]
        if not (missing := [site for site in gone if site not in self._prepared(row)]):
            return bool(gone)
        if puts_off():
            raise NotYetError((id(self), row, *missing), lambda: self._prepare(missing, row), turns=False)
        self._prepare(missing, row)
        return True

    def _prepared(self, row: int) -> Mapping[str, Tensor]:
        """Return what was recomputed of a row, if it is the last one that was prepared."""
        prepared, held = self._row_again
        return held if prepared == row else {}

    def _prepare(self, sites: Sequence[str], row: int) -> None:
        missing = [site for site in sites if site not in self._prepared(row)]
        if missing:
            found = self._again(missing)  # without the lock: another thread may look at what is there
            found = {name: first_rows(name, value, self.steps, self.anatomy) for name, value in found.items()}
            rows = {site: _plain(found[site].narrow(-2, row, 1), site) for site in missing}
            new = {site: self._only(value, site).clone() for site, value in rows.items()}
            with self._lock:
                self._row_again = row, {**self._prepared(row), **new}

    def _only(self, value: Tensor, site: str) -> Tensor:
        """Take the only row of a value."""
        return value.select(-2 if self._heads(site) else 0, 0)

    def _heads(self, site: str) -> bool:
        return _axes(site).startswith("h")

    def _get(self, site: str) -> Tensor:
        if site in self._gathered:
            return self._gathered[site]
        if self.recorded and site not in self and site in self.anatomy.sites:
            raise self._unrecorded(f"{site} was")
        if site not in self:
            close = get_close_matches(site, self.sites, n=2, cutoff=0.4)
            hint = f" Near it: {', '.join(close)}." if close else ""
            raise GlassheadError(f"Nothing was captured at {site!r}.{hint} `trace.sites` lists what was.")
        if site in self._dropped and self._shown is not None and (layer := layer_of(site)):
            return self._look(self._shown, layer)[site]
        if site in self._recomputed:
            return self._recomputed[site]
        if site in self._static:
            return _plain(self._static[site], site)
        if self._grows(site):
            value = self._triangle(site)
        else:
            first = self._rows[0][site]
            value = _plain(torch.cat([row[site] for row in self._rows], 2 if first.dim() == 4 else 1), site)
        self._gathered[site] = value
        if self._made() > self._room and value.nbytes > self._slight:
            self._recomputed.clear()
        self._let_go(1)
        return value

    def _held(self, site: str) -> Tensor | None:
        """Return a site of a layer that was computed again, if it still is there."""
        return self._layers.get(layer_of(site) or "", {}).get(site)

    def _look(self, shown: Shown, layer: str) -> dict[str, Tensor]:
        """Return what is not captured of a layer; compute it, all in one pass, if it is not there.

        Raises NotYetError where that pass is put off.
        """
        if layer not in self._layers:
            if puts_off():
                raise NotYetError((id(self), layer), lambda: self._compute(shown, layer), turns=True)
            self._compute(shown, layer)
        return self._layers[layer]

    def _compute(self, shown: Shown, layer: str) -> None:
        """Compute what is not captured of a layer, if it is not there."""
        if layer in self._layers:
            return
        sites = [site for site in self._names if site in self._dropped and layer_of(site) == layer]
        # Copied, because they were made in inference mode and autograd would refuse them.
        found = {site: value.clone() for site, value in self._again(sites).items()}
        if not self._aside.isdisjoint(sites):
            shown.look(Again(layer, self._again, found))
        plain = {site: _plain(first_rows(site, value, self.steps, self.anatomy), site) for site, value in found.items()}
        with self._lock:
            self._layers[layer] = plain
            self._let_go(0)

    def _let_go(self, spared: int) -> None:
        """Let go of the oldest values that can be gathered or computed again, while there is no room."""
        while len(self._layers) > 1 and self._made() > self._room:
            del self._layers[next(iter(self._layers))]
        small = [site for site, value in self._gathered.items() if value.nbytes <= self._slight]
        for site in [each for each in self._gathered if each not in small[-SMALL:]]:
            if len(self._gathered) <= spared or self._made() <= self._room:
                break
            del self._gathered[site]

    def _unrecorded(self, what: str) -> GlassheadError:
        return GlassheadError(f"{self.recorded}: {what} not recorded. Open the model itself to see it.")

    def _made(self) -> int:
        """Count the bytes of the gathered and recomputed values, from any thread."""
        mask = self._mask_again
        again = (*tuple(self._recomputed.values()), *(() if mask is None else (mask[1],)))
        layers = (value for layer in tuple(self._layers.values()) for value in layer.values())
        return sum(value.nbytes for value in (*tuple(self._gathered.values()), *again, *layers))

    def _triangle(self, site: str) -> Tensor:
        """Build a matrix of the target against itself from its rows, which end at their own positions: h q k."""
        parsed = Site.parse(site)
        if parsed.name == "bias" or (parsed.name == "scores" and not self._can_complete(site)):
            if self.recorded:
                raise self._unrecorded(f"what is above the diagonal of {site} was")
            return _plain(self._again([site])[site], site)
        if parsed.name == "scores":
            q, k = (self[parsed.beside(name)] for name in ("q", "k"))
            full = scores(q, k, self.attending(parsed.prefix))
        else:
            return self._fill(site, 0.0 if parsed.name == "weights" else -torch.inf)
        return self._over(full, site)

    def _fill(self, site: str, beyond: float) -> Tensor:
        """Return the captured rows of a matrix that grows, with one number beyond them: h q k."""
        heads = self._rows[0][site].shape[1]
        return self._over(torch.full((heads, self.steps, self.steps), beyond), site)

    def _over(self, full: Tensor, site: str) -> Tensor:
        """Write the captured rows of a matrix that grows over it."""
        for number, row in enumerate(self._rows):
            found = row[site][0, :, -1, : self.steps]
            full[:, number, : found.shape[-1]] = found
        return full


def _plain(value: Tensor, site: str) -> Tensor:
    """Remove the batch axis, and the last axis of size 1 that a normalisation's statistics have."""
    value = value[0].float().cpu()
    value = value.clone() if value.is_inference() else value  # autograd refuses inference tensors
    return value.squeeze(-1) if _axes(site) == "q" else value


@lru_cache(maxsize=16384)
def _axes(site: str) -> str:
    return Site.parse(site).axes
