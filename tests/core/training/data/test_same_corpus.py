"""A corpus that is there already: opened again, or refused with the difference."""

import errno
import os
from pathlib import Path

import pytest
from tests.core.training.data.corpora import bytes_of, numbers, own, prepared, stopping, texts, tsv

from glasshead.errors import GlassheadError
from glasshead.training.data import splits
from glasshead.training.data.corpus import MANIFEST
from glasshead.training.data.prepare import prepare
from glasshead.training.events import Preparing


def test_a_finished_corpus_is_opened_without_its_files(tmp_path: Path, plain: Path) -> None:
    first = prepared(tmp_path / "data", own(plain))
    events: list[Preparing] = []
    plain.rename(tmp_path / "gone.tsv")
    again = prepare(tmp_path / "data", own(plain), progress=events.append)
    assert again is not None and again.fingerprint == first.fingerprint and again.lines == first.lines and not events
    (tmp_path / "gone.tsv").rename(plain)
    os.utime(plain, (1, 1))
    prepared(tmp_path / "data", own(plain))  # another time, the same content
    other = tsv(tmp_path / "other.tsv", numbers(200))
    assert prepared(tmp_path / "data", own(other)).fingerprint == first.fingerprint  # another name, the same content


@pytest.mark.parametrize("finished", [True, False])
def test_another_file_or_setting_is_refused_with_the_difference(
    tmp_path: Path, plain: Path, finished: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splits, "CHUNK", 30)
    folder = tmp_path / "data"
    stop = stopping(9) if not finished else lambda: False
    assert (prepare(folder, own(plain), stop=stop) is not None) == finished
    for more, difference in (
        ({"max_length": 30}, "max_length was 40 and is 30"),
        ({"vocab_size": None}, "vocab_size was 300 and is not given"),
        ({"seed": 7, "keep_copies": True}, "seed was 0 and is 7; keep_copies was false and is true"),
    ):
        with pytest.raises(GlassheadError, match=difference):
            prepare(folder, own(plain, **more))
    data = plain.read_bytes()
    plain.write_bytes(data.replace(b"one", b"uno"))
    with pytest.raises(GlassheadError, match=r"is not the file that it was \(it says something else\)"):
        prepare(folder, own(plain))
    plain.write_bytes(data + b"more\tplus\n")
    with pytest.raises(GlassheadError, match=r"it had .* bytes and has"):
        prepare(folder, own(plain))
    plain.write_bytes(data)
    prepared(folder, own(plain))


def test_a_file_that_changes_while_it_is_first_read_is_read_anew(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splits, "CHUNK", 30)
    assert prepare(tmp_path / "data", own(plain), stop=stopping(2)) is None
    tsv(plain, numbers(150, start=5000))
    corpus = prepared(tmp_path / "data", own(plain))
    assert sorted(texts(corpus) + texts(corpus, "valid")) == sorted(numbers(150, start=5000))


def test_a_file_that_changes_between_its_two_readings_is_told(tmp_path: Path, plain: Path) -> None:
    def change(event: Preparing) -> None:
        if event.what.startswith("learning"):
            tsv(plain, numbers(200, start=300))

    with pytest.raises(GlassheadError, match="was changed between two readings"):
        prepare(tmp_path / "data", own(plain), progress=change)


def test_a_share_that_goes_away_costs_nothing_but_time(
    tmp_path: Path, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splits, "CHUNK", 30)
    assert prepare(tmp_path / "data", own(plain), stop=stopping(3)) is None

    def away(self: object, size: int) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    begun = bytes_of(tmp_path / "data")
    monkeypatch.setattr("glasshead.training.data.lines._Raw.read", away)
    monkeypatch.setattr("glasshead.training.data.pairs.Files.check", lambda files: None)
    with pytest.raises(GlassheadError, match=r"plain\.tsv, after line 0: it cannot be read on: Input/output error"):
        prepare(tmp_path / "data", own(plain))
    assert bytes_of(tmp_path / "data") == begun


def test_a_damaged_corpus_is_told(tmp_path: Path, plain: Path) -> None:
    folder = tmp_path / "data"
    prepared(folder, own(plain))
    ids = folder / "train.source.ids"
    data = ids.read_bytes()
    ids.write_bytes(data[:-2])
    with pytest.raises(GlassheadError, match=r"is not whole .*another size"):
        prepare(folder, own(plain))
    ids.unlink()
    with pytest.raises(GlassheadError, match="is not whole"):
        prepare(folder, own(plain))
    ids.write_bytes(data)
    manifest = folder / MANIFEST
    manifest.write_text(manifest.read_text()[:100])
    with pytest.raises(GlassheadError, match="is not whole"):
        prepare(folder, own(plain))
