"""Folders of trainings that never were: every number in them is arbitrary, and known."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

SENTENCES = (
    # source, expected, tokens of the source, tokens that the decoder reads
    ("the cat", "le chat", ("▁the", "▁cat", "</s>"), ("<s>", "▁le", "▁chat")),
    (
        "the black cat sleeps",
        "le chat noir dort",
        ("▁the", "▁black", "▁cat", "▁sleep", "s", "</s>"),
        ("<s>", "▁le", "▁chat", "▁noir", "▁dort"),
    ),
)
LAYERS, HEADS = 2, 3
KINDS = (("encoder", "self"), ("decoder", "self"), ("decoder", "cross"))


@dataclass(frozen=True)
class Run:
    """A run's folder, and what writes into it as a training would."""

    folder: Path

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.jsonl"

    def tell(self, **told: Any) -> None:
        """Append a line."""
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told, ensure_ascii=False) + "\n")

    def begin(self, steps: int, step: int = 0) -> None:
        self.tell(
            event="started", step=step, steps=steps, parameters=1_234_567, precision="bf16", device="cpu", processes=1,
            accumulate=1, d_model=32, time="2031-05-06T07:08:09+00:00",
        )  # fmt: skip

    def step(self, number: int, **changes: Any) -> None:
        self.tell(
            event="step",
            **{
                "step": number, "loss": 1 + 6 / number, "perplexity": math.exp(5 / number), "rate": 1e-4 * number,
                "norm": 0.5, "tokens": 100, "seconds": 0.1 * number, "total_tokens": 100 * number, "mfu": 0.25,
                **changes,
            },
        )  # fmt: skip

    def evaluation(self, number: int, **changes: Any) -> None:
        self.tell(
            event="evaluation",
            **{
                "step": number, "perplexity": 3.0, "loss": 1.0986, "exact": 0.125, "bleu": 23.4, "chrf": 45.6,
                "sentences": 8, "held": "validation", "last": False,
                "samples": [{"source": "the cat", "expected": "le chat", "given": "le chien"}],
                **changes,
            },
        )  # fmt: skip

    def probe(self, step: int, given: Iterable[str] = ("le chien", "le chat noir dort"), **changes: Any) -> Path:
        """Keep the attention of both sentences at a step. changes: of the description of the first."""
        tensors: dict[str, Any] = {}
        told: list[dict[str, Any]] = []
        for number, ((text, expected, source, target), said) in enumerate(zip(SENTENCES, given, strict=True)):
            more = changes if number == 0 else {}
            about = {"text": text, "expected": expected, "given": said, "source": source, "target": target, **more}
            told.append(about)
            for stack, kind in KINDS:
                queries = len(about["source"] if stack == "encoder" else about["target"])
                keys = queries if kind == "self" else len(about["source"])
                looks = np.tri(queries, keys) if (stack, kind) == ("decoder", "self") else np.ones((queries, keys))
                tensors[f"{number}/{stack}.{kind}.looks"] = looks.astype(np.uint8)
                for layer in range(LAYERS):
                    found = weights(step, number, f"{stack}.{layer}.{kind}", queries, keys) * looks
                    found /= found.sum(-1, keepdims=True)
                    tensors[f"{number}/{stack}.{layer}.{kind}.weights"] = found.astype(np.float16)
        about = {"format": "glasshead probes", "version": "1", "step": str(step), "probes": json.dumps(told)}
        path = self.folder / "probes" / f"step-{step:08}.safetensors"
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".part").write_bytes(safetensors.numpy.save(tensors, about))
        return path.with_suffix(".part").replace(path)


def weights(step: int, number: int, prefix: str, queries: int, keys: int) -> np.ndarray:
    """Positive numbers that are others for every step, sentence and attention: h q k."""
    seed = [step, number, *prefix.encode()]
    return np.random.default_rng(seed).random((HEADS, queries, keys)) ** 4 + 1e-3


def kept(step: int, number: int, prefix: str) -> np.ndarray:
    """The weights of an attention without a mask, as they were kept: h q k."""
    _, _, source, target = SENTENCES[number]
    queries = len(source if prefix.startswith("encoder") else target)
    found = weights(step, number, prefix, queries, len(source))
    return (found / found.sum(-1, keepdims=True)).astype(np.float16)


def make(folder: Path, *, steps: int = 40, until: int | None = None, every: int = 10, ended: bool = True) -> Run:
    """Make a run of `steps` steps, of which `until` are done, with an evaluation and a stop at every `every`-th."""
    folder.mkdir(parents=True)
    run = Run(folder)
    run.begin(steps)
    run.probe(0)
    for number in range(1, (until or steps) + 1):
        run.step(number)
        if number % every == 0:
            run.probe(number)
            run.evaluation(number)
    if ended and until is None:
        run.tell(event="ended", step=steps)
    return run


def contents(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Every file of a folder: its bytes, when it was changed, and how it may be used."""
    return {
        str(path.relative_to(folder)): (
            path.read_bytes() if path.is_file() else b"",
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in sorted([folder, *folder.rglob("*")])
    }
