"""Studies: jobs that look at a line, a model or an experiment for a while, and move no line.

Each is a function of a session that answers at a desk (`jobs.Desk`), and stops early if it is told to.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from glasshead.errors import StoppedError
from glasshead_tui.state.ranked_by import RankedBy
from glasshead_tui.work.jobs import Desk
from glasshead_tui.work.messages import Examined, Examining, Measured, MeasuringEdits, Ranked, Ranking, Refused

if TYPE_CHECKING:
    from glasshead.lab.page import Page, Value
    from glasshead.session.moment import Moment
    from glasshead.session.session import Session

STOPPED = "This was stopped, and begins again after the next move."
"""Answer of a study that gave way to another job."""


def measure(session: "Session", moment: "Moment", desk: Desk) -> None:
    """Measure what the heads of a moment do, from its weights; with gold, if its recipe knows the line."""
    from glasshead.analysis.measures import measure_trace
    from glasshead.ranking.measure import gold_cells

    made = gold_cells(session.subject, moment.trace) if moment.ended else None
    found = measure_trace(moment.trace, session.subject.model.ends, made, desk.stopped)
    desk.answer(Refused(STOPPED, desk.ticket) if desk.stopped() else Measured(found, desk.ticket))


def rank(session: "Session", about: RankedBy, desk: Desk) -> None:
    """Rank the heads of the model without edits by what a line, or its next token, loses without each."""
    from glasshead.ranking import rank as ranks
    from glasshead.ranking.lines import Line

    at, subject = session.standing, session.subject
    text = at.text
    if about.text != text or (about.next is not None and about.ids != tuple(session.line.ids)):  # it has moved since
        desk.answer(Refused(STOPPED, desk.ticket))
        return
    if at.truncate and subject.limit is not None:
        text = subject.vocabulary.source.cut(text, subject.limit)

    def report(done: int, of: int) -> None:
        if desk.due():
            desk.answer(Ranking(done, of, desk.ticket))

    try:
        if about.next is None:
            found = ranks.rank(subject, [text], progress=report, stop=desk.stopped)
        else:
            source = tuple(token.id for token in session.line.source)
            line = Line(source, about.ids, (about.next,), len(about.ids))
            found = ranks.rank_line(subject, line, progress=report, stop=desk.stopped)
    except StoppedError:
        desk.answer(Refused(STOPPED, desk.ticket))
        return
    desk.answer(Ranked(found.effects, found.loss, about, desk.ticket))


def measure_edits(session: "Session", show: Callable[[], object], desk: Desk) -> None:
    """Measure what each edit of the line does by itself. show: answers with the moment, which tells it."""

    def report(done: int, of: int) -> None:
        if desk.due():
            desk.answer(MeasuringEdits(done, of, desk.ticket))

    try:
        session.measure_edits(progress=report, stop=desk.stopped)
    except StoppedError:
        desk.answer(Refused("This was stopped.", desk.ticket))
        return
    show()


def examine(session: "Session", page: "Page", values: "Mapping[str, Value]", desk: Desk) -> None:
    """Run an experiment of the lab."""

    def report(share: float, words: str) -> None:
        if desk.stopped():
            raise StoppedError
        if desk.due():
            desk.answer(Examining(ticket=desk.ticket, share=share, words=words))

    given = {"subject": session.subject} if page.model else {}
    began = time.perf_counter()
    try:
        report(0.0, "begins")
        result = page.run(progress=report, **values, **given)
    except StoppedError:
        return
    desk.answer(Examined(ticket=desk.ticket, result=result, seconds=time.perf_counter() - began))
