"""The models that can be opened by name, in a list over the screen, in place of the present one or beside it."""

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from glasshead_tui.screens.listing import ListDialog
from glasshead_tui.terminal.visible import clip, fit, visible

if TYPE_CHECKING:
    from glasshead.checkpoints.find import Listed


class Wish(NamedTuple):
    """What to open."""

    name: str
    """Empty for one that is to be asked for."""
    beside: bool = False
    """Whether it shall stand beside the present one, and not take its place."""


class Models(ListDialog[Wish | None]):
    """See the module; dismissed with the wish, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,O", "dismiss(None)", "close", show=False),
        Binding("b", "beside", "beside this one", show=False),
        Binding("o", "other", "any other beside this one", show=False),
    ]

    def __init__(self, listed: "list[Listed]", here: str) -> None:
        """listed: the models · here: name of the open one."""
        super().__init__()
        self._listed, self._here = listed, here

    def compose(self) -> ComposeResult:
        """Compose title, list and hint."""
        with Vertical():
            yield Static(Content("Open another model"))
            yield self.make_list(self._line(each) for each in self._listed)
            yield Static(
                Content(
                    "enter opens it, in place of this one · b puts it beside this one, at the same text · o puts any "
                    "other beside it, as a checkpoint of a run · esc stays"
                ),
                classes="quiet",
            )

    def _line(self, each: "Listed") -> str:
        layers, heads, width = each.shape
        here = " · open" if each.name == self._here else ""
        room = max(30, min(78, self.app.size.width - 8))
        line = clip(f"{fit(visible(each.name), 24)} {layers} layers · {heads} heads · d {width}{here}", room)
        summary = each.card.get("summary")
        return f"{line}\n{clip(f'  {visible(summary)}', room - 8)}" if isinstance(summary, str) and summary else line

    def on_mount(self) -> None:
        """Mark the open model."""
        names = [each.name for each in self._listed]
        if self._here in names:
            self.query_one(OptionList).highlighted = names.index(self._here)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the model on which Enter is pressed."""
        event.stop()
        if self.is_active and event.option_index < len(self._listed):
            self.dismiss(Wish(self._listed[event.option_index].name))

    def action_beside(self) -> None:
        """Put the marked model beside the present one."""
        marked = self.query_one(OptionList).highlighted if self.is_active else None
        if marked is not None:
            self.dismiss(Wish(self._listed[marked].name, beside=True))

    def action_other(self) -> None:
        """Ask for another one to put beside it."""
        if self.is_active:
            self.dismiss(Wish("", beside=True))
