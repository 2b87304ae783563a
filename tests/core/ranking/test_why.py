"""Sets of parts without which a choice turns: run again by hand, and made smaller."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain, combinations, product
from math import comb, prod
from statistics import mean, pstdev

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
    return line_of(asked, "abcab", longest=6).at(4)


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
    for each in found:
        sizes = Counter(part.prefix for part in each.parts)
        most = prod(comb(4, size) for size in sizes.values()) - 1
        assert each.placebo is not None and each.placebo.count == min(20, most)
        if each.placebo.count == most:  # all that there are, whatever was drawn
            left = [
                margin_without(asked, line, rival, some) for some in all_sets(sizes) if set(some) != set(each.parts)
            ]
            assert each.placebo.mean == pytest.approx(mean(left)) and each.placebo.spread == pytest.approx(pstdev(left))
            assert each.random_flips == sum(value < 0 for value in left)


def margin_without(asked: Subject, line: Line, rival: int, parts: tuple[Part, ...]) -> float:
    left = logits(asked, line, parts)
    return float(left[line.labels[0]] - left[rival])


def all_sets(sizes: Counter[str]) -> Iterator[tuple[Part, ...]]:
    """All sets of so many heads of each attention."""
    ways = [
        [tuple(Part(each, n) for n in some) for some in combinations(range(4), size)] for each, size in sizes.items()
    ]
    return (tuple(chain.from_iterable(some)) for some in product(*ways))


def test_what_makes_no_question(asked: Subject, line: Line) -> None:
    with pytest.raises(GlassheadError, match="same token"):
        why(asked, line, line.labels[0])
    with pytest.raises(GlassheadError, match="exchange them"):
        why(asked, Line(line.source, line.ids, (second(asked, line),), 1), line.labels[0])
    with pytest.raises(GlassheadError, match="one step"):
        why(asked, line_of(asked, "abcab", longest=6), 5)
