"""`glasshead translate` against decoding written out by hand: for every token the whole target through the model."""

from pathlib import Path

import pytest
import torch
from tests.cli.conftest import Glasshead, obeyed
from tests.conftest import HOSTILE

from glasshead.adapters.native import Native
from glasshead.text import one_line


def by_hand(folder: Path, text: str) -> str:
    """Greedy decoding, step by step, with full forward passes."""
    from glasshead.checkpoints.load import load

    model, vocabulary, _ = load(folder)
    codec = vocabulary.target
    source = torch.tensor([[*vocabulary.source.encode(text), codec.EOS]])
    target = [codec.BOS]
    with torch.no_grad():
        while len(target) <= model.config.max_length and (len(target) == 1 or target[-1] != codec.EOS):
            target.append(int(model(source, torch.tensor([target]))[0, -1].argmax()))
    return codec.decode(target)


@pytest.mark.parametrize("text", ["a dog", "the black cat is sleeping", "猫 🙂"])
def test_a_sentence_is_decoded_greedily(tiny: Path, glasshead: Glasshead, text: str) -> None:
    assert glasshead("translate", "tiny", text).out == one_line(by_hand(tiny, text)) + "\n"


def test_a_model_with_a_vocabulary_for_each_side(twofold: Path, glasshead: Glasshead) -> None:
    for text in ("a dog", "the black zebra is sleeping"):
        result = glasshead("translate", str(twofold), text)
        assert (result.status, result.err) == (0, "")
        assert result.out == one_line(by_hand(twofold, text)) + "\n"
    long = "the zebra " * 50
    assert "47" in glasshead("translate", str(twofold), long).err
    kept = glasshead("translate", str(twofold), long, "--truncate").out
    assert kept == one_line(by_hand(twofold, "the zebra " * 23 + "the")) + "\n"


def test_lines_come_out_as_they_went_in(glasshead: Glasshead) -> None:
    alone = [glasshead("translate", "tiny", text).out for text in ("a dog", "the cat")]
    for words in (["-"], []):
        assert glasshead("translate", "tiny", *words, stdin=b"a dog\n\nthe cat\r\n").out == alone[0] + "\n" + alone[1]
    assert glasshead("translate", "tiny", stdin="\ufeffa dog".encode()).out == alone[0]


def test_the_beam_is_as_wide_as_it_is_told(tiny: Path, glasshead: Glasshead) -> None:
    from glasshead.checkpoints.load import load
    from glasshead.decoding.beam import beam_search
    from glasshead.text import Codec

    model, vocabulary, _ = load(tiny)
    source = [*vocabulary.source.encode("a dog"), Codec.EOS]
    for width in (2, 4):
        best = beam_search(Native(model), source, width=width)[0]
        told = glasshead("translate", "tiny", "a dog", "--beam", str(width)).out
        assert told == one_line(vocabulary.target.decode(best.ids)) + "\n"
    assert glasshead("translate", "tiny", "a dog", "--beam", "1").out == glasshead("translate", "tiny", "a dog").out


def test_the_seed_decides_the_draw(glasshead: Glasshead) -> None:
    draws = [glasshead("translate", "tiny", "a dog", "--sample", "--seed", str(seed)).out for seed in (1, 1, 2, 3)]
    assert draws[0] == draws[1]
    assert len(set(draws)) > 1


@pytest.mark.parametrize("narrow", [["--top-k", "1"], ["--top-p", "0.000001"], ["--temperature", "0.0001"]])
def test_sampling_from_one_candidate_is_greedy(glasshead: Glasshead, narrow: list[str]) -> None:
    assert (
        glasshead("translate", "tiny", "a dog", "--sample", *narrow).out == glasshead("translate", "tiny", "a dog").out
    )


def test_each_line_has_its_own_draw(glasshead: Glasshead) -> None:
    lines = glasshead("translate", "tiny", "--sample", stdin=b"a dog\n" * 6).out.splitlines()
    assert len(lines) == 6 and len(set(lines)) > 3
    assert glasshead("translate", "tiny", "--sample", stdin=b"a dog\n" * 6).out.splitlines() == lines
    assert glasshead("translate", "tiny", "--sample", stdin=b"a cat\n\n" + b"a dog\n").out.splitlines()[2] == lines[2]
    assert glasshead("translate", "tiny", "a dog", "--sample").out.splitlines() == lines[:1]
    other = glasshead("translate", "tiny", "--sample", "--seed", "1", stdin=b"a dog\n" * 6).out.splitlines()
    assert not set(other) & set(lines)


def test_several_samples_of_a_sentence(glasshead: Glasshead) -> None:
    one = glasshead("translate", "tiny", "a dog", "--sample", "--samples", "5").out.splitlines()
    assert len(one) == 5 and len(set(one)) > 2
    assert glasshead("translate", "tiny", "a dog", "--sample", "--samples", "2").out.splitlines() == one[:2]
    two = glasshead("translate", "tiny", "--sample", "--samples", "5", stdin=b"a dog\n\na dog\n").out.splitlines()
    assert two[:5] == one and two[5:10] == [""] * 5 and len(two) == 15 and two[10:] != one
    refused = glasshead("translate", "tiny", "a dog", "--samples", "5")
    assert refused.status == 2 and "--samples has no meaning without --sample" in refused.err


def test_a_pipe_is_given_the_text_and_a_terminal_is_not_steered(
    hostile: Path, glasshead: Glasshead, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "".join(HOSTILE)
    monkeypatch.setattr("glasshead.subjects.Subject.translate", lambda *_, **__: said)
    result = glasshead("translate", str(hostile), "a dog")
    assert (result.status, result.out) == (0, " ".join(said.splitlines()) + "\n") and obeyed(result.out)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    result = glasshead("translate", str(hostile), "a dog")
    assert result.status == 0
    assert "[red][/][@click=app.quit]" in result.out and not obeyed(result.out)


def test_the_model_has_one_thread_unless_the_person_says_otherwise(
    glasshead: Glasshead, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_num_threads()
    try:
        for told, threads in (("2", 2), (None, 1)):
            monkeypatch.delenv("OMP_NUM_THREADS") if told is None else monkeypatch.setenv("OMP_NUM_THREADS", told)
            torch.set_num_threads(2)
            glasshead("translate", "tiny", "a dog")
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("space", ["\u2028", "\u2029", "\x85", "\v", "\f", "\u3000"])
def test_white_space_is_a_space_on_the_command_line_and_in_a_pipe(glasshead: Glasshead, space: str) -> None:
    expected = glasshead("translate", "tiny", "the cat").out
    assert glasshead("translate", "tiny", f"the{space}cat").out == expected
    assert glasshead("translate", "tiny", "-", stdin=f"the{space}cat\n".encode()).out == expected
    assert "empty" in glasshead("translate", "tiny", space).err
