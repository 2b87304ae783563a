"""The keys of the explorer that put something beside what is looked at: another head, another model."""

from glasshead_tui.screens.editing import EditingScreen


class PairingScreen(EditingScreen):
    """See the module. A subclass has a moment, a focus and a worker, and shows what they bring."""

    def action_pin(self) -> None:
        """Pin the head, so that it stands beside any other; let it go if one is pinned."""
        moment = self.moment
        if moment is None:
            self._complain("The model is still loading: there is no head yet.")
            return
        if self._looking.pinned is not None:
            self._look(pinned=None, view="edited", redraw=True)
            return
        self._look(pinned=self._looking.place, view="edited", redraw=True)
        keys = self._shown_keys
        self.notify(
            f"Pinned beside any other head: {keys['view']} shows this, that, the difference; {keys['pin']} ends it.",
            markup=False,
            timeout=4,
        )
