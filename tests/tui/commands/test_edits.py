"""`--edit` and `--edits`: the same edits on the command line as in the library."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tests.cli.conftest import Glasshead

from glasshead.found import load
from glasshead.session.references import edit_subject
from glasshead.tap import Change
from glasshead.text import one_line

EDIT = "decoder.*.cross.masked[key=0] = hidden"
TURN = "decoder.1.ffn.out *= -3"


@pytest.fixture
def hidden() -> dict[str, Change]:
    """The same change written by hand."""

    def hide(masked: torch.Tensor) -> torch.Tensor:
        masked[..., 0] = -torch.inf
        return masked

    return {"decoder.*.cross.masked": hide}


@pytest.fixture
def turned() -> dict[str, Change]:
    """A change that makes the tiny model write something else."""
    return {"decoder.1.ffn.out": lambda value: value * -3}


def walked(folder: Path, text: str, edit: dict[str, Change]) -> Iterator[str]:
    line = load(folder).start(text, edit=edit)
    while not line.done:
        line.step()
    yield line.text


def test_a_translation_is_that_of_the_edited_model(tiny: Path, glasshead: Glasshead, turned: dict[str, Change]) -> None:
    (text,) = walked(tiny, "the black cat", turned)
    usual = glasshead("translate", "tiny", "the black cat").out
    assert glasshead("translate", "tiny", "the black cat", "--edit", TURN).out == one_line(text) + "\n" != usual


def test_edits_of_a_file_come_before_those_of_the_command(tiny: Path, glasshead: Glasshead, here: Path) -> None:
    (here / "edits.txt").write_text(f"# hide the first word\n\n{EDIT}\n", encoding="utf-8")
    both = [EDIT, "decoder.0.ffn = skipped"]
    told = glasshead("translate", "tiny", "a dog", "--edits", "edits.txt", "--edit", both[1])
    assert told.out == one_line(edit_subject(load(tiny), both).translate("a dog")) + "\n"


def test_a_trace_holds_the_edited_values(tiny: Path, glasshead: Glasshead, hidden: dict[str, Change]) -> None:
    told = glasshead(
        "trace", "tiny", "the black cat", "--edit", EDIT, "--keep", "decoder.1.cross.weights", "--format", "json"
    )
    line = load(tiny).start("the black cat", edit=hidden)
    while not line.done:
        line.step()
    values = torch.tensor(json.loads(told.out)["sites"]["decoder.1.cross.weights"]["values"])
    assert torch.allclose(values, line.trace["decoder.1.cross.weights"], atol=1e-6)
    assert not values[..., 0].any()


def test_a_recording_says_with_which_edits_it_was_made(glasshead: Glasshead) -> None:
    glasshead("trace", "tiny", "a dog", "--edit", EDIT, "--save", "dog.safetensors")
    assert EDIT in glasshead("explore", "dog.safetensors").out


def test_plain_text_and_evaluation_are_those_of_the_edited_model(
    tiny: Path, glasshead: Glasshead, here: Path, turned: dict[str, Change]
) -> None:
    (text,) = walked(tiny, "a dog", turned)
    assert glasshead("explore", "tiny", "--text", "a dog", "--edit", TURN).out.endswith(f"{one_line(text)}\n")
    nan = glasshead("explore", "tiny", "--text", "a dog " * 9, "--edit", "source.embed = 1e38", "--steps", "2")
    assert (nan.status, nan.err) == (0, "") and "???" in nan.out, "weights that are NaN"
    assert "KL nan bits" in nan.out and "KL 0 bits" not in nan.out
    (here / "pairs.tsv").write_text("a dog\tun chien\nthe cat\tle chat\n", encoding="utf-8")
    told = glasshead("evaluate", "tiny", "--pairs", "pairs.tsv", "--edit", TURN, "--json", "--output", "out.txt")
    assert json.loads(told.out)["edits"] == [TURN]
    written = (here / "out.txt").read_text(encoding="utf-8").splitlines()[0]
    assert written and one_line(text).startswith(written), "an evaluation may stop earlier"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--edit", "decoder.9.cross.weights = 0"], "no site of this model"),
        (["--edit", "decoder.0.cross.weights[heed=0] = 0"], "Did you mean head?"),
        (["--edit", "decoder.0.cross.weights = unifrom"], "did you mean uniform"),
        (["--edit", "decoder.0.cross.heads[head=99] = 0"], "there is no head 99"),
        (["--edit", "decoder.0.cross.heads = mean"], 'mean of "a text"'),
        (["--edit", "decoder.0.cross.heads = 1e38"], "not finite numbers, so that no line can be found"),
        (["--edits", "/dev/zero"], "/dev/zero: it has more than 1,048,576 bytes, which is no list of edits"),
        (["--edits", "missing.txt"], "missing.txt cannot be read"),
        (["--edits", "wrong.txt"], "wrong.txt: Line 2: "),
    ],
)
def test_a_wrong_edit_is_a_sentence(glasshead: Glasshead, here: Path, words: list[str], told: str) -> None:
    (here / "wrong.txt").write_text("\ufeffdecoder.0.ffn = skipped\nnonsense\n", encoding="utf-8")
    result = glasshead("translate", "tiny", "a dog", *words)
    assert result.status == 2 and told in result.err and "Traceback" not in result.err


def test_a_session_needs_a_terminal(glasshead: Glasshead) -> None:
    result = glasshead("explore", "tiny", "--session", "mine.json")
    assert result.status == 2 and "needs a terminal" in result.err


@pytest.mark.parametrize("name", ["x" * 4000, "no/such/folder/mine.json", "checkpoints"])
def test_a_session_needs_a_place(glasshead: Glasshead, name: str) -> None:
    result = glasshead("explore", "tiny", "--session", name)
    assert result.status == 2 and result.err.startswith("--session") and len(result.err) < 300


def test_until_stops_at_a_breakpoint_and_says_so_beside_the_output(tiny: Path, glasshead: Glasshead) -> None:
    line = load(tiny).start("a dog")
    line.goto(2)
    stop = f'token = "{line.produced[1].text}"'
    met = 1 if line.ids[1] == line.ids[2] else 2
    line.goto(met)
    found = glasshead("translate", "tiny", "a dog", "--until", stop, "--until", "entropy > 99")
    assert found.out == one_line(line.text) + "\n" and f"Stopped after step {met} by the breakpoint token" in found.err
    traced = glasshead("trace", "tiny", "a dog", "--until", stop, "--format", "json")
    assert len(json.loads(traced.out)["produced"]) == met and "Stopped after" in traced.err
    looks = glasshead("trace", "tiny", "a dog", "--until", "0.self.1 looks at ▸ > 0", "--format", "json")
    assert len(json.loads(looks.out)["produced"]) == 1 and list(json.loads(looks.out)["sites"]) == list(
        json.loads(traced.out)["sites"]
    )
    differs = glasshead("translate", "tiny", "a dog", "--until", "choice differs", "--edit", TURN)
    assert "unedited line" in differs.err
    for words, said in (
        (["--until", "choice differs"], "there are no edits: give --edit"),
        (["--until", "best < 7"], "7 is not a probability"),
        (["--until", "9.cross looks at a > 0.1"], "no layer 9"),
        (["--until", "best < 0.1", "--beam", "2"], "--until stops one line"),
    ):
        refused = glasshead("translate", "tiny", "a dog", *words)
        assert refused.status == 2 and said in refused.err
