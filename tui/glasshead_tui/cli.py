"""From the shell's words to one command, importing no more than that command needs.

Typer knows the options; but Typer, and the validation behind it, take half as long to import as the explorer may take
to show its first text. So the plainest ways of opening the explorer are parsed here without Typer, and only those:
everything that `plain_words` does not understand goes to Typer, and a test holds the two to the same answer.
"""

import os
import sys
from collections.abc import Sequence
from errno import ENAMETOOLONG, ENOSPC
from pathlib import Path
from typing import Any

from glasshead.errors import GlassheadError
from glasshead_tui.terminal.complain import complain
from glasshead_tui.terminal.tty import discard

UNWRITTEN, USAGE, INTERRUPTED = 1, 2, 130


def main() -> None:
    """Run the script `glasshead`. Its status: 0 done, 1 unread, 2 a mistake, 128 + n ended by signal n."""
    raise SystemExit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Run the command and return the exit status. A mistake becomes a sentence, a bug keeps its traceback."""
    if sys.stdout is None:  # it was closed: output goes nowhere
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (for as long as it runs)
    # A terminal or a pipe without UTF-8 gets \u2581 in place of ▁.
    for stream in (sys.stdout, sys.stderr):
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    try:
        _check(words)
        status = _dispatch(words)
        sys.stdout.flush()
    except GlassheadError as error:
        complain(str(error))
        return USAGE
    except BrokenPipeError:  # `glasshead … | head` has read enough
        discard(sys.stdout)
        return UNWRITTEN
    except OSError as error:
        if error.errno == ENAMETOOLONG:
            complain(f"{error.filename} is too long for the name of a file or a folder.")
            return USAGE
        if error.errno != ENOSPC:
            raise
        complain(f"The output could not be written: {error.strerror}.")
        discard(sys.stdout)
        return UNWRITTEN
    except KeyboardInterrupt:
        return INTERRUPTED
    except (MemoryError, RuntimeError) as error:
        if not _lacks_memory(error):
            raise
        complain("The memory of this machine or device does not hold that: ask for less at once, or use a larger one.")
        return USAGE
    return status


def _lacks_memory(error: Exception) -> bool:
    """Tell whether an error is of memory that there is not; torch's own are of the class RuntimeError."""
    own = type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
    return isinstance(error, MemoryError) or own


def _check(words: Sequence[str]) -> None:
    """Raise GlassheadError for a word that is not UTF-8: no path, name or sentence can be one."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:  # Python passes on unreadable bytes as lone surrogates
            raise GlassheadError(
                f"{word!r} is not valid UTF-8 text. Check the encoding of the terminal, or of the script; "
                "a file or a folder with such a name has to be renamed."
            ) from None


def plain_words(words: Sequence[str]) -> dict[str, Any] | None:
    """Parse words for the explorer into its keyword arguments; None if Typer should read them.

    Understood: no words at all, and `explore` with a checkpoint, a sentence, `--text SENTENCE` and `--no-mouse`.
    """
    if words and words[0] != "explore":
        return None
    given: dict[str, Any] = {}
    sentence: str | None = None
    rest = iter(words[1:])
    for word in rest:
        if word == "--text":
            text = next(rest, None)
            if text is None:
                return None
            given["text"] = text
        elif word == "--no-mouse":
            given["mouse"] = False
        elif word.startswith("-") or sentence is not None:
            return None
        elif "checkpoint" in given:
            sentence = word
        else:
            given["checkpoint"] = word
    if sentence is None:
        return given
    return None if "text" in given else {**given, "text": sentence}


def _dispatch(words: Sequence[str]) -> int:
    if words and _opens(words[0]):
        words = ["explore", *words]
    given = None if "_GLASSHEAD_COMPLETE" in os.environ else plain_words(words)  # the shell asks to complete a line
    if given is None:
        return _typer(words)
    from glasshead_tui.launch.explore import explore

    return explore(**given)


def _opens(word: str) -> bool:
    """Tell whether a word in the place of a command is something to open: a folder by its path, or a recording."""
    return (os.sep in word and _is_folder(word)) or (word.endswith(".safetensors") and not word.startswith("-"))


def _typer(words: Sequence[str]) -> int:
    import typer

    from glasshead_tui.commands.table import app

    try:
        status = app(list(words), prog_name="glasshead", standalone_mode=False)
    except typer.Abort:
        return INTERRUPTED
    except typer.TyperException as error:
        # Typer's own display would show the words unchanged, escape sequences and all.
        context = getattr(error, "ctx", None)
        usage = [context.get_usage(), f"Try '{context.command_path} --help'.", ""] if context else []
        complain("\n".join([*usage, error.format_message(), *_meant(words, context)]))
        return error.exit_code
    return status if isinstance(status, int) else 0


def _meant(words: Sequence[str], context: Any) -> list[str]:
    """Make a hint for a checkpoint's name, or a folder, where a command belongs."""
    import shlex

    from glasshead.checkpoints.find import available

    if context is None or context.parent is not None:
        return []
    if words[0] not in [each.name for each in available()] and not _is_folder(words[0]):
        return []
    return [f"To open that checkpoint: glasshead explore {shlex.quote(words[0])}"]


def _is_folder(word: str) -> bool:
    try:
        return Path(word).is_dir()
    except (OSError, ValueError):  # too long a name, a NUL character
        return False
