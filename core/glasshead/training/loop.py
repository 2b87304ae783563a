"""The loop: draw batches, update, evaluate and save (sections 5.1 to 5.4 of the paper).

`train` is a generator of events, so that the core knows no screen: a command draws them, a test collects them. It
always saves a whole checkpoint, the average of the last few snapshots (section 6.1), with all that an exact resume
needs. With patience it also keeps the best one, and ends once no evaluation gets better.
"""

import errno
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from glasshead.checkpoints.format import CONFIG
from glasshead.checkpoints.load import load
from glasshead.checkpoints.save import save
from glasshead.errors import GlassheadError, StoppedError
from glasshead.model import Config, Transformer
from glasshead.training import state
from glasshead.training.background import yield_reports
from glasshead.training.best import Best
from glasshead.training.card import make_card, summarise
from glasshead.training.data.batches import Sampler, batch, target_tokens
from glasshead.training.data.corpus import Corpus
from glasshead.training.data.prepare import prepare
from glasshead.training.data.stream import Stream
from glasshead.training.engine import Engine
from glasshead.training.evaluate import score
from glasshead.training.events import Evaluated, Event, Exhausted, Prepared, Preparing, Saved, Started, Stopped
from glasshead.training.fast import flops
from glasshead.training.record import probes
from glasshead.training.record.recorder import Recorder
from glasshead.training.record.trackers import Trackers
from glasshead.training.run import Run
from glasshead.training.schedule import scheduled
from glasshead.training.settings import Settings
from glasshead.training.tally import Tally

UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EFBIG}
"""Errors of the system that are no bug of ours."""
LARGEST = 65_504
"""Largest value of float16, in which weights are saved."""


def train(
    folder: Path,
    settings: Settings,
    *,
    resume: bool = False,
    command: str = "",
    notes: tuple[str, ...] = (),
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Train into a run's folder that `begin` has made ready, and yield events.

    resume: continue from the newest checkpoint there, if there is one. command: for the model card. notes: sentences on
    the settings, for the first event. stop: called after every update, and within an evaluation, which is then dropped;
    once it returns true, everything is saved and the training ends.

    Raises GlassheadError for data that cannot be trained on, a missing device, a loss that is not finite, and a folder
    that can no longer be written to. Earlier checkpoints stay whole.
    """
    run, engine = Run(folder), Engine(settings)
    shape(settings, 1000, None)  # an impossible model is refused before any time is spent
    with ExitStack() as stack:
        trackers = stack.enter_context(Trackers(engine.accelerator, run.folder, settings))
        corpus = yield from prepare_corpus(run, engine, settings, stop, stack)
        if corpus is None:
            yield Stopped(0, settings.steps)
            return
        training = Training(run, engine, settings, corpus, command, notes, stop)
        try:
            for event in training.events(resume=resume):
                if engine.main:
                    trackers.hear(event)
                    yield event
        except OSError as error:
            if error.errno not in UNWRITABLE:
                raise
            raise GlassheadError(
                f"{error.filename or folder} cannot be written any more: {error.strerror}. {run.describe_safe()}"
            ) from error


def prepare_corpus(
    run: Run, engine: Engine, settings: Settings, stop: Callable[[], bool], stack: ExitStack
) -> Generator[Event, None, Corpus | None]:
    """Prepare the corpus in the first process while the others wait; None if it was asked to stop.

    The first process locks the folder, until the stack is left.
    """
    if not engine.main:
        engine.wait()
        return Corpus(run.data)
    stack.enter_context(run.locked())
    run.tidy()
    corpus = yield from yield_reports(partial(_prepare, run, settings, stop))
    if corpus is not None:
        engine.wait()
    return corpus


def _prepare(
    run: Run, settings: Settings, stop: Callable[[], bool], report: Callable[[Preparing], None]
) -> Corpus | None:
    return prepare(run.data, settings, progress=report, stop=stop)


class Training:
    """One process of a training."""

    def __init__(
        self,
        run: Run,
        engine: Engine,
        settings: Settings,
        corpus: Corpus,
        command: str,
        notes: tuple[str, ...],
        stop: Callable[[], bool],
    ) -> None:
        self.run, self.engine, self.settings, self.corpus = run, engine, settings, corpus
        self.command, self.stop = command, stop
        torch.manual_seed(settings.seed)
        vocabulary = corpus.vocabulary
        network = Transformer(
            shape(settings, vocabulary.target.size, None if vocabulary.joint else vocabulary.source.size)
        )
        self.twin = deepcopy(network).eval().to(engine.device)  # holds averages, to be scored and saved
        engine.take(network)
        self.sampler = Sampler(corpus.train, batch_tokens=settings.batch_tokens, seed=settings.seed)
        self.stream = Stream(self.sampler)
        self.step, self.first, self.tokens, self.seconds = 0, 1, 0, 0.0
        self.snapshots: dict[int, list[Tensor]] = {}
        self.scores: dict[str, str] = {}
        self.best = Best()
        self.notes = [*notes]
        self.held = corpus.pairs("valid", settings.eval_size)
        self.peak = flops.peak(engine.device, engine.dtype)
        self.journal = Recorder(run.metrics if engine.main else None)

    def events(self, *, resume: bool) -> Iterator[Event]:
        """Run the training and yield its events."""
        newest = self.run.latest if resume else None
        if newest is not None:
            self.restore(newest)
        at = torch.tensor(float(self.step), device=self.engine.device)
        if self.engine.total(at) != self.step * self.engine.processes:
            raise GlassheadError(
                f"The processes do not see the same {self.run.folder}: it must be a folder that they share."
            )
        if (self.step >= self.settings.steps or self.exhausted) and (self.run.folder / CONFIG).is_file():
            self.journal.rewind(self.step, ended=True)
            self.journal.ended(self.step)
            more = "--patience 0 lets" if self.exhausted else "More --steps let"
            yield Prepared((f"This training had ended already, at step {self.step}. {more} it go on.",))
            return
        if self.engine.main:
            (self.run.folder / CONFIG).unlink(missing_ok=True)  # the run is no longer ended
            self.journal.rewind(
                self.step, ended=self.step < self.settings.steps
            )  # an end that comes again is told again
            probes.rewind(self.run.probes, self.step)
        padding = f"Batches of {self.settings.batch_tokens:,} tokens, {self.sampler.padding:.1%} of them padding."
        if self.settings.warmup > self.settings.steps:
            self.notes.append(
                f"The learning rate rises over {self.settings.warmup:,} steps, and there are only "
                f"{self.settings.steps:,}: it will not get to its peak. --warmup says over how many."
            )
        yield Prepared((*self.corpus.lines, padding, *self.notes))
        yield self.journal.record(self.started())
        self.probed = probes.choose(
            self.held, self.corpus.vocabulary, self.settings.probes, limit=self.settings.max_length
        )
        if self.step == 0:
            self.probe()
        yield from self.updates()

    def restore(self, folder: Path) -> None:
        """Restore the state of a checkpoint exactly."""
        found = state.read(folder)
        if found.fingerprint != self.corpus.fingerprint:
            raise GlassheadError(f"The corpus in {self.run.data} is not the one that {folder} was trained on.")
        if found.precision != self.engine.precision:
            raise GlassheadError(
                f"The run was begun in {found.precision}, and here --precision {self.settings.precision} means "
                f"{self.engine.precision}: say --precision {found.precision}."
            )
        if found.group != self.engine.group:
            raise GlassheadError(
                f"An update of this run takes {found.group} batches, but here it would take {self.engine.group} "
                f"(processes × --accumulate): start another number of processes, or give another --accumulate."
            )
        state.restore(folder, self.engine.parameters, self.engine.optimizer)
        if found.scaler is not None and self.engine.scaler is not None:
            self.engine.scaler.load_state_dict(dict(found.scaler))
        self.step, self.first = found.step, found.step + 1
        before, now = (found.threads, found.torch), (torch.get_num_threads(), str(torch.__version__))
        if before != now:
            self.notes.append(
                f"The run goes on, but not to the same bits: it was trained by {before[0]} threads of PyTorch "
                f"{before[1]}, and these are {now[0]} of {now[1]}."
            )
        self.tokens, self.seconds, self.scores = found.tokens, found.seconds, dict(found.validation)
        self.stream.seek(found.epoch, found.index)
        there, names = self.run.saved(), list(self.engine.parameters)
        if gone := [str(step) for step in found.snapshots if step not in there]:
            raise GlassheadError(
                f"A checkpoint is an average of several, and of these step {', '.join(gone)} is gone from "
                f"{folder.parent}: the run cannot continue exactly. --overwrite begins it again."
            )
        self.best = Best(**found.best) if found.best else Best()  # type: ignore[arg-type]
        self.snapshots = {step: state.snapshot(there[step], names) for step in found.snapshots}

    def tally(self) -> Tally:
        """Start a tally for the updates of this sitting."""
        return Tally(self.engine, self.corpus.train, steps=self.settings.steps, first=self.first, peak=self.peak)

    def started(self) -> Started:
        """Make the event before the first update."""
        engine, network = self.engine, self.engine.network
        return Started(
            config=network.config,
            parameters=sum(map(Tensor.numel, engine.parameters.values())),
            precision=engine.precision,
            device=engine.device.type,
            processes=engine.processes,
            accumulate=self.settings.accumulate,
            step=self.step,
            steps=self.settings.steps,
            peak=self.peak,
        )

    def updates(self) -> Iterator[Event]:
        """Make the remaining updates, and end the training."""
        settings, engine = self.settings, self.engine
        stopping, tally = self.exhausted, self.tally()
        while self.step < settings.steps and not stopping:
            self.step += 1
            rows = [next(self.stream) for _ in range(engine.group)]
            tokens = sum(target_tokens(self.corpus.train, each) for each in rows)
            mine = [batch(self.corpus.train, each) for each in rows[engine.rank :: engine.processes]]
            rate = scheduled(self.step, settings)
            tally.add(self.step, rows, tokens, rate, engine.update(self.step, mine, tokens, rate), self.stream.place)
            last = self.step == settings.steps
            saving, due = self.step % settings.save_every == 0, self.step % settings.eval_every == 0
            evaluating = due or last if settings.patience else due and not last
            if not (saving or evaluating or last or self.step % engine.read_every == 0):
                continue
            for progress in tally.read(self.seconds, self.tokens):
                self.seconds, self.tokens = progress.seconds, progress.total_tokens
                yield self.journal.record(progress)
            stopping = engine.agreed(self.stop() or self.exhausted)
            if engine.main:
                if saving:
                    self.snap()
                if evaluating and not stopping:
                    try:
                        yield self.journal.record(self.evaluate())
                        stopping = self.exhausted and engine.processes == 1  # the others learn of it at the next read
                    except StoppedError:
                        stopping = engine.processes == 1
                if saving or last or stopping or (settings.patience and self.best.step == self.step):
                    yield self.journal.record(self.save())
            tally.restart()
        if not engine.main:
            return
        if self.exhausted and self.step < settings.steps:
            yield Exhausted(self.step, settings.steps, self.best.waited, self.best.step)
        if self.exhausted or self.step >= settings.steps:
            yield from self.end()
        else:
            yield self.journal.record(Stopped(self.step, settings.steps))

    @property
    def exhausted(self) -> bool:
        """Whether the evaluations have not got better for as long as the settings wait."""
        return self.best.exhausts(self.settings.patience)

    def snap(self) -> None:
        """Keep a copy of the parameters, to be averaged with earlier and later ones."""
        self.snapshots[self.step] = self.now()
        for step in sorted(self.snapshots)[: -self.settings.average]:
            del self.snapshots[step]

    def now(self) -> list[Tensor]:
        """Copy the current parameters."""
        return [parameter.detach().to("cpu", copy=True) for parameter in self.engine.parameters.values()]

    def average(self) -> int:
        """Give the twin the average of the newest snapshots, the last of which is this step's; return their number."""
        kept = {**self.snapshots, self.step: self.snapshots.get(self.step) or self.now()}
        averaged = [kept[step] for step in sorted(kept)[-self.settings.average :]]
        fill(self.twin, mean(averaged))
        return len(averaged)

    def evaluate(self) -> Evaluated:
        """Score the newest parameters and the average on held-back sentences, and record the attention of a few."""
        fill(self.twin, self.now())
        newest = score(self.twin, self.corpus.vocabulary, self.held, stop=self.stop)
        averaged = self.average()
        self.probe()
        scores = newest
        if averaged > 1:
            scores = score(self.twin, self.corpus.vocabulary, self.held, stop=self.stop)
        found = Evaluated(
            self.step, scores, last=False, held="validation", averaged=averaged, newest=newest if averaged > 1 else None
        )
        self.scores[f"step {self.step}"] = summarise(found)
        self.best = self.best.after(self.step, scores)
        return found

    def probe(self) -> None:
        """Record the current attention of a few sentences."""
        if self.probed and self.engine.main:
            probes.record(self.twin, self.corpus.vocabulary, self.probed, self.run.probes, self.step)

    def save(self) -> Saved:
        """Save a whole checkpoint of this step, with the state that a resume needs."""
        averaged = self.average()
        if not all(each.abs().max() <= LARGEST for each in self.twin.parameters()):  # false for NaN too
            raise GlassheadError(
                f"The weights after step {self.step} are infinite or no numbers: the training has diverged. "
                f"{self.run.describe_safe()} "
                "Try a longer --warmup, a smaller --factor or --rate, or --clip 1 in a new run."
            )
        epoch, index = self.stream.place
        now = state.State(
            step=self.step, epoch=epoch, index=index, tokens=self.tokens, seconds=self.seconds,
            snapshots=tuple(sorted(self.snapshots)), fingerprint=self.corpus.fingerprint,
            group=self.engine.group, precision=self.engine.precision,
            threads=torch.get_num_threads(), torch=str(torch.__version__),
            validation=self.scores, best=asdict(self.best) if self.best.step else {},
            scaler=self.engine.scaler and self.engine.scaler.state_dict(),
        )  # fmt: skip
        self.journal.flush()  # the folder's record of these steps is on the disk before the checkpoint is

        def write(folder: Path) -> None:
            save(folder, self.twin, self.corpus.vocabulary, self.card(), name=self.run.folder.resolve().name)
            state.write(folder, now, self.engine.parameters, self.engine.optimizer.state)

        folder = self.run.publish(self.step, write)
        kept = {*self.snapshots, self.step}
        if self.settings.patience and self.best.step:
            self.run.name_best(self.best.step)
            kept.add(self.best.step)
        self.run.prune(kept, self.step)
        return Saved(self.step, folder, averaged)

    def end(self) -> Iterator[Event]:
        """Score the saved weights, rounding included, on sentences that influenced no decision, if there are any.

        This makes the run's folder itself a checkpoint: the newest, or with patience the best.
        """
        newest, chosen = self.run.latest, self.step
        assert newest is not None  # the last step was saved
        saved, vocabulary, _ = load(newest)
        fill(self.twin, [parameter.detach() for parameter in saved.parameters()])
        self.probe()
        if self.settings.patience and (best := self.run.saved().get(self.best.step)) is not None:
            chosen, (saved, vocabulary, _) = self.best.step, load(best)
        saved.to(self.engine.device)
        fill(self.twin, [parameter.detach() for parameter in saved.parameters()])
        averaged = self.count_averaged(chosen)
        count = 10 * self.settings.eval_size
        unseen = self.corpus.pairs("test", count)
        try:
            final = score(saved, vocabulary, unseen or self.corpus.pairs("valid", count), stop=self.stop)
        except StoppedError:  # everything is saved; --resume comes here again
            yield self.journal.record(Stopped(self.step, self.settings.steps))
            return
        evaluated = Evaluated(
            self.step, final, last=True, held="test" if unseen else "validation", averaged=averaged,
            best=chosen if chosen != self.step else None,
        )  # fmt: skip
        yield self.journal.record(evaluated)  # first: once the folder is a checkpoint, the training has ended
        save(self.run.folder, self.twin, vocabulary, self.card(evaluated))
        yield self.journal.record(Saved(chosen, self.run.folder, averaged))
        self.journal.ended(self.step)

    def count_averaged(self, step: int) -> int:
        """Count the snapshots in the average of a step."""
        return min(self.settings.average, -(-step // self.settings.save_every))

    def card(self, final: Evaluated | None = None) -> dict[str, object]:
        """Collect the entries of the model card."""
        return make_card(
            self.settings, self.corpus, self.engine, command=self.command, step=self.step, tokens=self.tokens,
            seconds=self.seconds, validation=self.scores, final=final,
        )  # fmt: skip


def shape(settings: Settings, target: int, source: int | None) -> Config:
    """Configure the model of the settings, for vocabularies of these sizes; source: None for a shared one."""
    return Config(
        vocab_size=target,
        source_vocab_size=source,
        share_embeddings=source is None,
        d_model=settings.d_model,
        heads=settings.heads,
        encoder_layers=settings.encoder_layers,
        decoder_layers=settings.decoder_layers,
        d_ff=settings.d_ff,
        dropout=settings.dropout,
        norm="pre" if settings.norm == "pre" else "post",
        positions="learned" if settings.positions == "learned" else "sinusoidal",
        max_length=settings.max_length,
    )


def mean(snapshots: list[list[Tensor]]) -> list[Tensor]:
    """Average snapshots, parameter by parameter."""
    return [torch.stack(same).mean(0) for same in zip(*snapshots, strict=True)]


@torch.no_grad()
def fill(model: Transformer, values: list[Tensor]) -> None:
    """Set a model's parameters to these values, in their order."""
    for parameter, value in zip(model.parameters(), values, strict=True):
        parameter.copy_(value)
