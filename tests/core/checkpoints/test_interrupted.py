"""A save that is interrupted anywhere leaves the old checkpoint, the new one, or one that is refused."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.core.checkpoints.damage import ENGLISH, FILES, FRENCH, complaint, numbers, two
from tests.core.helpers import make

from glasshead import Codec, GlassheadError, Vocabulary, save
from glasshead.checkpoints.find import find_folder
from glasshead.checkpoints.load import load


@pytest.mark.parametrize("move", range(6))
def test_a_save_of_two_vocabularies_cut_short_is_the_old_one_the_new_one_or_refused(
    move: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, new = two()
    other = Vocabulary(
        *(
            Codec.train([line[::-1] for line in lines], vocab_size=size)
            for lines, size in ((ENGLISH, 290), (FRENCH, 280))
        )
    )
    old = make(111, share_embeddings=False, vocab_size=other.target.size, source_vocab_size=other.source.size)
    folder = tmp_path / "mine"
    save(folder, old, other, {"which": "old"}, half=False)
    names = FILES | {"source-tokenizer.json"}
    moved: list[Path] = []
    replace = Path.replace

    def fail(part: Path, place: Path) -> Path:
        if place.name in names:
            if len(moved) == move:
                raise KeyboardInterrupt
            moved.append(place)
        return replace(part, place)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        if move < 5:
            with pytest.raises(KeyboardInterrupt):
                save(folder, new, words, {"which": "new"}, half=False)
        else:
            save(folder, new, words, {"which": "new"}, half=False)
    assert {file.name for file in folder.iterdir()} == names
    if move in (0, 5):
        model, read, card = load(folder)
        wanted, theirs, which = (new, words, "new") if move else (old, other, "old")
        assert card == {"which": which} and numbers(model) == numbers(wanted)
        assert read.source.encode(ENGLISH[0]) == theirs.source.encode(ENGLISH[0])
        assert read.target.encode(FRENCH[0]) == theirs.target.encode(FRENCH[0])
    else:
        assert str(folder) in complaint(folder)


def interrupted_writes(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> list[Callable[[], None]]:
    """Ways for a save to end before it is done."""

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    def third_flush() -> None:
        calls = [0]
        flush = os.fsync

        def sync(number: int) -> None:
            calls[0] += 1
            if calls[0] == 3:
                raise error
            flush(number)

        monkeypatch.setattr(os, "fsync", sync)

    return [
        lambda: monkeypatch.setattr("safetensors.torch.save_file", fail),
        lambda: monkeypatch.setattr(Codec, "save", fail),
        lambda: monkeypatch.setattr(Path, "write_text", fail),
        lambda: monkeypatch.setattr(os, "fsync", fail),
        third_flush,
    ]


@pytest.mark.parametrize("way", range(5))
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "ctrl-c"])
def test_an_interrupted_save_leaves_the_old_checkpoint_whole(
    way: int, error: BaseException, copy: Path, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {file.name: file.read_bytes() for file in copy.iterdir()}
    model = make(105, vocab_size=vocabulary.target.size)
    with monkeypatch.context() as patch:
        interrupted_writes(patch, error)[way]()
        wanted = GlassheadError if isinstance(error, OSError) else KeyboardInterrupt
        with pytest.raises(wanted) as caught:
            save(copy, model, vocabulary)
    if isinstance(error, OSError):
        assert "No space left" in str(caught.value)
    assert {file.name: file.read_bytes() for file in copy.iterdir()} == before, "and nothing beside it"
    load(copy)
    save(copy, model, vocabulary)
    again, *_ = load(copy)
    assert again.config == model.config


@pytest.mark.parametrize("move", range(5))
@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()], ids=["i/o", "ctrl-c"])
def test_a_save_cut_short_between_two_moves_is_the_old_one_the_new_one_or_refused(
    move: int, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have the same shape and vocabularies of one size: only the sums distinguish them."""
    texts = ["the black cat is sleeping"], ["le chien blanc dort ici"]
    old_codec, new_codec = (Codec.train(lines * 3, vocab_size=275) for lines in texts)
    assert old_codec.size == new_codec.size
    assert old_codec.encode("the cat") != new_codec.encode("the cat")
    old, new = (make(seed, vocab_size=old_codec.size) for seed in (106, 107))
    folder = tmp_path / "mine"
    save(folder, old, Vocabulary.shared(old_codec), {"which": "old"}, half=False)
    moved: list[Path] = []
    replace = Path.replace

    def fail(part: Path, place: Path) -> Path:
        if place.name in FILES:  # a move into the checkpoint, and not one of a writer beside it
            if len(moved) == move:
                raise error
            moved.append(place)
        return replace(part, place)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        if move < 4:
            with pytest.raises(GlassheadError if isinstance(error, OSError) else KeyboardInterrupt):
                save(folder, new, Vocabulary.shared(new_codec), {"which": "new"}, half=False)
        else:
            save(folder, new, Vocabulary.shared(new_codec), {"which": "new"}, half=False)
    assert {file.name for file in folder.iterdir()} == FILES
    if move in (0, 4):
        model, words, card = load(folder)
        wanted, codec, which = (new, new_codec, "new") if move else (old, old_codec, "old")
        assert card == {"which": which}
        assert words.target.encode("the cat") == codec.encode("the cat")
        assert numbers(model) == numbers(wanted)
    else:
        told = complaint(folder)
        assert "do not belong together" in told and "cut short" in told and str(folder) in told
    save(folder, new, Vocabulary.shared(new_codec), {"which": "new"})
    assert load(folder)[2] == {"which": "new"}


def test_the_folder_is_flushed_after_the_moves_where_it_can_be(
    tmp_path: Path, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[int, bool]] = []

    def flush(number: int) -> None:
        folder = stat.S_ISDIR(os.fstat(number).st_mode)
        flushed.append((len(flushed), folder))
        if folder:
            assert {file.name for file in (tmp_path / "mine").iterdir()} == FILES
            raise OSError(errno.EINVAL, "Invalid argument")  # a file system that flushes no folder

    monkeypatch.setattr(os, "fsync", flush)
    save(tmp_path / "mine", make(108, vocab_size=vocabulary.target.size), vocabulary)
    assert [folder for _, folder in flushed] == [False] * 4 + [True] * (os.name != "nt")


def test_a_new_checkpoint_that_was_interrupted_is_none(
    tmp_path: Path, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupted_writes(patch, OSError(28, "No space left on device"))[2]()
        with pytest.raises(GlassheadError):
            save(tmp_path / "new", make(vocab_size=vocabulary.target.size), vocabulary)
    with pytest.raises(GlassheadError, match="no config"):
        find_folder(tmp_path / "new")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, vocabulary: Vocabulary) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(GlassheadError, match="cannot be written"):
            save(folder, make(vocab_size=vocabulary.target.size), vocabulary)
