"""`glasshead lesson`: the ten experiments as a course that can be left and continued."""

from typing import Annotated

import typer

from glasshead_tui.commands.arguments import complete_checkpoint
from glasshead_tui.commands.lab import complete_experiment
from glasshead_tui.launch import lesson as course
from glasshead_tui.launch.explore import DEFAULT


def lesson(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="EXPERIMENT",
            help="The experiment to continue with.",
            autocompletion=complete_experiment,
            show_default="where you left",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="CHECKPOINT", help="The trained model: a name, or a folder.", autocompletion=complete_checkpoint
        ),
    ] = DEFAULT,
    restart: Annotated[bool, typer.Option("--restart", help="Forget your place and your answers.")] = False,
    mouse: Annotated[bool, typer.Option("--mouse/--no-mouse", help="Use the mouse on the screen.")] = True,
    plain: Annotated[bool, typer.Option("--plain", help="Write your place, as always without a terminal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write the same as JSON.")] = False,
) -> int:
    """Walk through all ten experiments of the lab, in order.

    At each one you first say what you foresee, then see what the numbers say. Your place and your answers are kept.
    """
    return course.lesson(name, checkpoint=model, restart=restart, mouse=mouse, plain=plain, as_json=as_json)
