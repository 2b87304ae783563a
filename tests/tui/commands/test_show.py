"""`glasshead show`: every pane of the explorer as text, in three forms that say the same."""

import math
from pathlib import Path

import pytest
from tests.cli.conftest import Glasshead, obeyed, strictly
from tests.core.recordings import walked

from glasshead.found import load
from glasshead.session.file import write_session
from glasshead.session.session import Session
from glasshead_tui.screens.paned import PANES

TEXT = "the black cat"


@pytest.fixture(scope="module")
def kept(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A session with another token, an edit and a breakpoint."""
    session = Session(load(tiny))
    session.begin(TEXT)
    for _ in session.walk(2):
        pass
    session.choose(session.moment.candidates[1].id)
    session.edit("decoder.1.cross.weights[head=3] = 0")
    session.add_stop("best < 0.9")
    return write_session(session, tmp_path_factory.mktemp("session") / "work.json")


LISTS = ("tree", "edits", "breakpoints")


@pytest.mark.parametrize("pane", [pane for pane in PANES if pane not in ("ranking", *LISTS)])
def test_every_pane_is_written_in_three_forms_that_agree(glasshead: Glasshead, pane: str) -> None:
    words = ("show", "tiny", TEXT, "--pane", pane, "--step", "3", "--row", "1", "--kind", "cross")
    told = glasshead(*words, "--format", "json")
    assert (told.status, told.err) == (0, "") and told.out.isascii()
    found = strictly(told.out)
    assert (found["pane"], found["step"], found["row"], found["stack"]) == (pane, 3, 1, "decoder")
    lines = glasshead(*words, "--format", "tsv").out.splitlines()
    assert len(lines) == len(found["rows"]) > 1
    for line, row in zip(lines, found["rows"], strict=True):
        for cell, value in zip(line.split("\t"), row, strict=True):
            if isinstance(value, float):
                assert float(cell) == value
            elif isinstance(value, bool) or value is None:
                assert cell == ("" if value is None else str(value))
    table = glasshead(*words).out
    assert not obeyed(table) and table.splitlines()[2].startswith("target") and f"{pane} " in table
    assert all(remark in table for remark in found["remarks"])


@pytest.mark.parametrize("pane", LISTS)
def test_the_lists_of_a_session_are_written_too(glasshead: Glasshead, kept: Path, pane: str) -> None:
    words = ("show", "tiny", "--session", str(kept), "--pane", pane)
    found = strictly(glasshead(*words, "--format", "json").out)
    rows = found["rows"]
    table = glasshead(*words).out
    assert found["step"] == 3 and f"{pane} " in table and not obeyed(table)
    assert [cell or "" for cell in glasshead(*words, "--format", "tsv").out.splitlines()[0].split("\t")] == rows[0]
    if pane == "tree":
        assert [(row[0], row[1], row[2]) for row in rows[1:]] == [(1, None, False), (2, 1, False), (3, 2, True)]
        assert rows[2][6] > 0 == rows[2][7] and "KL(parent ‖ line)" in table, "a token loses bits, and nothing diverges"
    elif pane == "edits":
        checks = "captured = recomputed, nothing from the future, rows sum to 1"
        assert len(rows) == 2 and rows[1][:4] == [0, True, "decoder.1.cross.weights[head=3] = 0", checks]
        assert rows[1][4:6] == rows[1][6:] and rows[1][5] > 0, "where there is no other, alone is all together"
        assert "This edit: KL" in table and "Alone: this edit and no other" in table
    else:
        assert rows[1:] == [[0, True, "best < 0.9", False]]


def test_a_session_is_given_alone(glasshead: Glasshead, kept: Path) -> None:
    for words, said in (
        ((TEXT, "--session", str(kept)), "give either --session, or a text"),
        (("--session", "nowhere.json"), "nowhere.json cannot be read"),
    ):
        result = glasshead("show", "tiny", *words)
        assert result.status == 2 and said in " ".join(result.err.split()) and not result.out


def test_the_shares_sum_to_the_logit_and_the_lens_ends_in_the_candidates(glasshead: Glasshead) -> None:
    rows = strictly(glasshead("show", "tiny", TEXT, "--step", "4", "--format", "json").out)["rows"]
    shares = {row[1]: row[2] for row in rows if row[0] == "share"}
    logit, total = shares.pop("the model's logit"), shares.pop("sum")
    amounts = [value for name, value in shares.items() if isinstance(value, float) and name != "rest"]
    assert total == pytest.approx(logit, abs=1e-4) == pytest.approx(math.fsum(amounts), abs=1e-4)
    logits = strictly(glasshead("show", "tiny", TEXT, "--pane", "logits", "--step", "4", "--format", "json").out)[
        "rows"
    ]
    assert logits[1][4] == pytest.approx(logit, abs=1e-5)
    last = next(row for row in rows if row[0] == "1.ffn")
    assert (last[5], last[6]) == (logits[1][2], pytest.approx(logits[1][3], abs=1e-6))
    split = strictly(
        glasshead("show", "tiny", TEXT, "--step", "4", "--candidate", "3", "--against", "--format", "json").out
    )["rows"]
    apart = {row[1]: row[2] for row in split if row[0] == "share"}
    assert apart["the model's logit"] == pytest.approx(logits[1][4] - logits[4][4], abs=1e-4)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--row", "9", "--step", "2"), "There is no row 9: those after these steps count from 0 to 2."),
        (("--layer", "2"), "There is no layer 2: the decoder's count from 0 to 1."),
        (("--head", "-1"), "There is no head -1"),
        (("--pane", "sum", "--key", "99", "--step", "2"), "There is no key 99"),
        (("--pane", "logits", "--kind", "encoder"), "predict no token"),
    ],
)
def test_what_is_not_there_is_named(glasshead: Glasshead, words: tuple[str, ...], said: str) -> None:
    result = glasshead("show", "tiny", TEXT, *words)
    assert result.status == 2 and said in " ".join(result.err.split()) and not result.out


def test_an_edit_and_a_recording_are_shown_too(glasshead: Glasshead, here: Path) -> None:
    muted = strictly(
        glasshead(
            "show", "tiny", TEXT, "--step", "2", "--edit", "decoder.1.cross.heads[head=3] = 0", "--format", "json"
        ).out
    )["rows"]
    shares = {row[1]: row[2] for row in muted if row[0] == "share"}
    assert shares["1.cross[head=3]"] == 0 != shares["1.cross[head=2]"]
    walked("the paper", 4).save(here / "line.safetensors")
    shown = glasshead("show", "line.safetensors", "--pane", "stream")
    assert shown.status == 0 and "without the output matrix" in shown.out and "0.self" in shown.out
