"""The keys of the explorer that find what is worth looking at: heads by what they do, words by what they say."""

from glasshead_tui.drawing.memo import find_candidate
from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.editing import EditingScreen
from glasshead_tui.screens.paned import OF_CANDIDATES
from glasshead_tui.screens.ranked import Head, RankedHeads
from glasshead_tui.state.focus import Hit, go_to_hit, next_hit
from glasshead_tui.work.messages import Measured, Ranked, Ranking, Refused


class FindingScreen(EditingScreen):
    """See the module."""

    _ranked: RankedHeads | None = None
    """List of heads, while it lies over the screen."""
    _measuring = 0
    """Ticket of the newest measures."""
    _ranking = 0
    """Ticket of the newest ranking."""
    _sought = ""
    """The text that was looked for last."""
    _hit: Hit | None = None
    """Where it was found last."""

    def action_rank(self) -> None:
        """List the heads by what they do, and go to the one that is chosen."""
        moment = self.moment
        if moment is None:
            self._complain("The model is still loading: there are no heads yet.")
            return

        def closed(head: Head | None) -> None:
            self._ranked = None
            if head is None:
                self._worker.halt()
                return
            self._go_to(head)

        self._ranked = RankedHeads((self._looking.prefix, self._looking.head), self._rank)
        self.app.push_screen(self._ranked, closed)
        self._measuring = self._worker.measure(moment.original if self._looking.view == "original" else moment, to=self)

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
        """Ask for a text, and go to the next place where it stands, in the source and then in the target."""

        def answer(ask: Ask, text: str) -> None:
            sought = text.strip()
            if sought != self._sought:
                self._sought, self._hit = sought, None
            if self._find(1):
                ask.dismiss()
            else:
                ask.refuse(
                    f"Neither source nor target holds {sought!r}." if sought else "Type a word, or a part of one."
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
                self._complain(f"Neither source nor target holds {self._sought!r}.")
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

    def _rank(self) -> None:
        """Ask what the translation loses without each head."""
        self._ranking = self._worker.rank(to=self)

    def _go_to(self, head: Head) -> None:
        stack, layer, kind = head[0].split(".")
        self._look(stack=stack, kind=kind, layer=int(layer), head=head[1])

    def on_measured(self, event: Measured) -> None:
        """List the heads."""
        if self._ranked is not None and self.moment is not None and event.ticket == self._measuring:
            recorded = bool(self.moment.trace.recorded)
            self._ranked.show_traits(self.moment.anatomy.kinds, event.traits, measurable=not recorded)

    def on_ranking(self, event: Ranking) -> None:
        """Tell how far it is."""
        if self._ranked is not None and event.ticket == self._ranking:
            self._ranked.say(f"{event.done} of {event.of} heads taken out …")

    def on_ranked(self, event: Ranked) -> None:
        """Show the effects."""
        if self._ranked is not None and event.ticket == self._ranking:
            self._ranked.show_effects(event.effects, event.loss)

    def _refuse_ranking(self, event: Refused) -> bool:
        """Say in its place why there are no measures or effects; tell whether the event was about that."""
        if self._ranked is None or event.ticket not in (self._ranking, self._measuring):
            return False
        self._ranked.say(event.sentence)
        return True
