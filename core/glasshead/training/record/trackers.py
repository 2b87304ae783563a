"""TensorBoard and W&B, on request: the figures of a training, in the usual places for such numbers.

Both are accelerate's trackers, in the process that writes. TensorBoard's files are under RUN/tensorboard, those of W&B
under RUN/wandb; `WANDB_MODE=offline` needs no network, and `wandb sync` sends them later. metrics.jsonl has all of it
anyway, so a tracker that fails during the training is dropped with one warning, and never stops it.

After a resume both continue the same log. TensorBoard drops the entries beyond the step that was resumed from. W&B
cannot: it keeps them, and ignores new entries until that step is passed; they are the same but for the speed. Offline
it cannot continue a log either: every sitting has its own folder, all with one run id, for `wandb sync` to join.
"""

import secrets
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glasshead.errors import GlassheadError
from glasshead.files import replace_text
from glasshead.training.events import Evaluated, Event, Progress, Started

if TYPE_CHECKING:
    from accelerate import Accelerator
    from accelerate.tracking import GeneralTracker

    from glasshead.training.evaluate import Sample
    from glasshead.training.settings import Settings

TENSORBOARD, WANDB, PROJECT = "tensorboard", "wandb", "glasshead"
SAMPLES = 8
"""Number of translations of an evaluation that are logged as text."""
PATIENCE = 60.0
"""Most seconds for W&B to send the rest at the end; what is left can be synced later."""


def requested(settings: "Settings") -> list[str]:
    """List the requested trackers."""
    asked = (TENSORBOARD if settings.tensorboard else None, settings.tracker)
    return [name for name in asked if name is not None]


def check(settings: "Settings") -> None:
    """Check early that the requested trackers can be used, without importing torch.

    Raises GlassheadError if a package is missing, or if W&B would have to ask for an API key.
    """
    for name in requested(settings):
        if find_spec(name) is None:
            option = "--tensorboard" if name == TENSORBOARD else f"--tracker {name}"
            raise GlassheadError(
                f"{option} needs the package {name}, which is not installed: pip install 'glasshead[{name}]'"
            )
    if settings.tracker == WANDB:
        import wandb

        here = wandb.setup(wandb.Settings(silent=True)).settings
        if here.mode == "online" and not wandb.login(prompt=False, verify=False):
            raise GlassheadError(
                "--tracker wandb finds no API key: run `wandb login`, or set WANDB_MODE=offline and sync later."
            )


class Trackers:
    """The trackers of a run, opened when it starts and closed when the `with` ends; none unless requested."""

    def __init__(
        self,
        accelerator: "Accelerator",
        folder: Path,
        settings: "Settings",
        *,
        warn: Callable[[str], None] = warnings.warn,
    ) -> None:
        """warn: gets the sentence about a tracker that failed. Raises GlassheadError like `check`."""
        self._accelerator, self._folder, self._settings, self._warn = accelerator, folder, settings, warn
        self._open: list[GeneralTracker] = []
        self._before: Progress | None = None
        if accelerator.is_main_process:
            check(settings)

    def __enter__(self) -> "Trackers":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hear(self, event: Event) -> None:
        """Log an event, as far as a tracker can show it.

        Raises GlassheadError if a tracker cannot be opened when the training starts, and for nothing after that.
        """
        if isinstance(event, Started):
            self._start(event.step)
        elif isinstance(event, Progress):
            self.log(event.step, update_figures(event, self._before))
            self._before = event
        elif isinstance(event, Evaluated):
            self.log(event.step, evaluation_figures(event))

    def log(self, step: int, values: Mapping[str, float | str]) -> None:
        """Pass values to every working tracker; it writes or sends them in the background."""
        self._each(lambda tracker: tracker.log(dict(values), step=step))

    def close(self) -> None:
        """Let every tracker finish; W&B may take PATIENCE seconds to send the rest."""
        self._each(lambda tracker: tracker.finish())
        self._open.clear()

    def _each(self, act: "Callable[[GeneralTracker], object]") -> None:
        for tracker in tuple(self._open):
            try:
                act(tracker)
            except Exception as error:  # whatever fails in another program or network, the training goes on
                self._open.remove(tracker)
                self._warn(
                    f"{tracker.name} has failed and is no longer used ({type(error).__name__}: {error}). "
                    f"The training goes on, and metrics.jsonl has everything. {self._rescue(tracker.name)}".rstrip()
                )

    def _start(self, step: int) -> None:
        """Open the requested trackers. step: the last one that is kept; the next is logged after it."""
        names = requested(self._settings) if self._accelerator.is_main_process else []
        if not names:
            return
        try:
            # Made here rather than named: accelerate gives the trackers that it makes one project name, and for
            # TensorBoard that is a folder. Its `init_trackers` starts them all the same.
            self._accelerator.log_with = [self._made(name, step) for name in names]
            self._accelerator.init_trackers(PROJECT)
        except _failures(names) as error:
            raise GlassheadError(
                f"{' and '.join(names)} could not be opened: {error}. Leave it out"
                + (", or set WANDB_MODE=offline to need no network." if WANDB in names else ".")
            ) from error
        self._open = list(self._accelerator.trackers)
        for tracker in self._open:
            if tracker.name == TENSORBOARD:  # its own way with settings makes two more folders at every start
                tracker.log({"settings": _block(f"{key} = {value}" for key, value in self._given().items())}, step=step)

    def _made(self, name: str, step: int) -> "GeneralTracker":
        from accelerate.tracking import TensorBoardTracker, WandBTracker

        if name == TENSORBOARD:
            return TensorBoardTracker(TENSORBOARD, self._folder, purge_step=step + 1)
        import wandb

        return WandBTracker(
            PROJECT,
            dir=str(self._folder),
            id=self._id(),
            resume="allow",
            name=self._folder.resolve().name,
            config=self._given(),
            # Its output would break the display of the training, and the training's output is not its own.
            settings=wandb.Settings(silent=True, console="off", finish_timeout=PATIENCE, finish_timeout_raises=True),
        )

    def _id(self) -> str:
        """Return the id of this run for W&B, made once and kept beside its files."""
        place = self._folder / WANDB / "id"
        try:
            return place.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            place.parent.mkdir(parents=True, exist_ok=True)
            made = secrets.token_hex(4)
            replace_text(place, made + "\n")
            return made

    def _given(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self._settings).items() if value is not None}

    def _rescue(self, name: str) -> str:
        return f"What W&B has not sent can be: wandb sync {self._folder / WANDB}/latest-run" if name == WANDB else ""


def _failures(names: list[str]) -> tuple[type[Exception], ...]:
    """List the errors of opening trackers that are no bug of ours: folders, networks, accounts."""
    if WANDB not in names:
        return (OSError,)
    import wandb

    return (OSError, wandb.Error)


def update_figures(event: Progress, before: Progress | None = None) -> dict[str, float]:
    """Collect the figures of an update. before: the previous update, if known, for the speed."""
    values = {
        "train/loss": event.loss,
        "train/perplexity": event.perplexity,
        "train/learning_rate": event.rate,
        "train/gradient_norm": event.norm,
        "train/mfu": event.mfu,
    }
    taken = event.seconds - before.seconds if before is not None else event.seconds if event.step == 1 else 0.0
    if taken > 0:
        values["train/tokens_per_second"] = event.tokens / taken
    return values


def evaluation_figures(event: Evaluated) -> dict[str, float | str]:
    """Collect the figures of an evaluation, `validation/…` or `test/…`, and some translations as text."""
    names = ("perplexity", "loss", "exact", "bleu", "chrf")
    values: dict[str, float | str] = {f"{event.held}/{name}": getattr(event.scores, name) for name in names}
    if event.newest is not None:
        values |= {f"{event.held}/newest_{name}": getattr(event.newest, name) for name in names}
    if event.scores.samples:
        values[f"{event.held}/samples"] = _block(map(_sample_line, event.scores.samples[:SAMPLES]))
    return values


def _sample_line(sample: "Sample") -> str:
    """Write a translation on one line, whatever line ends its texts hold."""
    ending = "" if sample.right else f"   (expected: {sample.expected})"
    return " ".join(f"{'✓' if sample.right else '✗'} {sample.source} → {sample.given}{ending}".split())


def _block(lines: Iterable[str]) -> str:
    """Indent lines so that TensorBoard shows them unchanged: it reads Markdown, where that is a block of code."""
    return "\n".join(f"    {line}" for line in lines)
