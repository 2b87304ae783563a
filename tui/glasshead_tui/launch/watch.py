"""The way from the shell to the screen that watches a training: cheap checks first, then the app, or plain text.

Imports neither torch nor Textual before it is certain that there is something to watch.
"""

from pathlib import Path

from glasshead.checkpoints.format import SETTINGS
from glasshead.errors import GlassheadError
from glasshead.training.record.journal import plausible
from glasshead.training.run import METRICS
from glasshead_tui.launch.explore import Kind, terminal

FIRST = 1 << 16
"""Bytes of metrics.jsonl that must hold something of a training, if there are so many."""


def watch(
    folder: Path,
    *,
    mouse: bool = True,
    plain: bool = False,
    as_json: bool = False,
    kind: Kind = "cross",
    layer: int | None = None,
    head: int = 0,
    sentence: int = 0,
    step: int | None = None,
) -> int:
    """Open the screen on a run's folder, or write how it stands where there is no terminal; the exit status.

    Raises GlassheadError for a folder that is not there, or not a run's.
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
    """Show a run until the person leaves; the exit status of the screen. The folder may still be empty."""
    from glasshead_tui.app import WatchApp

    app = WatchApp(folder)
    app.run(mouse=mouse)
    return app.return_code or 0


def check(folder: Path) -> None:
    """Raise GlassheadError for what is not the folder of a training."""
    name = str(folder)
    if "\0" in name:
        raise GlassheadError("The name of the folder holds a NUL character, which no folder's name can.")
    try:
        if not folder.exists():
            raise GlassheadError(f"There is no folder {name}. Give the one that `glasshead train --out` writes to.")
        if not folder.is_dir():
            raise GlassheadError(
                f"{name} is a file; a run is a folder, the one that `glasshead train --out` writes to."
            )
        if (folder / SETTINGS).is_file():
            return
        if not (folder / METRICS).is_file():
            raise GlassheadError(
                f"{name} holds neither {SETTINGS} nor {METRICS}: it is not the folder of a training. "
                "Give the one that `glasshead train --out` writes to."
            )
        with (folder / METRICS).open("rb") as file:
            beginning = file.read(FIRST)
    except OSError as error:
        raise GlassheadError(f"{name} cannot be opened: {error.strerror}.") from None
    if not plausible(beginning):
        raise GlassheadError(
            f"{folder / METRICS} tells nothing of a training: {name} is the folder of something else. "
            "Give the one that `glasshead train --out` writes to."
        )
