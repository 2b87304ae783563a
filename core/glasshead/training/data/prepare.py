"""The door to preparing a corpus: open what is there, or make it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from glasshead.errors import GlassheadError
from glasshead.training.data.corpus import MANIFEST, Corpus, Told
from glasshead.training.data.made import Made
from glasshead.training.data.origin import inputs, same, wanted
from glasshead.training.data.own_files import OwnFiles
from glasshead.training.data.stages import Preparation, tidy
from glasshead.training.settings import Settings


def prepare(
    folder: Path,
    settings: Settings,
    *,
    told: Told = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Corpus | None:
    """The corpus of a run: opened if it is there, prepared if not, and if it was begun, gone on with.

    told: hears how far it is. stop: asked often; once it is true, what is done is kept for the next call, and None is
    given.
    Raises GlassheadError for what is wrong with the data, then nothing of the preparation is kept; and if what is there
    was prepared, or begun, with other settings or of other files, with the difference.
    """

    paths = inputs(settings)
    if (folder / MANIFEST).is_file():
        tidy(folder)
        corpus = Corpus(folder)
        same(folder, corpus.manifest["wanted"], wanted(settings), corpus.manifest["inputs"], paths)
        return corpus
    try:
        if not preparation(folder, settings, paths, told, stop).run():
            return None
    except OSError as error:
        raise GlassheadError(
            f"The corpus cannot be written to {folder}: {error.strerror or error}. What was prepared is kept: once "
            "that is mended, the same command goes on."
        ) from error
    return Corpus(folder)


def preparation(
    folder: Path, settings: Settings, paths: Mapping[str, Path], told: Told, stop: Callable[[], bool]
) -> Preparation:
    """What prepares a corpus with these settings."""
    kind = OwnFiles if settings.recipe is None else Made
    return kind(folder, settings, paths, told, stop)
