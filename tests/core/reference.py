"""The Transformer once more, in numpy and float64, from the formulas of the paper and a state dict alone.

One sentence pair at a time, no batch, no cache, no padding; every value of every sub-layer under the name of its site.
It shares no code with the package: what it computes is the yardstick that the package is held against.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]
Edit = Callable[[Array], Array]


def transform(
    model: Any, source: Sequence[int], target: Sequence[int], edit: Mapping[str, Edit] | None = None
) -> dict[str, Array]:
    """Every site of a pass over one pair, without a batch axis. edit: site → function, applied where it arises."""
    run = _Run(model.config, {n: t.detach().double().numpy() for n, t in model.state_dict().items()}, edit or {})
    return run(list(source), list(target))


def positions(count: int, width: int) -> Array:
    """Section 3.5, number by number."""
    return np.array(
        [
            [
                math.sin(p / 10000 ** (i / width)) if i % 2 == 0 else math.cos(p / 10000 ** ((i - 1) / width))
                for i in range(width)
            ]
            for p in range(count)
        ]
    )


def halves(count: int, width: int) -> Array:
    """The same numbers, column by column: first those with even i, then those with odd."""
    table = positions(count, width)
    return np.stack([table[:, i] for i in (*range(0, width, 2), *range(1, width, 2))], 1)


def timescales(first: int, count: int, width: int) -> Array:
    """Wavelengths from 2π to 2π · 10,000 (tensor2tensor); an odd width leaves a column of zeros."""
    half = width // 2
    table = np.zeros((count, width))
    for p, i in np.ndindex(count, half):
        angle = (first + p) / 10_000 ** (i / (half - 1))
        table[p, i], table[p, half + i] = math.sin(angle), math.cos(angle)
    return table


def places(config: Any, count: int, width: int) -> Array:
    """The positions of a model that does not learn them."""
    first = config.first_position
    if config.positions == "tensor2tensor":
        return timescales(first, count, width)
    return (halves if config.positions == "halves" else positions)(first + count, width)[first:]


def activate(name: str, x: Array) -> Array:
    """Activate number by number."""
    functions: dict[str, Callable[[float], float]] = {
        "relu": lambda x: max(x, 0.0),
        "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
        "silu": lambda x: x / (1 + math.exp(-x)),
    }
    return np.vectorize(functions[name], otypes=[np.float64])(x) if x.size else x


def softmax(scores: Array) -> Array:
    """Over the last axis, one row at a time; a row of nothing but −∞ is all zeros."""
    out = np.zeros_like(scores)
    for index in np.ndindex(scores.shape[:-1]):
        row = scores[index]
        if not np.all(np.isneginf(row)):
            exps = np.exp(row - row.max())
            out[index] = exps / exps.sum()
    return out


def may_look(queries: int, keys: int, *, causal: bool, window: int | None) -> Any:
    """Compute row by row where a query may look.

    A window is a set of positions, gathered one by one: the query itself, then by turns one more before the others and
    one more after them; some of them may lie where there is no key.
    """
    looks = np.zeros((queries, keys), dtype=bool)
    for q in range(queries):
        seen = {q} if window is not None else set(range(keys))
        while window is not None and len(seen) < window:
            seen.add(min(seen) - 1 if len(seen) % 2 else max(seen) + 1)
        for k in seen & set(range(keys)):
            looks[q, k] = k <= q or not causal
    return looks


def log_softmax(logits: Array) -> Array:
    """Over the last axis."""
    top = logits.max(-1, keepdims=True)
    shifted: Array = logits - top
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def by_head(weights: Mapping[str, Array], path: str, x: Array, heads: int) -> Array:
    """Project x (q m) by the matrix of each head, with its bias if there is one: h q d."""
    matrices = np.split(weights[f"{path}.weight"], heads)
    bias = weights.get(f"{path}.bias", np.zeros(len(weights[f"{path}.weight"])))
    return np.stack([x @ matrix.T + bias for matrix, bias in zip(matrices, np.split(bias, heads), strict=True)])


class _Run:
    def __init__(self, config: Any, weights: Mapping[str, Array], edit: Mapping[str, Edit]) -> None:
        self.config, self.weights, self.edit = config, weights, edit
        self.seen: dict[str, Array] = {}

    def see(self, site: str, value: Array) -> Array:
        if site in self.edit:
            value = self.edit[site](value.copy())
        self.seen[site] = value
        return value

    def __call__(self, source: list[int], target: list[int]) -> dict[str, Array]:
        c = self.config
        memory = self.embed("source", source)
        for n in range(c.encoder_layers):
            memory = self.sublayer("encoder", n, "self", memory)
            memory = self.sublayer("encoder", n, "ffn", memory)
        last = c.norm == "pre" or c.final_norm
        if last:
            memory = self.norm("encoder.norm", "encoder.norm", memory)
        memory = self.see("encoder.out", memory)
        x = self.embed("target", target)
        for n in range(c.decoder_layers):
            x = self.sublayer("decoder", n, "self", x)
            x = self.sublayer("decoder", n, "cross", x, memory)
            x = self.sublayer("decoder", n, "ffn", x)
        if last:
            x = self.norm("decoder.norm", "decoder.norm", x)
        name = "source.weight" if c.share_embeddings else "project.weight"
        self.see("logits", x @ self.weights[name].T + (self.weights["bias"] if c.output_bias else 0.0))
        return self.seen

    def embed(self, side: str, ids: list[int]) -> Array:
        table = self.weights["source.weight" if self.config.share_embeddings else f"{side}.weight"]
        width = table.shape[1]
        learned = self.weights.get(f"{side}.positions")
        where = places(self.config, len(ids), width) if learned is None else learned[: len(ids)]
        scale = self.config.embedding_scale or math.sqrt(width)
        embed = self.see(f"{side}.embed", np.array([table[i] * scale for i in ids]))
        return self.see(f"{side}.sum", embed + self.see(f"{side}.position", where))

    def sublayer(self, stack: str, n: int, name: str, x: Array, memory: Array | None = None) -> Array:
        site, path = f"{stack}.{n}.{name}", f"{stack}.layers.{n}.{name}"
        pre = self.config.norm == "pre"
        given = self.norm(f"{site}.norm", f"{path}.norm", x) if pre else x
        if name == "ffn":
            out = self.feed(site, f"{path}.sublayer", given)
        else:
            out = self.attention(site, f"{path}.sublayer", given, given if memory is None else memory)
        resid = self.see(f"{site}.resid", x + out)
        return resid if pre else self.norm(f"{site}.norm", f"{path}.norm", resid)

    def feed(self, site: str, path: str, x: Array) -> Array:
        w = self.weights
        hidden = self.see(f"{site}.hidden", x @ w[f"{path}.inner.weight"].T + w[f"{path}.inner.bias"])
        active = self.see(f"{site}.active", activate(self.config.activation, hidden))
        return self.see(f"{site}.out", active @ w[f"{path}.outer.weight"].T + w[f"{path}.outer.bias"])

    def attention(self, site: str, path: str, x: Array, y: Array) -> Array:
        h, w = self.config.heads, self.weights

        # Head i's projections are rows i·d … (i+1)·d of the matrices (W_i of section 3.2.2, one below the other).
        q, k, v = (
            self.see(f"{site}.{name[0]}", by_head(w, f"{path}.{name}", given, h))
            for name, given in (("query", x), ("key", y), ("value", y))
        )
        scale = 1 / math.sqrt(q.shape[-1]) if self.config.scale else 1.0
        scores = self.see(f"{site}.scores", np.einsum("hqd,hkd->hqk", q, k) * scale)
        looks = may_look(
            len(x),
            len(y),
            causal=site.startswith("decoder") and site.endswith("self"),
            window=self.config.window if site.endswith("self") else None,
        )
        masked = self.see(f"{site}.masked", np.where(looks, scores, -np.inf))
        weights = self.see(f"{site}.weights", softmax(masked))
        heads = self.see(f"{site}.heads", np.einsum("hqk,hkd->hqd", weights, v))
        out = by_head(w, f"{path}.output", np.concatenate(list(heads), -1), 1)[0]
        return self.see(f"{site}.out", out)

    def norm(self, site: str, path: str, x: Array) -> Array:
        w = self.weights
        mean = self.see(f"{site}.mean", x.sum(-1) / x.shape[-1])
        var = self.see(f"{site}.var", ((x - (x.sum(-1) / x.shape[-1])[:, None]) ** 2).sum(-1) / x.shape[-1])
        normed = self.see(f"{site}.normed", (x - mean[:, None]) / np.sqrt(var[:, None] + self.config.norm_eps))
        return self.see(f"{site}.out", normed * w[f"{path}.gain"] + w[f"{path}.bias"])
