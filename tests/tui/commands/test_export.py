"""`glasshead export`: a checkpoint as a model of Hugging Face and back, and a sentence for all that cannot be."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Glasshead
from tests.core.adapters.huggingface.folders import save

TEXT = "the black cat"


def test_there_and_back_it_translates_alike(glasshead: Glasshead, here: Path) -> None:
    there = glasshead("export", "tiny", "--to", "hf", "made here/theirs")
    assert (there.status, there.err) == (0, "")
    assert there.out.splitlines() == [
        "made here/theirs holds tiny as a Marian of Hugging Face.",
        "To open it: glasshead explore 'made here/theirs'",
    ]
    back = glasshead("export", "made here/theirs", "mine", "--to=native")
    assert back.out.splitlines()[0] == "mine holds theirs as a checkpoint." and back.status == 0
    names = ("tiny", "made here/theirs", "./mine")
    assert len({glasshead("translate", name, TEXT).out for name in names}) == 1
    explored = [glasshead("explore", name, "--text", TEXT, "--steps", "2").out for name in names]
    assert all("source      the " in each for each in explored)
    assert sorted(path.name for path in (here / "mine").iterdir()) == sorted(
        path.name for path in (here / "checkpoints" / "tiny").iterdir()
    )


def nothing(here: Path) -> None:
    """Leave all as it is."""


def full(here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "note.txt").write_text("mine")


def file(here: Path) -> None:
    (here / "out").write_text("mine")


def unwritable(here: Path) -> None:
    (here / "way").write_text("a file in the way")
    (here / "out").symlink_to(here / "way" / "out")


def truncated(here: Path) -> None:
    path = here / "checkpoints" / "tiny" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-9])


def gpt2(here: Path) -> None:
    save("gpt2", here / "gpt2")


def marian(here: Path) -> None:
    save("marian", here / "marian")


WRONG: list[tuple[Callable[[Path], None], list[str], str]] = [
    (nothing, ["tiny", "out"], "Missing option '--to'"),
    (nothing, ["tiny", "--to", "hf"], "Missing argument 'DIR'"),
    (nothing, ["tiny", "out", "--to", "onnx"], "'onnx' is not one of 'hf', 'native'"),
    (nothing, ["tinny", "out", "--to", "hf"], "There is no checkpoint named 'tinny'. Did you mean tiny?"),
    (nothing, ["tiny", "out", "--to", "native"], "tiny is a checkpoint already; --to hf makes"),
    (nothing, ["tiny", "x" * 5000, "--to", "hf"], "bytes long; at most"),
    (full, ["tiny", "out", "--to", "hf"], "The folder out is not empty (note.txt); give a new or an empty one."),
    (file, ["tiny", "out", "--to", "hf"], "out is a file; give a folder, which may be new."),
    (unwritable, ["tiny", "out", "--to", "hf"], "out is a file; give a folder, which may be new."),
    (unwritable, ["tiny", "way/out", "--to", "hf"], "way/out cannot be written: "),
    (truncated, ["tiny", "out", "--to", "hf"], "model.safetensors is truncated"),
    (gpt2, ["gpt2", "out", "--to", "hf"], "gpt2 is a folder of Hugging Face already; --to native makes"),
    (gpt2, ["gpt2", "out", "--to", "native"], "of the type 'gpt2'; only a marian can become a checkpoint"),
    (marian, ["marian", "out", "--to", "native"], "encoder_attention_heads is 4 and decoder_attention_heads 2;"),
]


@pytest.mark.parametrize(("prepare", "words", "sentence"), WRONG, ids=[sentence[:40] for *_, sentence in WRONG])
def test_what_cannot_be_is_told_and_nothing_is_written(
    glasshead: Glasshead, here: Path, prepare: Callable[[Path], None], words: list[str], sentence: str
) -> None:
    prepare(here)
    before = sorted(here.rglob("*"))
    result = glasshead("export", *words)
    assert (result.status, result.out) == (2, "")
    assert sentence in result.err and "Traceback" not in result.err
    assert sorted(here.rglob("*")) == before


def test_a_name_that_a_terminal_might_obey_is_shown_as_text(glasshead: Glasshead, here: Path) -> None:
    shutil.copytree(here / "checkpoints" / "tiny", here / "\x1b[2Jtiny")
    result = glasshead("export", "./\x1b[2Jtiny", "\x1b]0;out", "--to", "hf")
    assert result.status == 0 and "\x1b" not in result.out and (here / "\x1b]0;out" / "config.json").is_file()
    assert "\x1b" not in glasshead("export", "./\x1b[2Jtiny", "\x1b]0;out", "--to", "hf").err


def test_help_says_what_it_is_for(glasshead: Glasshead) -> None:
    assert "export       Turn a checkpoint into a model of Hugging Face, or back." in glasshead("--help").out
    told = glasshead("export", "--help").out
    assert "--to <hf|native>" in told and "DIR" in told and "[required]" in told
