"""Prepare a run's folder for a training: begin it, continue it, or refuse."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from glasshead.checkpoints.format import SETTINGS
from glasshead.errors import GlassheadError
from glasshead.files import check_path, replace_text
from glasshead.training import settings as all_settings
from glasshead.training.run import DATA, Run
from glasshead.training.settings import Settings, differences, resolve
from glasshead.training.sizes import check_sizes
from glasshead.training.suited import suit


def begin(
    folder: Path,
    flags: Mapping[str, Any],
    file: Mapping[str, Any] | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    leads: bool = True,
    writes: bool = True,
    note: Callable[[str], None] = lambda _sentence: None,
) -> Settings:
    """Make `folder` ready for training, write the settings into it and return them.

    flags, file: settings from the command line and from a configuration file. resume: continue a run that was begun
    there, with its own settings; begin one if there is none. overwrite: remove a run that is there. leads: False for
    every process of a training but the first; such a process neither refuses nor writes. writes: False only checks
    whether the run would be refused. note: gets a sentence about the settings that were chosen for files of somebody's
    own, because nothing was said of them.

    A run that has saved nothing may be replaced. Raises GlassheadError if another run is there, and if the settings
    would train another model than the one that was begun, with every difference; nothing is changed then.
    """
    check_path(folder, "--out")
    run, file = Run(folder), file or {}
    if resume and overwrite:
        raise GlassheadError("--resume continues a run and --overwrite removes it: choose one of them.")
    saved = not overwrite and run.latest is not None
    before = resolve({}, all_settings.read_settings(run.settings)) if resume and run.begun else None
    file = {**(_flat(before) if before else {}), **file}
    found = resolve(flags, file)
    if before is None and (suited := suit(found, {**file, **flags})):
        found = resolve(flags, {**suited.settings, **file})
        note(suited.sentence)
    if before and saved:
        _same(run, before, found)
    if not leads:
        return found
    if saved and not resume:
        raise GlassheadError(
            f"There is a run in {folder} already. {run.describe_safe()} Give --resume to continue it, --overwrite to "
            "remove it, or another --out."
        )
    if not saved:
        check_sizes(found, folder)
    run.check(overwrite=overwrite)
    if writes:
        run.ready()
        with run.locked():
            if overwrite:
                run.clear()
            elif not saved:
                run.clear(but={DATA, SETTINGS})  # a corpus in preparation checks its own origin
            if found != before:
                _note(run, found)
    return found


def _same(run: Run, before: Settings, now: Settings) -> None:
    """Raise GlassheadError, with the differences, if these settings would not make the same model."""
    if changed := differences(before, now):
        raise GlassheadError(
            "\n".join(
                [
                    f"The run in {run.folder} was begun with other settings, and would not become the same model:",
                    *(f"  {line}" for line in changed),
                    "Leave these out to continue it, or give another --out to begin a new run.",
                ]
            )
        )


def _flat(settings: Settings) -> dict[str, Any]:
    return {name: value for name, value in vars(settings).items() if value is not None}


def _note(run: Run, settings: Settings) -> None:
    try:
        replace_text(run.settings, all_settings.format_settings(settings))
    except OSError as error:
        raise GlassheadError(f"The folder {run.folder} cannot be written to: {error.strerror or error}.") from None
