"""From what was asked for to a run's folder that can be trained into: begun anew, gone on with, or refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    writes: bool = True,
) -> Settings:
    """The settings of the run in `folder`, which is made ready and told of them.

    flags, file: what the command line and a configuration give. resume: go on with a run that was begun there, with its
    own settings; begin one where there is none. overwrite: forget a run that is there. writes: False for all processes
    of a training but one. Raises GlassheadError where a run is in the way, and where what is given would train another
    model than the one that was begun, with every difference.
    """
    run = Run(folder)
    if resume and overwrite:
        raise GlassheadError("--resume goes on with a run and --overwrite forgets it: say one of them.")
    saved = run.latest is not None
    if resume and saved:
        return _go_on(run, flags, file or {}, writes=writes)
    before = _flat(resolve({}, all_settings.read(run.settings))) if resume and run.begun else {}
    found = resolve(flags, {**before, **(file or {})})
    if not writes:
        return found
    if overwrite and (run.begun or (folder / "config.json").is_file()):
        with run.locked():
            run.clear()
    run.ready()
    if saved and not overwrite:
        raise GlassheadError(
            f"There is a run in {folder} already. {run.told()} Say --resume to go on with it, --overwrite to forget "
            "it, or give another --out."
        )
    with run.locked():
        run.clear(but={DATA})  # a corpus that is being prepared knows by itself what it is of
        _note(run, found)
    return found


def _go_on(run: Run, flags: Mapping[str, Any], file: Mapping[str, Any], *, writes: bool) -> Settings:
    before = resolve({}, all_settings.read(run.settings))
    given = resolve(flags, {**_flat(before), **file})
    if changed := differences(before, given):
        raise GlassheadError(
            "\n".join(
                [
                    f"The run in {run.folder} was begun with other settings, and would not become the same model:",
                    *(f"  {line}" for line in changed),
                    "Leave these out to go on with it, or give another --out to begin a new run.",
                ]
            )
        )
    if writes:
        run.ready()
        if given != before:
            _note(run, given)
    return given


def _flat(settings: Settings) -> dict[str, Any]:
    return {name: value for name, value in vars(settings).items() if value is not None}


def _note(run: Run, settings: Settings) -> None:
    try:
        replace_text(run.settings, all_settings.write(settings))
    except OSError as error:
        raise GlassheadError(f"The folder {run.folder} cannot be written to: {error.strerror or error}.") from None
