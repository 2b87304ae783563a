"""Two heads of one trace: the difference is that of their own numbers, and only heads of the same axes have one."""

import pytest
import torch
from tests.core.recordings import walked

from glasshead import GlassheadError, Stepper
from glasshead.analysis.two_heads import check_heads, head_difference


@pytest.fixture(scope="module")
def line() -> Stepper:
    return walked("the paper")


@pytest.mark.parametrize("stage", ["scores", "masked", "weights"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("decoder.0.self", 0), ("decoder.0.self", 1)),
        (("decoder.1.cross", 1), ("decoder.0.cross", 0)),
        (("encoder.0.self", 0), ("encoder.1.self", 1)),
    ],
)
def test_the_difference_is_that_of_every_cell(
    line: Stepper, one: tuple[str, int], other: tuple[str, int], stage: str
) -> None:
    trace = line.outlook
    found = head_difference(trace, one, other, stage).tolist()
    here, there = (trace[f"{prefix}.{stage}"][head].tolist() for prefix, head in (one, other))
    for query, row in enumerate(found):
        for key, apart in enumerate(row):
            a, b = here[query][key], there[query][key]
            assert apart == (0 if a == b else pytest.approx(a - b, abs=1e-6)), "−∞ and −∞ differ by 0"
    assert torch.tensor(found).abs().max() > 0.01, "two heads are not the same"
    assert torch.equal(head_difference(trace, other, one, stage), -torch.tensor(found))


def test_a_head_does_not_differ_from_itself(line: Stepper) -> None:
    head = "decoder.1.self", 1
    assert not head_difference(line.outlook, head, head, "masked").any()


def test_heads_that_look_at_other_tokens_have_no_difference_even_if_they_are_as_many(line: Stepper) -> None:
    longer = line.branch()
    longer.goto(6)
    trace = longer.outlook
    cross, own, encoder = ("decoder.1.cross", 0), ("decoder.1.self", 0), ("encoder.0.self", 0)
    assert trace["decoder.1.cross.weights"].shape == trace["decoder.1.self.weights"].shape == (4, 7, 7)
    for other in (own, encoder):
        with pytest.raises(GlassheadError, match=r"decoder\.1\.cross looks from the target at the source"):
            check_heads(trace, cross, other)
        with pytest.raises(GlassheadError, match="Only weights on the same tokens"):
            head_difference(trace, cross, other)
