"""`glasshead train`: a recipe's model, from nothing to a checkpoint that can be explored.

What is told meanwhile is in progress.py.
"""

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from glasshead.errors import GlassheadError


def complete_recipe(incomplete: str) -> list[str]:
    """The names that the shell may complete to."""
    from glasshead.recipes import names

    return [name for name in names() if name.startswith(incomplete)]


def option(help: str, metavar: str = "N") -> Any:
    """An option of which the recipe knows the value where none is given."""
    return typer.Option(metavar=metavar, help=help, show_default="the recipe's")


def train(
    recipe: Annotated[str, typer.Argument(help="What to learn: a recipe's name.", autocompletion=complete_recipe)],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="The folder of the checkpoint.", show_default=False)
    ],
    steps: Annotated[int | None, option("Updates of the parameters.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed, another training.")] = 0,
    batch_tokens: Annotated[int | None, option("Most tokens of a batch, on either side.")] = None,
    warmup: Annotated[int | None, option("Steps over which the learning rate rises.")] = None,
    d_model: Annotated[int | None, option("Width of the residual stream.")] = None,
    heads: Annotated[int | None, option("Heads of an attention.")] = None,
    layers: Annotated[int | None, option("Layers of the encoder, and of the decoder.")] = None,
    d_ff: Annotated[int | None, option("Width of the feed-forward layer.")] = None,
    dropout: Annotated[float | None, option("Probability of dropout.", "P")] = None,
    vocab_size: Annotated[int | None, option("Entries of the vocabulary; 0 for single characters.")] = None,
    label_smoothing: Annotated[float | None, option("Share of the target spread over all classes.", "P")] = None,
    average: Annotated[int | None, option("Snapshots averaged into what is saved.")] = None,
    save_every: Annotated[int | None, option("Steps between two snapshots.")] = None,
    eval_every: Annotated[int | None, option("Steps between two evaluations.")] = None,
    eval_size: Annotated[int | None, option("Sentences of an evaluation; the last has ten times as many.")] = None,
) -> None:
    """Train a model on a corpus that the project makes itself. Ctrl-C ends it early, and saves."""
    from glasshead.recipes import recipe as find

    chosen = find(recipe)
    plan = {
        "steps": steps,
        "seed": seed,
        "batch_tokens": batch_tokens,
        "warmup": warmup,
        "label_smoothing": label_smoothing,
        "average": average,
        "save_every": save_every,
        "eval_every": eval_every,
        "eval_size": eval_size,
    }
    shape = {
        "d_model": d_model,
        "heads": heads,
        "encoder_layers": layers,
        "decoder_layers": layers,
        "d_ff": d_ff,
        "dropout": dropout,
    }
    if vocab_size is not None and vocab_size < 0:
        raise GlassheadError(f"vocab_size is {vocab_size}; it is 0 (single characters) or more.")
    existed = ready(out)

    from glasshead.training.loop import Plan, plan_model
    from glasshead.training.loop import train as run
    from glasshead_tui import progress
    from glasshead_tui.visible import visible

    whole = Plan.of(chosen, **plan)
    plan_model(chosen, 1000, **shape)  # a shape that cannot be is refused before any time is spent
    if existed:
        print(f"There is a checkpoint in {visible(str(out))} already: the first save will replace it.", flush=True)
    with interruptible() as stop:
        events = run(
            chosen,
            out,
            plan=whole,
            model=shape,
            vocab_size=vocab_size,
            card={"command": command(chosen.name, out, plan | {"layers": layers, "vocab_size": vocab_size} | shape)},
            stop=stop,
        )
        show = progress.follow if sys.stdout.isatty() else progress.lines
        show(events)


def ready(out: Path) -> bool:
    """Make sure that a checkpoint can be written to `out`; whether there is one already.

    Raises GlassheadError if it is a file, holds something else, or cannot be written to.
    """
    from glasshead.checkpoint import describe

    if "\0" in str(out):
        raise GlassheadError("--out holds a NUL character, which no folder's name can.")
    try:
        if out.exists() and not out.is_dir():
            raise GlassheadError(f"--out {out} is a file; give a folder, which may be new.")
        existed = out.is_dir() and any(out.iterdir())
        if existed:
            try:
                describe(out)
            except GlassheadError:
                raise GlassheadError(
                    f"The folder {out} holds something that is not a glasshead checkpoint; give a new or an empty one."
                ) from None
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise GlassheadError(f"The folder {out} cannot be written to: {error.strerror or error}.") from None
    return existed


def command(recipe: str, out: Path, options: dict[str, Any]) -> str:
    """The command that was given, for the model card."""
    words = ["glasshead", "train", recipe, "--out", str(out)]
    for name, value in options.items():
        if value is not None and name not in ("encoder_layers", "decoder_layers"):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Within it the first Ctrl-C (or SIGTERM) only asks to stop, so that what is learned is saved; the second stops.

    Gives what tells whether to stop.
    """
    import signal
    import threading

    asked = threading.Event()

    def ask(_signal: int, _frame: Any) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    if threading.current_thread() is not threading.main_thread():  # only the main thread hears signals
        yield asked.is_set
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
