"""From what was asked for to a run's folder that can be trained into: begun anew, gone on with, or refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glasshead.checkpoints.format import SETTINGS
from glasshead.errors import GlassheadError
from glasshead.files import replace_text
from glasshead.training import settings as all_settings
from glasshead.training.run import DATA, Run
from glasshead.training.settings import Settings, differences, resolve


def begin(
    folder: Path,
    flags: Mapping[str, Any],
    file: Mapping[str, Any] | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    leads: bool = True,
    writes: bool = True,
) -> Settings:
    """The settings of the run in `folder`, which is made ready and told of them.

    flags, file: what the command line and a configuration give. resume: go on with a run that was begun there, with its
    own settings; begin one where there is none. overwrite: forget a run that is there. leads: False for all processes
    of a training but the first, which neither refuse nor write. writes: False only to be told of a refusal.

    A run that has saved nothing is in nobody's way. Raises GlassheadError where another one is, and where what is given
    would train another model than the one that was begun, with every difference; then nothing was changed.
    """
    run, file = Run(folder), file or {}
    if resume and overwrite:
        raise GlassheadError("--resume goes on with a run and --overwrite forgets it: say one of them.")
    saved = not overwrite and run.latest is not None
    before = resolve({}, all_settings.read(run.settings)) if resume and run.begun else None
    found = resolve(flags, {**(_flat(before) if before else {}), **file})
    if before and saved:
        _same(run, before, found)
    if not leads:
        return found
    if saved and not resume:
        raise GlassheadError(
            f"There is a run in {folder} already. {run.describe_safe()} Say --resume to go on with it, --overwrite to "
            "forget it, or give another --out."
        )
    run.check(overwrite=overwrite)
    if writes:
        run.ready()
        with run.locked():
            if overwrite:
                run.clear()
            elif not saved:
                run.clear(but={DATA, SETTINGS})  # a corpus that is being prepared knows by itself what it is of
            if found != before:
                _note(run, found)
    return found


def _same(run: Run, before: Settings, now: Settings) -> None:
    """Raises GlassheadError, with the differences, where these settings would not make the same model."""
    if changed := differences(before, now):
        raise GlassheadError(
            "\n".join(
                [
                    f"The run in {run.folder} was begun with other settings, and would not become the same model:",
                    *(f"  {line}" for line in changed),
                    "Leave these out to go on with it, or give another --out to begin a new run.",
                ]
            )
        )


def _flat(settings: Settings) -> dict[str, Any]:
    return {name: value for name, value in vars(settings).items() if value is not None}


def _note(run: Run, settings: Settings) -> None:
    try:
        replace_text(run.settings, all_settings.write(settings))
    except OSError as error:
        raise GlassheadError(f"The folder {run.folder} cannot be written to: {error.strerror or error}.") from None
