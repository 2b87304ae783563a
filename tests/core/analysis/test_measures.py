"""The measures against hand-made matrices, and against loops written from their formulas."""

import math
import random
from collections.abc import Callable

import pytest
import torch
from tests.core.helpers import subject
from torch import Tensor

from glasshead.analysis.measures import MEASURES, NAMES, Sight, is_punctuation, measure_trace, measured, strongest
from glasshead.text import Token

END = 2
WORDS = ["▁a", "▁cat", ",", "▁a", "▁dog", "▁cat", "</s>"]
IDS = [10, 11, 5, 10, 12, 11, END]
TOKENS = tuple(Token(number, text) for number, text in zip(IDS, WORDS, strict=True))
N = len(TOKENS)


def sight(weights: Tensor, looks: Tensor | None = None, *, own: bool = True, queries: int = N) -> Sight:
    looks = torch.ones(weights.shape[1:], dtype=torch.bool) if looks is None else looks
    return Sight(weights, looks, TOKENS[:queries], TOKENS, own, frozenset({END}))


def only(cells: Callable[[int], int], rows: int = N, keys: int = N) -> Tensor:
    """One head whose query i gives all of its weight to one key."""
    weights = torch.zeros(1, rows, keys)
    for i in range(rows):
        weights[0, i, cells(i)] = 1
    return weights


@pytest.mark.parametrize(
    ("name", "weights", "value"),
    [
        ("previous", only(lambda i: max(i - 1, 0)), 1.0),
        ("same", only(lambda i: i), 1.0),
        ("next", only(lambda i: min(i + 1, N - 1)), 1.0),
        ("first", only(lambda i: 0), 1.0),
        ("last", only(lambda i: N - 1), 1.0),
        ("end token", only(lambda i: N - 1), 1.0),
        ("punctuation", only(lambda i: 2), 1.0),
        ("punctuation", only(lambda i: N - 1), 0.0),
        ("sharpness", only(lambda i: 3), 1.0),
        ("entropy", only(lambda i: 3), 0.0),
        ("entropy", torch.full((1, 4, 4), 0.25), 2.0),
        ("distance", only(lambda i: 0), sum(range(N)) / N),
    ],
)
def test_hand_made_matrices(name: str, weights: Tensor, value: float) -> None:
    assert NAMES[name].function(sight(weights)).tolist() == pytest.approx([value])


def test_an_induction_head_looks_behind_the_earlier_occurrence() -> None:
    """Queries 3 (a) and 5 (cat) have one; the first a is followed by cat (1), the first cat by a comma (2)."""
    causal = torch.ones(N, N).tril().bool()
    assert NAMES["induction"].function(sight(only(lambda i: {3: 1, 5: 2}.get(i, 0)), causal)).item() == 1
    assert NAMES["induction"].function(sight(only(lambda i: {3: 1}.get(i, 0)), causal)).item() == 0.5
    never = tuple(Token(number, str(number)) for number in range(N))
    alone = Sight(only(lambda i: 0), causal, never, never, True)
    assert math.isnan(NAMES["induction"].function(alone).item())


@pytest.mark.parametrize(("name", "place"), [("diagonal", lambda i: i), ("mirrored", lambda i: N - 1 - i)])
def test_the_lines_from_corner_to_corner(name: str, place: Callable[[int], int]) -> None:
    other = {"diagonal": "mirrored", "mirrored": "diagonal"}[name]
    given = sight(only(place), own=False)
    assert NAMES[name].function(given).item() == 1
    assert NAMES[other].function(given).item() == pytest.approx(1 / N)  # they cross in the middle


def looped(name: str, weights: list[list[float]], looks: list[list[bool]], ids: list[int]) -> float:
    """The measure from its formula, with Python's numbers alone; NaN without a row."""
    rows = []
    for i, (row, may) in enumerate(zip(weights, looks, strict=True)):
        keys = [j for j in range(len(row)) if may[j]]
        chosen = {
            "previous": [j for j in keys if j == i - 1],
            "same": [j for j in keys if j == i],
            "next": [j for j in keys if j == i + 1],
            "end token": [j for j in keys if ids[j] == END],
            "punctuation": [j for j in keys if ids[j] == 5],
            "induction": [j for j in keys if 0 < j <= i and ids[j - 1] == ids[i]],
            "diagonal": [j for j in keys if abs(j - i * (len(row) - 1) / max(len(weights) - 1, 1)) <= 1],
        }
        if name in chosen:
            if chosen[name]:
                rows.append(sum(row[j] for j in chosen[name]))
        elif name == "first":
            if len(keys) > 1:
                rows.append(row[0] if may[0] else 0.0)
        elif not keys:
            continue
        elif name == "entropy":
            rows.append(-sum(row[j] * math.log2(row[j]) for j in keys if row[j]))
        elif name == "distance":
            rows.append(sum(row[j] * abs(i - j) for j in keys))
        elif name == "sharpness":
            rows.append(max(row[j] for j in keys))
    return sum(rows) / len(rows) if rows else math.nan


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("mask", ["none", "causal", "window", "padding", "blank rows"])
def test_measures_equal_loops_over_what_exists(seed: int, mask: str) -> None:
    torch.manual_seed(seed)
    own, n = mask != "padding", N
    looks = {
        "none": torch.ones(n, n, dtype=torch.bool),
        "causal": torch.ones(n, n).tril().bool(),
        "window": torch.ones(n, n).tril().triu(-2).bool(),
        "padding": (torch.arange(n) < n - 2).expand(n, n),
        "blank rows": (torch.arange(n) % 3 > 0).unsqueeze(-1) & torch.ones(n, n, dtype=torch.bool),
    }[mask]
    weights = torch.softmax(torch.randn(3, n, n).masked_fill(~looks, -torch.inf), -1).nan_to_num(0)
    given = sight(weights, looks, own=own)
    for name in ("previous", "same", "next", "first", "end token", "punctuation", "induction", "diagonal", "entropy",
                 "distance", "sharpness"):  # fmt: skip
        expected = [looped(name, head.tolist(), looks.tolist(), IDS) for head in weights]
        assert NAMES[name].function(given).tolist() == pytest.approx(expected, nan_ok=True, abs=1e-6), name


def test_what_a_mask_hides_counts_for_nothing() -> None:
    """Rubbish in cells that do not exist changes no measure."""
    torch.manual_seed(0)
    looks = torch.ones(N, N).tril().bool()
    weights = torch.softmax(torch.randn(2, N, N).masked_fill(~looks, -torch.inf), -1)
    for measure in MEASURES:
        clean = measure.function(sight(weights, looks))
        dirty = measure.function(sight(torch.where(looks, weights, 9.0), looks))
        torch.testing.assert_close(clean, dirty, equal_nan=True)


def test_the_last_key_is_none_where_hardly_a_row_may_look_at_it() -> None:
    looks = torch.ones(N, N).tril().bool()
    assert math.isnan(NAMES["last"].function(sight(only(lambda i: i), looks)).item())


def test_chance_is_what_even_rows_give() -> None:
    looks = torch.ones(N, N).tril().bool()
    even = sight(torch.rand(1, N, N), looks).even
    for i in range(N):
        assert even.weights[0, i].tolist() == pytest.approx([1 / (i + 1)] * (i + 1) + [0] * (N - 1 - i))
    [traits] = measured([sight(only(lambda i: 0), looks)])
    expected = sum(1 / (i + 1) for i in range(1, N)) / (N - 1)
    assert traits["first"].value == 1 and traits["first"].chance == pytest.approx(expected)


def test_only_what_stands_out_is_said() -> None:
    [even] = measured([sight(torch.full((1, N, N), 1 / N))])
    assert strongest(even) == ()
    [first] = measured([sight(only(lambda i: 0))])
    assert {trait.measure.name for trait in strongest(first)} == {"first", "sharpness"}
    assert not {"diagonal", "mirrored"} & first.keys()  # of cross-attention alone


def test_texts_are_averaged_over_those_that_have_a_number() -> None:
    plain = tuple(Token(number, str(number)) for number in range(20, 23))
    without = Sight(torch.full((1, 3, 3), 1 / 3), torch.ones(3, 3, dtype=torch.bool), plain, plain, True)
    [traits] = measured([sight(only(lambda i: 2)), without])
    assert traits["punctuation"].value == 1


def test_a_trace_gives_the_same() -> None:
    given = subject()
    line = given.start("abcab")
    for _ in range(6):
        line.choose(random.Random(line.step_number).randrange(3, 29))
    trace = line.trace
    found = Sight.of(trace, "decoder.1.self", given.model.ends)
    ids = [token.id for token in trace.target]
    looks = torch.ones(len(ids), len(ids)).tril().bool().tolist()
    for name in ("previous", "same", "induction", "entropy"):
        expected = [looped(name, head.tolist(), looks, ids) for head in trace["decoder.1.self.weights"]]
        assert NAMES[name].function(found).tolist() == pytest.approx(expected, nan_ok=True, abs=1e-6)


def test_all_heads_of_a_trace_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where they are measured one by one, as those of a long text are."""
    line = subject().start("abcab")
    line.choose(5)
    trace = line.trace
    whole = measure_trace(trace, {END})
    attentions = [prefix for kind in trace.kinds for prefix in trace.anatomy.attentions(kind)]
    assert list(whole) == [
        (prefix, head) for prefix in attentions for head in range(trace.anatomy.kind_at(prefix).heads)
    ]
    for prefix in attentions:
        for head, traits in enumerate(measured([Sight.of(trace, prefix, {END})])):
            assert whole[prefix, head] == traits
    monkeypatch.setattr("glasshead.analysis.measures.LARGE", 0)
    assert {key: {name: each.value for name, each in traits.items()} for key, traits in whole.items()} == {
        key: pytest.approx({name: each.value for name, each in traits.items()})
        for key, traits in measure_trace(trace, {END}).items()
    }
    assert measure_trace(trace, stop=lambda: True) == {}


@pytest.mark.parametrize(
    ("text", "punctuation"), [("▁,", True), ("...", True), ("▁", False), ("a.", False), ("«", True), ("", False)]
)
def test_punctuation(text: str, punctuation: bool) -> None:
    assert is_punctuation(text) is punctuation
