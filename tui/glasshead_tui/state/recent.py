"""The sentences that were typed last, for each model: kept in a file between sessions."""

import json
from pathlib import Path

from platformdirs import user_state_path

from glasshead.files import replace_text
from glasshead_tui.state.home import file_in

KEPT = 20
"""Sentences that are kept of a model."""
MODELS = 50
"""Models of which sentences are kept."""
LONGEST = 2000
"""Characters of a sentence that is kept."""


def path() -> Path:
    """Return the file; on Linux ~/.local/state/glasshead/sentences.json. Raises OSError if there is no home."""
    return file_in(user_state_path, "sentences.json")


def read(model: str) -> tuple[str, ...]:
    """Read the sentences of a model, the newest first; none if there are none, or if the file is not ours."""
    return tuple(_content().get(model, ()))


def remember(model: str, sentence: str) -> None:
    """Keep a sentence as the newest of a model. Does nothing where no file can be kept: it is a comfort."""
    if not sentence.strip() or len(sentence) > LONGEST:
        return
    content = _content()
    before = content.pop(model, [])
    newest = [sentence, *(each for each in before if each != sentence)][:KEPT]
    kept = dict([(model, newest), *content.items()][:MODELS])
    try:
        file = path()
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_text(file, json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
    except OSError:
        return


def _content() -> dict[str, list[str]]:
    """Read the file, as far as it is what we write."""
    try:
        content = json.loads(path().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    lists = {model: found for model, found in content.items() if isinstance(found, list)}
    return {model: [each for each in found if isinstance(each, str)] for model, found in lists.items()}
