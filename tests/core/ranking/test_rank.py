"""Rankings against sums over single passes, their placebos against the others' effects, and what is refused."""

from statistics import mean, pstdev
from typing import Any

import pytest
import torch
from tests.core.helpers import restless, subject
from tests.core.recordings import subject_of
from tests.core.strangers import subject as stranger
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.ranking.lines import Line, line_of, token_of
from glasshead.ranking.parts import Part, heads, layers, siblings, tokens
from glasshead.ranking.rank import means, rank
from glasshead.ranking.results import Asked
from glasshead.subjects import Subject

TEXTS = ["abcab", "hello", "xyz"]


@pytest.fixture(scope="module")
def asked() -> Subject:
    return restless(dtype=torch.float64)


def log_p(asked: Subject, line: Line, edit: dict[str, Any]) -> Tensor:
    """Log-probability of each label in one pass under edits: n."""
    with torch.inference_mode(), asked.model.listen((), edit):
        memory = asked.model.read([line.source]) if line.source else None
        logits = asked.model.logits(torch.tensor([line.ids]), memory)[0, -len(line.labels) :]
    return torch.log_softmax(logits, -1)[torch.arange(len(line.labels)), torch.tensor(line.labels)]


def off(*numbers: int) -> Any:
    def change(value: Tensor) -> Tensor:
        value[:, list(numbers)] = 0
        return value

    return change


def test_the_target_is_what_the_model_writes(asked: Subject) -> None:
    line = line_of(asked, "abcab")
    stepper = asked.start("abcab", keep=None)
    while not stepper.done:
        stepper.step()
    assert [*line.ids, line.labels[-1]] == stepper.ids
    assert line.labels == tuple(token.id for token in stepper.produced)
    assert line_of(asked, "abcab", longest=4).labels == line.labels[:4]
    given = line_of(asked, "abcab", "hey")
    assert given.labels == (*asked.vocabulary.target.encode("hey"), 2)
    assert given.source == line.source == (*asked.vocabulary.source.encode("abcab"), 2)


@pytest.mark.parametrize("kind", ["the paper", "gpt", "t5"])
def test_a_given_target_costs_no_step_and_is_what_the_steps_follow(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    subject, target = subject_of(kind), "cabc"
    stepper = subject.start("abcab", keep=None, forced=target)
    while stepper.given is not None:
        stepper.step()
    with monkeypatch.context() as no_pass:
        for name in ("read", "logits"):
            no_pass.setattr(type(subject.model), name, None)
        line = line_of(subject, "abcab", target)
    assert [*line.ids, line.labels[-1]] == stepper.ids and line.labels == tuple(each.id for each in stepper.produced)
    assert line.source == tuple(each.id for each in stepper.source) and line.prompt == len(stepper.prompt.start)
    chances = torch.tensor([each.probability or 0.0 for each in stepper.produced], dtype=torch.float64)
    ranking = rank(subject, ["abcab"], [target])
    assert ranking.tokens == len(chances) and ranking.loss == pytest.approx(-float(chances.log().mean()), abs=1e-6)


def test_the_effect_of_a_head_is_the_rise_of_the_loss_a_token(asked: Subject) -> None:
    ranking = rank(asked, TEXTS, longest=6)
    lines = [line_of(asked, text, longest=6) for text in TEXTS]
    whole = torch.cat([log_p(asked, line, {}) for line in lines])
    assert ranking.loss == pytest.approx(-float(whole.mean())) and ranking.tokens == len(whole) == 18
    assert [effect.effect for effect in ranking.effects] == sorted((e.effect for e in ranking.effects), reverse=True)
    assert {effect.part for effect in ranking.effects} == set(heads(asked.anatomy))
    for effect in ranking.effects:
        edit = {f"{effect.part.prefix}.heads": off(effect.part.head or 0)}
        after = torch.cat([log_p(asked, line, edit) for line in lines])
        assert effect.effect == pytest.approx(float((whole - after).mean()), abs=1e-9)
        assert effect.moved


def test_the_placebo_is_the_other_heads_of_the_layer(asked: Subject) -> None:
    ranking = rank(asked, TEXTS[:1], longest=5)
    found = {effect.part: effect.effect for effect in ranking.effects}
    for effect in ranking.effects:
        others = [value for part, value in found.items() if part.prefix == effect.part.prefix and part != effect.part]
        assert effect.placebo is not None and effect.placebo.count == len(others) == 3
        assert effect.placebo.mean == pytest.approx(mean(others))
        assert effect.placebo.spread == pytest.approx(pstdev(others))
    alone = rank(subject(heads=1), ["abc"], longest=3)
    assert {effect.placebo for effect in alone.effects} == {None}
    two = rank(subject(heads=2), ["abc"], longest=3)
    assert {effect.placebo.spread for effect in two.effects if effect.placebo} == {None}, "one other has no spread"


def test_keep_only_takes_out_all_others_of_the_layer(asked: Subject) -> None:
    ranking = rank(asked, TEXTS[:1], longest=5, method="keep-only")
    line = line_of(asked, TEXTS[0], longest=5)
    whole = log_p(asked, line, {})
    for effect in ranking.effects[::5]:
        rest = [head for head in range(4) if head != effect.part.head]
        after = log_p(asked, line, {f"{effect.part.prefix}.heads": off(*rest)})
        assert effect.effect == pytest.approx(float((whole - after).mean()), abs=1e-9)


def test_one_token_is_asked_about_alone(asked: Subject) -> None:
    line = line_of(asked, "abcab", longest=8)
    other = (line.labels[3] + 1) % 29
    for by, label in ((Asked(4), line.labels[3]), (Asked(4, other), other)):
        ranking = rank(asked, ["abcab"], by=by, longest=8)
        assert ranking.tokens == 1
        short = Line(line.source, line.ids[:4], (label,), 1)
        before = float(log_p(asked, short, {})[0])
        for effect in ranking.effects[::6]:
            after = float(log_p(asked, short, {f"{effect.part.prefix}.heads": off(effect.part.head or 0)})[0])
            assert effect.effect == pytest.approx(before - after, abs=1e-9)


def test_the_mean_of_a_head_is_over_all_texts(asked: Subject) -> None:
    lines = [line_of(asked, text, longest=5) for text in TEXTS]
    site = "encoder.1.self.heads"
    rows = []
    for line in lines:
        with torch.inference_mode(), asked.model.listen([site]) as seen:
            asked.model.read([line.source])
        rows.append(seen[site][0])
    expected = torch.cat(rows, 1).mean(1, keepdim=True)
    torch.testing.assert_close(means(asked.model, lines, [site])[site], expected)
    ranking = rank(asked, TEXTS, longest=5, instead="mean")
    whole = torch.cat([log_p(asked, line, {}) for line in lines])

    def average(value: Tensor) -> Tensor:
        value[:, 2] = expected[2]
        return value

    after = torch.cat([log_p(asked, line, {site: average}) for line in lines])
    found = next(effect for effect in ranking.effects if effect.part == Part("encoder.1.self", 2))
    assert found.effect == pytest.approx(float((whole - after).mean()), abs=1e-9)


def test_a_patch_recovers_a_share_of_what_the_corruption_took(asked: Subject) -> None:
    ranking = rank(asked, ["abcab"], method="patch", corrupted="abxab", longest=5)
    line = line_of(asked, "abcab", longest=5)
    other = Line((*asked.vocabulary.source.encode("abxab"), 2), line.ids, line.labels, 1)
    clean, broken = (float(log_p(asked, each, {}).sum()) for each in (line, other))
    part = next(effect for effect in ranking.effects if effect.part == Part("encoder.0.self", 1))
    with torch.inference_mode(), asked.model.listen(["encoder.0.self.heads"]) as seen:
        asked.model.read([line.source])
    kept = seen["encoder.0.self.heads"]

    def patch(value: Tensor) -> Tensor:
        value[:, 1] = kept[:, 1]
        return value

    after = float(log_p(asked, other, {"encoder.0.self.heads": patch}).sum())
    assert part.effect == pytest.approx((after - broken) / (clean - broken), abs=1e-9)


def test_patching_all_that_the_source_gives_recovers_everything() -> None:
    """With cross-attention of one layer, its whole output is all that the decoder has of the source."""
    asked = restless(dtype=torch.float64, decoder_layers=1)
    ranking = rank(asked, ["abcab"], method="patch", corrupted="abxab", of="layers", longest=5)
    found = {effect.part.prefix: effect.effect for effect in ranking.effects}
    assert found["decoder.0.cross"] == pytest.approx(1, abs=1e-9)
    assert found["decoder.0.self"] == pytest.approx(0, abs=1e-9)  # it reads the target alone
    still = next(effect for effect in ranking.effects if effect.part.prefix == "decoder.0.self")
    assert not still.moved and still.move < 1e-12  # a batch may sum in another order


def test_hidden_tokens_of_a_source_and_of_a_prompt(asked: Subject) -> None:
    ranking = rank(asked, ["abcab"], of="sources", longest=5)
    line = line_of(asked, "abcab", longest=5)
    assert sorted(effect.part.token or 0 for effect in ranking.effects) == list(range(len(line.source)))
    gpt = stranger("gpt")
    found = rank(gpt, ["abcab"], of="sources", longest=4)
    assert {effect.part.token for effect in found.effects} == set(range(6))  # the start token, and five letters
    assert tokens(stranger("bert").anatomy, source=3, prompt=0)[0].prefix == "encoder.self"


def test_what_a_head_looks_at_is_measured_over_the_texts(asked: Subject) -> None:
    ranking = rank(asked, TEXTS, longest=5)
    effect = next(effect for effect in ranking.effects if effect.part == Part("encoder.0.self", 0))
    shares = []
    for text in TEXTS:
        with torch.inference_mode(), asked.model.listen(["encoder.0.self.weights"]) as seen:
            asked.model.read([line_of(asked, text, longest=5).source])
        weights = seen["encoder.0.self.weights"][0, 0]
        shares.append(float(weights.diagonal(-1).mean()))
    assert effect.traits["previous"].value == pytest.approx(mean(shares))
    assert all(trait.measure.share for trait in effect.does)


def test_like_parts() -> None:
    anatomy = subject().anatomy
    assert [part.head for part in siblings(Part("decoder.0.self", 1), heads(anatomy))] == [0, 2, 3]
    assert siblings(Part("decoder.0.ffn"), layers(anatomy)) == [Part("decoder.1.ffn")]


def test_a_token_by_its_name() -> None:
    asked = subject()
    line = line_of(asked, "abc", "hey")
    assert token_of(asked, line, "e") == asked.vocabulary.target.encode("e")[0]
    with pytest.raises(GlassheadError, match="no token"):
        token_of(asked, line, " ")


@pytest.mark.parametrize(
    ("texts", "options", "match"),
    [
        ([], {}, "no text"),
        (["ab", "cd"], {"by": Asked(1)}, "one token needs one text"),
        (["ab", "cd"], {"of": "sources"}, "sources needs one text"),
        (["ab"], {"method": "patch"}, "give both or neither"),
        (["ab"], {"corrupted": "ac"}, "give both or neither"),
        (["ab"], {"method": "patch", "corrupted": "abc"}, "has 4 tokens and the text 3"),
        (["ab"], {"method": "patch", "corrupted": "ab"}, "nothing to recover"),
        (["ab"], {"method": "patch", "corrupted": "ac", "instead": "mean"}, "no mean"),
        (["ab"], {"method": "keep-only", "of": "layers"}, "ranks heads"),
        (["ab"], {"method": "remove"}, "Methods are"),
        (["ab"], {"of": "sources", "instead": "mean"}, "nothing comes in its place"),
        (["ab"], {"by": Asked(99)}, "no step 99"),
    ],
)
def test_wishes_that_do_not_go_together(asked: Subject, texts: list[str], options: Any, match: str) -> None:
    with pytest.raises(GlassheadError, match=match):
        rank(asked, texts, longest=4, **options)


def test_a_recording_cannot_be_ranked(asked: Subject, tmp_path: Any) -> None:
    import glasshead

    line = asked.start("ab")
    line.step()
    recorded = glasshead.load(line.save(tmp_path / "line.safetensors"))
    with pytest.raises(GlassheadError, match="take parts out of it"):
        rank(recorded, ["ab"])
