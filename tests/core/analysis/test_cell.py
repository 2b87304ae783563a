"""One cell, against the same arithmetic done in Python's own numbers."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.core.helpers import make, part, restless, subject

from glasshead import GlassheadError
from glasshead.analysis.cell import cell


def walked(**options: Any) -> Any:
    line = restless(81, **options).start("bird")
    for _ in range(5):
        line.step()
    return line


@pytest.mark.parametrize("options", [{}, {"scale": False}, {"window": 3}, {"d_k": 3, "d_v": 5}, {"norm": "pre"}])
@pytest.mark.parametrize("site", ["encoder.1.self", "decoder.0.self", "decoder.1.cross"])
def test_every_cell_is_the_arithmetic_it_shows(site: str, options: dict[str, Any]) -> None:
    trace = walked(**options).outlook
    heads, queries, keys = trace[f"{site}.weights"].shape
    may_look = trace.may_look(site)
    scale = 1.0 if options.get("scale") is False else 1 / math.sqrt(options.get("d_k", 4))
    for head in range(0, heads, 3):
        q, k, v = (trace[f"{site}.{name}"][head].tolist() for name in "qkv")
        for i in range(queries):
            scores = [math.fsum(a * b for a, b in zip(q[i], k[j], strict=True)) * scale for j in range(keys)]
            exps = [math.exp(score) if may_look[i, j] else 0.0 for j, score in enumerate(scores)]
            for j in range(keys):
                found = cell(trace, site, head, i, j)
                assert (found.site, found.head, found.query, found.key) == (site, head, i, j)
                assert [list(found.q), list(found.k), list(found.v)] == [q[i], k[j], v[j]]
                assert found.products == pytest.approx([a * b for a, b in zip(q[i], k[j], strict=True)])
                assert found.dot == pytest.approx(math.fsum(found.products), abs=1e-9)
                assert found.scale == pytest.approx(scale)
                assert found.score == pytest.approx(scores[j], abs=1e-9)
                assert found.may_look == bool(may_look[i, j])
                assert found.exp == pytest.approx(exps[j], rel=1e-9)
                assert found.total == pytest.approx(math.fsum(exps), rel=1e-9)
                assert found.weight == pytest.approx(exps[j] / math.fsum(exps), abs=1e-12)
                assert found.captured_score == pytest.approx(scores[j], abs=1e-4)
                assert found.captured_weight == pytest.approx(found.weight, abs=1e-5)
                assert found.captured_masked == (found.captured_score if found.may_look else -math.inf)
                assert found.weights == pytest.approx([e / math.fsum(exps) for e in exps], abs=1e-5)
                mixed = [math.fsum(w * v[n][d] for n, w in enumerate(found.weights)) for d in range(len(v[0]))]
                assert found.mixed == pytest.approx(mixed, abs=1e-9)
                assert found.output == pytest.approx(mixed, abs=1e-5)
                if not found.may_look:
                    assert found.captured_weight == found.weight == found.exp == 0


@pytest.mark.parametrize("size", [900.0, -900.0])
def test_scores_beyond_what_e_can_be_raised_to_still_have_their_weight(size: float) -> None:
    model = make(82, scale=False)
    with torch.no_grad():
        part(model, "encoder.layers.0.self.sublayer.query").weight.mul_(size)
    line = subject(model).start("bird")
    trace = line.outlook
    scores = trace["encoder.0.self.scores"]
    assert scores.abs().max() > 710
    for head in range(4):
        for i in range(5):
            for j in range(5):
                found = cell(trace, "encoder.0.self", head, i, j)
                assert found.weight == pytest.approx(found.captured_weight, abs=1e-3)
                assert math.isfinite(found.total)


def test_an_edit_shows_as_a_difference_between_captured_and_computed() -> None:
    line = restless(81).start("bird", edit={"decoder.0.self.weights": lambda value: value * 0.5})
    for _ in range(3):
        line.step()
    found = cell(line.trace, "decoder.0.self", 0, 2, 1)
    assert found.captured_weight == pytest.approx(found.weight / 2, rel=1e-4)
    assert found.output == pytest.approx(found.mixed, abs=1e-6)


@pytest.mark.parametrize(
    ("where", "named"),
    [
        ((4, 0, 0), "head 4"),
        ((-1, 0, 0), "head -1"),
        ((0, 6, 0), "query 6"),
        ((0, 0, 6), "key 6"),
        ((0, 0, -1), "key -1"),
    ],
)
def test_a_cell_that_is_not_there(where: tuple[int, int, int], named: str) -> None:
    with pytest.raises(GlassheadError, match=named):
        cell(walked().outlook, "decoder.0.self", *where)


@pytest.mark.parametrize("site", ["decoder.0.ffn", "decoder.5.self", "", "decoder.0.self.weights"])
def test_an_attention_that_is_not_there(site: str) -> None:
    with pytest.raises(GlassheadError, match="Nothing was captured"):
        cell(walked().outlook, site, 0, 0, 0)


def test_a_number_that_is_none_agrees_with_nothing() -> None:
    found = cell(restless(3).start("abc").outlook, "encoder.0.self", 0, 0, 0)
    assert found.agrees and found.output_agrees
    odd = replace(found, mixed=(found.mixed[0], math.nan, *found.mixed[2:]))
    assert not odd.output_agrees
    assert not replace(found, weight=math.nan).agrees


def test_rounding_over_many_keys_is_no_disagreement() -> None:
    """Each of a thousand weights is small, and so is its part of the output; the rounding of their sum is not."""
    trace = restless(3, torch.float32, max_length=1100, encoder_layers=2, decoder_layers=1).start("bird" * 256).outlook
    apart = 0.0
    for head in range(4):
        for query in range(0, 1000, 50):
            found = cell(trace, "encoder.1.self", head, query, 0)
            assert len(found.weights) > 1000 and found.output_agrees
            wrong = (found.output[0] + 1e-3 * found.size, *found.output[1:])
            assert not replace(found, output=wrong).output_agrees
            values = trace["encoder.1.self.v"][head].double()
            largest = float((torch.tensor(found.weights).unsqueeze(-1) * values).abs().max())
            apart = max(apart, *(abs(a - b) / largest for a, b in zip(found.mixed, found.output, strict=True)))
    assert apart > trace.anatomy.tolerance, "more than the precision of one part"
