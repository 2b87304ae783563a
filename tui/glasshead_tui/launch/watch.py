"""From the shell to the watch screen: cheap checks first, then the app, or plain text.

It imports neither torch nor Textual before there is certainly something to watch.
"""

from pathlib import Path

from glasshead.training.run import check
from glasshead_tui.state.focus import Which
from glasshead_tui.terminal.tty import terminal


def watch(
    folder: Path,
    *,
    mouse: bool = True,
    plain: bool = False,
    as_json: bool = False,
    kind: Which = "cross",
    layer: int | None = None,
    head: int = 0,
    sentence: int = 0,
    step: int | None = None,
) -> int:
    """Open the screen on a run's folder, or print its state without a terminal; return the exit status.

    Raises GlassheadError for a folder that is missing, or not a run's.
    """
    check(folder)
    if as_json or plain or not terminal():
        from glasshead_tui.plain import training as plain_run

        show = plain_run.json if as_json else plain_run.text
        for line in show(folder, plain_run.Wanted(kind, layer, head, sentence, step)):
            print(line)
        return 0
    return open_watch(folder, mouse=mouse)


def open_watch(folder: Path, *, mouse: bool = True) -> int:
    """Show a run until the user leaves; return the exit status of the screen. The folder may still be empty."""
    from glasshead_tui.app import WatchApp

    app = WatchApp(folder)
    app.run(mouse=mouse)
    return app.return_code or 0
