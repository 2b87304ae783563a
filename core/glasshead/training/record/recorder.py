"""The writing side of metrics.jsonl: every event of a training as one line of JSON (journal.py reads them)."""

import json
import math
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from glasshead.errors import GlassheadError
from glasshead.training.events import Evaluated, Event, Progress, Saved, Started, Stopped
from glasshead.training.record.journal import ENDED, EVALUATION, SAVED, STARTED, STEP, STOPPED

AnyEvent = TypeVar("AnyEvent", bound=Event)


class Recorder:
    """The writer of a run's metrics.jsonl. Without a path, as in all processes but the first, it writes nothing."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def rewind(self, step: int, *, ended: bool = False) -> None:
        """Cut off the lines beyond a step, and an incomplete line. ended: keep the scores of an end at that step."""
        if self.path is None or not self.path.exists():
            return
        keep = 0
        with self.path.open("rb+") as file:
            for line in file:
                if not line.endswith(b"\n") or _beyond(line, step, ended=ended):
                    break
                keep += len(line)
            file.truncate(keep)

    def record(self, event: AnyEvent) -> AnyEvent:
        """Write an event and return it."""
        if self.path is not None and (record := as_record(event)):
            self._append(record)
        return event

    def ended(self, step: int) -> None:
        """Record the end of the training."""
        if self.path is not None:
            self._append({"event": ENDED, "step": step})

    def flush(self) -> None:
        """Flush the file to the disk."""
        if self.path is not None and self.path.exists():
            with self.path.open("ab") as file:
                os.fsync(file.fileno())

    def _append(self, record: dict[str, Any]) -> None:
        assert self.path is not None
        line = json.dumps(finite(record), ensure_ascii=False) + "\n"
        try:
            # Opened again for each line: a reader sees whole lines, and a kill loses none.
            with self.path.open("ab", buffering=0) as file:
                file.write(line.encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise GlassheadError(
                f"{self.path} cannot be written any more: {error.strerror or error}. "
                "--resume goes on from what was saved."
            ) from error


def as_record(event: Event) -> dict[str, Any] | None:
    """Convert an event to a line of the file; None for events that are not kept."""
    match event:
        case Started():
            return {
                "event": STARTED, "step": event.step, "steps": event.steps, "parameters": event.parameters,
                "precision": event.precision, "device": event.device, "processes": event.processes,
                "accumulate": event.accumulate, "d_model": event.config.d_model,
                "time": datetime.now(UTC).isoformat(timespec="seconds"),
            }  # fmt: skip
        case Progress():
            return {
                "event": STEP, "step": event.step, "loss": event.loss, "perplexity": event.perplexity,
                "rate": event.rate, "norm": event.norm, "tokens": event.tokens, "seconds": event.seconds,
                "total_tokens": event.total_tokens, "mfu": event.mfu,
            }  # fmt: skip
        case Evaluated():
            scores = event.scores
            return {
                "event": EVALUATION, "step": event.step, "perplexity": scores.perplexity, "loss": scores.loss,
                "exact": scores.exact, "bleu": scores.bleu, "chrf": scores.chrf,
                "signatures": list(scores.signatures), "sentences": scores.sentences, "averaged": event.averaged,
                "newest": event.newest and {name: getattr(event.newest, name) for name in FIGURES},
                "held": event.held, "last": event.last, "samples": [asdict(each) for each in scores.samples[:SAMPLES]],
            }  # fmt: skip
        case Saved():
            folder = f"{event.folder.parent.name}/{event.folder.name}" if event.folder.name.startswith("step-") else "."
            return {"event": SAVED, "step": event.step, "folder": folder, "averaged": event.averaged}
        case Stopped():
            return {"event": STOPPED, "step": event.step}
    return None


FIGURES = ("perplexity", "loss", "exact", "bleu", "chrf")
SAMPLES = 8
"""Number of translations kept of an evaluation."""


def finite(value: Any) -> Any:
    """Replace NaN and infinities, which JSON lacks, by null."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _beyond(line: bytes, step: int, *, ended: bool) -> bool:
    try:
        record = json.loads(line)
        event = record["event"]
        if event in (STOPPED, ENDED) or record["step"] > step:
            return True
        return not ended and bool(record.get("last") or (event == SAVED and record["folder"] == "."))
    except (ValueError, KeyError, TypeError):
        return True
