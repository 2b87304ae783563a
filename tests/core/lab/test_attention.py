"""attention: the sum by hand against torch's kernel, which sizes must agree, and what softmax's division is for."""

import math
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from glasshead import GlassheadError, Subject, listen, load
from glasshead.lab.attention import Attention, attention, single, stacked
from glasshead.lab.exhibits import Table
from glasshead.lab.pages.attention import exhibits, judge
from glasshead.lab.tools.sentence import EXAMPLE, capture, choose_text, read_sentence
from glasshead.model import Attention as Module


@pytest.fixture(scope="module")
def subject() -> Subject:
    return load("english-french")


@pytest.fixture(scope="module")
def found(subject: Subject) -> Attention:
    return attention(subject=subject)


def test_a_query_that_prefers_nothing_gets_the_mean_and_odds_of_three_give_three_quarters() -> None:
    values = torch.tensor([[4.0, 0.0], [0.0, 8.0]], dtype=torch.float64)
    keys = torch.tensor([[1.0, 0, 0, 0], [0, 1.0, 0, 0]], dtype=torch.float64)
    assert single(torch.zeros(4, dtype=torch.float64), keys, values).output == pytest.approx((2.0, 4.0))
    wanting = torch.tensor([math.log(3) * 2, 0, 0, 0], dtype=torch.float64)  # √d_k = 2
    preferred = single(wanting, keys, values)
    assert [term.weight for term in preferred.terms] == pytest.approx([0.75, 0.25])
    assert preferred.output == pytest.approx((3.0, 2.0))
    assert preferred.total == pytest.approx(4.0)


@settings(max_examples=30)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 6), st.integers(1, 9), st.integers(0, 999))
def test_one_by_one_and_stacked_are_torchs_attention(d_k: int, d_v: int, queries: int, keys: int, seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    q, k, v = (torch.randn(*size, generator=draw).double() for size in ((queries, d_k), (keys, d_k), (keys, d_v)))
    wanted = F.scaled_dot_product_attention(q[None], k[None], v[None])[0]
    alone = torch.tensor([single(row, k, v).output for row in q], dtype=torch.float64)
    assert torch.allclose(alone, wanted, atol=1e-12)
    assert torch.allclose(stacked(q, k, v), wanted, atol=1e-12)
    assert torch.all(alone >= v.amin(0) - 1e-12)
    assert torch.all(alone <= v.amax(0) + 1e-12)


def test_the_steps_lead_from_the_product_to_the_output(found: Attention) -> None:
    one = found.single
    for term in one.terms:
        assert term.product == pytest.approx(sum(a * b for a, b in zip(one.query, term.key, strict=True)))
        assert term.scaled == pytest.approx(term.product / math.sqrt(found.d_k))
        assert term.weight == pytest.approx(math.exp(term.scaled) / one.total)
    assert one.output == pytest.approx(
        [sum(term.weight * term.value[n] for term in one.terms) for n in range(found.d_v)]
    )
    products = torch.tensor([term.product for term in one.terms], dtype=torch.float64)
    assert found.weights[0] == pytest.approx(torch.softmax(products / math.sqrt(found.d_k), -1).tolist())
    assert 0 < found.stacked_difference < 1e-6


def test_pairs_have_no_order_but_keys_and_values_belong_together(found: Attention) -> None:
    assert found.order_difference < 1e-12
    assert found.torn_difference > 0.1


def test_without_the_division_by_the_sum_it_is_no_mean_any_more(found: Attention) -> None:
    softmax, undivided, scores = found.weighings
    assert [softmax.least_sum, softmax.most_sum] == pytest.approx([1, 1]) and softmax.inside == 1.0
    assert undivided.least_sum > 1.5
    assert scores.least_sum < 0
    assert undivided.inside < 0.9
    assert scores.inside < 0.9


def test_only_d_k_and_the_pairs_must_agree(found: Attention) -> None:
    works = {trial.sizes: trial.works for trial in found.trials}
    assert works == {"inputs": True, "tokens": True, "query and key": False, "key and value": True, "pairs": False}
    assert judge(found).answer == 2


def test_the_answer_follows_the_trials(found: Attention) -> None:
    """Had nothing but the lengths been refused, the verdict would be another."""
    trials = tuple(replace(trial, works=trial.sizes != "tokens") for trial in found.trials)
    assert judge(replace(found, trials=trials)).answer == 1


@pytest.mark.parametrize(
    ("d_k", "d_v", "queries", "keys", "wide"), [(4, 3, 5, 7, 48), (2, 6, 3, 3, 32), (1, 1, 1, 2, 5)]
)
def test_every_shape_is_the_formulas(subject: Subject, d_k: int, d_v: int, queries: int, keys: int, wide: int) -> None:
    here = attention(d_k=d_k, d_v=d_v, queries=queries, keys=keys, source_width=wide, subject=subject)
    shapes, h = {each.name: each.here for each in here.shapes}, here.heads
    assert shapes["x"] == shapes["out"] == (queries, 32)
    assert (shapes["source"], shapes["concat"]) == ((keys, wide), (queries, h * d_v))
    assert (shapes["W_Q"], shapes["W_K"]) == ((32, h * d_k), (wide, h * d_k))
    assert (shapes["W_V"], shapes["W_O"]) == ((wide, h * d_v), (h * d_v, 32))
    assert (shapes["Q"], shapes["K"], shapes["V"]) == ((h, queries, d_k), (h, keys, d_k), (h, keys, d_v))
    assert (shapes["Q Kᵀ"], shapes["heads"]) == ((h, queries, keys), (h, queries, d_v))
    assert judge(here).answer == 2


def test_a_trained_models_cross_attention_is_softmax_of_its_own_queries_and_keys(
    subject: Subject, found: Attention
) -> None:
    cross = found.cross
    sentence = read_sentence(subject)
    with torch.inference_mode(), listen(subject.native, keep=["decoder.*.cross.[qk]"]) as seen:
        subject.native(sentence.source, sentence.target)
    q, k = (seen[f"decoder.{cross.layer}.cross.{name}"][0, cross.head].double() for name in "qk")
    wanted = torch.softmax(q @ k.T / subject.config.key_width**0.5, -1)
    assert torch.allclose(torch.tensor(cross.weights, dtype=torch.float64), wanted, atol=1e-5)
    assert (len(cross.queries), len(cross.keys)) == wanted.shape == (6, 8)
    assert cross.difference < 1e-4
    trained = {each.name: each.trained for each in found.shapes}
    assert (trained["Q"], trained["K"], trained["Q Kᵀ"]) == ((8, 6, 32), (8, 8, 32), (8, 6, 8))


def test_worked_out_by_the_formula_it_is_the_model_whatever_its_scale_and_not_another(subject: Subject) -> None:
    """Its own q and k with a scale that is not its own: the outputs are not reached, so something is compared."""
    bare = subject.changed(scale=False)
    assert attention(subject=bare).cross.difference < 1e-4
    for module in bare.native.modules():
        if isinstance(module, Module):
            module.scale = 0.1
    assert attention(subject=bare).cross.difference > 1e-2


def test_a_sentence_is_read_as_the_model_translates_it(subject: Subject) -> None:
    sentence = read_sentence(subject, "a dog does not see the cat")
    logits = capture(subject, sentence, ["logits"])["logits"][0]
    said = logits.argmax(-1).tolist()
    assert said[:-1] == sentence.target[0, 1:].tolist()
    assert subject.vocabulary.target.decode(said) == subject.translate("a dog does not see the cat")
    assert sentence.translation == subject.translate("a dog does not see the cat")
    assert len(sentence.target_tokens) == sentence.target.shape[1]
    assert len(sentence.source_tokens) == sentence.source.shape[1]


@pytest.mark.parametrize("card", [{}, {"examples": []}, {"examples": None}])
def test_a_model_without_examples_reads_another(subject: Subject, card: dict[str, Any]) -> None:
    assert choose_text(replace(subject, card=card), "") == EXAMPLE
    assert choose_text(replace(subject, card=card), "a cat") == "a cat"
    assert choose_text(replace(subject, card={"examples": ["a dog", "a cat"]}), "") == "a dog"


@pytest.mark.parametrize(("queries", "keys"), [(1, 2), (1, 3), (64, 64)])
def test_what_is_shown_counts_and_fits(subject: Subject, queries: int, keys: int) -> None:
    shown = exhibits(attention(queries=queries, keys=keys, text="cat", subject=subject))
    texts = [text for each in shown for text in (each.title, each.note)]
    texts += [str(cell) for each in shown if isinstance(each, Table) for row in each.rows for cell in row]
    assert not any(re.search(r"\b1 (queries|keys|pairs|values)", text) for text in texts)
    assert any(f"{queries} quer" in text for text in texts)
    assert all(len(each.note) <= 150 for each in shown)


def test_the_same_arguments_give_the_same_numbers(subject: Subject, found: Attention) -> None:
    assert attention(subject=subject) == found
    others = [attention(subject=subject, seed=seed).single.query for seed in range(3)]
    assert all(one != other for one, other in pairwise(others))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"d_k": 0}, "d_k is 0; it must be at least 1"),
        ({"d_k": 4.0}, "d_k is 4.0; it must be a whole number"),
        ({"d_v": 1000}, "d_v is 1,000; it must be at most 256"),
        ({"queries": True}, "queries is True; it must be a whole number"),
        ({"keys": 1}, "keys is 1; it must be at least 2"),
        ({"source_width": -3}, "source_width is -3"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**32}, "seed is 4,294,967,296; it must be at most 4,294,967,295"),
        ({"text": " "}, "no text to translate"),
        ({"text": "cat " * 300}, "tokens; this model takes at most"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(subject: Subject, wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        attention(**wrong, subject=subject)
