"""Switches: order, on and off, and that what is not there is named as what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.edits.ledger import Ledger
from glasshead.errors import GlassheadError
from glasshead.session.stops import Stops
from glasshead.switches import Switches

moves = st.lists(st.tuples(st.sampled_from(["add", "switch", "remove"]), st.integers(-1, 4)))


@given(moves)
def test_they_are_a_list_and_a_set_of_what_is_on(made: list[tuple[str, int]]) -> None:
    listed, on, switches = list[int](), dict[int, bool](), Switches[int]()
    for move, number in made:
        if move == "add":
            switches, on[number] = switches.add(number), True
            listed += [number] * (number not in listed)
        elif 0 <= number < len(listed):
            switches = switches.switch(number) if move == "switch" else switches.remove(number)
            on[listed[number]] = not on[listed[number]]
            if move == "remove":
                listed.pop(number)
        else:
            with pytest.raises(GlassheadError, match=f"no entry {number}; there are {len(listed)}"):
                getattr(switches, move)(number)
        assert [entry.item for entry in switches.entries] == listed and len(switches) == len(listed)
        assert switches.active == tuple(item for item in listed if on[item])


@pytest.mark.parametrize(("kind", "name"), [(Ledger, "edit"), (Stops, "breakpoint")])
def test_edits_and_breakpoints_are_called_by_their_names(kind: type[Ledger | Stops], name: str) -> None:
    assert isinstance(kind(), Switches) and kind() != Switches()
    with pytest.raises(GlassheadError, match=f"no {name} 0; there are 0"):
        kind().remove(0)
