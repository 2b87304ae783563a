"""The keys of the explorer that lead the decode: play it, stop it at breakpoints, say how tokens are picked."""

from typing import TYPE_CHECKING

from rich.text import Text
from textual.timer import Timer
from textual.widgets import Static

from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.screens.editing import EditingScreen
from glasshead_tui.screens.picking import Picking
from glasshead_tui.terminal.visible import visible
from glasshead_tui.work.messages import NextWeighed, Refused, Searched

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.session.stopping import Missed, Stopped

PACES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Steps a second."""


class SteeringScreen(EditingScreen):
    """See the module. A subclass shows moments, and calls `_follow_steps` with each."""

    _pace = PACES.index(1.0)
    _player: Timer | None = None
    """Timer of the steps while they are played."""
    _played = 0
    """Ticket of the newest step that was played."""
    _shown_ticket = 0
    """Ticket of the moment that is shown."""
    _stop_told: "Stopped | Missed | None" = None
    """Breakpoint that the notice told of, or that there was none; None once the line has gone on."""
    _picking: Picking | None = None
    """Question how tokens are picked, while it lies over the screen."""
    _rules: "dict[str, float | None] | None" = None
    """Numbers of the rules as they were turned last; None before the first time."""

    @property
    def playing(self) -> bool:
        """Whether steps are played."""
        return self._player is not None

    def action_play(self) -> None:
        """Play the steps from here on, or pause."""
        if self.playing:
            self._pause()
            return
        moment = self.moment
        if moment is None:
            self._complain("The model is still loading: there is nothing to play yet.")
        elif moment.done:
            again = f"The line is done: {self._shown_keys['start']} goes back to its start."
            self._complain(again if moment.limit else "This model reads, and writes no text: there is nothing to play.")
        else:
            self._play()
            self._take_step()

    def action_pace(self, by: int) -> None:
        """Play faster or slower."""
        self._pace = min(max(self._pace + by * self._times(), 0), len(PACES) - 1)
        if self.playing:
            self._play()
        else:
            self.notify(f"{self._shown_keys['play']} plays {_pace_name(self._pace)}", markup=False, timeout=2)

    def _play(self) -> None:
        """Begin to play, or go on at another pace."""
        if self._player is not None:
            self._player.stop()
        else:
            self._played = self._shown_ticket = self._worker.newest
        self._player = self.set_interval(1 / PACES[self._pace], self._tick)
        self._write_hints()

    def _pause(self) -> None:
        if self._player is not None:
            self._player.stop()
            self._player = None
            self._write_hints()

    def _tick(self) -> None:
        """Take a step once the one before is shown; pause if anything else was asked for, or lies over the screen."""
        if self._worker.newest != self._played or not self.is_active:
            self._pause()
        elif self._shown_ticket >= self._played:
            self._take_step()

    def _take_step(self) -> None:
        self._played = self._worker.play(to=self)

    def _hint_text(self, columns: int, marks: Palette) -> Text:
        """Write how fast the steps are played, while they are; else the hints."""
        if not self.playing or self._count:
            return super()._hint_text(columns, marks)
        keys = self._shown_keys
        line = Text(no_wrap=True, overflow="ellipsis").append(f"▶ playing {_pace_name(self._pace)}", marks.strong)
        for name, label in (
            ("slower", "slower"),
            ("faster", "faster"),
            ("play", "pauses"),
            ("breakpoints", "breakpoints"),
        ):
            line.append(f"  {keys[name]}", marks.strong).append(f" {label}", marks.quiet)
        return line

    def _follow_steps(self, moment: "Moment", ticket: int) -> None:
        """Pause where the line has ended or stands at a breakpoint, and tell of that; follow what is shown."""
        self._shown_ticket = max(self._shown_ticket, ticket)
        if moment.done or moment.stopped is not None or ticket > self._played:
            self._pause()
        told = moment.stopped or moment.missed
        if told == self._stop_told:  # none, or one that has been told
            return
        self._stop_told = told
        if told is not None:
            marks = palette(self.app)
            more = "" if moment.done else "steps go on from here · "
            notice = Text(visible(str(told)), marks.query).append(f"  {more}esc puts this away", marks.quiet)
            self.query_one("#notice", Static).update(notice)
        self.set_class(told is not None, "noticed")

    @property
    def _steps_hint(self) -> str:
        """What is said where a step is asked for."""
        here = "" if self.moment is None else f", and the line stands after step {self.moment.step}"
        return f"Step n writes the n-th token: 0 is the start{here}. Enter goes, esc stays."

    def action_picking(self) -> None:
        """Ask how the next token is picked."""
        moment = self._editable()
        if moment is None:
            return
        if moment.done:
            where = f"go back with {self._shown_keys['back']}" if moment.limit else "this model writes no text"
            self._complain(f"There is no next token to pick: {where}.")
            return

        def closed(_: object) -> None:
            if self._picking is not None:
                self._rules, self._picking = self._picking.values, None

        self._picking = Picking(moment, self._rules or {}, self._worker, self)
        self.app.push_screen(self._picking, closed)

    def on_next_weighed(self, event: NextWeighed) -> None:
        """Show what a rule would do."""
        if self._picking is not None:
            self._picking.show(event.weighed, event.ticket)

    def _follow_comparison(self, before: "Moment | None", moment: "Moment") -> None:
        """Show both lines when a comparison with another one begins, and the present one when it ends."""
        compared = [each is not None and each.beside is not each.effect for each in (before, moment)]
        if compared[0] != compared[1]:
            self._looking = self._looking.to(view="edited")

    def on_searched(self, event: Searched) -> None:
        """Tell what a beam search has found."""
        lines = f"{event.found} line{'s' * (event.found != 1)} found, {event.given_up} given up on the way"
        self.notify(f"{lines}: {self._shown_keys['tree']} shows them.", markup=False, timeout=6)

    def action_draw_again(self) -> None:
        """Draw the tokens again since sampling began, with the next seed."""
        if self._editable() is not None:
            self._worker.draw_again(to=self)

    def _refuse_steering(self, event: Refused) -> bool:
        """Say in its place why a wish was refused; tell whether the event was about one of these."""
        if event.ticket == self._played:
            self._pause()
        return self._picking is not None and self._picking.refuse(event.sentence, event.ticket)


def _pace_name(pace: int) -> str:
    steps = PACES[pace]
    if steps < 1:
        return f"a step every {1 / steps:g} seconds"
    return f"{steps:g} steps a second" if steps > 1 else "a step a second"
