"""A question over the screen, answered in one line. The typed text stays until it is understood."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from glasshead.spaces import plain_spaces
from glasshead_tui.screens.dialog import Dialog
from glasshead_tui.terminal.visible import visible

MOST_NAMED = 12
"""Most left-out characters that are named."""


class PlainInput(Input):
    """An input without control characters and invisible characters; it reports those it left out."""

    class LeftOut(Message):
        """Characters were left out."""

        def __init__(self, shown: str) -> None:
            """shown: the characters, made visible."""
            super().__init__()
            self.shown = shown

    def replace(self, text: str, start: int, end: int) -> None:
        """Replace text as Input does, without such characters. White space, also a line break, becomes a space."""
        text = plain_spaces(text)
        odd = {character: None for character in text if visible("a" + character) != "a" + character}
        super().replace("".join(character for character in text if character not in odd), start, end)
        if odd:
            self.post_message(self.LeftOut(" ".join(map(visible, list(odd)[:MOST_NAMED]))))

    def _on_paste(self, event: events.Paste) -> None:
        """Insert all pasted lines; Input takes only the first."""
        self.replace(event.text, *sorted(self.selection))
        event.stop()
        event.prevent_default()


class Ask(Dialog[None]):
    """A title, a line to type in, and a line with a hint or a refusal.

    `answer` is called with the typed text at each Enter; it closes the screen, or calls `refuse`. Up and down go
    through texts that are offered.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave it as it is", show=False),
        Binding("up", "offer(1)", "the text before", show=False),
        Binding("down", "offer(-1)", "the text after", show=False),
    ]
    DEFAULT_CSS = """
    Ask > Vertical { width: 84; max-width: 96%; height: auto; border: round $primary; background: $surface;
        padding: 0 1; }
    Ask #question { color: $foreground; text-style: bold; height: 1; }
    Ask PlainInput, Ask PlainInput:focus { border: none; padding: 0; height: 1; margin: 0; background: $boost; }
    Ask #hint { height: auto; color: $text-muted; }
    Ask #hint.refused { color: $text-error; }
    """

    def __init__(
        self,
        question: str,
        hint: str,
        value: str,
        answer: Callable[["Ask", str], None],
        offers: Sequence[str] = (),
    ) -> None:
        """offers: texts to choose from, the nearest first."""
        super().__init__()
        self._offers, self._offered, self._typed = tuple(offers), -1, ""
        self._question, self._hint, self._value, self._answer = question, hint, value, answer
        self.again: str | None = None
        """Refused text, if Enter on the same text again insists."""
        self.waits = False
        """Whether an answer was given and has no result yet: the next keys are not for this box."""

    def compose(self) -> ComposeResult:
        """Compose title, input and hint."""
        with Vertical():
            yield Static(Content(self._question), id="question")
            yield PlainInput(select_on_focus=True)
            yield Static(Content(self._hint), id="hint")

    def on_mount(self) -> None:
        """Show the present value, selected: typing replaces it, moving the cursor keeps it."""
        line = self.query_one(PlainInput)
        line.replace(self._value, 0, 0)
        line.focus()
        line.action_select_all()

    def action_offer(self, by: int) -> None:
        """Put another offered text into the line; below the first one stands what was typed."""
        at = min(max(self._offered + by, -1), len(self._offers) - 1)
        for line in self.query(PlainInput):
            if at != self._offered and not self.waits:
                self._typed = line.value if self._offered < 0 else self._typed
                line.replace(self._typed if at < 0 else self._offers[at], 0, len(line.value))
                line.cursor_position = len(line.value)
                self._offered = at

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Pass on the typed text."""
        event.stop()
        self.say("…")
        self.waits = True
        self._answer(self, event.value)

    def on_plain_input_left_out(self, event: PlainInput.LeftOut) -> None:
        """Report the characters left out."""
        self.say(f"Left out, as it would not be seen: {event.shown}")

    def refuse(self, sentence: str, *, again: bool = False) -> None:
        """Show a refusal; the text stays. again: Enter once more insists."""
        self.waits = False
        for line in self.query(PlainInput):  # none, if the user has left meanwhile
            self.again = line.value if again else None
        self.say(sentence, refused=True)

    def say(self, sentence: str, *, refused: bool = False) -> None:
        """Write the line below the input."""
        for hint in self.query("#hint").results(Static):
            hint.set_class(refused, "refused")
            hint.update(Content(visible(sentence)))
