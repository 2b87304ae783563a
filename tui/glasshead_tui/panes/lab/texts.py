"""The parts around an experiment's exhibits: the list of all, the question, the verdict, the tabs, the controls."""

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style

from glasshead.lab import NAMES
from glasshead.lab.page import LETTERS, Control, Page, Value
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.state.labbook import Visit, shown
from glasshead_tui.state.outcome import Outcome
from glasshead_tui.terminal.visible import clip, fit, visible
from glasshead_tui.widgets.bars import bar
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line, cells, padded
from glasshead_tui.widgets.prose import Prose, wrapped
from glasshead_tui.widgets.spots import Row, Spot, SpotLines

LONGEST = 24
"""Columns of a control's value at most."""
BAR = 20
"""Columns of the bar that shows how far an experiment is."""
DONE, SEEN, YOURS = "✓", "·", "◂ you"
SEPARATOR = " · "


class TextPane(Prose):
    """Text with a free column at both sides."""

    INSET = 1


class ContentsPane(SpotLines):
    """The ten experiments, with what was foreseen of each and what the numbers said."""

    INSET = 1

    _at = ""
    _answers: Mapping[str, int | None] = {}
    _right: Mapping[str, int] = {}

    def show(self, at: str, answers: Mapping[str, int | None], right: Mapping[str, int]) -> None:
        """at: the one that is open · answers: what was foreseen · right: what the numbers said, where they did."""
        self._at, self._answers, self._right = at, answers, right
        self.redraw()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        marks = palette(self.app)
        self.spots = tuple(Spot(number + 2, 0, columns, number) for number in range(len(NAMES)))
        return [[Segment("the lab", marks.strong)], [], *(self._entry(name, marks) for name in NAMES)]

    def _entry(self, name: str, marks: Palette) -> Line:
        here = name == self._at
        number = Segment(f"{'▸' if here else ' '}{NAMES.index(name) + 1:2} ", marks.query if here else marks.quiet)
        return [number, Segment(fit(name, 11), marks.strong if here else Style()), *self._mark(name, marks)]

    def _mark(self, name: str, marks: Palette) -> Line:
        if name not in self._right:
            return []
        answer, right = self._answers.get(name), self._right[name]
        if answer is None:
            return [Segment(SEEN, marks.quiet)]
        if answer == right:
            return [Segment(f"{DONE} {LETTERS[right]}", marks.good)]
        return [Segment(f"{SEEN} {LETTERS[answer]}→{LETTERS[right]}", marks.quiet)]


class QuestionPane(SpotLines):
    """What is asked, and the answers: before, with a cursor; afterwards, with yours and that of the numbers."""

    INSET = 1

    _visit: Visit | None = None

    def show(self, visit: Visit | None) -> None:
        """Draw the question of an experiment."""
        self._visit = visit
        self.redraw()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        found, self.spots = self.asked(columns)
        return found

    def asked(self, columns: int) -> tuple[list[Line], tuple[Spot, ...]]:
        """The question in so many columns, with the places of the answers."""
        visit = self._visit
        if visit is None:
            return [], ()
        marks, question = palette(self.app), visit.page.question
        lines = wrapped([Segment(question.text, marks.query + Style(bold=True))], columns)
        entries = [self._answer(visit, number, marks) for number in range(len(question.answers))]
        row = Row(columns if visit.seen else 1)  # one below the other while one chooses
        for number, entry in enumerate(entries):
            row.add(entry, number)
        return [*lines, *row.lines], tuple(
            Spot(spot.line + len(lines), spot.start, spot.end, spot.number) for spot in row.spots
        )

    @staticmethod
    def _answer(visit: Visit, number: int, marks: Palette) -> Line:
        text = visit.page.question.answers[number]
        if not visit.seen:
            here = number == visit.marked
            style = marks.weights.cursor if here else Style()
            return [Segment(f" {'▸' if here else ' '} {LETTERS[number]}  {text} ", style)]
        right = visit.outcome is not None and visit.outcome.verdict.answer == number
        line: Line = [Segment(f"{LETTERS[number]}  {text}", marks.good if right else marks.quiet)]
        if right:
            line.append(Segment(f" {DONE}", marks.good))
        if visit.answer == number:
            line.append(Segment(f" {YOURS}", marks.query))
        return line


class TabsPane(SpotLines):
    """The titles of the exhibits on one line, the one that is shown in full."""

    INSET = 1

    _titles: Sequence[str] = ()
    _active = 0

    def show(self, titles: Sequence[str], active: int) -> None:
        """Draw the titles."""
        self._titles, self._active = [visible(title) for title in titles], active
        self.redraw()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        if not self._titles:
            self.spots = ()
            return []
        marks = palette(self.app)
        line: Line = [Segment(f"{self._active + 1}/{len(self._titles)}", marks.quiet)]
        texts = tabs(self._titles, self._active, columns - cells(line))
        spots = []
        for number, text in texts:
            line.append(Segment("   "))
            start = cells(line)
            active = number == self._active
            line.append(Segment(text, Style(bold=True, underline=True) if active else marks.quiet))
            spots.append(Spot(0, start, cells(line), number))
        self.spots = tuple(spots)
        return [line]


TITLE = 12
"""Columns that a title has at least, where it needs them, before others are left out for it."""


def tabs(titles: Sequence[str], active: int, columns: int) -> list[tuple[int, str]]:
    """Which titles are shown in so many columns, each with 4 more around it, and how far they are written out: the
    active one first of all, then the longest of the others give way."""
    around = 4
    room = max(8, columns - around)
    needs = [min(width(title), room) for title in titles]
    room -= needs[active]
    others = [number for number in range(len(titles)) if number != active]
    longest = max(needs)
    while longest > TITLE and sum(min(needs[each], longest) + around for each in others) > room:
        longest -= 1
    given = [needs[each] if each == active else min(needs[each], longest) for each in range(len(titles))]
    first = last = active
    grown = True
    while grown:
        grown = False
        for number in (last + 1, first - 1):
            if 0 <= number < len(titles) and given[number] + around <= room:
                room -= given[number] + around
                first, last, grown = min(first, number), max(last, number), True
    shown = []
    for number in range(first, last + 1):  # what is left of the line
        more = min(room, needs[number] - given[number])
        shown.append((number, clip(titles[number], given[number] + more)))
        room -= more
    return shown


class ControlsPane(SpotLines):
    """The controls with their values, and below them what the marked one is and where it can stand."""

    INSET = 1

    brief = False
    """Whether there is room for the values alone."""
    _visit: Visit | None = None

    def show(self, visit: Visit) -> None:
        """Draw the controls of an experiment."""
        self._visit = visit
        self.redraw()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        found, self.spots = self.set_out(columns)
        return found

    def set_out(self, columns: int) -> tuple[list[Line], tuple[Spot, ...]]:
        """All of it in so many columns, with the places of the controls."""
        visit = self._visit
        if visit is None:
            return [], ()
        marks = palette(self.app)
        row = Row(columns)
        for number, control in enumerate(visit.page.controls):
            here = number == visit.marked
            value = clip(visible(shown(visit.values[control.name])), LONGEST) or "–"
            ran = visit.outcome is None or visit.outcome.values.get(control.name) == visit.values[control.name]
            look = marks.weights.cursor if here else marks.strong if ran else marks.query + Style(bold=True)
            row.add([Segment(f"{control.name} ", marks.quiet), Segment(f"‹{value}›" if here else value, look)], number)
        explained = [] if self.brief else [_explained(visit, columns, marks)]
        return [*row.lines, *explained], tuple(row.spots)


def _explained(visit: Visit, columns: int, marks: Palette) -> Line:
    """What the marked control is, and its stops; where there is room for them."""
    control = visit.control
    line: Line = [Segment(clip(f"{control.name}: {control.help}", columns), marks.quiet)]
    stops: Line = []
    for stop in control.stops:
        here = stop == visit.values[control.name]
        stops += [Segment(" "), Segment(clip(visible(shown(stop)), LONGEST), marks.strong if here else marks.quiet)]
    for more in (stops, [Segment(f"  {bounds(control)}", marks.quiet)]):
        if more and cells([*line, *more]) + 2 <= columns:
            line += [Segment("  "), *more]
    return line


def bounds(control: Control) -> str:
    """Between which values it can be, in words; nothing where that is not said."""
    if control.choice or isinstance(control.usual, bool | str):
        return ""
    if control.least is None:
        return "" if control.most is None else f"at most {shown(control.most)}"
    least = _whole(control.least)
    return f"at least {least}" if control.most is None else f"{least} to {_whole(control.most)}"


def _whole(value: float) -> str:
    return shown(int(value) if value == int(value) else value)


def introduced(page: Page, *, seen: bool, marks: Palette) -> list[Line]:
    """The claim and the paragraphs; what is to be looked at is told when it can be looked at."""
    paragraphs = page.paragraphs if seen else page.paragraphs[:2]
    sources = [[Segment(source, marks.quiet)] for source in page.sources] if seen else []
    return [[Segment(page.claim, marks.strong)], *([Segment(each)] for each in paragraphs), *sources]


def judged(visit: Visit, columns: int, marks: Palette) -> list[Line]:
    """What was foreseen, what the numbers say, and the finding. Answers are written out where one line holds them, and
    that of the numbers always."""
    outcome, answers = visit.outcome, visit.page.question.answers
    given = "" if visit.answer is None else f"{LETTERS[visit.answer]}  {answers[visit.answer]}"
    if outcome is None:
        return [[Segment("you said  ", marks.quiet), Segment(given, marks.query)]] if given else []
    right = outcome.verdict.answer
    letter: Line = [Segment(LETTERS[right], marks.good + Style(bold=True))]
    says: Line = [Segment(f"{LETTERS[right]}  {answers[right]}", marks.good + Style(bold=True))]
    if visit.answer is None:
        heads: list[Line] = [[Segment("the numbers say  ", marks.quiet), *says]]
    elif visit.answer == right:
        said, agree = Segment("you said  ", marks.quiet), Segment("  as the numbers say", marks.quiet)
        heads = [[said, *says, agree], [said, *says, Segment(f" {DONE}", marks.good)], [said, *letter, agree]]
    else:
        heads = [
            [
                Segment("you said  ", marks.quiet),
                Segment(words, marks.query),
                Segment("   the numbers say  ", marks.quiet),
                *says,
            ]
            for words in (given, LETTERS[visit.answer])
        ]
    head = next((each for each in heads if cells(each) <= columns), heads[-1])
    return [head, [Segment(visible(outcome.verdict.sentence))]]


def shortened(lines: Sequence[Line], most: int, columns: int, more: str, marks: Palette) -> list[Line]:
    """At most so many lines; the last says where the rest is."""
    if len(lines) <= most:
        return list(lines)
    end = Segment(f" … {more}", marks.quiet)
    return [*lines[: most - 1], [*padded(lines[most - 1], columns - cells([end])), end]]


def progressed(share: float, words: str, seconds: float, columns: int, marks: Palette) -> Line:
    """How far an experiment is: a bar, the share, what is done, for how long."""
    share = min(1.0, max(0.0, share))
    done = bar(share, BAR)
    line: Line = [
        Segment(done, marks.positive),
        Segment("·" * (BAR - width(done)), marks.quiet),
        Segment(f" {share:4.0%}  "),
    ]
    tail = f"  {seconds:.0f} s · esc stops"
    line.append(Segment(clip(visible(words), max(8, columns - cells(line) - width(tail)))))
    return [*line, Segment(tail, marks.quiet)]


def told(visit: Visit, columns: int, marks: Palette) -> Line:
    """How the result came about, and what the controls wait for; no more than one line of it, but for a refusal."""
    outcome = visit.outcome
    if visit.trouble:
        return [Segment("✗ ", marks.bad), Segment(visible(visit.trouble)), Segment(kept(outcome), marks.quiet)]
    if outcome is None:
        return [Segment(f"{'stopped' if visit.stopped else 'not run yet'}: enter runs it", marks.query)]
    if visit.changed:
        known = outcome.made_on is None and visit.size == "usual"
        about = f", about {_seconds(outcome.seconds)}" if known else ""
        sized = visit.size != "usual" or visit.values == visit.page.values()
        runs = f"enter runs {f'the {visit.size} size' if sized else 'these'}"
        old = "shown: with the values before"
        stopped = "stopped" + SEPARATOR if visit.stopped else ""
        wishes = [f"{stopped}{old}; {runs}{about}", f"{stopped}{old}; {runs}", f"{old}; {runs}", runs]
        return [Segment(_fitting(wishes, columns), marks.query)]
    if outcome.made_on is not None:
        short = f"made before, in {_seconds(outcome.seconds)}"
        long = f"{short} on {visible(outcome.made_on)}"
        wishes = [f"{long}{SEPARATOR}turn a control, or f, to run it here", long, short]
        return [Segment(_fitting(wishes, columns), marks.quiet)]
    return [Segment(f"measured here, in {_seconds(outcome.seconds)}", marks.quiet)]


def _fitting(wishes: Sequence[str], columns: int) -> str:
    """The first that fits in a line; else the last."""
    return next((wish for wish in wishes if width(wish) <= columns), wishes[-1])


def kept(outcome: Outcome | None) -> str:
    """What stands below a refusal."""
    return "" if outcome is None else " What is shown is the result before."


def _seconds(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s" if seconds >= 9.5 else f"{seconds:.1f} s"


def hinted(control: Control, value: Value) -> str:
    """What is asked where a value is typed."""
    words = f"{control.help[:1].upper()}{control.help[1:]}"
    if control.choice:
        limits = f": {', '.join(map(str, control.stops))}"
    elif isinstance(control.usual, bool):
        limits = ": yes or no"
    else:
        limits = f", {bounds(control)}" if bounds(control) else ""
    return f"{words}{limits}. Enter takes it, esc keeps {clip(visible(shown(value)), LONGEST) or 'it empty'}."


def ending(answers: Mapping[str, int | None], right: Mapping[str, int], marks: Palette) -> list[Line]:
    """The page after the last experiment."""
    foreseen = [name for name in NAMES if answers.get(name) is not None and name in right]
    alike = sum(answers[name] == right[name] for name in foreseen)
    left = [name for name in NAMES if name not in right]
    lines: list[Line] = [[Segment("This was the lab.", marks.strong)]]
    if foreseen:
        agreed = "1 agreed" if alike == 1 else f"{alike} agreed"
        said = f"You answered {len(foreseen)} of {len(NAMES)}; {agreed} with the numbers."
        lines.append([Segment(said, marks.good)])
    elif right:
        lines.append([Segment(f"You looked at {len(right)} of {len(NAMES)} experiments, and answered none.")])
    if left:
        lines.append([Segment(f"Still to be seen: {', '.join(left)}.")])
    surprise = (
        "A surprise is what an experiment is for: turn the controls of that one until it is none any more. All of them "
        "stay open, and each has a try (t), which shows in a decode what it is about."
    )
    return [
        *lines,
        [Segment(surprise)],
        [Segment("From here on the explorer is yours: type a sentence, step, look.", marks.quiet)],
    ]
