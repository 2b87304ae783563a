"""Sets of parts without which a choice turns: run again by hand, and made smaller."""

from itertools import combinations

import pytest
import torch
from tests.core.helpers import restless
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.ranking.lines import Line, line_of
from glasshead.ranking.parts import Part
from glasshead.ranking.results import Why
from glasshead.ranking.why import why
from glasshead.subjects import Subject


@pytest.fixture(scope="module", params=[0, 1, 2])
def asked(request: pytest.FixtureRequest) -> Subject:
    return restless(request.param, dtype=torch.float64)


@pytest.fixture
def line(asked: Subject) -> Line:
    return line_of(asked, "abcab", longest=6).at(3)


def logits(asked: Subject, line: Line, parts: tuple[Part, ...]) -> Tensor:
    """Logits after the last id without parts, in one pass under edits that are written here: v."""
    heads: dict[str, list[int]] = {}
    hidden = [part.token for part in parts if part.token is not None]
    for part in parts:
        if part.head is not None:
            heads.setdefault(f"{part.prefix}.heads", []).append(part.head)

    def off(numbers: list[int]):  # type: ignore[no-untyped-def]
        def change(value: Tensor) -> Tensor:
            value[:, numbers] = 0
            return value

        return change

    def hide(value: Tensor) -> Tensor:
        value[..., hidden] = -torch.inf
        return value

    edit = {site: off(numbers) for site, numbers in heads.items()}
    if hidden:
        edit["decoder.*.cross.masked"] = hide
    with torch.inference_mode(), asked.model.listen((), edit):
        return asked.model.logits(torch.tensor([line.ids]), asked.model.read([line.source]))[0, -1]


def second(asked: Subject, line: Line) -> int:
    """The second best token: a rival that can win."""
    return int(logits(asked, line, ()).topk(2).indices[1])


def test_without_the_set_the_rival_is_preferred(asked: Subject, line: Line) -> None:
    rival = second(asked, line)
    found = why(asked, line, rival)
    assert found.found and found.without < 0 < found.margin
    whole, without = logits(asked, line, ()), logits(asked, line, found.parts)
    assert found.margin == pytest.approx(float(whole[found.chosen] - whole[rival]))
    assert found.without == pytest.approx(float(without[found.chosen] - without[rival]))
    assert found.pick == int(without.argmax())


@pytest.mark.parametrize("of", ["heads", "sources"])
def test_none_of_the_set_can_be_put_back(asked: Subject, line: Line, of: str) -> None:
    rival = second(asked, line)
    found = why(asked, line, rival, of=of)  # type: ignore[arg-type]
    assert found.found or of == "sources"  # all there is to hide may not be enough
    for some in combinations(found.parts, len(found.parts) - 1) if found.found else ():
        left = logits(asked, line, some)
        assert left[found.chosen] >= left[rival]


def test_random_sets_are_as_large_and_the_same_for_a_seed(asked: Subject, line: Line) -> None:
    rival = second(asked, line)
    found: list[Why] = [why(asked, line, rival, seed=seed) for seed in (0, 0, 1)]
    assert found[0] == found[1]
    assert {each.parts for each in found} == {found[0].parts}
    assert all(0 <= each.random_flips <= each.random_sets <= 20 for each in found)


def test_what_makes_no_question(asked: Subject, line: Line) -> None:
    with pytest.raises(GlassheadError, match="same token"):
        why(asked, line, line.labels[0])
    with pytest.raises(GlassheadError, match="exchange them"):
        why(asked, Line(line.source, line.ids, (second(asked, line),), 1), line.labels[0])
    with pytest.raises(GlassheadError, match="one step"):
        why(asked, line_of(asked, "abcab", longest=6), 5)
