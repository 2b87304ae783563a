"""subwords: unknown words of vocabularies, counted again; nothing is unknown to a vocabulary of all words."""

import re
from dataclasses import replace
from functools import cache, partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshead.errors import GlassheadError, StoppedError
from glasshead.lab import subwords as lab
from glasshead.lab.page import Verdict
from glasshead.lab.pages.subwords import PAGE
from glasshead.lab.subwords import subwords
from glasshead.lab.tools.bpe import CLASSIC
from glasshead.lab.tools.progress import silent
from glasshead.recipes import Pair
from glasshead.text import Codec
from glasshead.training.evaluate import Sample, Scores

small = partial(subwords, vocab_size=320, pairs=200, steps=3)


@pytest.fixture(scope="module")
def train() -> list[Pair]:
    return lab.short("train", 200, 0, silent)


@pytest.fixture(scope="module")
def unseen() -> list[Pair]:
    return lab.short("test", 40, 0, silent)


@pytest.fixture(scope="module")
def result() -> lab.Subwords:
    return small()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentences are there already: to draw them takes half of the time."""
    monkeypatch.setattr(lab, "short", lambda split, count, seed, _progress: SHORT(split, count, seed, silent))


SHORT = cache(lab.short)


def test_sentences_to_learn_from_and_to_translate_are_short_and_others(train: list[Pair], unseen: list[Pair]) -> None:
    assert len(train) == len({source for source, _ in train}) == 200
    assert not {source for source, _ in train} & {source for source, _ in unseen}
    assert all(len(source.split()) <= lab.WORDS for source, _ in (*train, *unseen))


def test_lengths_and_unknowns_are_what_counting_words_gives(train: list[Pair], unseen: list[Pair]) -> None:
    """The sentences have spaces between words, so that a word-level vocabulary needs no more than `split`."""
    plain = [pair for pair in train if all(each.isalpha() for side in pair for each in side.split())]
    others = [pair for pair in unseen if all(each.isalpha() for side in pair for each in side.split())]
    assert len(plain) > 10 < len(others)
    known = {each for pair in plain for side in pair for each in side.split()}
    tokens = [each for pair in others for side in pair for each in side.split()]
    last = lab.compared(plain, others, silent)[-1]
    assert last.word_length == pytest.approx(len(tokens) / (2 * len(others)))
    assert last.word_unknown == pytest.approx(sum(each not in known for each in tokens) / len(tokens))
    assert last.word_unknown > 0
    assert last.subword_unknown == 0


def test_sentences_get_shorter_as_vocabularies_grow_and_never_shorter_than_in_words(
    train: list[Pair], unseen: list[Pair]
) -> None:
    sizes = lab.compared(train, unseen, silent)
    lengths = [each.subword_length for each in sizes]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] > 2 * lengths[-1] >= 2 * sizes[-1].word_length
    shares = [each.word_unknown for each in sizes]
    assert shares == sorted(shares, reverse=True)
    assert sizes[0].whole is None or sizes[0].whole <= 1


def test_vocabularies_are_drawn_at_the_sizes_that_they_have(train: list[Pair], unseen: list[Pair]) -> None:
    """200 short sentences have fewer words than are asked for, and subwords keep their letters whatever is asked."""
    sizes = lab.compared(train, unseen, silent)
    there = {token for side in lab._sides(train) for token in words_and_marks(side)}
    for each in sizes:
        assert each.words <= each.asked
        assert each.subwords <= max(
            each.asked, 4 + 256 + len({letter for side in lab._sides(train) for letter in side})
        )
    assert sizes[-1].words < sizes[-1].asked
    assert sizes[-1].words == 4 + len(there)


def words_and_marks(text: str) -> list[str]:
    """A text cut as a vocabulary of words cuts it: at spaces, behind apostrophes, around marks and digits."""
    found = re.findall(r"▁?(?:[^\W\d_]+'?|'|[^\w\s'▁]|\d|_)", "▁" + re.sub(r"\s+", "▁", text.strip()))
    assert "".join(found) == "▁" + re.sub(r"\s+", "▁", text.strip())
    return found


def test_a_piece_that_is_a_word_within_a_sentence_has_meaning(train: list[Pair]) -> None:
    """A piece may begin a word (▁is) or continue one (is, of this): the letters decide."""
    codec = Codec.train(["this is his", "▁is", "thin thick", "bis"] * 20, vocab_size=290)
    texts = ["this is his thin bis"]
    names = {codec.name(number) for text in texts for number in codec.encode(text)}
    assert {"is", "▁is"} & names
    found = lab.meaningless(codec, frozenset({"is", "thin"}), texts)
    assert found and not {"is", "▁is", "▁thin"} & set(found)
    assert set(found) <= names
    assert {name for name in names if len(name.lstrip("▁")) > 1 and name.lstrip("▁") not in {"is", "thin"}} == set(
        found
    )


def scores_of(*given: str, expected: str = "le chat noir dort") -> Scores:
    samples = tuple(Sample(source="the black cat sleeps", expected=expected, given=each) for each in given)
    return Scores(
        perplexity=1.0, loss=0.0, exact=0.0, bleu=0.0, chrf=50.0, signatures=("", ""), length_ratio=1.0,
        sentences=len(given), seconds=1.0, samples=samples, too_long=0,
    )  # fmt: skip


def test_words_written_are_counted_against_both_languages_that_were_read() -> None:
    model = lab.model_of(CODEC.size, 10, 0)
    read = lab.words_in(["the black cat doesn't sleep", "le chat noir dort, c'est l'homme"])
    assert {"doesn'", "t", "l'", "homme", "c'", "dort", "black"} <= read
    given = ("le chat black dort", "le <unk> dormouille, <unk>!", "l'homme")
    found = lab.measured(model, CODEC, [("the cat", "le chat")], read, scores_of(*given))
    # 4 words, then 2 words and 2 unknown ones, then 2 words: one of ten stands nowhere, English ones do.
    assert found.unread_words == ("dormouille",)
    assert found.unread == pytest.approx(1 / 10)
    assert found.unknown == pytest.approx(2 / 10)
    # The cause taken away: whoever has read the word invents nothing.
    assert lab.measured(model, CODEC, [("the cat", "le chat")], read | {"dormouille"}, scores_of(*given)).unread == 0


def test_without_its_unknowns_a_translation_is_not_charged_for_their_letters() -> None:
    model, read, pairs = lab.model_of(CODEC.size, 10, 0), frozenset[str](), [("the cat", "le chat")]
    found = lab.measured(model, CODEC, pairs, read, scores_of("le <unk> chat noir <unk> dort <unk>"))
    assert found.chrf_spared == pytest.approx(100)
    assert lab.measured(model, CODEC, pairs, read, scores_of("le chat")).chrf_spared < 100


@settings(max_examples=20)
@given(st.lists(st.text("abc é'-.", max_size=12), max_size=9))
def test_encoding_in_parts_is_encoding(texts: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab, "CHUNK", 4)
        assert lab.encoded(CODEC, texts, silent) == [CODEC.encode(text) for text in texts]


def test_with_every_word_in_the_vocabulary_words_leave_nothing_unknown(train: list[Pair]) -> None:
    """The cause taken away: on the sentences that it was made from, a vocabulary of all words has no <unk>."""
    texts = [side for pair in train for side in pair]
    assert lab.unknown(lab.vocabulary(texts, lab.EVERYTHING, "word", silent), texts) == 0
    assert lab.unknown(Codec.train(texts, vocab_size=320, level="word"), texts) > 0.05
    assert lab.unknown(Codec.train(texts, vocab_size=320), texts) == 0


CODEC = Codec.train(["low lower newest widest", "the black cat is sleeping"] * 3, vocab_size=320)
"""Size of the subword vocabulary; it lacks most characters."""


@settings(max_examples=60)
@given(st.text(max_size=40))
def test_under_subwords_any_text_comes_back_as_it_was(text: str) -> None:
    ids = CODEC.encode(text)
    assert Codec.UNK not in ids
    assert CODEC.decode(ids) == CODEC.normalize(text)


def test_the_models_have_the_same_shape_and_the_counts_of_their_vocabularies(result: lab.Subwords) -> None:
    words, pieces, every = result.models
    assert words.vocabulary == pieces.vocabulary == 320 < every.vocabulary
    assert words.parameters == pieces.parameters
    assert every.parameters - words.parameters == (every.vocabulary - words.vocabulary) * lab.WIDTH
    assert words.reads > every.reads
    assert pieces.reads == pieces.unknown == 0 < words.unknown
    assert pieces.length > words.length
    assert words.chrf_spared != words.chrf
    assert (pieces.chrf_spared, every.chrf_spared) == pytest.approx((pieces.chrf, every.chrf), abs=1.0)
    train = lab.short("train", 200, 0, silent)
    text = " ".join(side for pair in train for side in pair)
    for each in pieces.unread_words:
        assert not re.search(rf"\b{re.escape(each)}(?!\w)", text)
    assert result.pieces
    for each in result.pieces:
        assert not re.search(rf"(?<!\w){re.escape(each.lstrip('▁'))}(?!\w)", text)


def test_the_classic_example_stands_in_the_result(result: lab.Subwords) -> None:
    assert [(each.left, each.right, each.count) for each in result.merges[:3]] == [
        ("e", "s", 9), ("es", "t", 9), ("est", "</w>", 9),
    ]  # fmt: skip
    assert result.tokens == len(CLASSIC.replace(" ", "")) + len(CLASSIC.split())
    assert result.merges[0].tokens == result.tokens - 9
    assert (result.word, result.word_seen, result.word_known) == ("lowest", False, True)
    assert "".join(result.word_symbols) == "lowest</w>"


@pytest.mark.usefixtures("drawn")
def test_without_merges_nothing_is_joined_and_other_scripts_are_as_good() -> None:
    found = small(text="猫 猫は 猫", merges=0, word="犬", steps=1)
    assert found.merges == ()
    assert found.before == ("猫 </w>", "猫 は </w>")
    assert found.word_symbols == ("犬", "</w>")
    assert not found.word_known
    assert PAGE.exhibits(found)


def test_the_same_arguments_give_the_same_result(result: lab.Subwords) -> None:
    before = torch.random.get_rng_state()
    assert small() == result
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"text": ""}, "text has no words"),
        ({"text": " \t\n　"}, "text has no words"),
        ({"text": "a" * 10_001}, "text has 10,001 characters; at most 10,000 are read"),
        ({"text": 3}, "text is 3; it must be a text"),
        ({"merges": -1}, "merges is -1"),
        ({"merges": 301}, "merges is 301"),
        ({"word": ""}, "word is ''; it must be one word"),
        ({"word": "two words"}, "it must be one word"),
        ({"vocab_size": 299}, "vocab_size is 299; it must be at least 300"),
        ({"pairs": 99}, "pairs is 99"),
        ({"pairs": 20_001}, "pairs is 20,001; it must be at most 20,000"),
        ({"steps": 0}, "steps is 0"),
        ({"seed": 0.5}, "seed is 0.5"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        subwords(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("late", [0.05, 0.09, 0.145, 0.5, 0.99])
def test_it_stops_when_nobody_waits_and_leaves_random_numbers_as_they_were(
    late: float, request: pytest.FixtureRequest
) -> None:
    """Also while the library reads the sentences of a vocabulary."""
    if late > 0.1:
        request.getfixturevalue("drawn")

    def progress(share: float, words: str) -> None:
        if share > late:
            raise StoppedError

    before = torch.random.get_rng_state()
    with pytest.raises(StoppedError):
        small(progress=progress)
    assert torch.equal(torch.random.get_rng_state(), before)


def judged(result: lab.Subwords, words: tuple[float, float], pieces: tuple[float, float], **given: int) -> Verdict:
    """Judge by chrF, and by the share of sentences that are right."""
    first, second, every = result.models
    models = (replace(first, chrf=words[0], exact=words[1]), replace(second, chrf=pieces[0], exact=pieces[1]), every)
    return PAGE.judge(replace(result, models=models, **given))  # type: ignore[arg-type]


@pytest.mark.parametrize(("words", "pieces", "answer"), [(50.0, 40.0, 0), (40.0, 50.0, 1), (40.0, 42.0, 2)])
def test_the_verdict_goes_by_the_scores(result: lab.Subwords, words: float, pieces: float, answer: int) -> None:
    verdict = judged(result, (words, 0.3), (pieces, 0.3))
    assert verdict.answer == answer
    assert "learned" not in verdict.sentence and "opposite" not in verdict.sentence


def test_the_verdict_says_where_sentences_or_sizes_speak_against_it(result: lab.Subwords) -> None:
    assert "Whole sentences say the opposite" in judged(result, (47.0, 0.16), (52.3, 0.11)).sentence
    assert "Whole sentences say the opposite" in judged(result, (52.3, 0.11), (47.0, 0.16)).sentence
    assert "opposite" not in judged(result, (47.0, 0.11), (52.3, 0.16)).sentence
    assert "Neither has learned" in PAGE.judge(result).sentence
    assert "2,500 steps" in PAGE.judge(result).sentence
    assert "comes with" not in judged(result, (9.0, 0.0), (9.0, 0.0), steps=2500).sentence
