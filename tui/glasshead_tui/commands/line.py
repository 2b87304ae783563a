"""Options that say which line a command shows, beside its checkpoint and text, the same of every command that does.

A command that takes `line` has them: see `commands.opening.opens`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glasshead_tui.commands.arguments import Beside, EditFile, EditTexts, Features, Forced, Truncate, read_edits
from glasshead_tui.commands.options import parameter

if TYPE_CHECKING:
    from glasshead.edits.edit import Edit

OPTIONS = {
    each.name: each
    for each in (
        parameter("features", Features),
        parameter("truncate", Truncate, False),
        parameter("forced", Forced),
        parameter("edit", EditTexts),
        parameter("edits", EditFile),
        parameter("beside", Beside),
    )
}


@dataclass(frozen=True)
class Line:
    """What these options say."""

    features: Path | None
    truncate: bool
    forced: str | None
    edits: "tuple[Edit, ...]"
    beside: str | None
    own: bool
    """Whether a sound, a target or an edit is given, which belong to a text of its own."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Line":
        """Read the options. Raises GlassheadError for an edit that is none."""
        edits = read_edits(given["edit"], given["edits"])
        own = any(given[name] is not None for name in ("features", "forced", "edit", "edits"))
        return cls(given["features"], given["truncate"], given["forced"], edits, given["beside"], own)

    def text(self, text: str | None) -> str | None:
        """Return a text, or the name of the sound in its place."""
        return self.features.name if text is None and self.features is not None else text
