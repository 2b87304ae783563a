"""The model card: a checkpoint's data, training and scores, for its readers."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import torch

from glasshead.recipes import recipe
from glasshead.training.settings import Settings

if TYPE_CHECKING:
    from glasshead.training.data.corpus import Corpus
    from glasshead.training.engine import Engine
    from glasshead.training.evaluate import Scores
    from glasshead.training.events import Evaluated

EXAMPLES, SHORT = 4, 60
"""Number of example sentences, and their most characters if there are such short ones."""


def make_card(
    settings: Settings,
    corpus: "Corpus",
    engine: "Engine",
    *,
    command: str,
    step: int,
    tokens: int,
    seconds: float,
    validation: Mapping[str, str],
    final: "Evaluated | None",
) -> dict[str, Any]:
    """Make the card of a checkpoint at `step`. The precision is the one in use, not `auto`."""
    card: dict[str, Any] = {
        **_data(settings, corpus),
        "command": command,
        "training": {
            **{
                each.name: getattr(settings, each.name)
                for each in fields(settings)
                if each.metadata["section"] == "training"
            },
            "precision": engine.precision,
            "device": engine.device.type,
            "processes": engine.processes,
            "torch": str(torch.__version__),
            "threads": torch.get_num_threads(),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "steps_taken": step,
            "target_tokens": tokens,
            "seconds": round(seconds),
            "target_tokens_per_second": round(tokens / seconds) if seconds else None,
        },
        "validation": dict(validation),
    }
    if final is not None:
        scores = final.scores
        card[final.held] = {
            **({"best_step": final.best} if final.best is not None else {}),
            "sentences": scores.sentences,
            "perplexity": round(scores.perplexity, 4),
            "exact_match": round(scores.exact, 4),
            "bleu": round(scores.bleu, 2),
            "chrf": round(scores.chrf, 2),
            "signatures": list(scores.signatures),
        }
    return card


def summarise(found: "Evaluated") -> str:
    """Summarise an evaluation in a few words."""

    def few(scores: "Scores") -> str:
        return f"perplexity {scores.perplexity:.3f} exact match {scores.exact:.3f} BLEU {scores.bleu:.1f}"

    alone = f" (the newest snapshot alone: {few(found.newest)})" if found.newest is not None else ""
    return few(found.scores) + alone


def _data(settings: Settings, corpus: "Corpus") -> dict[str, Any]:
    if settings.recipe is not None:
        known = recipe(settings.recipe)
        return {"recipe": known.name, "summary": known.summary, "examples": list(known.examples)}
    files = [settings.pairs] if settings.pairs else [settings.source, settings.target]
    sources = [source for source, _ in corpus.pairs("valid", 200)]
    short = [source for source in sources if len(source) <= SHORT] or sources
    return {
        "summary": f"{len(corpus.train):,} pairs of {' and '.join(map(str, files))}",
        "examples": list(dict.fromkeys(short))[:EXAMPLES],
    }
