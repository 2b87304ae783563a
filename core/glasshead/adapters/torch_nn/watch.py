"""Watching a live module: each pass runs everything again, and only the rows that it is for are kept."""

from torch import Tensor

from glasshead.adapters.torch_nn.places import Places
from glasshead.adapters.watching import Watching
from glasshead.tap import Seen


class Cut(Seen):
    """Values of the rows that each pass is for; see `Places.keeps`."""

    def __init__(self, places: Places) -> None:
        super().__init__()
        self._places = places

    def __setitem__(self, site: str, value: Tensor) -> None:
        kept = self._places.keeps(site, value)
        if kept is not None:
            super().__setitem__(site, kept)


class Rerun(Watching):
    """Taps at the places of such a model."""

    _of: Places

    def fresh(self) -> Cut:
        """See `Listening`."""
        return Cut(self._of)
