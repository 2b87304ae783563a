"""The parts around an experiment's exhibits: the introduction, the verdict, progress, refusals, the end of a lesson."""

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style

from glasshead.lab import NAMES
from glasshead.lab.page import LETTERS, Page
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.state.labbook import GIVEN, Visit
from glasshead_tui.state.outcome import Outcome
from glasshead_tui.terminal.visible import clip, visible
from glasshead_tui.widgets.bars import bar
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line, cells, pad_line
from glasshead_tui.widgets.prose import Prose

LONGEST = 24
"""Most columns of a control's value."""
BAR = 20
"""Columns of the progress bar of an experiment."""
DONE, SEEN, YOURS = "✓", "·", "◂ you"
SEPARATOR = " · "


class TextPane(Prose):
    """Text with a free column at both sides."""

    INSET = 1


def lay_out_introduction(page: Page, *, seen: bool, marks: Palette) -> list[Line]:
    """Lay out what there is to know before the question; once the result is seen, the claim and what to look at too."""
    if not seen:
        return [[Segment(each)] for each in page.paragraphs[:2]]
    sources = [[Segment(source, marks.quiet)] for source in page.sources]
    return [[Segment(page.claim, marks.strong)], *([Segment(each)] for each in page.paragraphs), *sources]


def lay_out_verdict(visit: Visit, columns: int, marks: Palette) -> list[Line]:
    """Lay out the user's answer, the numbers' answer and the finding.

    Answers are written out if they fit in a line; the numbers' answer always is.
    """
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


def shorten_lines(lines: Sequence[Line], most: int, columns: int, more: str, marks: Palette) -> list[Line]:
    """Cut to a number of lines; the last one says where the rest is."""
    if len(lines) <= most:
        return list(lines)
    end = Segment(f" … {more}", marks.quiet)
    return [*lines[: most - 1], [*pad_line(lines[most - 1], columns - cells([end])), end]]


def lay_out_progress(share: float, words: str, seconds: float, columns: int, marks: Palette) -> Line:
    """Draw the progress of an experiment: a bar, the share, the current work, the time."""
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


def describe_result(visit: Visit, columns: int, marks: Palette) -> Line:
    """Describe the origin of the result, and what the controls wait for, in one line; a refusal may take more."""
    outcome = visit.outcome
    if visit.trouble:
        return [Segment("✗ ", marks.bad), Segment(visible(visit.trouble)), Segment(name_kept(outcome), marks.quiet)]
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
    """Return the first text that fits in a line, or the last."""
    return next((wish for wish in wishes if width(wish) <= columns), wishes[-1])


def name_kept(outcome: Outcome | None) -> str:
    """Name the result that stays below a refusal."""
    return "" if outcome is None else " What is shown is the result before."


def _seconds(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s" if seconds >= 9.5 else f"{seconds:.1f} s"


def lay_out_ending(answers: Mapping[str, int | None], right: Mapping[str, int], marks: Palette) -> list[Line]:
    """Lay out the page after the last experiment."""
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


def shorten_typed(sentence: str, typed: str = "") -> str:
    """Shorten the user's typed text within a sentence to a readable width."""
    typed = typed.strip()
    if width(typed) > GIVEN:
        sentence = sentence.replace(typed, clip(typed, GIVEN))
    bare = [(word, word.rstrip(".,;:")) for word in sentence.split(" ")]
    return " ".join(clip(short, GIVEN) + word[len(short) :] for word, short in bare)
