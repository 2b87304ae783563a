"""The explorer where there is no terminal: plain text, each of whose numbers must be the model's."""

import json
import re
from pathlib import Path

import pytest
import torch
from tests.cli.conftest import Glasshead, obeyed
from tests.tui.spelling import spell

TEXT = "the black cat"


def full_pass(folder: Path, text: str, target: list[int], keep: str) -> tuple[list[list[str]], torch.Tensor]:
    """For every row of the target its five best tokens, and one site: from one pass over it all, without a cache."""
    from glasshead.checkpoints.load import load
    from glasshead.tap import listen

    model, vocabulary, _ = load(folder)
    reads, codec = vocabulary.source, vocabulary.target
    with torch.no_grad(), listen(model, [keep]) as seen:
        logits = model(torch.tensor([[*reads.encode(text), reads.EOS]]), torch.tensor([target]))[0]
    best = torch.softmax(logits, -1).topk(5)
    shown = [
        [
            f"{place} {spell([codec.name(before), codec.name(number)])[1]} {value:.3f}".replace(" 0.", " .")
            for place, (number, value) in enumerate(pairs, 1)
        ]
        for before, pairs in zip(
            target,
            (zip(*row, strict=True) for row in zip(best.indices.tolist(), best.values.tolist(), strict=True)),
            strict=True,
        )
    ]
    return shown, seen[keep][0]


def steps_of(text: str) -> list[list[str]]:
    """The lines of each step."""
    return [["step" + part.splitlines()[0], *part.splitlines()[1:]] for part in text.split("\n\nstep")[1:]]


@pytest.mark.parametrize(("kind", "site"), [("cross", "decoder.1.cross"), ("self", "decoder.1.self")])
def test_every_step_shows_what_the_model_computed(tiny: Path, glasshead: Glasshead, kind: str, site: str) -> None:
    result = glasshead("explore", "tiny", "--text", TEXT, "--steps", "4", "--kind", kind, "--head", "2")
    assert (result.status, result.err) == (0, "")
    shown = steps_of(result.out)
    assert len(shown) == 5
    target = shown[-1][1].split()[1:]
    traced = json.loads(glasshead("trace", "tiny", TEXT, "--steps", "5", "--format", "json").out)["target"]
    assert target == [token["text"] for token in traced]
    candidates, weights = full_pass(tiny, TEXT, [token["id"] for token in traced], f"{site}.weights")
    for number, (head, tokens, following, columns, *rows) in enumerate(
        line[:-1] if line[-1] == "" else line for line in shown
    ):
        assert head.startswith(f"step {number}")
        assert tokens.split()[1:] == target[: number + 1]
        assert re.split(r"\s{3,}", following)[1:] == candidates[number]
        keys = ["the", "black", "cat", "■"] if kind == "cross" else target[: number + 1]
        assert columns.split() == keys
        for query, row in enumerate(rows[: number + 1]):
            name, *cells = row.split()
            assert name == target[query]
            for key, cell in enumerate(cells):
                if kind == "self" and key > query:
                    assert cell == "///"
                else:
                    assert abs(float(cell) - float(weights[2, query, key])) <= 0.0051


def test_the_encoder_can_be_shown_too(tiny: Path, glasshead: Glasshead) -> None:
    words = ["--text", TEXT, "--steps", "0", "--kind", "encoder", "--layer", "0", "--head", "1"]
    rows = steps_of(glasshead("explore", "tiny", *words).out)[0][4:8]
    _, weights = full_pass(tiny, TEXT, [1], "encoder.0.self.weights")
    for query, row in enumerate(rows):
        assert [float(cell) for cell in row.split()[1:]] == pytest.approx(weights[1, query].tolist(), abs=0.0051)


def test_it_says_which_head_it_shows(glasshead: Glasshead) -> None:
    assert (
        "encoder–decoder attention · head 0   decoder.1.cross.weights"
        in glasshead("explore", "tiny", "--steps", "0").out
    )
    assert "self-attention · head 3   encoder.0.self.weights" in glasshead(
        "explore", "tiny", "--steps", "0", "--kind", "encoder", "--layer", "0", "--head", "3"
    ).out  # fmt: skip


def test_the_last_step_is_the_end_and_the_text_is_the_translation(glasshead: Glasshead) -> None:
    result = glasshead("explore", "tiny", "--text", TEXT)
    assert steps_of(result.out)[-1][2].split(maxsplit=1)[1] == "none: done"
    assert result.out.splitlines()[-1].split(maxsplit=1)[1:] == glasshead("translate", "tiny", TEXT).out.split("\n")[:1]


def test_without_a_sentence_it_takes_the_first_example_of_the_card(glasshead: Glasshead) -> None:
    assert glasshead("explore", "tiny").out == glasshead("explore", "tiny", "--text", "the black cat").out


def test_tokens_that_look_like_commands_are_shown(hostile: Path, glasshead: Glasshead) -> None:
    result = glasshead("explore", str(hostile), "--steps", "3", "--text", "\x1b[2J \u202etxt [red] \x9b31m")
    assert (result.status, result.err) == (0, "")
    assert not obeyed(result.out)
    assert "␛" in result.out and "<U+202E>" in result.out


def test_the_width_of_the_terminal_decides_how_weights_are_drawn(
    glasshead: Glasshead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    narrow = glasshead("explore", "tiny", "--text", TEXT, "--steps", "0").out
    monkeypatch.setenv("COLUMNS", "200")
    wide = glasshead("explore", "tiny", "--text", TEXT, "--steps", "0").out
    assert "most:" in narrow and "most:" not in wide


def test_sentences_in_a_pipe_are_decoded_one_after_the_other(glasshead: Glasshead) -> None:
    one, other = (glasshead("explore", "tiny", "--steps", "1", "--text", text).out for text in ("a dog", TEXT))
    piped = glasshead("explore", "tiny", "--steps", "1", stdin=f"a dog\n\n{TEXT}\r\n".encode())
    assert (piped.status, piped.out) == (0, f"{one}\n{other}")
    assert glasshead("explore", "tiny", "--steps", "1", "--text", TEXT, stdin=b"a dog\n").out == other
    example = glasshead("explore", "tiny", "--steps", "1").out
    assert glasshead("explore", "tiny", "--steps", "1", stdin=b"\n \n").out == example, "nothing came"


def test_a_line_in_a_pipe_that_cannot_be_decoded_is_named(glasshead: Glasshead) -> None:
    result = glasshead("explore", "tiny", "--steps", "0", stdin=b"a dog\n" + b"cat " * 60)
    assert result.status == 2 and "Line 2: The sentence has 60 tokens" in result.err
    assert result.out.count("glasshead   tiny") == 1
    assert "Line 1 of standard input is not valid UTF-8" in glasshead("explore", "tiny", stdin=b"\xe9\n").err
