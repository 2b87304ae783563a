"""The entry to preparing a corpus: open it, or make it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from glasshead.errors import GlassheadError
from glasshead.training.data.corpus import MANIFEST, Corpus
from glasshead.training.data.made import Made
from glasshead.training.data.origin import inputs, same, wanted
from glasshead.training.data.own_files import OwnFiles
from glasshead.training.data.stages import Preparation, Progress, tidy
from glasshead.training.settings import Settings


def prepare(
    folder: Path,
    settings: Settings,
    *,
    progress: Progress = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> Corpus | None:
    """Open the corpus of a run if it exists, otherwise prepare it, or continue an interrupted preparation.

    progress: gets the progress of the preparation. stop: called often; once it returns True, the work is kept for
    the next call, and None is returned.

    Raises GlassheadError for wrong data, and then keeps nothing of the preparation; also, with the difference, if the
    corpus was prepared, or begun, with other settings or from other files.
    """
    paths = inputs(settings)
    if (folder / MANIFEST).is_file():
        tidy(folder)
        corpus = Corpus(folder)
        same(folder, corpus.manifest["wanted"], wanted(settings), corpus.manifest["inputs"], paths)
        return corpus
    try:
        if not preparation(folder, settings, paths, progress, stop).run():
            return None
    except OSError as error:
        raise GlassheadError(
            f"The corpus cannot be written to {folder}: {error.strerror or error}. What was prepared is kept: once "
            "that is mended, the same command goes on."
        ) from error
    return Corpus(folder)


def preparation(
    folder: Path, settings: Settings, paths: Mapping[str, Path], progress: Progress, stop: Callable[[], bool]
) -> Preparation:
    """Choose the preparation for these settings."""
    kind = OwnFiles if settings.recipe is None else Made
    return kind(folder, settings, paths, progress, stop)
