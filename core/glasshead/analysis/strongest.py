"""The largest weight of every head, and its place."""

from dataclasses import dataclass

from glasshead.traces.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Look:
    """The largest weight of one head."""

    prefix: str
    """The attention, e.g. `decoder.1.cross`."""
    head: int
    query: int
    key: int
    weight: float


def strongest(trace: Trace) -> tuple[Look, ...]:
    """Find the largest weight of each head whose weights were captured and have a row."""
    found = []
    for kind in trace.kinds:
        for prefix in trace.anatomy.attentions(kind):
            if f"{prefix}.weights" not in trace:
                continue
            weights = trace[f"{prefix}.weights"]
            for head, matrix in enumerate(weights):
                if matrix.numel():
                    query, key = divmod(int(matrix.argmax()), matrix.shape[1])
                    look = Look(prefix=prefix, head=head, query=query, key=key, weight=float(matrix[query, key]))
                    found.append(look)
    return tuple(found)
