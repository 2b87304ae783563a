"""Results as JSON: what is taken apart is put together again, and what is shipped was made with the full size."""

import json
import math
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import glasshead
from glasshead.lab import all_pages, page_of
from glasshead.lab.exhibits import Lines
from glasshead.lab.page import Control, Page, Question, Try, Verdict
from glasshead.lab.record import dumps, plain, restore, result_class, shipped, strict


@dataclass(frozen=True, kw_only=True)
class Inner:
    number: float
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Outer:
    count: int
    maybe: float | None
    pair: tuple[int, float]
    inner: tuple[Inner, ...]
    rows: tuple[tuple[float, ...], ...]
    yes: bool


numbers = st.floats(allow_nan=False)
outers = st.builds(
    Outer,
    count=st.integers(),
    maybe=st.none() | numbers,
    pair=st.tuples(st.integers(), numbers),
    inner=st.lists(st.builds(Inner, number=numbers, words=st.lists(st.text()).map(tuple))).map(tuple),
    rows=st.lists(st.lists(numbers).map(tuple)).map(tuple),
    yes=st.booleans(),
)


@given(outers)
def test_a_result_comes_back_from_json_as_it_was(result: Outer) -> None:
    text = json.dumps(strict(plain(result)), allow_nan=False)
    assert restore(Outer, json.loads(text)) == result


def test_what_is_no_number_comes_back_too() -> None:
    text = json.dumps(strict(plain(Inner(number=math.nan, words=()))), allow_nan=False)
    assert math.isnan(restore(Inner, json.loads(text)).number)


def test_what_an_experiment_that_trains_ships_is_of_its_full_size() -> None:
    for page in all_pages():
        made = shipped(page)
        assert (made is not None) == page.trained, page.name
        if made is not None:
            assert made.values == page.values("full")
            assert isinstance(made.result, result_class(page))
            assert made.seconds > 0 and "torch" in made.made_on
            assert 0 <= page.judge(made.result).answer < len(page.question.answers)
            exhibits = page.exhibits(made.result)
            assert exhibits and all(len(exhibit.note) <= 150 for exhibit in exhibits)


def test_what_is_written_is_what_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from glasshead.lab import record

    page = Page(
        name="inner",
        title="",
        claim="",
        paragraphs=("", "", ""),
        question=Question(text="", answers=()),
        controls=(Control(name="n", usual=1, help="n", full=3),),
        run=lambda **given: None,
        judge=lambda result: Verdict(answer=0, sentence=""),
        exhibits=lambda result: (Lines(title="", lines=()),),
        attempt=Try(sentence=""),
        sources=(),
        result=f"{Inner.__module__}:Inner",
    )
    folder = tmp_path / "results"
    folder.mkdir()
    monkeypatch.setattr(resources, "files", lambda package: folder.parent)
    monkeypatch.setattr(record, "result_class", lambda page: Inner)
    assert shipped(page) is None
    result = Inner(number=-math.inf, words=("é", "\x1b[2J"))
    text = dumps(page, {"n": 3}, 12.34, "torch 9", result)
    (folder / "inner.json").write_text(text, encoding="utf-8")
    made = shipped(page)
    assert made is not None
    assert (made.values, made.seconds, made.made_on, made.result) == ({"n": 3}, 12.3, "torch 9", result)


def test_what_is_made_to_be_shipped_is_the_experiment_s_own_result(tmp_path: Path) -> None:
    from glasshead.lab.__main__ import make

    page = page_of("attention")
    small = replace(page, controls=tuple(replace(each, full=each.of("quick")) for each in page.controls))
    content = json.loads(make(small, tmp_path).read_text(encoding="utf-8"))
    assert content["experiment"] == "attention" and content["values"] == page.values("quick")
    result = page.run(**page.values("quick"), subject=glasshead.load("english-french"))
    assert content["result"] == strict(plain(result))
    assert [each.name for each in tmp_path.iterdir()] == ["attention.json"], "nothing half-written is left"
