"""The table of commands for Typer. Importing it costs Typer and nothing else."""

from typing import Annotated

import typer

from glasshead_tui.commands.check import check
from glasshead_tui.commands.checkpoints import checkpoints
from glasshead_tui.commands.evaluate import evaluate
from glasshead_tui.commands.explore import explore
from glasshead_tui.commands.export import export
from glasshead_tui.commands.heads import heads
from glasshead_tui.commands.lab import PASSING, lab
from glasshead_tui.commands.lesson import lesson
from glasshead_tui.commands.show import show
from glasshead_tui.commands.trace import trace
from glasshead_tui.commands.train import train
from glasshead_tui.commands.translate import translate
from glasshead_tui.commands.watch import watch

# Plain help and plain tracebacks: Rich's boxes would double the time of --help, and mean nothing to a screen reader.
app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)

for command in (explore, translate, show, trace, heads, check, checkpoints, export, train, evaluate, watch):
    app.command()(command)
app.command(context_settings=PASSING)(lab)
app.command()(lesson)


@app.callback(invoke_without_command=True)
def glasshead(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """See every number inside a Transformer while it decodes.

    Without a command: explore english-french. A folder's path, or a recording (FILE.safetensors), in its place:
    explore that.
    """
    if version:
        from glasshead import __version__

        typer.echo(f"glasshead {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise typer.Exit(explore())
