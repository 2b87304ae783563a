"""Pairs from files: written pairs are read again; errors name file and line; memory stays small."""

import csv
import gzip
import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glasshead.errors import GlassheadError
from glasshead.training.data.lines import LONGEST, Fingerprint, TextFile
from glasshead.training.data.pairs import Files, Line, Report, read

Pair = tuple[str, str]
many = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def texts(without: str) -> st.SearchStrategy[str]:
    """Any text, U+2028 and \\x0b among it, without these characters, surrogates, and the mark that files begin with."""
    return st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff" + without), max_size=12)


def pairs_of(without: str) -> st.SearchStrategy[list[Pair]]:
    return st.lists(st.tuples(texts(without), texts(without)), min_size=1, max_size=8)


def plain(data: bytes) -> bytes:
    return data


def zipped(data: bytes) -> bytes:
    """Two parts, as `cat a.gz b.gz` makes them."""
    return gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :])


def standard(data: bytes) -> bytes:
    packer = zstandard.ZstdCompressor()
    return packer.compress(data[: len(data) // 2]) + packer.compress(data[len(data) // 2 :])


PACKED: dict[str, Callable[[bytes], bytes]] = {"": plain, ".gz": zipped, ".zst": standard}
suffixes = st.sampled_from(sorted(PACKED))


def write(folder: Path, name: str, data: str | bytes) -> Path:
    """A file, packed as its name says."""
    path = folder / name
    packed = PACKED.get(path.suffix, plain)
    path.write_bytes(packed(data.encode() if isinstance(data, str) else data))
    return path


def found(files: Files, **how: Any) -> list[Line]:
    return list(read(files, report=Report("it"), **how))


def sentences(lines: list[Line]) -> list[Pair]:
    return [(line.source, line.target) for line in lines]


@many
@given(pairs_of("\t\n\r"), suffixes, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_tabs(tmp_path: Path, pairs: list[Pair], suffix: str, end: str, mark: bool, ended: bool) -> None:
    text = end.join(f"{source}\t{target}" for source, target in pairs) + (end if ended else "")
    path = write(tmp_path, "it.tsv" + suffix, ("\ufeff" if mark else "") + text)
    lines = found(Files(pairs=path))
    assert sentences(lines) == pairs
    assert [line.number for line in lines] == list(range(1, len(pairs) + 1))


@many
@given(pairs_of("\r"), suffixes, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_commas(tmp_path: Path, pairs: list[Pair], suffix: str, end: str, everything: bool) -> None:
    path = tmp_path / "it.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file,
            ["id", "target", "source"],
            lineterminator=end,
            quoting=csv.QUOTE_ALL if everything else csv.QUOTE_MINIMAL,
        )
        writer.writeheader()
        for number, (source, target) in enumerate(pairs):
            writer.writerow({"id": number, "source": source, "target": target})
    path = write(tmp_path, "it.csv" + suffix, path.read_bytes())
    lines = found(Files(pairs=path))
    assert sentences(lines) == pairs
    number = 2
    for line, pair in zip(lines, pairs, strict=True):
        assert line.number == number
        number += 1 + "".join(pair).count("\n")
        assert line.end == number - 1


@many
@given(pairs_of(""), suffixes, st.booleans())
def test_json_lines(tmp_path: Path, pairs: list[Pair], suffix: str, escaped: bool) -> None:
    rows = [json.dumps({"id": 1, "t": {"en": source, "fr": target}}, ensure_ascii=escaped) for source, target in pairs]
    path = write(tmp_path, "it.jsonl" + suffix, "\n".join(rows))
    assert sentences(found(Files(pairs=path, source_column="t.en", target_column="t.fr"))) == pairs


@many
@given(pairs_of("\n\r"), suffixes, suffixes)
def test_parallel_lines(tmp_path: Path, pairs: list[Pair], one: str, other: str) -> None:
    source = write(tmp_path, "it.en" + one, "".join(source + "\n" for source, _ in pairs))
    target = write(tmp_path, "it.fr" + other, "".join(target + "\n" for _, target in pairs))
    assert sentences(found(Files(source=source, target=target))) == pairs


@many
@given(st.data(), pairs_of("\t\r"), st.sampled_from(["csv", "jsonl", "tsv"]))
def test_reading_goes_on_where_it_was(tmp_path: Path, data: st.DataObject, pairs: list[Pair], kind: str) -> None:
    """With a line that is too long, and one that is broken, among them: also the reports come out the same."""
    wrong = ["x" * (LONGEST + 1), "only this"]
    if kind == "csv":
        rows = ["source,target"] + [",".join('"' + side.replace('"', '""') + '"' for side in pair) for pair in pairs]
    elif kind == "jsonl":
        rows = [json.dumps({"source": source, "target": target}) for source, target in pairs]
    else:
        rows = [f"{source}\t{target}".replace("\n", " ") for source, target in pairs]
    for row in wrong:
        rows.insert(data.draw(st.integers(kind == "csv", len(rows))), row)
    files = Files(pairs=write(tmp_path, f"it.{kind}", "\n".join(rows) + "\n"))
    whole = Report("it")
    lines = list(read(files, report=whole, skip_bad=True))
    stop = data.draw(st.integers(0, len(lines) - 1))
    first = Report("it")
    before = read(files, report=first, skip_bad=True)
    begun = [next(before) for _ in range(stop)]
    second = Report.of(json.loads(json.dumps(first.state())))
    rest = list(read(files, report=second, skip_bad=True, after=begun[-1].end if begun else 0))
    if begun:
        assert second.lines() == whole.lines()
        assert [*begun, *rest] == lines
    assert len(whole.left_out) == 2 and whole.kept == len(pairs)


def test_a_million_characters_are_passed_over_and_counted_and_not_held(tmp_path: Path) -> None:
    for suffix in PACKED:
        line = "x" * 20_000_000
        path = write(tmp_path, "it.tsv" + suffix, f"a\tb\n{line}\t{line[:50]}\nc\td\n{line}")
        del line
        report = Report("it")
        tracemalloc.start()
        lines = list(read(Files(pairs=path), report=report))
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert [(line.source, line.number) for line in lines] == [("a", 1), ("c", 3)]
        assert report.lines() == ("it: 2 of 4 pairs left out: 2 longer than 131,072 bytes (first: line 2).",)
        assert held < (30 << 20 if suffix == ".zst" else 4 << 20)


@pytest.mark.parametrize("character", ["a", "é", "猫"])
def test_the_longest_line_that_is_held(tmp_path: Path, character: str) -> None:
    size = len(character.encode())
    fits = "x\t" + character * ((LONGEST - 2) // size)
    long = "x\t" + character * ((LONGEST - 2) // size + 1)
    padding = "y\tz\n" * 262_100  # so that the line lies across two blocks of reading, too
    path = write(tmp_path, "it.tsv", f"{fits}\r\n{long}\r\n{padding}{fits}\n{long}\n{fits}")
    report = Report("it")
    lines = [line.number for line in read(Files(pairs=path), report=report) if line.source == "x"]
    assert lines == [1, 262_103, 262_105]
    assert report.left_out == {f"longer than {LONGEST:,} bytes": [2, 2]}


BROKEN = [
    ("no-utf8.tsv", b"a\tb\ncaf\xe9\tb\nc\td\n", 2, "byte 4 is 0xE9, which is not UTF-8", "not UTF-8"),
    ("cut.tsv", "a\tb\nc\té".encode()[:-1], 2, "not UTF-8", "not UTF-8"),
    ("nul.tsv", b"a\tb\na\0\tb\nc\td\n", 2, "byte 2 is NUL", "with a NUL byte"),
    ("one.tsv", b"a\tb\nalone\nc\td\n", 2, "one column", "of too few columns"),
    ("json.jsonl", b'{"source": "a", "target": "b"}\n{"source": \n', 2, "no JSON object", "not JSON"),
    ("array.jsonl", b'["a", "b"]\n', 1, "not a JSON object", "not a JSON object"),
    ("deep.jsonl", b"[" * 100_000 + b"\n", 1, "no JSON object", "not JSON"),
    ("number.jsonl", b'{"source": "a", "target": 5}\n', 1, "'target' is not text", "whose 'target' is no text"),
    ("digits.jsonl", b'{"source": ' + b"1" * 5000 + b"}\n", 1, "no JSON object", "not JSON"),
    ("key.jsonl", b'\n{"source": "a", "text": "b"}\n', 2, "no key 'target'; its keys are 'source', 'text'", "without"),
    ("escape.jsonl", b'{"source": "a", "target": "\\u0000"}\n', 1, "NUL", "with a NUL byte"),
    ("half.jsonl", b'{"source": "a", "target": "\\ud800"}\n', 1, "half of a surrogate pair", "not Unicode"),
    ("few.csv", b'source,target\n"x\ny",b\nc\n', 4, "1 column, and the header has 2", "another number of columns"),
    ("more.csv", b"source,target\na,b,c\n", 2, "3 columns, and the header has 2", "another number of columns"),
    ("open.csv", b'source,target\na,b\n"c,d\ne,f\n', 3, "quoted field begins here", "not closed"),
    ("after.csv", b'source,target\n"a"b,c\n', 2, "not CSV", "not CSV"),
    ("utf8.csv", b"source,target\na,b\n\xff,b\n", 3, "0xFF", "not UTF-8"),
    ("long.csv", b'source,target\na,"' + b"x" * (LONGEST + 9) + b"\n" + b'y"\nc,d\n', 2, "quoted field", "not closed"),
]


@pytest.mark.parametrize(("name", "data", "line", "told", "reason"), BROKEN)
def test_what_is_broken_is_told_with_file_and_line(
    tmp_path: Path, name: str, data: bytes, line: int, told: str, reason: str
) -> None:
    path = write(tmp_path, name, data)
    with pytest.raises(GlassheadError) as error:
        found(Files(pairs=path))
    assert str(error.value).startswith(f"{path}, line {line}: ")
    assert told in str(error.value) and "--skip-bad" in str(error.value)
    report = Report("it")
    kept = list(read(Files(pairs=path), report=report, skip_bad=True))
    assert any(reason in each and first == line for each, (_, first) in report.left_out.items())
    assert report.pairs == len(kept) + sum(count for count, _ in report.left_out.values())


def test_a_quote_that_is_never_closed_costs_its_own_line_and_no_other(tmp_path: Path) -> None:
    rows = [f"{number},text {number}" for number in range(20_000)]
    rows[100] = '"100,text'
    report = Report("it")
    path = write(tmp_path, "it.csv", "\n".join(["source,target", *rows]))
    lines = list(read(Files(pairs=path), report=report, skip_bad=True))
    assert [line.source for line in lines] == [str(number) for number in range(20_000) if number != 100]
    assert [line.number for line in lines] == [number for number in range(2, 20_002) if number != 102]
    assert report.left_out == {"with a quote that is not closed": [1, 102]}


def test_blank_lines_are_empty_pairs(tmp_path: Path) -> None:
    for name, text in (
        ("it.tsv", "a\tb\n\n  \nc\td\n"),
        ("it.csv", "source,target\na,b\n\nc,d\n"),
        ("it.jsonl", '{"source": "a", "target": "b"}\n\n{"source": "c", "target": "d"}\n'),
    ):
        lines = sentences(found(Files(pairs=write(tmp_path, name, text))))
        assert [pair for pair in lines if pair != ("", "")] == [("a", "b"), ("c", "d")]
        assert len(lines) > 2


def test_parallel_files_of_different_lengths(tmp_path: Path) -> None:
    one, two = write(tmp_path, "it.en", "a\nb\nc\nd\n"), write(tmp_path, "it.fr", "a\nb\n")
    with pytest.raises(GlassheadError, match=r"it\.fr ends after line 2, but .*it\.en goes on to line 4"):
        found(Files(source=one, target=two), skip_bad=True)
    with pytest.raises(GlassheadError, match=r"it\.fr ends after line 2, but .*it\.en goes on to line 4"):
        found(Files(source=two, target=one))


def test_parallel_faults_name_the_file_they_are_in(tmp_path: Path) -> None:
    one, two = write(tmp_path, "it.en", "a\nb\n"), write(tmp_path, "it.fr", b"a\n\xff\n")
    with pytest.raises(GlassheadError, match=r"it\.fr, line 2: byte 1 is 0xFF"):
        found(Files(source=one, target=two))
    assert sentences(found(Files(source=one, target=two), skip_bad=True)) == [("a", "a")]


def test_one_file_for_both_sides(tmp_path: Path) -> None:
    path = write(tmp_path, "it.en", "a\n")
    other = tmp_path / "link"
    other.symlink_to(path)
    with pytest.raises(GlassheadError, match="are the same file"):
        found(Files(source=path, target=other))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_wherever_a_compressed_file_is_cut_it_is_told(tmp_path: Path, suffix: str) -> None:
    pack = gzip.compress if suffix == ".gz" else zstandard.ZstdCompressor().compress
    rows = [f"{number}\t{number * number}\n" for number in range(40)]
    first, second = pack("".join(rows[:20]).encode()), pack("".join(rows[20:]).encode())
    path = tmp_path / ("it.tsv" + suffix)
    for end in range(1, len(first + second)):
        path.write_bytes((first + second)[:end])
        if end == len(first):  # nothing shows that a whole part has gone
            assert len(found(Files(pairs=path))) == 20
            continue
        with pytest.raises(GlassheadError, match="is cut short"):
            found(Files(pairs=path), skip_bad=True)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_what_is_not_compressed_is_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / ("it.tsv" + suffix)
    path.write_bytes(b"a\tb\n")
    with pytest.raises(GlassheadError, match="cannot be unpacked"):
        found(Files(pairs=path))
    damaged = bytearray(PACKED[suffix](b"a\tb\n" * 5000 + os.urandom(500)))
    damaged[len(damaged) - 40] ^= 255
    path.write_bytes(damaged)
    with pytest.raises(GlassheadError, match=r"cannot be unpacked|cut short|not UTF-8|NUL"):
        found(Files(pairs=path))


def test_padding_after_a_gzip_part_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "it.tsv.gz"
    path.write_bytes(gzip.compress(b"a\tb\n") + b"\0" * 700 + gzip.compress(b"c\td\n") + b"\0" * 1500)
    assert sentences(found(Files(pairs=path))) == [("a", "b"), ("c", "d")]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.tsv"
    os.mkfifo(pipe)
    cases = {
        tmp_path / "missing.tsv": "There is no file",
        tmp_path / "a\0b.tsv": "cannot be read",
        tmp_path: "is a folder",
        pipe: "a pipe cannot be",
        write(tmp_path, "empty.tsv", ""): "is empty",
        write(tmp_path, "nothing.tsv.gz", ""): "is empty",
        write(tmp_path, "wide.tsv", "a\tb\n".encode("utf-16")): "UTF-16",
        write(tmp_path, "it.xlsx", "a\tb\n"): r"Known are \.tsv, .*--source and --target",
        write(tmp_path, "it", "a\tb\n"): "does not say what kind",
    }
    for path, told in cases.items():
        with pytest.raises(GlassheadError, match=told):
            found(Files(pairs=path))


def test_columns(tmp_path: Path) -> None:
    table = write(tmp_path, "it.tsv", "id\ten\tfr\n1\ta\tb\n2\tc\td\n")
    comma = write(tmp_path, "it.csv", "id, en ,fr,fr\n1,a,b,x\n2,c,d,x\n")
    wanted = [("a", "b"), ("c", "d")]

    def columns(path: Path, source: str | None, target: str | None) -> list[Pair]:
        return sentences(found(Files(pairs=path, source_column=source, target_column=target)))

    assert columns(table, "en", "fr") == wanted
    assert columns(table, "2", "3") == [("en", "fr"), *wanted]  # by numbers: no header
    assert columns(table, "en", "3") == wanted
    assert columns(comma, "en", "3") == wanted
    assert columns(table, None, "3") == [("id", "fr"), ("1", "b"), ("2", "d")]
    for path, source, target, told in (
        (table, "eng", "fr", "line 1: there is no column 'eng'. Did you mean en"),
        (comma, None, None, "line 1: there is no column 'source'. Known: id, en, fr"),
        (comma, "en", "fr", "line 1: two columns are called 'fr'"),
        (table, "en", "en", "column 2 cannot be both"),
        (table, None, "1", "column 1 cannot be both"),
        (table, "0", "1", "counted from 1"),
        (table, "1", "4", "line 1: there are 3 columns, and column 4 is wanted"),
    ):
        with pytest.raises(GlassheadError, match=told):
            columns(path, source, target)


def test_further_columns_are_told_once(tmp_path: Path) -> None:
    path = write(tmp_path, "it.tsv", "a\tb\tx\nc\td\te\nf\tg\th\n")
    report = Report("it")
    assert sentences(list(read(Files(pairs=path), report=report))) == [("a", "b"), ("c", "d"), ("f", "g")]
    assert report.lines() == (
        "it: 3 pairs.",
        f"{path} has more than two columns: the first two are read, the others are not.",
    )
    report = Report("it")
    list(read(Files(pairs=path, source_column="1", target_column="2"), report=report))
    assert report.lines() == ("it: 3 pairs.",)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("columns", [{}, {"source_column": "1", "target_column": "2"}])
def test_a_line_of_another_number_of_columns_is_told(tmp_path: Path, columns: dict[str, Any], end: str) -> None:
    """With too many, a sentence would be paired with half of another."""
    rows = ["the cat\tis here\tle chat est ici", "the dog\tle chien", "the cow\tla vache", "", "one", "the ox\tle bœuf"]
    files = Files(pairs=write(tmp_path, "it.tsv", end.join(rows)), **columns)
    with pytest.raises(GlassheadError, match=r"it\.tsv, line 1: there are 3 columns, and 2 are usual in this file"):
        found(files)
    report = Report("it")
    lines = list(read(files, report=report, skip_bad=True))
    assert [line.source for line in lines] == ["the dog", "the cow", "", "the ox"]
    assert report.left_out == {"of another number of columns": [1, 1], "of too few columns": [1, 5]}
    pair = Files(pairs=write(tmp_path, "two.tsv", "\n".join(rows[:2])), **columns)
    with pytest.raises(GlassheadError, match=r"line 2: there are 2 columns, and 3 are usual"):
        found(pair)
    named = Files(pairs=write(tmp_path, "named.tsv", "en\tfr\na\tb\na\tb\tc"), source_column="en", target_column="fr")
    with pytest.raises(GlassheadError, match=r"line 3: there are 3 columns, and the header has 2"):
        found(named)


def test_a_carriage_return_ends_no_line(tmp_path: Path) -> None:
    one = write(tmp_path, "it.en", b"a\nthe cat\rthe dog\r\n")
    two = write(tmp_path, "it.fr", b"a\nle chat\n")
    for files in (
        Files(pairs=write(tmp_path, "it.tsv", b"a\tb\nthe cat\rx\tle chat\r\n")),
        Files(source=one, target=two),
        Files(source=two, target=one),
    ):
        with pytest.raises(GlassheadError, match=r"line 2: a carriage return \(CR\) stands within it"):
            found(files)
        report = Report("it")
        assert len(list(read(files, report=report, skip_bad=True))) == 1
        assert report.left_out == {"with a CR within": [1, 2]}


@pytest.mark.parametrize("suffix", sorted(PACKED))
@pytest.mark.parametrize("name", ["it.tsv", "it.csv", "it.jsonl", "it.en"])
def test_lines_that_end_in_cr_alone_are_named(tmp_path: Path, name: str, suffix: str) -> None:
    rows = {
        "it.tsv": ["a\tb", "c\td"],
        "it.csv": ["source,target", "a,b"],
        "it.jsonl": ['{"source": "a", "target": "b"}'] * 2,
        "it.en": ["a", "b"],
    }[name]
    for times in (1, 40_000):  # also more than a line may hold
        path = write(tmp_path, name + suffix, "\r".join(rows * times))
        files = Files(source=path, target=write(tmp_path, "it.fr", "a\n")) if name == "it.en" else Files(pairs=path)
        with pytest.raises(GlassheadError, match="its lines end in CR alone"):
            found(files, skip_bad=True)


def test_entities_of_html_are_counted(tmp_path: Path) -> None:
    rows = ["salt & pepper\tx&y;", "it &apos;s\tb", "a &#39; b\tc", "&quot;a&quot;\td", "R&D;\te", "a\t&#xE9;"]
    files = Files(pairs=write(tmp_path, "it.tsv", "\n".join(rows)))
    report = Report("it")
    assert [line.source for line in read(files, report=report)] == [row.split("\t")[0] for row in rows]
    told = "it: 4 pairs hold entities of HTML such as &apos; (first: line 2), which are read as they stand."
    assert report.lines() == ("it: 6 pairs.", told)
    assert Report.of(json.loads(json.dumps(report.state()))).lines() == report.lines()


@pytest.mark.parametrize("names", ["source\ttarget", "EN \tFr"])
def test_a_first_line_like_the_names_of_columns_is_told(tmp_path: Path, names: str) -> None:
    path = write(tmp_path, "it.tsv", f"{names}\na\tb\n")
    report = Report("it")
    assert len(list(read(Files(pairs=path), report=report))) == 2
    (note,) = report.notes
    assert "looks like the names of the columns, and is read as a pair" in note
    first, second = (name.strip() for name in names.split("\t"))
    assert note.endswith(f"say --source-column {first} --target-column {second}.")
    report = Report("it")
    assert sentences(list(read(Files(path, source_column=first, target_column=second), report=report))) == [("a", "b")]
    assert report.notes == []


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("semicolons.csv", "source;target\na;b\n", "its columns stand between semicolons.*Save it with commas"),
        ("tabs.csv", "source\ttarget\na\tb\n", r"its columns stand between tabs.*or call it \.tsv"),
        ("excel.csv", "sep=,\nsource,target\na,b\n", "'sep=' is a mark for Excel.*remove that line"),
        ("excel2.csv", "sep=;\nsource;target\na;b\n", "'sep=;' is a mark for Excel"),
        ("null.jsonl", '{"source": "a", "target": null}\n', "what stands under 'target' is null, which is no text"),
    ],
)
def test_mistakes_are_called_by_their_names(tmp_path: Path, name: str, text: str, told: str) -> None:
    with pytest.raises(GlassheadError, match=f"line 1: .*{told}"):
        found(Files(pairs=write(tmp_path, name, text)))


def test_standard_input_is_no_file_of_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for files in (Files(pairs=Path("-")), Files(source=Path("-"), target=Path("-"))):
        with pytest.raises(GlassheadError, match=r"which standard input \(-\) cannot be: save them in a file"):
            found(files)


def test_the_report_counts_by_reason_and_names_the_first() -> None:
    report = Report("pairs.tsv", pairs=1_000_000)
    for line in (9000, 7, 8):
        report.leave_out("empty", line)
    report.leave_out("not UTF-8", 1234)
    assert report.kept == 999_996
    assert report.lines() == (
        "pairs.tsv: 4 of 1,000,000 pairs left out: 3 empty (first: line 7), 1 not UTF-8 (line 1,234).",
    )


@pytest.mark.parametrize("suffix", sorted(PACKED))
def test_fingerprints_are_of_the_bytes_on_the_disk(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path, "it.tsv" + suffix, "".join(f"{number}\tx\n" for number in range(3000)))
    data = path.read_bytes()
    for after in (0, 1234):
        report = Report("it")
        assert len(list(read(Files(pairs=path), report=report, after=after))) == 3000 - after
        (told,) = report.fingerprints
        assert told == Fingerprint.of(path)
        assert (told.size, told.digest) == (len(data), blake2b(data, digest_size=16).hexdigest())


def test_a_file_that_grows_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "it.tsv", "a\tb\n" * 3)
    lines = TextFile(path).lines()
    next(lines)
    with path.open("a") as file:
        file.write("c\td\n")
    with pytest.raises(GlassheadError, match="was changed while it was read"):
        list(lines)


def test_reading_and_preparing_need_no_torch() -> None:
    program = (
        "import sys, glasshead.training.data.pairs, glasshead.training.data.corpus, glasshead.training.data.stages\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_pointer_of_git_lfs_is_no_file_of_pairs(tmp_path: Path) -> None:
    path = write(tmp_path, "a.tsv", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n")
    with pytest.raises(GlassheadError, match="git lfs pull"):
        Files(path).check()
