"""Pairs of sentences from files, one at a time: TSV, CSV, JSON lines, or two files of parallel lines.

Sentences are given as they stand. A line that breaks the structure of the file (not UTF-8, one column, not JSON) raises
an error with file and line, or is left out on request. Lines left out are always counted by their reasons, with the
first as an example, in a `Report`. Whether a sound pair is worth learning from is not decided here.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html.entities import html5
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self

from glasshead.errors import GlassheadError, nearest
from glasshead.spaces import is_blank
from glasshead.training.data.lines import Fault, Fingerprint, TextFile
from glasshead.training.data.records import records

KINDS = {
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "tsv",
    ".csv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
}
PACKED = (".gz", ".zst")
SOURCE, TARGET = "source", "target"
"""Columns of a CSV and keys of JSON, unless others are named."""
MEND = "mend it, or say --skip-bad to leave such lines out"
LOOKED_AT = 1000
"""Lines at the beginning of a TSV from which its usual number of columns is found."""
MISSING = object()
ENTITY = re.compile(r"&(#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
"""Pattern of a possible character entity of HTML."""
HEADINGS = {
    "source", "target", "src", "tgt", "trg", "input", "output", "reference", "ref", "translation", "sentence", "text",
    "english", "french", "german", "spanish", "italian", "portuguese", "dutch", "russian", "chinese", "japanese",
    "en", "fr", "de", "es", "it", "pt", "nl", "ru", "zh", "ja", "ko", "ar", "pl", "cs", "sv", "tr", "uk", "id",
}  # fmt: skip
"""Words that name a column, and are hardly ever a sentence and its translation side by side."""

Cells = tuple[str, str]
Found = tuple[Path, int, int, Cells | Fault]
"""File, first line, last line, and the two sentences, or the fault."""


class Line(NamedTuple):
    """A pair as it stands in a file."""

    source: str
    target: str
    number: int
    """First line of the pair in the file, from 1."""
    end: int
    """Last line of the pair: `read(after=end)` continues after it."""


@dataclass(frozen=True)
class Files:
    """The files of pairs: one file of pairs, or one of sources and one of targets."""

    pairs: Path | None = None
    source: Path | None = None
    target: Path | None = None
    source_column: str | None = None
    """Name of a column or key in a file of pairs ("translation.en" is a key in a key), or its number from 1."""
    target_column: str | None = None

    @property
    def paths(self) -> dict[str, Path]:
        """Files by their roles: pairs, or source and target."""
        named = {"pairs": self.pairs, SOURCE: self.source, TARGET: self.target}
        return {name: path for name, path in named.items() if path is not None}

    @property
    def name(self) -> str:
        """Name of the files in a sentence."""
        return " and ".join(map(str, self.paths.values()))

    def check(self) -> None:
        """Check the files without reading them. Raises GlassheadError for every fault that shows so far."""
        for path in self.paths.values():
            TextFile(path)
        if self.pairs is not None:
            _reader(self, self.pairs, Report(self.name))
        elif self.source is None or self.target is None:
            raise ValueError("one file of pairs, or one of sources and one of targets")
        elif self.source.samefile(self.target):
            raise GlassheadError(f"{self.source} and {self.target} are the same file: give the translations as target.")


@dataclass
class Report:
    """Counts of pairs that were read and left out, to be reported in sentences."""

    what: str
    unit: str = "line"
    """Unit of `number`."""
    pairs: int = 0
    left_out: dict[str, list[int]] = field(default_factory=dict)
    """Count of pairs left out and number of the first, by reason."""
    notes: list[str] = field(default_factory=list)
    entities: list[Any] = field(default_factory=list)
    """Count of pairs with entities of HTML, number of the first, and its entity; empty if there are none."""
    fingerprints: list[Fingerprint] = field(default_factory=list)
    """Fingerprints of the files that were read to their ends."""

    def leave_out(self, reason: str, number: int) -> None:
        """Count a pair that is left out. reason: as in "3 empty"."""
        count, first = self.left_out.get(reason, (0, number))
        self.left_out[reason] = [count + 1, min(first, number)]

    def note(self, sentence: str) -> None:
        """Add a sentence about the file, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def look(self, text: str, number: int) -> None:
        """Count a pair if it has an entity of HTML, such as &apos;. text: both of its sides."""
        found = next((each[0] for each in ENTITY.finditer(text) if each[1][0] == "#" or each[1] in html5), None)
        if found is not None:
            count, first, example = self.entities or (0, number, found)
            self.entities = [count + 1, first, example]

    @property
    def kept(self) -> int:
        """Pairs that were not left out."""
        return self.pairs - sum(count for count, _ in self.left_out.values())

    def lines(self) -> tuple[str, ...]:
        """Write the report in sentences."""
        gone, notes = self.pairs - self.kept, list(self.notes)
        if self.entities:
            count, first, example = self.entities
            notes.append(
                f"{self.what}: {count:,} pair{'s hold' if count > 1 else ' holds'} entities of HTML such as {example} "
                f"({'first: ' if count > 1 else ''}{self.unit} {first:,}), which are read as they stand."
            )
        if not gone:
            return f"{self.what}: {self.pairs:,} pair{'s' if self.pairs != 1 else ''}.", *notes
        reasons = ", ".join(
            f"{count:,} {reason} ({'first: ' if count > 1 else ''}{self.unit} {first:,})"
            for reason, (count, first) in self.left_out.items()
        )
        return f"{self.what}: {gone:,} of {self.pairs:,} pairs left out: {reasons}.", *notes

    def state(self) -> dict[str, Any]:
        """Return the report as JSON, for `of`, without the files that were read to their ends."""
        return {
            "what": self.what, "unit": self.unit, "pairs": self.pairs, "left_out": self.left_out, "notes": self.notes,
            "entities": self.entities,
        }  # fmt: skip

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Self:
        """Restore a report from its `state`."""
        return cls(**state)


def read(files: Files, *, report: Report, skip_bad: bool = False, after: int = 0) -> Iterator[Line]:
    """Yield the pairs of files, in their order, and count them in the report.

    skip_bad: leave out bad lines, instead of raising GlassheadError with file and line. after: number of lines to skip,
    which the report has counted already. Lines that are too long to be held are always left out. Errors that concern a
    whole file (it is truncated, parallel files have different numbers of lines) are always raised.
    """
    files.check()
    found = _pairs(files, report, after) if files.pairs is not None else _parallel(files, report, after)
    for path, number, end, cells in found:
        report.pairs += 1
        if not isinstance(cells, Fault):
            if "&" in cells[0] or "&" in cells[1]:
                report.look("\n".join(cells), number)
            yield Line(cells[0], cells[1], number, end)
        elif cells.too_long or skip_bad:
            report.leave_out(cells.reason, number)
        else:
            raise GlassheadError(f"{path}, line {number:,}: {cells.sentence}; {MEND}.")


def _pairs(files: Files, report: Report, after: int) -> Iterator[Found]:
    assert files.pairs is not None
    file = TextFile(files.pairs)
    for number, end, cells in _reader(files, files.pairs, report)(file, after):
        yield files.pairs, number, end, cells
    if file.fingerprint is not None:
        report.fingerprints = [file.fingerprint]


def _parallel(files: Files, report: Report, after: int) -> Iterator[Found]:
    assert files.source is not None and files.target is not None
    both = TextFile(files.source), TextFile(files.target)
    sources, targets = (file.lines(after) for file in both)
    number = after
    while True:
        source, target = next(sources, None), next(targets, None)
        if source is None or target is None:
            break
        number = source[0]
        if isinstance(source[1], Fault):
            yield files.source, number, number, source[1]
        elif isinstance(target[1], Fault):
            yield files.target, number, number, target[1]
        elif "\r" in source[1]:
            yield files.source, number, number, CARRIAGE
        elif "\r" in target[1]:
            yield files.target, number, number, CARRIAGE
        else:
            yield files.source, number, number, (source[1], target[1])
    if source is not None or target is not None:
        shorter, longer, rest = (
            (files.target, files.source, sources) if source else (files.source, files.target, targets)
        )
        total = number + 1 + sum(1 for _ in rest)
        raise GlassheadError(
            f"{shorter} ends after line {number:,}, but {longer} goes on to line {total:,}: line by line they do not "
            "belong together."
        )
    report.fingerprints = [file.fingerprint for file in both if file.fingerprint is not None]


CARRIAGE = Fault(
    "with a CR within",
    "a carriage return (CR) stands within it, which ends no line here: lines end in LF, or in CR LF",
)

Reader = Callable[[TextFile, int], Iterator[tuple[int, int, Cells | Fault]]]


def _reader(files: Files, path: Path, report: Report) -> Reader:
    """Choose the reader for a file by its suffix."""
    plain = path.with_suffix("") if path.suffix.lower() in PACKED else path
    kind = KINDS.get(plain.suffix.lower())
    if kind is None:
        known = ", ".join(KINDS)
        raise GlassheadError(
            f"{path}: its name does not say what kind of file it is. Known are {known}, each also with .gz or .zst; "
            "parallel lines are given as --source and --target."
        )
    if kind == "json":
        return _line_by_line(_json(files.source_column or SOURCE, files.target_column or TARGET))
    if kind == "tsv":
        return _tabs(files, path, report)
    return _commas(files, path, report)


def _line_by_line(parse: Callable[[str], Cells | Fault], header: int = 0) -> Reader:
    """Make a reader of files with a pair on every line, after a header of `header` lines."""

    def pairs(file: TextFile, after: int) -> Iterator[tuple[int, int, Cells | Fault]]:
        for number, text in file.lines(max(after, header)):
            yield number, number, text if isinstance(text, Fault) else parse(text)

    return pairs


def _json(source: str, target: str) -> Callable[[str], Cells | Fault]:
    def parse(line: str) -> Cells | Fault:
        if is_blank(line):
            return "", ""
        try:
            found = json.loads(line)
        except json.JSONDecodeError as error:
            return Fault("not JSON", f"this is no JSON object of one line ({error.msg}, character {error.colno})")
        except (ValueError, RecursionError):  # an endless number, or endless brackets
            return Fault("not JSON", "this is no JSON object that can be read")
        if not isinstance(found, dict):
            return Fault("not a JSON object", f'this is not a JSON object such as {{"{source}": "…", "{target}": "…"}}')
        cells = []
        for key in (source, target):
            text = _within(found, key)
            if text is MISSING:
                keys = ", ".join(map(repr, found)) or "none"
                return Fault(
                    f"without {key!r}",
                    f"there is no key {key!r}; its keys are {keys} (--source-column and --target-column name them)",
                )
            if text is None:
                return Fault(f"whose {key!r} is null", f"what stands under {key!r} is null, which is no text")
            if not isinstance(text, str):
                return Fault(f"whose {key!r} is no text", f"what stands under {key!r} is not text")
            if "\\u" in line:
                if "\0" in text:
                    return Fault("with a NUL byte", f"what stands under {key!r} holds NUL, which no text does")
                if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
                    return Fault("not Unicode", f"what stands under {key!r} holds half of a surrogate pair")
            cells.append(text)
        return cells[0], cells[1]

    return parse


def _within(found: dict[str, Any], key: str) -> Any:
    """Return the value of a key, or of a key within a key; MISSING if there is none."""
    if key in found:
        return found[key]
    head, dot, rest = key.partition(".")
    inner = found.get(head)
    return _within(inner, rest) if dot and isinstance(inner, dict) else MISSING


def _tabs(files: Files, path: Path, report: Report) -> Reader:
    """Make a reader of columns between tabs, without quoting. Named columns need a header, numbered ones have none."""
    columns = files.source_column or "1", files.target_column or "2"
    if all(column.isdecimal() for column in columns):
        header, (first, second) = 0, (_number(column, path) for column in columns)
        usual = _usual_width(path, max(first, second) + 1, report, (first, second))
    else:
        columns = files.source_column or SOURCE, files.target_column or TARGET
        _, names = next(TextFile(path).lines())
        if isinstance(names, Fault):
            raise GlassheadError(f"{path}, line 1: {names.sentence}; the names of the columns should stand there.")
        header, (first, second) = 1, _named(columns, names.split("\t"), path)
        usual = len(names.split("\t"))
    _different(first, second, path)
    if usual > 2 and files.source_column is None and files.target_column is None:
        report.note(f"{path} has more than two columns: the first two are read, the others are not.")
    least = max(first, second)

    def parse(line: str) -> Cells | Fault:
        cells = line.split("\t")
        if len(cells) != usual:
            if is_blank(line):
                return "", ""
            have = "is one column" if len(cells) == 1 else f"are {len(cells)} columns"
            if len(cells) <= least:
                return Fault(
                    "of too few columns", f"there {have}, and column {least + 1} is wanted (columns stand between tabs)"
                )
            where = f"the header has {usual}" if header else f"{usual} are usual in this file"
            return Fault("of another number of columns", f"there {have}, and {where} (columns stand between tabs)")
        if "\r" in line:
            return CARRIAGE
        return cells[first], cells[second]

    return _line_by_line(parse, header)


def _usual_width(path: Path, least: int, report: Report, columns: tuple[int, int]) -> int:
    """Find the most frequent number of columns among lines that have enough; `least` if none has.

    The report notes a first line that looks like names of columns: if no names are given, it is read as a pair.
    """
    widths: Counter[int] = Counter()
    for number, line in islice(TextFile(path).lines(), LOOKED_AT):
        cells = [] if isinstance(line, Fault) else line.split("\t")
        if len(cells) >= least:
            widths[len(cells)] += 1
            names = [cells[place].strip() for place in columns]
            if number == 1 and all(name.lower() in HEADINGS for name in names):
                one, other = map(repr, names)
                report.note(
                    f"{path}: its first line, {one} and {other}, looks like the names of the columns, and is read as a "
                    f"pair. If it is none, say --source-column {names[0]} --target-column {names[1]}."
                )
    return widths.most_common(1)[0][0] if widths else least


def _commas(files: Files, path: Path, report: Report) -> Reader:
    """Make a reader of CSV (RFC 4180): a header; a quoted field may hold commas, quotes and line ends."""
    start = next(records(TextFile(path).lines()))
    if isinstance(start[2], Fault):
        raise GlassheadError(f"{path}, line 1: {start[2].sentence}; the names of the columns should stand there.")
    names, header = start[2], start[1]
    if names and names[0].strip().lower().startswith("sep="):
        raise GlassheadError(
            f"{path}, line 1: {names[0].strip()!r} is a mark for Excel, and the names of the columns should stand "
            "there: remove that line. Columns stand between commas."
        )
    for mark, called, way in ((";", "semicolons", ""), ("\t", "tabs", ", or call it .tsv")):
        if len(names) == 1 and mark in names[0]:
            raise GlassheadError(
                f"{path}, line 1: its columns stand between {called}, and those of a CSV stand between commas. Save it "
                f"with commas{way}."
            )
    first, second = _named((files.source_column or SOURCE, files.target_column or TARGET), names, path)
    _different(first, second, path)
    if any(column is not None and column.isdecimal() for column in (files.source_column, files.target_column)):
        report.note(f"{path}: its first line is the header, no pair: {', '.join(map(repr, names))}.")

    def pairs(file: TextFile, after: int) -> Iterator[tuple[int, int, Cells | Fault]]:
        for number, end, cells in records(file.lines(max(after, header))):
            if isinstance(cells, Fault):
                yield number, end, cells
            elif not cells:
                yield number, end, ("", "")
            elif len(cells) != len(names):
                have = f"{len(cells)} column{'s' if len(cells) > 1 else ''}"
                sentence = f"there {'are' if len(cells) > 1 else 'is'} {have}, and the header has {len(names)}"
                yield number, end, Fault("of another number of columns", sentence)
            else:
                yield number, end, (cells[first], cells[second])

    return pairs


def _number(column: str, path: Path) -> int:
    if int(column) < 1:
        raise GlassheadError(f"{path}: there is no column {column}; columns are counted from 1.")
    return int(column) - 1


def _named(columns: tuple[str, str], names: list[str], path: Path) -> tuple[int, int]:
    """Find the places of the columns in the header, by their names or by their numbers from 1."""
    places = []
    plain = [name.strip() for name in names]
    for column, option in zip(columns, ("--source-column", "--target-column"), strict=True):
        if plain.count(column) == 1:
            places.append(plain.index(column))
        elif column in plain:
            raise GlassheadError(f"{path}, line 1: two columns are called {column!r}; give its number as {option}.")
        elif column.isdecimal() and 1 <= int(column) <= len(plain):
            places.append(int(column) - 1)
        else:
            raise GlassheadError(
                f"{path}, line 1: there is no column {column!r}. {nearest(column, plain, what='column')} "
                f"Name it with {option}; without a header a file is no CSV, give TSV."
            )
    return places[0], places[1]


def _different(first: int, second: int, path: Path) -> None:
    if first == second:
        raise GlassheadError(f"{path}: column {first + 1} cannot be both source and target.")
