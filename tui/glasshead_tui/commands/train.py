"""`glasshead train`: from pairs of sentences to a checkpoint that can be explored.

Its options come from the settings' table (glasshead.training.settings), so that the command line and a TOML file cannot
differ; only the options of the run itself are here. live/ draws the progress.
"""

import inspect
import os
import shlex
import sys
from collections.abc import Generator, Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from glasshead.errors import GlassheadError
from glasshead.training.settings import TYPES, Settings
from glasshead_tui.commands.options import REQUIRED, flag, parameter, sign

METAVARS = {int: "N", float: "X", str: "TEXT"}
FILES = {"pairs", "source", "target", "valid", "valid_source", "valid_target"}
NAMED = {each.name: each for each in fields(Settings)}


def complete_recipe(incomplete: str) -> list[str]:
    """Complete names in the shell."""
    from glasshead.recipes import names

    return [name for name in names() if name.startswith(incomplete)]


def train(
    *,
    recipe: str | None,
    out: Path,
    config: Path | None,
    resume: bool,
    overwrite: bool,
    watch: bool,
    layers: int | None,
    **given: Any,
) -> int:
    """Train a model on a recipe's corpus, or on pairs of your own.

    A recipe brings settings of its own. Ctrl-C finishes the step and saves; the same command with --resume goes on.
    """
    from glasshead.training.begin import begin
    from glasshead.training.settings import read_settings

    options = {"recipe": recipe, "encoder_layers": layers, "decoder_layers": layers}
    flags = given_flags({**options, **{name: value for name, value in given.items() if value is not None}})
    words = ["train", *spell_options(flags, out=out, config=config, overwrite=overwrite)]
    rank = int(os.environ.get("RANK", "0"))  # launchers of several processes number them
    file = read_settings(config) if config else None
    notes: list[str] = []
    settings = begin(
        out, flags, file, resume=resume, overwrite=overwrite, leads=rank == 0, writes=not watch, note=notes.append
    )
    if watch:
        from glasshead_tui.launch.train import train_and_watch

        return train_and_watch([*words, *(["--resume"] if resume else [])], out)
    try:
        return follow(out, settings, words, tuple(notes), resume=resume, first=rank == 0)
    except GlassheadError as error:
        if rank == 0:
            raise
        raise GlassheadError(f"Process {rank}: {error}") from error


def follow(
    out: Path, settings: Settings, words: list[str], notes: tuple[str, ...], *, resume: bool, first: bool
) -> int:
    """Train and show the progress; return the exit status."""
    from glasshead.training.fast.memory import spare

    spare()  # before torch is imported

    from glasshead.training.events import Event, Stopped
    from glasshead.training.loop import train as training
    from glasshead_tui.live.show import show
    from glasshead_tui.terminal.interrupt import SIGPIPE, interruptible
    from glasshead_tui.terminal.tty import discard
    from glasshead_tui.terminal.visible import visible

    stopped: list[Event] = []

    def note_stop(events: Iterator[Event]) -> Generator[Event, None, None]:
        for event in events:
            if isinstance(event, Stopped):
                stopped.append(event)
            yield event

    words = ["glasshead", *(word for word in words if word != "--overwrite")]
    with interruptible() as asked:
        events = note_stop(training(out, settings, resume=resume, command=shlex.join(words), notes=notes, stop=asked))
        try:
            if first:
                show(events, stop=asked)
        except BrokenPipeError:  # `glasshead train … | head` has read enough: the same as the end of a terminal
            if inspect.getgeneratorstate(events) == inspect.GEN_CLOSED:  # it came from the training
                raise
            asked.ask(SIGPIPE, None)
            discard(sys.stdout)
        for _ in events:
            pass
        if first and not stopped:  # also if the request came at the very end
            return 0
        if first:
            going_on = f"To go on: {visible(shlex.join([*words, '--resume']))}"
            try:
                print(going_on, file=sys.stderr if asked.status == 128 + SIGPIPE else sys.stdout, flush=True)
            except BrokenPipeError:  # nobody reads either of them
                discard(sys.stderr)
        return asked.status if asked() else 0


def given_flags(given: dict[str, Any]) -> dict[str, Any]:
    """Collect the given settings; a flag for one of two words becomes the word."""
    found = {name: value for name, value in given.items() if value is not None}
    for name, value in found.items():
        words = NAMED[name].metadata.get("choices")
        if words and NAMED[name].metadata.get("flags"):
            found[name] = words[0 if value else 1]
    return found


def spell_options(flags: dict[str, Any], *, out: Path, config: Path | None, overwrite: bool) -> Iterator[str]:
    """Yield the options of a command that gives these settings."""
    if "recipe" in flags:
        yield flags["recipe"]
    yield from ("--out", str(out))
    if config is not None:
        yield from ("--config", str(config))
    if overwrite:
        yield "--overwrite"
    for name, value in flags.items():
        pair = _flags(NAMED[name]).split("/")
        if len(pair) == 2:
            yes = value is True or value == NAMED[name].metadata.get("choices", (True,))[0]
            yield pair[0 if yes else 1]
        elif name != "recipe":
            yield from (pair[0], str(value))


def _flags(each: "Field[Any]") -> str:
    """Spell an option: `--name`, or two flags with a stroke between."""
    plain = each.name.replace("_", "-")
    given: str | None = each.metadata.get("flags")
    return given or (f"--{plain}/--no-{plain}" if TYPES[each.name] is bool else f"--{plain}")


def _option(each: "Field[Any]") -> inspect.Parameter:
    """Make a Typer option of a setting. None stands for: not given."""
    kind, choices, flags = TYPES[each.name], each.metadata.get("choices"), _flags(each)
    metavar = "FILE" if each.name in FILES else "DIR" if each.name == "tokenizer" else METAVARS.get(kind)
    default: Any = str(each.default) if each.default not in (None, False) else False
    if "/" in flags:
        kind, metavar, default = bool, None, False
    elif choices:
        metavar = "|".join(choices)
    option = typer.Option(flags, metavar=metavar, help=each.metadata["help"], show_default=default)
    return parameter(each.name, Annotated[kind | None, option])


def _options() -> list[inspect.Parameter]:
    """Make the options of the run itself, then one for each setting."""
    recipe = typer.Argument(
        help="What to learn: a recipe's name. Or give --pairs, or --source and --target.",
        autocompletion=complete_recipe,
        show_default=False,
    )
    out = typer.Option("--out", metavar="DIR", help="The folder of the run, and of its checkpoint.", show_default=False)
    config = typer.Option("--config", metavar="FILE", help="Settings in TOML; options beat them.", show_default=False)
    layers = typer.Option(
        "--layers", metavar="N", help="Layers of the encoder, and of the decoder.", show_default=False
    )
    return [
        parameter("recipe", Annotated[str | None, recipe]),
        parameter("out", Annotated[Path, out], REQUIRED),
        parameter("config", Annotated[Path | None, config]),
        flag("resume", "Go on with the run in --out from its newest checkpoint."),
        flag("overwrite", "Forget a run that is in --out."),
        flag("watch", "Open the screen of `glasshead watch` while it trains."),
        parameter("layers", Annotated[int | None, layers]),
        *(_option(each) for each in fields(Settings) if each.name != "recipe"),
    ]


sign(train, _options())
