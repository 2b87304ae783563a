"""Scores against a likelihood from the formulas, decoding without a cache, and sacrebleu called directly."""

import math
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import torch
from sacrebleu import BLEU, CHRF, corpus_bleu
from tests.core.helpers import make, stop_at
from tests.core.reference import log_softmax, transform

from glasshead import Codec, GlassheadError, Vocabulary, beam_search, load
from glasshead.adapters.native import Native
from glasshead.errors import StoppedError
from glasshead.recipes import recipe
from glasshead.training.evaluate import Scores, score

LINES = ["the black cat", "the small house is red", "a dog", "le chat noir dort", "la maison", "un chien ne voit pas"]
PAIRS = [
    ("The black  cat", "Le chat noir dort"),
    ("a dog", "un chien"),
    ("the small house is red", "la MAISON"),
    ("a", "un chat noir"),
    ("the house", ""),
]


@dataclass
class Found:
    """A line that the search found."""

    ids: list[int]


def vocabularies() -> Vocabulary:
    return Vocabulary(
        Codec.train(LINES[:3], vocab_size=40, level="word"), Codec.train(LINES[3:], vocab_size=300, lowercase=True)
    )


def untrained(vocabulary: Vocabulary, seed: int = 0, dtype: torch.dtype = torch.float64, **options: Any) -> Any:
    """A model that says anything; it mostly ends somewhere."""
    return make(
        seed,
        dtype,
        **(
            {
                "vocab_size": vocabulary.target.size,
                "source_vocab_size": vocabulary.source.size,
                "share_embeddings": False,
            }
            | options
        ),
    )


def greedy(model: Any, source: list[int]) -> list[int]:
    """The whole target through the model for every token of it."""
    line = [1]
    limit = min(model.config.max_length - 1, 3 * len(source) + 20)
    while len(line) <= limit:
        token = int(model(torch.tensor([source]), torch.tensor([line]))[0, -1].argmax())
        if token == 2:
            break
        line.append(token)
    return line[1:]


@pytest.mark.parametrize("batch_tokens", [4096, 24, 1])
def test_the_loss_is_that_of_the_formulas(batch_tokens: int) -> None:
    vocabulary = vocabularies()
    model = untrained(vocabulary)
    total, tokens = 0.0, 0
    for source, target in PAIRS:
        ids = [*vocabulary.target.encode(target), 2]
        logits = transform(model, [*vocabulary.source.encode(source), 2], [1, *ids[:-1]])["logits"]
        total -= sum(float(log_softmax(row)[token]) for row, token in zip(logits, ids, strict=True))
        tokens += len(ids)
    found = score(model, vocabulary, PAIRS, batch_tokens=batch_tokens)
    assert found.loss == pytest.approx(total / tokens, rel=1e-9)
    assert found.perplexity == pytest.approx(math.exp(total / tokens), rel=1e-9)
    assert (found.sentences, found.too_long) == (len(PAIRS), 0)


def test_a_model_that_knows_nothing_is_as_perplexed_as_its_vocabulary_is_large() -> None:
    vocabulary = vocabularies()
    model = untrained(vocabulary)
    with torch.no_grad():
        model.project.weight.zero_()
    assert score(model, vocabulary, PAIRS).perplexity == pytest.approx(vocabulary.target.size)


@pytest.mark.parametrize("beam", [1, 3])
def test_translations_are_those_of_each_sentence_alone(beam: int) -> None:
    vocabulary = vocabularies()
    model = untrained(vocabulary, 3, max_length=60)
    found = score(model, vocabulary, PAIRS, beam=beam, length_penalty=0.3)
    assert [sample.source for sample in found.samples] == [source for source, _ in PAIRS]
    assert [sample.expected for sample in found.samples] == [
        "le chat noir dort", "un chien", "la maison", "un chat noir", ""
    ]  # fmt: skip
    for (source, _), sample in zip(PAIRS, found.samples, strict=True):
        ids = [*vocabulary.source.encode(source), 2]
        limit = 3 * len(ids) + 20
        line = (
            greedy(model, ids)
            if beam == 1
            else beam_search(Native(model), ids, width=beam, length_penalty=0.3, limit=limit)[0].ids
        )
        assert sample.given == vocabulary.target.decode(line)


@pytest.fixture(scope="module")
def real() -> tuple[Any, list[tuple[str, str]], Scores]:
    """Sentences that a trained model knows how to translate; every third has the reference of another."""
    subject = load("english-french")
    pairs = recipe("english-french").sample("test", 24)
    pairs = [(s, pairs[n - 1][1] if n % 3 == 0 else t.upper()) for n, (s, t) in enumerate(pairs)]
    return subject, pairs, score(subject.native, subject.codecs, pairs)


def test_bleu_and_chrf_are_those_of_sacrebleu(real: tuple[Any, list[tuple[str, str]], Scores]) -> None:
    subject, pairs, found = real
    codec = subject.vocabulary.target
    given = [codec.decode(greedy(subject.native, [*codec.encode(source), 2])) for source, _ in pairs]
    references = [target for _, target in pairs]
    bleu = corpus_bleu(given, [references], lowercase=True)
    assert 20 < bleu.score < 95
    assert corpus_bleu(given, [references]).score < bleu.score - 10, "or case would not be seen"
    assert found.bleu == pytest.approx(bleu.score)
    assert found.chrf == pytest.approx(CHRF(lowercase=True).corpus_score(given, [references]).score)
    assert found.length_ratio == pytest.approx(bleu.sys_len / bleu.ref_len)
    assert found.signatures[0].startswith("nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:")
    assert found.signatures[1].startswith("nrefs:1|case:lc|eff:yes|nc:6|nw:0|space:no|version:")
    assert found.exact == sum(map(str.__eq__, given, map(str.lower, references))) / 24
    assert 0 < found.exact <= 2 / 3


@pytest.mark.parametrize("lowercase", [True, False])
def test_the_signatures_give_the_figures_again(lowercase: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With references that the vocabulary sees in other characters: their case, apostrophes and line ends."""
    said = ["l'ours voit le chat", "Un chien ne dort pas", "la maison"]
    pairs = [("a", "L’Ours voit\u2028le chat"), ("b", "un chien ne dort pas"), ("c", "la  MAISON")]
    codec = Codec.train([*said, "a b c"], vocab_size=400, lowercase=lowercase)
    model = untrained(Vocabulary.shared(codec))
    lines = [[Found(codec.encode(text))] for text in said]
    monkeypatch.setattr("glasshead.training.evaluate.search", lambda *_, **__: lines)
    found = score(model, Vocabulary.shared(codec), pairs)
    hypotheses = [sample.given for sample in found.samples]
    references = [" ".join(target.splitlines()) for _, target in pairs]
    for signature, value, metric in zip(found.signatures, (found.bleu, found.chrf), (BLEU, CHRF), strict=True):
        says = dict(part.split(":") for part in signature.split("|"))
        again = metric(lowercase={"lc": True, "mixed": False}[says["case"]])
        assert again.corpus_score(hypotheses, [references]).score == pytest.approx(value)
        assert says["case"] == ("lc" if lowercase else "mixed")
    assert found.exact == (1 if lowercase else 0)


def test_the_rate_is_sentences_by_seconds(real: tuple[Any, list[tuple[str, str]], Scores]) -> None:
    _, _, found = real
    assert 0 < found.seconds < 60
    assert found.rate == 24 / found.seconds


def test_what_is_too_long_is_wrong_and_not_in_the_loss() -> None:
    vocabulary = vocabularies()
    model = untrained(vocabulary, max_length=8)
    fits = ("the black cat", "un")
    assert len(vocabulary.target.encode("un")) < 8
    long_source, long_target = ("a dog " * 4, "un"), ("a dog", "un chien ne voit pas " * 4)
    alone = score(model, vocabulary, [fits])
    found = score(model, vocabulary, [long_source, fits, long_target])
    assert found.too_long == 2
    assert found.sentences == 3
    assert found.loss == pytest.approx(alone.loss)
    assert found.samples[0].given == ""
    assert not found.samples[0].right
    assert found.samples[1] == alone.samples[0]
    assert found.samples[2].given == score(model, vocabulary, [("a dog", "un")]).samples[0].given
    none = score(model, vocabulary, [long_source])
    assert math.isnan(none.loss)
    assert math.isnan(none.perplexity)
    assert (none.bleu, none.chrf, none.exact, none.too_long) == (0.0, 0.0, 0.0, 1)


def test_exactly_what_fits_fits() -> None:
    vocabulary = vocabularies()
    longest = " ".join(["a"] * 7)
    for length, too_long in ((8, 0), (7, 1)):
        assert len(vocabulary.source.encode(longest)) == 7
        model = untrained(vocabulary, max_length=length)
        assert score(model, vocabulary, [(longest, "u")]).too_long == too_long


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(training: bool) -> None:
    vocabulary = vocabularies()
    model = untrained(vocabulary, dropout=0.5).train(training)
    wanted = score(untrained(vocabulary, dropout=0.5), vocabulary, PAIRS)
    found = score(model, vocabulary, PAIRS)
    assert model.training is training
    assert (found.loss, found.samples) == (wanted.loss, wanted.samples), "dropout was off"
    with pytest.raises(StoppedError):
        score(model, vocabulary, PAIRS, stop=lambda: True)
    assert model.training is training


def test_it_can_be_stopped_between_batches_and_steps() -> None:
    vocabulary = vocabularies()
    model = untrained(vocabulary)
    calls = count()
    score(model, vocabulary, PAIRS, batch_tokens=1, stop=lambda: next(calls) < 0)
    asked = next(calls)
    assert asked > 2 * len(PAIRS)
    for last in (0, len(PAIRS) - 1, len(PAIRS), asked - 1):
        calls = count()
        with pytest.raises(StoppedError):
            score(model, vocabulary, PAIRS, batch_tokens=1, stop=stop_at(calls, last))
        assert next(calls) == last + 1


def test_it_tells_how_far_it_is() -> None:
    vocabulary = vocabularies()
    told: list[tuple[str, int, int]] = []
    score(untrained(vocabulary), vocabulary, PAIRS, batch_tokens=1, progress=lambda *each: told.append(each))
    assert told == [
        (what, done, 5) for what in ("reading the references", "translating") for done in range(6)
    ]  # fmt: skip


def test_without_pairs_there_is_nothing_to_score() -> None:
    vocabulary = vocabularies()
    with pytest.raises(GlassheadError, match="no pairs"):
        score(untrained(vocabulary), vocabulary, [])


def test_a_model_of_nan_is_told_of() -> None:
    vocabulary = vocabularies()
    model = untrained(vocabulary)
    with torch.no_grad():
        model.project.weight.fill_(math.nan)
    with pytest.raises(GlassheadError, match="not finite"):
        score(model, vocabulary, PAIRS)
