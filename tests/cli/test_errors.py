"""A user's mistake is reported in a sentence on standard error, with status 2, and without a traceback."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tests.cli.conftest import Glasshead, obeyed


def damage_nothing(folder: Path) -> None:
    """Leave the checkpoint as it is."""


def no_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def half_the_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"")


def pickled_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"PK\x03\x04" + bytes(5000))


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def half_the_config(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(path.read_text()[:50])


def foreign_config(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "marian", "d_model": 512}))


def other_shape(folder: Path) -> None:
    path = folder / "config.json"
    content = json.loads(path.read_text())
    content["config"]["d_ff"] *= 2
    path.write_text(json.dumps(content))


def no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def half_the_tokenizer(folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_text(path.read_text()[:1000])


def other_tokenizer(folder: Path) -> None:
    from glasshead.text import Codec

    Codec.train(["quite other words", "of another corpus"] * 3, vocab_size=330).save(folder / "tokenizer.json")


DAMAGE: dict[Callable[[Path], None], str] = {
    no_weights: "model.safetensors",
    half_the_weights: "truncated",
    empty_weights: "truncated",
    pickled_weights: "not a safetensors file",
    no_config: "config.json",
    half_the_config: "damaged",
    foreign_config: "marian",
    other_shape: "ffn",
    no_tokenizer: "tokenizer.json",
    half_the_tokenizer: "tokenizer.json",
    other_tokenizer: "do not belong together",
}


@pytest.mark.parametrize("command", ["explore", "translate", "trace"])
@pytest.mark.parametrize("damage", DAMAGE, ids=lambda each: each.__name__)
def test_a_damaged_checkpoint_is_refused(
    here: Path, glasshead: Glasshead, damage: Callable[[Path], None], command: str
) -> None:
    damage(here / "checkpoints" / "tiny")
    words = ["explore", "./checkpoints/tiny"] if command == "explore" else [command, "./checkpoints/tiny", "a dog"]
    result = glasshead(*words)
    assert (result.status, result.out) == (2, "")
    assert DAMAGE[damage] in result.err
    assert result.err.count("\n") == 1


def test_an_undamaged_one_is_not(glasshead: Glasshead) -> None:
    assert glasshead("translate", "tiny", "a dog").status == 0


@pytest.mark.parametrize("words", [["explore", "tinny"], ["translate", "tinny", "a"], ["trace", "tinny", "a"]])
def test_an_unknown_name_is_told_the_nearest(glasshead: Glasshead, words: list[str]) -> None:
    result = glasshead(*words)
    assert result.status == 2
    assert "Did you mean tiny?" in result.err


def test_a_checkpoint_in_place_of_a_command_gets_a_hint(glasshead: Glasshead) -> None:
    result = glasshead("tiny")
    assert result.status == 2
    assert "glasshead explore tiny" in result.err


def test_a_folder_in_place_of_a_command_is_opened_or_gets_a_hint(here: Path, glasshead: Glasshead) -> None:
    opened, explored = (glasshead(*words, "./checkpoints/tiny", "--text", "a dog") for words in ([], ["explore"]))
    assert opened.status == 0 and opened.out == explored.out
    (here / "mine").mkdir()
    result = glasshead("mine")
    assert result.status == 2 and "glasshead explore mine" in result.err


@pytest.mark.parametrize(
    "name",
    ["", ".", "/", "no/such/folder", "a\0b", "x" * 5000, "~nobody-of-that-name", "\udcff", "\x1b[2J\u202e", "[/red]"],
)
def test_a_name_that_cannot_be_is_told_safely(glasshead: Glasshead, name: str) -> None:
    result = glasshead("explore", name)
    assert (result.status, result.out) == (2, "")
    assert result.err.strip() and not obeyed(result.err)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["translate", "tiny", ""], "empty"),
        (["translate", "tiny", "  \t "], "empty"),
        (["explore", "tiny", "--text", ""], "empty"),
        (["trace", "tiny", ""], "empty"),
        (["translate", "tiny", "\udcff"], "UTF-8"),
        (["explore", "tiny", "--text", "\udcff"], "UTF-8"),
        (["explore", "x\udce9"], "'x\\udce9' is not valid UTF-8"),
        (["train", "reverse", "--out", "x\udce9"], "UTF-8"),
        (["train", "--pairs", "tiny", "--out", "runs", "--source-column", "\udce9"], "UTF-8"),
        (["evaluate", "tiny", "--pairs", "\udce9"], "UTF-8"),
        (["watch", "\udce9"], "UTF-8"),
        (["translate", "tiny", "a dog " * 2000], "at most 47"),
        (["explore", "tiny", "--text", "a" * 10_000], "at most 47"),
        (["trace", "tiny", "🙂" * 200], "at most 47"),
        (["translate", "tiny", "a", "--beam", "0"], "--beam"),
        (["translate", "tiny", "a", "--beam", "two"], "--beam"),
        (["translate", "tiny", "a", "--beam", "100000000000"], "It may be at most"),
        (["translate", "tiny", "a", "--beam", "1" + "0" * 400], "It may be at most"),
        (["translate", "tiny", "a", "--top-k", "3"], "--sample"),
        (["translate", "tiny", "a", "--sample", "--beam", "2"], "choose one"),
        (["translate", "tiny", "a", "--sample", "--temperature", "0"], "temperature"),
        (["translate", "tiny", "a", "--sample", "--temperature", "nan"], "temperature"),
        (["translate", "tiny", "a", "--sample", "--top-k", "0"], "top_k"),
        (["translate", "tiny", "a", "--sample", "--top-p", "1.5"], "top_p"),
        (["trace", "tiny", "a", "--keep", "decoder.7.*"], "decoder.7.*"),
        (["trace", "tiny", "a", "--keep", "\x1b[2J"], "Nothing in tiny"),
        (["trace", "tiny", "a", "--format", "\x1b[2J"], "--format"),
        (["trace", "tiny", "a", "--steps", "0"], "--steps"),
        (
            ["show", "tiny", "a", "--candidate", "99999"],
            "There is no candidate 99999: the vocabulary's count from 0 to",
        ),
        (["explore", "tiny", "--layer", "2"], "0 to 1"),
        (["explore", "tiny", "--head", "4"], "0 to 3"),
        (["explore", "tiny", "--head", "-1"], "0 to 3"),
        (["explore", "tiny", "--kind", "upward"], "--kind"),
        (["explore", "tiny", "and", "\x1b[2J\u202e"], "unexpected"),
        (["explore", "--text"], "--text"),
        (["explore", "--txt", "a"], "--text"),
        (["\x1b[2J\u202e"], "No such command"),
        (["translate"], "CHECKPOINT"),
    ],
    ids=lambda value: " ".join(value)[:40].encode("unicode_escape").decode() if isinstance(value, list) else "",
)
def test_a_mistake_is_told_in_a_sentence(glasshead: Glasshead, words: list[str], told: str) -> None:
    result = glasshead(*words)
    assert (result.status, result.out) == (2, "")
    assert told in result.err
    assert not obeyed(result.err)


@pytest.mark.parametrize(
    ("stdin", "told"),
    [
        (b"", "no text"),
        (b"\n  \n\n", "no text"),
        (b"a dog\n\xff\xfe broken\n", "Line 2"),
        (b"a\x00" * 3 + b"\xc3", "UTF-8"),
        (b"a dog\n" + b"a " * 5000, "Line 2"),
    ],
)
def test_bad_standard_input_is_told_with_its_line(glasshead: Glasshead, stdin: bytes, told: str) -> None:
    result = glasshead("translate", "tiny", "-", stdin=stdin)
    assert result.status == 2
    assert told in result.err


@pytest.mark.parametrize(
    "text", ["مرحبا بالعالم", "猫在睡觉", "🙂👩‍👩‍👧", "e\u0301", "\x1b[31m red", "a\tb\nc", "</s> <pad> <0x41>", "0"]
)
def test_any_script_and_any_character_can_be_decoded(
    glasshead: Glasshead, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for words in (
        ["translate", "tiny", text],
        ["explore", "tiny", "--text", text, "--steps", "2"],
        ["trace", "tiny", text],
    ):
        result = glasshead(*words)
        assert (result.status, result.err) == (0, "")
        assert result.out and not obeyed(result.out)


def test_truncate_keeps_what_fits(glasshead: Glasshead) -> None:
    words = "the black cat " * 100
    whole = glasshead("translate", "tiny", words, "--truncate")
    assert (whole.status, whole.err) == (0, "")
    kept = "the black cat " * 15 + "the black"  # 47 tokens, the limit
    assert whole.out == glasshead("translate", "tiny", kept).out
    assert glasshead("translate", "tiny", kept + " cat").status == 2


def test_bytes_that_are_no_utf8_on_the_command_line(
    process: Callable[..., "subprocess.CompletedProcess[bytes]"],
) -> None:
    done = process("translate", "tiny", b"\xff\xfe")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"UTF-8" in done.stderr and b"Traceback" not in done.stderr


def test_a_bug_keeps_its_traceback(glasshead: Glasshead, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("glasshead.found.find", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        glasshead("translate", "tiny", "a dog")


@pytest.mark.parametrize(
    "error", [MemoryError(), torch.OutOfMemoryError("CUDA"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_a_lack_of_memory_is_told(glasshead: Glasshead, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def large(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("glasshead.found.find", large)
    result = glasshead("translate", "tiny", "a dog")
    assert (result.status, result.out) == (2, "") and "ask for less at once" in result.err


def test_a_folder_that_is_a_file(here: Path, glasshead: Glasshead) -> None:
    shutil.copy(here / "checkpoints" / "tiny" / "config.json", here / "file")
    result = glasshead("explore", "file")
    assert result.status == 2
    assert "is a file" in result.err
