"""The lines around the panes: the model or experiment, the panes, and the hints for keys."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from glasshead.named import brief_head
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.drawing.sides import OTHER, THIS
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.cells import clip
from glasshead_tui.widgets.prose import wrapped
from glasshead_tui.work.messages import About

if TYPE_CHECKING:
    from glasshead.session.moment import Moment

LOADING = "loading …"
MUTED_HEAD = re.compile(r"(\w+\.\d+\.\w+)\.heads\[head=(\d+)\] = 0")
"""An edit as the key that mutes a head writes it."""
NAMING = 100
"""Columns from which on the key that opens another model stands after the name of this one."""


def about_line(
    name: str, about: About | None, moment: "Moment | None", keys: Mapping[str, str], width: int, marks: Palette
) -> Text:
    """Write the facts about the model that fit; for a changed model, the change and the key that undoes it.

    keys: id → the keys, as `keys.label_keys` gives them. Where there is room, it says which one opens another model,
    and which one saves the trace.
    """
    line = Text(f"glasshead   {visible(name)}   ", "bold", no_wrap=True, overflow="ellipsis")
    if about is None:
        return line.append(LOADING, marks.quiet)
    usual = moment is not None and not (moment.changed or moment.beside is not None or moment.trace.recorded)
    if width >= NAMING and usual:
        line.append(f"{keys['models']} another model   ", marks.quiet)
    if moment is not None and moment.beside is not None and moment.beside.how:
        line.append(f"beside {OTHER} {visible(moment.beside.names[1])}, {moment.beside.how}   ", marks.query)
    if moment is not None and moment.changed:
        times = f" {moment.undos} times" if moment.undos > 1 else ""
        undoes, count = f" · {keys['undo']}{times} undoes it   ", len(moment.edits.active)
        whose = "" if moment.beside is None else f"{THIS} "
        said = f"{whose}{visible(_changed(moment))}"
        if line.cell_len + cell_len(said) + cell_len(undoes.rstrip()) > width:
            said = f"{whose}{count} edit{'s' * (count > 1)}"
        line.append(said, marks.bad).append(undoes, marks.quiet)
    parts = [visible(fact) for fact in about.facts]
    if moment is not None:
        saves = "" if moment.trace.recorded else f", {keys['save']} saves it"
        parts.append(f"trace {moment.trace.bytes / 1e6:.1f} MB{saves}")
    while len(parts) > 1 and line.cell_len + cell_len(" · ".join(parts)) > width:
        parts.pop()
    return line.append(" · ".join(parts), marks.quiet)


def _changed(moment: "Moment") -> str:
    """Name the edits; a whole head that is muted, and nothing else, in the words of the panes."""
    edits = moment.edits.active
    text, place = str(edits[-1]) if edits else "", ""
    found = MUTED_HEAD.fullmatch(text)
    if found:
        place = f"muted: {brief_head(found[1], int(found[2]))}"
    return moment.changed.replace(text, place) if place else moment.changed


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


def tabs_text(
    panes: Iterable[str], active: str, shown: Mapping[str, str], columns: int, lines: int, marks: Palette
) -> Text:
    """Write the panes, each with its key, the active one in capitals, in at most so many lines of so many columns.

    Where there is no room for all names, the last lose theirs.
    """
    names = list(panes)
    for apart, named in ((3, len(names)), *((2, count) for count in range(len(names), -1, -1))):
        pieces: list[tuple[Text, int]] = []
        for number, name in enumerate(names):
            chosen = name == active
            piece = Text(shown[name].split()[0], marks.quiet)
            if number < named or chosen:
                piece.append(f" {name.upper() if chosen else name}", marks.strong if chosen else marks.quiet)
            pieces.append((piece, apart if number < named or chosen else 1))
        text = _laid_out(pieces, columns)
        if len(text) <= lines:
            break
    return _joined(text)


def index_text(sections: Sequence[str], here: int, columns: int, marks: Palette) -> Text:
    """Write sections with the digit that goes to each, the one that is read in capitals, in as many lines as needed."""
    pieces: list[tuple[Text, int]] = []
    for number, name in enumerate(sections):
        chosen = number == here
        style = marks.strong if chosen else marks.quiet
        pieces.append((Text(str(number + 1), marks.key).append(f" {name.upper() if chosen else name}", style), 2))
    return _joined(_laid_out(pieces, columns))


def counted_line(count: int, examples: str, marks: Palette) -> Text:
    """Write a hint for the keys that take the typed number."""
    line = Text(f"{count} ×", marks.strong)
    return line.append(f"  now a key, for example {examples} · esc forgets the number", marks.quiet)


@dataclass(frozen=True)
class Notice:
    """A sentence for the user, shown for some seconds."""

    sentence: str
    warns: bool


def notices_text(notices: Sequence[Notice], columns: int, least: int, most: int, marks: Palette) -> Text:
    """Write notices, each beginning a line, in `least` to `most` lines of so many columns; … marks a cut."""
    lines: list[tuple[str, Style]] = []
    for notice in notices:
        style = marks.query if notice.warns else marks.strong
        broken = wrapped([Segment(notice.sentence)], columns)
        lines += [("".join(piece.text for piece in line), style) for line in broken]
    if len(lines) > most:
        lines[most - 1 :] = [(clip(f"{lines[most - 1][0]} {lines[most][0]}", columns), lines[most - 1][1])]
    lines += [("", marks.quiet)] * (least - len(lines))
    return _joined(Text(*line) for line in lines)


Hints = list[tuple[str, str, int]]
"""Keys, label and rank of each hint."""


def hints_text(hints: Hints, columns: int, lines: int, needed: int, marks: Palette) -> Text:
    """Write the most important hints that fit, in their order; where one does not, a shorter one may.

    They stand in one line of so many columns, or in up to `lines` where those up to the rank `needed` need more.
    """
    one = _kept(hints, columns, 1, marks)
    whole = all(hint in one for hint in hints if hint[2] <= needed)
    kept = one if whole else _kept(hints, columns, lines, marks)
    return _joined(_laid_out(_pieces(kept, marks), columns))


def _kept(hints: Hints, columns: int, lines: int, marks: Palette) -> Hints:
    kept: Hints = []
    for hint in sorted(hints, key=lambda hint: hint[2]):
        wider = [each for each in hints if each in kept or each is hint]
        if not kept or len(_laid_out(_pieces(wider, marks), columns)) <= lines:
            kept = wider
    return kept


def _pieces(hints: Hints, marks: Palette) -> list[tuple[Text, int]]:
    return [(Text(pressed, marks.strong).append(f" {label}", marks.quiet), 2) for pressed, label, _ in hints]


def _laid_out(pieces: Sequence[tuple[Text, int]], columns: int) -> list[Text]:
    """Put pieces side by side, each with so many columns behind it, in as many lines as they need."""
    lines: list[Text] = []
    gap = 0
    for piece, apart in pieces:
        if lines and lines[-1].cell_len + gap + piece.cell_len <= columns:
            lines[-1].append(" " * gap).append_text(piece)
        else:
            lines.append(Text(no_wrap=True, overflow="ellipsis").append_text(piece))
        gap = apart
    return lines


def _joined(lines: Iterable[Text]) -> Text:
    text = Text("\n", no_wrap=True, overflow="ellipsis").join(lines)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
