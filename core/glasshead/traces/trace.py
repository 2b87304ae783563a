"""Trace: all that was seen of one decode, addressed by site.

    trace["decoder.1.self.weights"]          h q k: a row for every step taken, exact zeros above the diagonal
    trace["decoder.1.self.masked"]           h q k: −∞ there
    trace["decoder.1.self.scores"]           h q k: the scores themselves, of what the mask hid too
    trace.find("decoder.*.cross.weights")    the names that match

Decoding runs one position at a time from a cache, so the rows of the decoder's sites are gathered step by step. A key
that did not exist yet when a query was asked has no captured score: there the score is q·k of the captured query and
key, times the scale, and `origin` says so. What would exceed the memory budget is not kept; it is recomputed when it is
looked at, by running the model over the same tokens, and `origin` says that too.
"""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property
from threading import RLock

import torch
from torch import Tensor

from glasshead.anatomy import Attending, Kind
from glasshead.errors import GlassheadError
from glasshead.site import SQUARE, Site
from glasshead.text import Token
from glasshead.traces.record import Record, Row, size_of
from glasshead.traces.scores import scores


class Trace:
    """A frozen view of what was seen up to a step. Tensors are float32 on the CPU, without a batch axis."""

    def __init__(self, record: Record, target: Sequence[Token], again: Callable[[str], Tensor]) -> None:
        """record: what was seen · target: the tokens asked from, one a row · again: recomputes a site let go."""
        self.source: tuple[Token, ...] = record.source
        self.target: tuple[Token, ...] = tuple(target)
        self.steps = len(self.target)
        """Rows of the decoder's sites."""
        self.anatomy, self.budget = record.anatomy, record.budget
        self._static, self._dropped, self._order = record.static, record.dropped, record.order
        self._again = again
        self._rows: list[Row] = record.rows[: self.steps]
        whole = len(record.rows) == self.steps
        self._captured = (
            record.bytes
            if whole
            else size_of(record.static.values()) + sum(size_of(row.values()) for row in self._rows)
        )
        self._lock = RLock()
        self._gathered: dict[str, Tensor] = {}
        self._recomputed: tuple[str, Tensor] | None = None
        self._room = record.budget - record.bytes
        """What the captured values leave of the budget; those gathered here must do with it, the newest excepted."""

    @property
    def sites(self) -> list[str]:
        """The names that can be asked for, in the order in which the model computes them."""
        return list(self._names)

    @cached_property
    def _names(self) -> dict[str, None]:
        return {site: None for site in self._order if self._rows or Site.parse(site).side == "source"}

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of attention of the model."""
        return self.anatomy.kinds

    def attending(self, prefix: str) -> Attending:
        """The arithmetic of the attention at a prefix."""
        return self.anatomy.attending[prefix]

    def __contains__(self, site: object) -> bool:
        return site in self._names

    def find(self, pattern: str) -> list[str]:
        """The sites that match a glob."""
        return [site for site in self._names if fnmatchcase(site, pattern)]

    @property
    def bytes(self) -> int:
        """What is held, in bytes."""
        return self._captured + self._made()

    def tokens(self, stack: str) -> tuple[Token, ...]:
        """The tokens that stand at the rows of a stack, `encoder` or `decoder`."""
        return self.source if stack == "encoder" else self.target

    def axes(self, prefix: str) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
        """Query tokens and key tokens of an attention, e.g. of `decoder.0.cross`."""
        kind = self.anatomy.kind_at(prefix)
        sides = {"source": self.source, "target": self.target}
        return sides[kind.queries], sides[kind.keys]

    def may_look(self, prefix: str) -> Tensor:
        """Where the queries of an attention may look: boolean q k, by the rule of the model."""
        queries, keys = (len(tokens) for tokens in self.axes(prefix))
        mask = torch.ones(queries, keys, dtype=torch.bool)
        if self.anatomy.kind_at(prefix).causal:
            mask = mask.tril()
        if (window := self.attending(prefix).window) is not None:
            before, after = window
            distance = torch.arange(keys) - torch.arange(queries).unsqueeze(-1)
            mask = mask & (distance >= -before) & (distance <= after)
        return mask

    def scores(self, prefix: str, rows: slice = slice(None)) -> Tensor | None:
        """Scores computed again, in float64, from the captured q, k and bias: h q k; None where one is missing."""
        how = self.attending(prefix)
        needed = [f"{prefix}.{name}" for name in ("q", "k", *(["bias"] if how.biased else []))]
        if not all(site in self for site in needed):
            return None
        q, k, *bias = (self[site].double() for site in needed)
        return scores(q[:, rows], k, how, bias[0][:, rows] if bias else None)

    def origin(self, site: str) -> str:
        """Where the numbers of a site come from: "captured", or a sentence that says how they were derived."""
        if site in self._dropped:
            return "recomputed by running the model over the same tokens: keeping it would exceed the memory budget"
        if not self._grows(site):
            return "captured"
        name = Site.parse(site).name
        if name not in ("scores", "bias"):
            hidden = "−∞" if name == "masked" else "0"
            return f"captured row by row; above the diagonal {hidden}, as those keys did not exist yet"
        if not self._can_complete(site):
            missing = "the bias above the diagonal was" if self._biased(site) else "q and k were"
            return f"recomputed by running the model over the same tokens: {missing} not captured"
        return "captured; above the diagonal q·k × scale of the captured q and k, as those keys did not exist yet"

    def _grows(self, site: str) -> bool:
        """Whether this is a matrix of the target against itself, whose rows end at their own positions."""
        parsed = Site.parse(site)
        if parsed.attention is None or parsed.name not in SQUARE or parsed.side == "source":
            return False
        return self.anatomy.kind(parsed.stack, parsed.part).keys == "target"

    def _biased(self, site: str) -> bool:
        return self.attending(Site.parse(site).prefix).biased

    def _can_complete(self, site: str) -> bool:
        """Whether the scores above the diagonal follow from what was captured: a bias for them was not."""
        parsed = Site.parse(site)
        there = all(parsed.beside(name) in self for name in ("q", "k"))
        return parsed.name == "scores" and there and not self._biased(site)

    def __getitem__(self, site: str) -> Tensor:
        """The values of a site: h q k, h q d, q m, q f, q v or q. Raises GlassheadError for a name not there.

        All who ask get the same tensor: clone it before writing to it. May be asked from several threads.
        """
        with self._lock:
            return self._get(site)

    def _get(self, site: str) -> Tensor:
        if site in self._gathered:
            return self._gathered[site]
        if site not in self:
            close = get_close_matches(site, self.sites, n=2, cutoff=0.4)
            hint = f" Near it: {', '.join(close)}." if close else ""
            raise GlassheadError(f"Nothing was captured at {site!r}.{hint} `trace.sites` lists what was.")
        if site in self._dropped:
            if self._recomputed is None or self._recomputed[0] != site:
                self._recomputed = site, _plain(self._again(site), site)
            return self._recomputed[1]
        if site in self._static:
            return _plain(self._static[site], site)
        if self._grows(site):
            value = self._triangle(site)
        else:
            first = self._rows[0][site]
            value = _plain(torch.cat([row[site] for row in self._rows], 2 if first.dim() == 4 else 1), site)
        self._gathered[site] = value
        while len(self._gathered) > 1 and self._made() > self._room:  # the oldest can be put together again
            del self._gathered[next(iter(self._gathered))]
        return value

    def _made(self) -> int:
        """Bytes of what was put together or recomputed for those who looked."""
        again = () if self._recomputed is None else (self._recomputed[1],)
        return size_of((*self._gathered.values(), *again))

    def _triangle(self, site: str) -> Tensor:
        """A matrix of the target against itself from its rows, each of which ends at its own position: h q k."""
        parsed = Site.parse(site)
        if parsed.name == "bias" or (parsed.name == "scores" and not self._can_complete(site)):
            return _plain(self._again(site), site)
        if parsed.name == "scores":
            q, k = (self[parsed.beside(name)] for name in ("q", "k"))
            full = scores(q, k, self.attending(parsed.prefix))
        else:
            heads = self._rows[0][site].shape[1]
            full = torch.full((heads, self.steps, self.steps), 0.0 if parsed.name == "weights" else -torch.inf)
        for number, row in enumerate(self._rows):
            found = row[site][0, :, -1]
            full[:, number, : found.shape[-1]] = found
        return full


def _plain(value: Tensor, site: str) -> Tensor:
    """Without the batch axis, and without the axis of one number that a normalisation's statistics have."""
    value = value[0].float().cpu()
    value = value.clone() if value.is_inference() else value  # one that autograd takes, as any other
    return value.squeeze(-1) if Site.parse(site).axes == "q" else value
