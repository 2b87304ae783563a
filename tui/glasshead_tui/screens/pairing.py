"""The keys of the explorer that put something beside what is looked at: another head, another model."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from glasshead.errors import GlassheadError
from glasshead.found import find_beside
from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.editing import EditingScreen
from glasshead_tui.screens.models import Models, Wish
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from glasshead.session.moment import Moment


class PairingScreen(EditingScreen):
    """See the module. A subclass has a moment, a focus and a worker, and shows what they bring."""

    _subject_name: str
    _open_next: Callable[[str], None]

    def action_pin(self) -> None:
        """Pin the head, so that it stands beside any other; let it go if one is pinned."""
        moment = self.moment
        if moment is None:
            self._complain("The model is still loading: there is no head yet.")
            return
        pinned = None if self._looking.pinned is not None else self._looking.place
        self._worker.pin(pinned)
        self._look(pinned=pinned, view="edited", redraw=True)
        self._write_hints()
        if pinned is None:
            return
        keys = self._shown_keys
        self.notify(
            f"Pinned beside any other head: {keys['view']} shows this, that, the difference; {keys['pin']} ends it.",
            markup=False,
            timeout=4,
        )

    def action_models(self) -> None:
        """List the models that can be opened, in place of this one or beside it."""
        from glasshead.checkpoints.find import available

        def closed(wish: Wish | None) -> None:
            if wish is None:
                return
            if wish.beside:
                self._ask_beside(wish.name)
            elif wish.name != self._subject_name:
                self._worker.halt()
                self._open_next(wish.name)
            else:
                self.notify(f"{visible(wish.name)} is open already.", markup=False, timeout=3)

        self.app.push_screen(Models(available(), self._subject_name), closed)

    def _ask_beside(self, name: str) -> None:
        """Open a model beside this one; without a name, ask for one."""
        if self.moment is None:
            self._complain("The model is still loading: nothing can stand beside it yet.")
        elif name == self._subject_name:
            self._complain(f"{visible(name)} is the model that is open: mark another one, or pin a head of this one.")
        elif name:
            try:
                self._open_beside(name)
            except GlassheadError as error:
                self._complain(str(error))
        else:

            def answer(ask: Ask, text: str) -> None:
                try:
                    self._asking = self._open_beside(text.strip()), ask
                except GlassheadError as error:
                    ask.refuse(str(error))

            from glasshead.checkpoints.find import neighbours

            folder = self._worker.folder
            offers = [] if folder is None else [str(each) for each in neighbours(folder)]
            more = " ↑ ↓ go through those in the same folder." if offers else ""
            hint = "A name, a folder, or a recording: a checkpoint of a run is RUN/checkpoints/step-…"
            hint = f"{hint}. Enter opens it, esc does not.{more}"
            self._ask(Ask("Which model beside this one?", hint, "", answer, offers))

    def _open_beside(self, name: str) -> int:
        """Begin to open a model beside this one; return the ticket. Raises GlassheadError for a name of none."""
        ticket = self._worker.stand_beside(find_beside(name), to=self)
        self.notify(f"Opening {visible(name)} beside {visible(self._subject_name)} …", markup=False, timeout=2)
        return ticket

    def _follow_guest(self, before: "Moment | None", moment: "Moment") -> None:
        """Say why a model does not stand beside the line, once."""
        if moment.alone and (before is None or before.alone != moment.alone):
            self._complain(moment.alone)
