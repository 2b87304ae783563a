"""The causal cone of edits: every value that they could change at the same tokens, by position, layer, head and mask.

A changed value reaches what is computed from it: the query of a row its scores, a score the weights of its row, a
weight its head, a head the row's residual stream, a row the later rows that may look at it. All else must stay as it
was, bit for bit, as long as all numbers are finite: even a weight of 0 passes a NaN on. Sub-layers are taken as one
after the other, also where a model runs them side by side.
"""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor

from glasshead.anatomy import Anatomy, Norm
from glasshead.edits.changes import select
from glasshead.edits.edit import Edit, Weigh, Where
from glasshead.edits.strokes import Stroke, strokes
from glasshead.site import ATTENTIONS, Site
from glasshead.tap import Place

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
        kind = self._anatomy.kind_at(prefix)
        looked_at = memory if part == "cross" else given
        groups = torch.tensor([kind.key_head(head) for head in range(kind.heads)])
        q = self._see(f"{prefix}.q", self._see(f"{prefix}.q_unrotated", given.expand(kind.heads, -1)))
        k = self._see(f"{prefix}.k", self._see(f"{prefix}.k_unrotated", looked_at.expand(kind.key_heads, -1)))
        v = self._see(f"{prefix}.v", looked_at.expand(kind.key_heads, -1))
        cells = torch.zeros(kind.heads, len(given), len(looked_at), dtype=torch.bool)
        scores = cells | q.unsqueeze(-1) | k[groups].unsqueeze(1) | self._see(f"{prefix}.bias", cells)
        scores = self._see(f"{prefix}.scores", scores)
        allowed = self._may_look(prefix)
        masked = self._see(f"{prefix}.masked", scores & allowed)
        visible = allowed | masked
        weights = self._see(f"{prefix}.weights", masked.any(-1, keepdim=True) & visible)
        mixed = (weights | (v[groups].unsqueeze(1) & (visible | weights))).any(-1)
        return self._see(f"{prefix}.heads", mixed).any(0)
