"""The lines around the panes: the model or experiment, the panes, and the hints for keys."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from glasshead_tui.drawing.paint import Palette
from glasshead_tui.drawing.sides import OTHER, THIS
from glasshead_tui.terminal.visible import visible
from glasshead_tui.work.messages import About

if TYPE_CHECKING:
    from glasshead.session.moment import Moment

LOADING = "loading …"


def about_line(name: str, about: About | None, moment: "Moment | None", undo: str, width: int, marks: Palette) -> Text:
    """Write the facts about the model that fit; for a changed model, the change and the key that undoes it."""
    line = Text(f"glasshead   {visible(name)}   ", "bold", no_wrap=True, overflow="ellipsis")
    if about is None:
        return line.append(LOADING, marks.quiet)
    if moment is not None and moment.beside is not None and moment.beside.how:
        line.append(f"beside {OTHER} {visible(moment.beside.names[1])}, {moment.beside.how}   ", marks.query)
    if moment is not None and moment.changed:
        times = f" {moment.undos} times" if moment.undos > 1 else ""
        undoes, count = f" · {undo}{times} undoes it   ", len(moment.edits.active)
        whose = "" if moment.beside is None else f"{THIS} "
        said = f"{whose}{visible(moment.changed)}"
        if line.cell_len + cell_len(said) + cell_len(undoes.rstrip()) > width:
            said = f"{whose}{count} edit{'s' * (count > 1)}"
        line.append(said, marks.bad).append(undoes, marks.quiet)
    parts = [visible(fact) for fact in about.facts]
    if moment is not None:
        parts.append(f"trace {moment.trace.bytes / 1e6:.1f} MB")
    while len(parts) > 1 and line.cell_len + cell_len(" · ".join(parts)) > width:
        parts.pop()
    return line.append(" · ".join(parts), marks.quiet)


def lab_line(which: str, title: str, model: str, face: str, width: int, marks: Palette) -> Text:
    """Write the open experiment, its model, and the shown face (page or result) if they take turns."""
    line = Text(f"{which} · ", marks.quiet, no_wrap=True, overflow="ellipsis").append(title, marks.strong)
    if model and line.cell_len + cell_len(model) + 28 < width:
        line.append(f"   on {model}", marks.quiet)
    if face and line.cell_len + 15 < width:
        line.append(" " * (width - line.cell_len - 12))
        for name in ("page", "result"):
            line.append(name.upper() if name == face else name, marks.strong if name == face else marks.quiet)
            line.append("  " if name == "page" else "")
    return line


def tabs_line(panes: Iterable[str], active: str, shown: Mapping[str, str], width: int, marks: Palette) -> Text:
    """Write the panes, each with its key, the active one in capitals; where there is no room the last lose their names.

    width: columns of the line.
    """
    names = list(panes)
    for apart, named in ((3, len(names)), *((2, count) for count in range(len(names), -1, -1))):
        line = Text(no_wrap=True, overflow="ellipsis")
        for number, name in enumerate(names):
            chosen = name == active
            line.append(shown[name].split()[0], marks.quiet)
            if number < named or chosen:
                line.append(" ").append(name.upper() if chosen else name, marks.strong if chosen else marks.quiet)
                line.append(" " * apart)
            else:
                line.append(" ")
        line.rstrip()
        if line.cell_len <= width:
            break
    return line


def counted_line(count: int, examples: str, marks: Palette) -> Text:
    """Write a hint for the keys that take the typed number."""
    line = Text(f"{count} ×", marks.strong)
    return line.append(f"  now a key, for example {examples} · esc forgets the number", marks.quiet)


def fitted_line(hints: list[tuple[str, str, int]], width: int, marks: Palette) -> Text:
    """Write the most important hints that fit, in their order; where one does not, a shorter one may."""
    kept: list[tuple[str, str, int]] = []
    for hint in sorted(hints, key=lambda hint: hint[2]):
        wider = [each for each in hints if each in kept or each is hint]
        if not kept or cell_len(_joined(wider)) <= width:
            kept = wider
    line = Text(no_wrap=True, overflow="ellipsis")
    for pressed, label, _ in kept:
        line.append(pressed, marks.strong)
        line.append(f" {label}  ", marks.quiet)
    line.right_crop(2)
    return line


def _joined(hints: Sequence[tuple[str, str, int]]) -> str:
    return "  ".join(f"{pressed} {label}" for pressed, label, _ in hints)
