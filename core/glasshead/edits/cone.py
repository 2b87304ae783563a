"""The causal cone of edits: every value that they could change at the same tokens, by position, layer, head and mask.

A changed value reaches what is computed from it: the query of a row its scores, a score the weights of its row, a
weight its head, a head the row's residual stream, a row the later rows that may look at it. All else must stay as it
was, bit for bit, as long as all numbers are finite: even a weight of 0 passes a NaN on. Sub-layers are taken as one
after the other, also where a model runs them side by side.
"""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor

from glasshead.anatomy import Anatomy, Kind, Norm
from glasshead.edits.changes import select
from glasshead.edits.edit import Edit, Weigh, Where
from glasshead.edits.strokes import Stroke, strokes
from glasshead.site import ATTENTIONS, KEYED, Site
from glasshead.tap import Place

ATTENDED = ("q", "q_unrotated", "k", "k_unrotated", "v", "bias", "scores", "masked", "weights", "heads")
"""Local names of the values inside an attention."""
MayLook = Callable[[str], Tensor]
"""Function to the mask of an attention by the model's rule: boolean q k."""


def reduced(site: str, value: Tensor) -> Tensor:
    """Reduce a boolean value to the axes of a cone: h q k stays, h q d → h q, q m → q."""
    axes = Site.parse(site).axes
    return value if axes == "h q k" or value.dim() == 1 else value.any(-1)


def cone(edits: Iterable[Edit], anatomy: Anatomy, rows: Mapping[str, int], may_look: MayLook) -> dict[str, Tensor]:
    """Map each site to what edits could change there: boolean h q k, h q (h k of keys and values) or q.

    rows: tokens of each side, `source` and `target` · may_look: as `Trace.may_look`.
    """
    return _Spread(edits, anatomy, rows, may_look).run()


class _Spread:
    def __init__(self, edits: Iterable[Edit], anatomy: Anatomy, rows: Mapping[str, int], may_look: MayLook) -> None:
        self._anatomy, self._rows, self._may_look = anatomy, rows, may_look
        self._strokes: dict[str, list[Stroke]] = {}
        for edit in edits:
            for stroke in strokes(edit, anatomy):
                self._strokes.setdefault(stroke.site, []).append(stroke)
        self._norms: dict[tuple[str, str], Norm] = {(norm.site, norm.where): norm for norm in anatomy.norms}
        self._known = frozenset(anatomy.sites)
        self._found: dict[str, Tensor] = {}
        self._alike: dict[Kind, tuple[tuple[Tensor, ...], dict[str, Tensor]]] = {}
        """Of each kind of attention the last one without an edit: what it was given, and its values, which are those of
    another layer that is given the same."""

    def run(self) -> dict[str, Tensor]:
        """Follow the values from the embeddings to the logits."""
        memory = torch.zeros(self._rows["source"], dtype=torch.bool)
        for stack, side in (("encoder", "source"), ("decoder", "target")):
            stream = torch.zeros(self._rows[side], dtype=torch.bool)
            for name in ("embed", "position", "segment", "sum"):
                stream = self._see(f"{side}.{name}", stream)
            stream = self._norm(side, "post", stream)
            for layer, parts in self._parts(stack).items():
                for part in parts:
                    stream = self._sublayer(f"{stack}.{layer}.{part}", part, stream, memory)
            stream = self._see(f"{stack}.out", self._norm(stack, "last", stream))
            if stack == "encoder":
                memory = stream
        self._see("logits", stream if self._rows["target"] else memory)
        return self._found

    def _parts(self, stack: str) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for name in self._anatomy.sites:
            site = Site.parse(name)
            if site.stack == stack and site.layer is not None and site.part not in found.setdefault(site.layer, []):
                found[site.layer].append(site.part)
        order = (*ATTENTIONS, "ffn")
        return {layer: sorted(parts, key=order.index) for layer, parts in sorted(found.items())}

    def _see(self, site: str, reached: Tensor) -> Tensor:
        """Add what edits change at a site itself, and note all of it."""
        reached = reached | self._direct(site, reached)
        if site in self._known:
            self._found[site] = reached
        return reached

    def _direct(self, site: str, like: Tensor) -> Tensor:
        found = torch.zeros_like(like)
        axes = Site.parse(site).axes.split()
        for stroke in self._strokes.get(site, ()):
            where = stroke.where
            where = Where(where.head, where.query, () if isinstance(stroke.action, Weigh) else where.key)
            whole = like.view(1, *like.shape, *[1] * (len(axes) - like.dim()))
            found |= select(where, axes, whole, Place(site, 0), site).expand_as(whole).reshape(like.shape)
        return found

    def _norm(self, site: str, where: str, reached: Tensor) -> Tensor:
        norm = self._norms.get((site, where))
        if norm is None:
            return reached
        statistics = reached.clone()
        for name in ("mean", "var", "rms"):
            statistics |= self._see(f"{norm.prefix}.{name}", reached)
        return self._see(f"{norm.prefix}.out", self._see(f"{norm.prefix}.normed", statistics))

    def _sublayer(self, prefix: str, part: str, stream: Tensor, memory: Tensor) -> Tensor:
        given = self._norm(prefix, "pre", stream)
        made = self._attention(prefix, part, given, memory) if part in ATTENTIONS else self._ffn(prefix, given)
        made = self._norm(prefix, "after", self._see(f"{prefix}.out", made))
        return self._norm(prefix, "post", self._see(f"{prefix}.resid", stream | made))

    def _ffn(self, prefix: str, given: Tensor) -> Tensor:
        hidden = given.clone()
        for name in ("gate", "up", "hidden"):
            hidden |= self._see(f"{prefix}.{name}", given)
        return self._see(f"{prefix}.active", hidden)

    def _attention(self, prefix: str, part: str, given: Tensor, memory: Tensor) -> Tensor:
        if prefix not in self._anatomy.attending:  # nothing of it can be seen
            return torch.full_like(given, bool(given.any()) or bool(memory.any()))
        looked_at, allowed = memory if part == "cross" else given, self._may_look(prefix)
        if any(f"{prefix}.{name}" in self._strokes for name in ATTENDED):
            return self._attend(prefix, given, looked_at, allowed)["heads"].any(0)
        kind, asked = self._anatomy.kind_at(prefix), (given, looked_at, allowed)
        before, values = self._alike.get(kind, ((), {}))
        if not before or not all(map(torch.equal, before, asked)):
            values = self._attend(prefix, given, looked_at, allowed)
            self._alike[kind] = asked, values
        for name, reached in values.items():
            self._see_heads(prefix, name, reached)
        return values["heads"].any(0)

    def _attend(self, prefix: str, given: Tensor, looked_at: Tensor, allowed: Tensor) -> dict[str, Tensor]:
        """Spread through an attention. As long as no edit tells its heads apart, they are one: 1 h q k, 1 h q."""
        kind = self._anatomy.kind_at(prefix)
        groups = [kind.key_head(head) for head in range(kind.heads)]
        found: dict[str, Tensor] = {}

        def see(name: str, reached: Tensor) -> Tensor:
            found[name] = self._see_heads(prefix, name, reached)
            return found[name]

        def shared(reached: Tensor) -> Tensor:
            return reached[groups] if len(reached) > 1 else reached

        q = see("q", see("q_unrotated", given.unsqueeze(0)))
        k = shared(see("k", see("k_unrotated", looked_at.unsqueeze(0))))
        v = shared(see("v", looked_at.unsqueeze(0)))
        bias = see("bias", torch.zeros(1, 1, 1, dtype=torch.bool).expand(1, len(given), len(looked_at)))
        masked = see("masked", see("scores", q.unsqueeze(-1) | k.unsqueeze(1) | bias) & allowed)
        visible = allowed | masked
        weights = see("weights", masked.any(-1, keepdim=True) & visible)
        see("heads", (weights | (v.unsqueeze(1) & (visible | weights))).any(-1))
        return found

    def _see_heads(self, prefix: str, name: str, reached: Tensor) -> Tensor:
        """See a value inside an attention: of all heads if edits tell them apart here, or did before."""
        site, kind = f"{prefix}.{name}", self._anatomy.kind_at(prefix)
        every = reached.expand(kind.key_heads if name in KEYED else kind.heads, *reached.shape[1:])
        if site in self._strokes:
            return self._see(site, every)
        if site in self._known:
            self._found[site] = every
        return reached
