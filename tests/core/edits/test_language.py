"""The grammar of edits: what is written is read again, and what cannot be read is refused in a sentence."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.edits import edit as e
from glasshead.edits.edit import OPEN, Action, Edit, Origin, Span, Spans, Where
from glasshead.edits.language import parse, parse_all
from glasshead.errors import GlassheadError

NAMES = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
NUMBERS = st.floats(allow_nan=False) | st.integers(-(10**18), 10**18).map(float)
WHOLE = st.integers(0, 999_999_999)
# A surrogate is no text that a terminal or a file can hold.
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text('"\\\n ()-*=#,by')
SITES = st.lists(NAMES | st.just("*") | st.just("decoder") | st.integers(0, 99).map(str), min_size=1).map(".".join)


def spans() -> st.SearchStrategy[Spans]:
    pairs = st.tuples(WHOLE, WHOLE).map(sorted).map(lambda pair: Span(*pair))
    one = st.one_of(pairs, WHOLE.map(lambda n: Span(n, n)), WHOLE.map(lambda n: Span(n, OPEN)))
    return st.lists(one, max_size=4, unique=True).map(sorted).map(tuple)


ORIGINS = st.one_of(
    st.just(Origin()),
    TEXTS.map(Origin),
    st.builds(Origin, TEXTS, TEXTS),
    st.builds(lambda path: Origin(path=path), TEXTS),
    st.builds(lambda line: Origin(line=line), WHOLE),
)
COPIES = st.sampled_from(["out", "resid", "masked", "scores", "q", "encoder.out", "decoder.10.self.norm.out"])
ACTIONS: dict[type, st.SearchStrategy[Action]] = {
    e.Put: st.builds(e.Put, NUMBERS),
    e.Weigh: st.builds(e.Weigh, NUMBERS),
    e.Scale: st.builds(e.Scale, NUMBERS),
    e.Mean: st.builds(e.Mean, ORIGINS),
    e.Uniform: st.just(e.Uniform()),
    e.Hide: st.just(e.Hide()),
    e.Reveal: st.just(e.Reveal()),
    e.Narrow: st.builds(e.Narrow, WHOLE),
    e.Unscale: st.just(e.Unscale()),
    e.Swap: st.just(e.Swap()),
    e.Skip: st.just(e.Skip()),
    e.Copy: st.builds(e.Copy, COPIES),
    e.At: st.builds(e.At, WHOLE),
    e.Patch: st.builds(e.Patch, ORIGINS),
    e.Steer: st.builds(e.Steer, NUMBERS, ORIGINS, ORIGINS),
}
WHERES = st.builds(Where, spans(), spans(), spans(), spans())
EDITS = st.builds(Edit, SITES, WHERES, st.one_of(*ACTIONS.values()))


def test_every_action_is_generated() -> None:
    assert set(ACTIONS) == set(Action.__args__)


@given(EDITS)
def test_an_edit_is_read_as_it_is_written(edit: Edit) -> None:
    assert parse(str(edit)) == edit


@given(st.lists(EDITS))
def test_a_file_of_edits_is_read_as_it_is_written(edits: list[Edit]) -> None:
    text = "".join(f"{edit}\n\n  # {edit.site}\n" for edit in edits)
    assert parse_all(text) == tuple(edits)


@given(st.text())
def test_garbage_is_read_or_refused_in_a_sentence(text: str) -> None:
    try:
        assert parse(str(parse(text))) == parse(text)
    except GlassheadError as error:
        assert str(error)[-1] in ".?"


PIECES = [
    "decoder.0.self.out", "*", "[", "]", "head", "=", "*=", "+=", "head=3", "query=4-2", ",", "0", "-inf", "∞",
    "2e9999", "renormalised", "mean", "of", "window", "at", "from", "file", "line", "by", '"a"', '"', "\\", "(", ")",
    "-", "−", "×", "hidden", "the", "itself", ".", "٣", "²", " ", "\n", "uniform",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)), st.sampled_from(["", " "]))
def test_words_in_any_order_are_read_or_refused_in_a_sentence(words: list[str], between: str) -> None:
    text = between.join(words)
    for attempt in (text, f"a.b = {text}", f"a.b += {text}", f"a.b[{text}] = 0"):
        try:
            assert parse(str(parse(attempt))) == parse(attempt)
        except GlassheadError as error:
            assert str(error)[-1] in ".?"


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("a.b=0", Edit("a.b", Where(), e.Put(0.0))),
        ("a.b*=2", Edit("a.b", Where(), e.Scale(2.0))),
        ("a.* = 2", Edit("a.*", Where(), e.Put(2.0))),
        ("a.b × −.5", Edit("a.b", Where(), e.Scale(-0.5))),
        ("a.b = −∞", Edit("a.b", Where(), e.Put(-math.inf))),
        ("  a.b[ head = 2 0 , key = 4 - 7 ]  =  uniform ", Edit(
            "a.b", Where((Span(0, 0), Span(2, 2)), (), (Span(4, 7),)), e.Uniform()
        )),
        ("a.b[query=5-] = hidden", Edit("a.b", Where(query=(Span(5, OPEN),)), e.Hide())),
        ("a.b[query=5- 7] = hidden", Edit("a.b", Where(query=(Span(5, OPEN), Span(7, 7))), e.Hide())),
        ("a.b[key=1-2 4] = 0.9 renormalized", Edit("a.b", Where(key=(Span(1, 2), Span(4, 4))), e.Weigh(0.9))),
        ('a.b += ("x" − "y")', Edit("a.b", Where(), e.Steer(1.0, Origin("x"), Origin("y")))),
        ("a.b = from the line itself", Edit("a.b", Where(), e.Patch(Origin()))),
        (r'a.b = from "a \"b\" \\ \n"', Edit("a.b", Where(), e.Patch(Origin('a "b" \\ \n')))),
    ],
)  # fmt: skip
def test_what_a_person_types_means_what_it_says(text: str, means: Edit) -> None:
    assert parse(text) == means


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "written like"),
        ("decoder.1.cross.heads", "written like"),
        ("a.b = hiden", "did you mean hidden"),
        ("a.b = unifrom", "did you mean uniform"),
        ("a.b = !", "known: a number, uniform"),
        ("a.b[heads=3] = 0", "Did you mean head?"),
        ("a.b[qery=3] = 0", "Did you mean query?"),
        ("a.b[head] = 0", "head, query, key or unit"),
        ("a.b[head=3, head=4] = 0", "said twice"),
        ("a.b[head=x] = 0", "no choice of numbers"),
        ("a.b[head=] = 0", "no choice of numbers"),
        ("a.b[head=7-4] = 0", "from 7 down to 4"),
        ("a.b = 0 1", "'1' is too much"),
        ("a.b *= fast", "must come a factor, not 'fast'"),
        ("a.b *= ", "written like"),
        ("a.b = window", "must come a number of positions, but it ends"),
        ("a.b = window 2.5", "must come a number of positions, not '2.5'"),
        ("a.b = at −3", "must come a position"),
        ("a.b = from", "a text in quotes"),
        ("a.b = from line two", "the number of a line"),
        ("a.b = from the cat", "must come the word line, not 'cat'"),
        ('a.b = from "a" by b', "the name of a model in quotes"),
        ("a.b += 2", "must come a *, but it ends"),
        ('a.b += 2 * "a"', "must come a (, not 'a'"),
        ('a.b += 2 * ("a" + "b")', "must come a -, not '+'"),
        ('a.b += 2 * ("a" - "b"', "must come a ), but it ends"),
    ],
)
def test_a_mistake_is_named_with_the_way_out(text: str, told: str) -> None:
    with pytest.raises(GlassheadError) as error:
        parse(text)
    assert told in str(error.value)


def test_a_mistake_in_a_file_names_its_line() -> None:
    with pytest.raises(GlassheadError, match=r"^Line 3: .*did you mean hidden"):
        parse_all("a.b = 0\n# a remark\na.b = hiden\n")
