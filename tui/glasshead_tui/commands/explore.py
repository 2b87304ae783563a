"""`glasshead explore`: the options of the explorer, as Typer knows them."""

from pathlib import Path
from typing import Annotated

import typer

from glasshead.errors import GlassheadError
from glasshead.opening import Opening
from glasshead_tui.commands.arguments import Checkpoint
from glasshead_tui.commands.line import Line
from glasshead_tui.commands.opening import opens
from glasshead_tui.launch import explore as launch
from glasshead_tui.state.focus import Which


@opens()
def explore(
    opening: Opening,
    line: Line,
    checkpoint: Checkpoint = launch.DEFAULT,
    sentence: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="The sentence to decode first, in quotes: as --text.", show_default=False),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            metavar="SENTENCE",
            help="The sentence to decode first.",
            show_default="each line of standard input, if it is piped; else an example",
        ),
    ] = None,
    mouse: Annotated[bool, typer.Option("--mouse/--no-mouse", help="Use the mouse in the explorer.")] = True,
    session: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Keep all lines, edits, names and what stands beside in a file: all is there again next time.",
            show_default=False,
        ),
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Write text, as always without a terminal.")] = False,
    kind: Annotated[
        Which | None,
        typer.Option(
            help="The attention in the text: encoder–decoder, masked decoder self-attention, encoder self-attention.",
            show_default="cross, if there is one",
        ),
    ] = None,
    layer: Annotated[
        int | None, typer.Option(metavar="N", help="Its layer, counted from 0.", show_default="the last")
    ] = None,
    head: Annotated[int, typer.Option(metavar="N", help="Its head, counted from 0.")] = 0,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Steps in the text.", show_default="to the end")
    ] = None,
) -> int:
    """Open the explorer; without a terminal, write text.

    Sentences may come in a pipe, a line each: they are decoded one after the other.
    """
    if sentence is not None and text is not None:
        raise GlassheadError("The sentence is given twice, by itself and as --text or --ids: choose one.")
    return launch.explore(
        checkpoint,
        opening=opening,
        text=text if sentence is None else sentence,
        forced=line.forced,
        edits=line.edits,
        session=session,
        beside=line.beside,
        features=line.features,
        mouse=mouse,
        truncate=line.truncate,
        plain=plain,
        kind=kind,
        layer=layer,
        head=head,
        steps=steps,
    )
