"""Every site of a trace recomputed in float64 from the captured sites before it and the weights of the model."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.core.reference import activate, by_head, may_look, places, softmax

Array = Any


def errors(model: Any, trace: Any) -> dict[str, float]:
    """Site → the largest difference between what was captured and what its neighbours say it must be.

    Relative to the size of the values where these are greater than 1.
    """
    found: dict[str, float] = {}
    for site, wanted in recomputed(model, trace):
        ours = trace[site].double().numpy()
        if ours.shape != wanted.shape or (np.isneginf(ours) != np.isneginf(wanted)).any() or np.isnan(ours).any():
            found[site] = math.inf
            continue
        seen = ~np.isneginf(wanted)
        size = max(1.0, float(np.abs(wanted[seen]).max(initial=0.0)))
        found[site] = float(np.abs(ours[seen] - wanted[seen]).max(initial=0.0)) / size
    return found


def recomputed(model: Any, trace: Any) -> Iterator[tuple[str, Array]]:
    """Each site and what it must be."""
    config = model.config
    weights = {name: value.double().numpy() for name, value in model.state_dict().items()}

    def seen(site: str) -> Array:
        return trace[site].double().numpy()

    def norm(site: str, path: str, x: Array) -> Iterator[tuple[str, Array]]:
        yield f"{site}.mean", x.mean(-1)
        yield f"{site}.var", x.var(-1)
        yield (
            f"{site}.normed",
            (x - seen(f"{site}.mean")[:, None]) / np.sqrt(seen(f"{site}.var") + config.norm_eps)[:, None],
        )
        yield f"{site}.out", seen(f"{site}.normed") * weights[f"{path}.gain"] + weights[f"{path}.bias"]

    def sublayer(stack: str, layer: int, kind: str, x: Array) -> Iterator[tuple[str, Array]]:
        site, path = f"{stack}.{layer}.{kind}", f"{stack}.layers.{layer}.{kind}"
        given = x
        if config.norm == "pre":
            yield from norm(f"{site}.norm", f"{path}.norm", x)
            given = seen(f"{site}.norm.out")
        if kind == "ffn":
            inner, outer = f"{path}.sublayer.inner", f"{path}.sublayer.outer"
            yield f"{site}.hidden", given @ weights[f"{inner}.weight"].T + weights[f"{inner}.bias"]
            yield f"{site}.active", activate(config.activation, seen(f"{site}.hidden"))
            yield f"{site}.out", seen(f"{site}.active") @ weights[f"{outer}.weight"].T + weights[f"{outer}.bias"]
        else:
            other = seen("encoder.out") if kind == "cross" else given
            for name, matrix, source in (("q", "query", given), ("k", "key", other), ("v", "value", other)):
                yield f"{site}.{name}", by_head(weights, f"{path}.sublayer.{matrix}", source, config.heads)
            scale = seen(f"{site}.q").shape[-1] ** -0.5 if config.scale else 1.0
            scores = seen(f"{site}.scores")
            yield f"{site}.scores", seen(f"{site}.q") @ seen(f"{site}.k").swapaxes(-1, -2) * scale
            window = config.window if kind == "self" else None
            looks = may_look(*scores.shape[1:], causal=stack == "decoder" and kind == "self", window=window)
            yield f"{site}.masked", np.where(looks, scores, -np.inf)
            yield f"{site}.weights", softmax(seen(f"{site}.masked"))
            yield f"{site}.heads", seen(f"{site}.weights") @ seen(f"{site}.v")
            heads = np.concatenate(list(seen(f"{site}.heads")), -1)
            yield f"{site}.out", by_head(weights, f"{path}.sublayer.output", heads, 1)[0]
        yield f"{site}.resid", x + seen(f"{site}.out")
        if config.norm == "post":
            yield from norm(f"{site}.norm", f"{path}.norm", seen(f"{site}.resid"))

    last = "resid" if config.norm == "pre" else "norm.out"
    for side, stack, tokens in (("source", "encoder", trace.source), ("target", "decoder", trace.target)):
        table = weights["source.weight" if config.share_embeddings else f"{side}.weight"]
        width = table.shape[1]
        learned = weights.get(f"{side}.positions")
        scale = config.embedding_scale or math.sqrt(width)
        yield f"{side}.embed", table[[token.id for token in tokens]] * scale
        yield f"{side}.position", places(config, len(tokens), width) if learned is None else learned[: len(tokens)]
        yield f"{side}.sum", seen(f"{side}.embed") + seen(f"{side}.position")
        x = seen(f"{side}.sum")
        kinds = ("self", "ffn") if stack == "encoder" else ("self", "cross", "ffn")
        for layer in range(config.encoder_layers if stack == "encoder" else config.decoder_layers):
            for kind in kinds:
                yield from sublayer(stack, layer, kind, x)
                x = seen(f"{stack}.{layer}.{kind}.{last}")
        if config.norm == "pre" or config.final_norm:
            yield from norm(f"{stack}.norm", f"{stack}.norm", x)
            x = seen(f"{stack}.norm.out")
        if stack == "encoder":
            yield "encoder.out", x
        else:
            matrix = weights["source.weight" if config.share_embeddings else "project.weight"]
            yield "logits", x @ matrix.T + weights.get("bias", 0.0)
