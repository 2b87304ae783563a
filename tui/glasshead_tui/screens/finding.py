"""The keys of the explorer that find what is worth looking at: heads by what they do, words by what they say."""

from typing import TYPE_CHECKING

from glasshead.errors import brief
from glasshead_tui.drawing.memo import find_candidate
from glasshead_tui.drawing.ranking import Head
from glasshead_tui.panes.explore.ranking import RankingPane
from glasshead_tui.panes.listed import MOVES
from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.editing import EditingScreen
from glasshead_tui.screens.paned import OF_CANDIDATES
from glasshead_tui.state.focus import Hit, go_to_hit, next_hit
from glasshead_tui.work.messages import Measured, Ranked, Ranking, Refused

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.traces.trace import Trace


SOON = 0.1
"""Seconds after which the heads of a new moment are measured: steps that follow one another are not in the way."""
FILTER = (
    "A part of a head's name: enc–dec, L2, decoder self, decoder.2.cross. An empty line keeps all. Enter takes it, esc "
    "does not."
)


class FindingScreen(EditingScreen):
    """See the module."""

    _measured: "Trace | None" = None
    """Trace whose heads were measured last, or are being measured."""
    _measuring = 0
    """Ticket of the measures on their way; 0 for none."""
    _measures_wait = False
    _ranking = 0
    """Ticket of the ranking on its way; 0 for none."""
    _sought = ""
    """The text that was looked for last."""
    _hit: Hit | None = None
    """Where it was found last."""

    def _redraw(self) -> None:
        """Measure the heads of what is shown, too, if the ranking is seen."""
        super()._redraw()
        self._measure_soon()

    def _measure_soon(self) -> None:
        """Ask for measures, or effects, that the ranking lacks; one after the other, and not for every step."""
        if not self._measures_wait and "ranking" in self._shown_panes and (self._lack_measures or self._lack_effects):
            self._measures_wait = True
            self.set_timer(SOON, self._measure)

    @property
    def _lack_measures(self) -> bool:
        moment = self._ranked_moment
        return moment is not None and moment.trace is not self._measured and not self._measuring

    @property
    def _lack_effects(self) -> bool:
        return self.moment is not None and self.query_one(RankingPane).wanted is not None and not self._ranking

    @property
    def _ranked_moment(self) -> "Moment | None":
        moment = self.moment
        return moment.original if moment is not None and self._looking.view == "original" else moment

    def _measure(self) -> None:
        self._measures_wait = False
        moment = self._ranked_moment
        if moment is None or "ranking" not in self._shown_panes:
            return
        if self._lack_measures:
            self._measured, self._measuring = moment.trace, self._worker.measure(moment, to=self)
        if self._lack_effects:
            about = self.query_one(RankingPane).wanted
            assert about is not None
            self._ranking = self._worker.rank(about, to=self)

    def _move_in_ranking(self, where: str, times: int) -> None:
        """Look at another head; to the sides, sort by another measure."""
        pane = self.query_one(RankingPane)
        if where in ("left", "right"):
            pane.turn(times if where == "right" else -times)
            self._redraw()
        elif (head := pane.head_at(MOVES[where] * times)) is not None:
            self._go_to(head)

    def _filter_heads(self) -> None:
        """Ask which heads are listed."""
        pane = self.query_one(RankingPane)

        def answer(ask: Ask, text: str) -> None:
            if pane.keep(text.strip()):
                ask.dismiss()
            else:
                ask.refuse(f"No head has {text.strip()!r} in its name.")

        self.app.push_screen(Ask("Keep which heads?", FILTER, pane.table.part, answer))

    def action_shift(self) -> None:
        """Name the rows of encoder–decoder attention by the words that they chose, or by those that they read."""
        if self._looking.kind != "cross":
            self._complain("Only the rows of encoder–decoder attention can be named by the words that they chose.")
            return
        if self._active == "alignment":
            self._look(aligns_read=not self._looking.aligns_read)
        else:
            self._look(shifted=not self._looking.shifted)

    def action_find(self) -> None:
        """Ask for a text, and go to the next place where it stands, in the source and then in the target.

        In the ranking it is a part of the names of the heads that are listed.
        """
        if self._active == "ranking":
            self._filter_heads()
            return

        def answer(ask: Ask, text: str) -> None:
            sought = text.strip()
            if sought != self._sought:
                self._sought, self._hit = sought, None
            if self._find(1):
                ask.dismiss()
            else:
                ask.refuse(
                    f"Neither source nor target holds {brief(sought)}." if sought else "Type a word, or a part of one."
                )

        keys = (
            f"{self._shown_keys['find_next']} goes to the next one, {self._shown_keys['find_last']} to the one before"
        )
        self.app.push_screen(
            Ask("Find a word", f"In source and target; a part is enough. {keys}.", self._sought, answer)
        )

    def action_find_again(self, by: int) -> None:
        """Go to the next place of what was looked for last, or to the one before."""
        if not self._sought:
            self._complain(f"Nothing was looked for yet: {self._shown_keys['find']} asks for a word.")
            return
        for _ in range(self._times()):
            if not self._find(by):
                self._complain(f"Neither source nor target holds {brief(self._sought)}.")
                return

    def _find(self, by: int) -> bool:
        """Go to the next place of what is looked for; tell whether there is one."""
        if self.moment is None or not self._sought or not self.moment.anatomy.kinds:
            return False
        if self._active in OF_CANDIDATES:
            rank = find_candidate(self.moment, self._looking, self._sought)
            if rank is not None:
                self._look(candidate=rank)
            return rank is not None
        trace, looking = self.moment.trace, self._looking
        last = self._hit  # the search goes on from there, unless the cursor has left it
        if last and any(getattr(looking, name) != at for name, at in go_to_hit(trace, looking, last).items()):
            last = None
        hit = next_hit(trace, looking, self._sought, last, by)
        if hit is None:
            return False
        self._hit = hit
        self._look(**go_to_hit(trace, looking, hit))
        return True

    def _go_to(self, head: Head) -> None:
        stack, layer, kind = head[0].split(".")
        self._look(stack=stack, kind=kind, layer=int(layer), head=head[1])

    def on_measured(self, event: Measured) -> None:
        """List the heads by new measures."""
        if self.moment is not None and self._measured is not None and event.ticket == self._measuring:
            self._measuring = 0
            self.query_one(RankingPane).take_traits(event.traits, self._measured)
            self._measure_soon()

    def on_ranking(self, event: Ranking) -> None:
        """Tell how far it is."""
        if event.ticket == self._ranking:
            self.query_one(RankingPane).tell_progress(f"{event.done} of {event.of} heads taken out …")

    def on_ranked(self, event: Ranked) -> None:
        """Show the effects."""
        if event.ticket == self._ranking:
            self._ranking = 0
            self.query_one(RankingPane).take_effects(event.about, event.effects, event.loss)
            self._measure_soon()

    def _refuse_ranking(self, event: Refused) -> bool:
        """Say in its place why there are no measures or effects; tell whether the event was about that."""
        if not event.ticket or event.ticket not in (self._ranking, self._measuring):
            return False
        if event.ticket == self._ranking:
            self._ranking = 0
        else:
            self._measured, self._measuring = None, 0
        self.query_one(RankingPane).tell_progress(event.sentence)
        return True
