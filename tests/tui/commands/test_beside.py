"""`--beside` and `--pin`: both tables are those of each alone, and the third is their difference."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.cli.conftest import Glasshead, obeyed, strictly

import glasshead as library

TEXT, CELL = "the black cat", ("--step", "3", "--row", "2", "--kind", "cross", "--key", "1")


@pytest.fixture
def other(here: Path) -> Path:
    """The same model a few steps on: other numbers of the same shape, as another checkpoint of a run has them."""
    subject = library.load(here / "checkpoints" / "tiny")
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        for parameter in subject.native.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    folder = here / "run" / "checkpoints" / "step-00000040"
    library.save(folder, subject.native, subject.codecs)
    return folder


def numbers(rows: list[list[Any]]) -> list[list[float]]:
    return [[cell for cell in row if isinstance(cell, float)] for row in rows]


@pytest.mark.parametrize("pane", ["attention", "sum", "norms", "logits"])
def test_a_pane_of_two_models_is_both_tables_and_their_difference(glasshead: Glasshead, other: Path, pane: str) -> None:
    words = ("show", "tiny", TEXT, "--pane", pane, *CELL)
    told = glasshead(*words, "--beside", str(other), "--format", "json")
    assert (told.status, told.err) == (0, "")
    found = strictly(told.out)
    alone = strictly(glasshead(*words, "--format", "json").out)
    assert found["rows"] == alone["rows"] and (found["why"], found["beside"]["tokens"]) == ("", "given these tokens")
    assert found["beside"]["target"] == found["target"]
    rows, others = found["rows"], found["beside"]["rows"]
    if pane == "logits":  # sorted by each model: the same token of both
        known = {row[1]: row for row in others[1:]}
        others = [others[0], *(known[row[1]] for row in rows[1:])]
    for apart, one, two in zip(*map(numbers, (found["difference"], rows, others)), strict=True):
        assert apart == pytest.approx([a - b for a, b in zip(one, two, strict=True)], abs=1e-9)
    assert any(number for row in numbers(found["difference"]) for number in row)
    lines = glasshead(*words, "--beside", str(other), "--format", "tsv").out.splitlines()
    assert [line.split("\t")[0] for line in lines].count("difference") == len(found["difference"])
    table = glasshead(*words, "--beside", str(other)).out
    assert not obeyed(table) and "this model − step 40" in table and "given these tokens" in table


def test_the_other_models_numbers_are_those_of_its_own_decode(glasshead: Glasshead, other: Path) -> None:
    words = ("trace", "tiny", TEXT, "--keep", "decoder.1.cross.weights", "--keep", "decoder.0.ffn.norm.var")
    found = strictly(glasshead(*words, "--steps", "4", "--beside", str(other), "--format", "json").out)
    ids = [token["id"] for token in found["target"]]
    line = library.load(other).start(TEXT)
    for token in ids[1:]:
        line.choose(token)
    for site, told in found["sites"].items():
        here, there, apart = (torch.tensor(told[name]) for name in ("values", "beside", "difference"))
        assert torch.equal(there, line.outlook[site]) and told["why"] == ""
        assert torch.allclose(apart, here - there, atol=1e-7) and apart.abs().max() > 1e-3
    rows = glasshead(*words, "--steps", "4", "--beside", str(other), "--format", "tsv").out.splitlines()
    assert len(rows) == 1 + 3 * sum(torch.tensor(told["values"]).numel() for told in found["sites"].values())
    table = glasshead(*words, "--steps", "4", "--beside", str(other)).out
    assert not obeyed(table) and table.count("\ndifference\n") == 2


@pytest.mark.parametrize("pane", ["attention", "sum", "vectors"])
def test_two_heads_are_both_tables_and_their_difference(glasshead: Glasshead, pane: str) -> None:
    words = ("show", "tiny", TEXT, "--pane", pane, *CELL, "--format", "json")
    found = strictly(glasshead(*words, "--layer", "1", "--head", "3", "--pin", "0.cross.2").out)
    one = strictly(glasshead(*words, "--layer", "1", "--head", "3").out)["rows"]
    two = strictly(glasshead(*words, "--layer", "0", "--head", "2").out)["rows"]
    assert (found["rows"], found["beside"]["rows"]) == (one, two)
    for apart, a, b in zip(*map(numbers, (found["difference"], one, two)), strict=True):
        assert apart == pytest.approx([x - y for x, y in zip(a, b, strict=True)], abs=1e-9)


def test_heads_of_other_axes_are_both_shown_and_it_is_said_why_there_is_no_difference(glasshead: Glasshead) -> None:
    told = glasshead("show", "tiny", TEXT, "--pane", "attention", *CELL, "--pin", "decoder.0.self[head=2]")
    assert told.status == 0 and "decoder.0.self looks" not in told.out.split("\n")[0]
    assert "There is no difference: decoder.1.cross looks from the target at the source" in told.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "--pin", "7.cross.1"), "There is no layer 7"),
        (("show", "--pin", "1.cross"), "which head?"),
        (("show", "--pin", "1.cross.0", "--beside", "tiny"), "choose one"),
        (("show", "--pin", "1.cross.0", "--pane", "norms"), "--pin is for panes of one head"),
        (("show", "--pin", "1.self.0", "--pane", "sum"), "There is nothing to compare"),
        (("show", "--beside", "nowhere"), "There is no checkpoint named 'nowhere'"),
        (("trace", "--beside", "tiny", "--save", "x.safetensors"), "--save writes one line, and --beside compares two"),
        (("explore", "--beside", "tiny"), "--beside shows two models in the explorer"),
        (("explore", "--beside", "nowhere"), "There is no checkpoint named 'nowhere'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(glasshead: Glasshead, words: tuple[str, ...], said: str) -> None:
    told = glasshead(words[0], "tiny", TEXT, *words[1:])
    assert told.status == 2 and said in told.err and told.out == ""


def test_a_model_that_does_not_take_the_text_says_so(glasshead: Glasshead, here: Path) -> None:
    subject = library.load(here / "checkpoints" / "tiny")
    library.save(here / "short", library.Transformer(replace(subject.config, max_length=3)), subject.codecs)
    told = glasshead("show", "tiny", TEXT, "--beside", "./short")
    assert told.status == 2 and "short does not stand beside this line" in told.err and "at most" in told.err
