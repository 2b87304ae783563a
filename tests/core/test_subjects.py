"""Subject: from text to text, and a sentence for text that cannot be translated."""

import copy
import json
from pathlib import Path

import pytest
import torch
from tests.core.helpers import gap
from tests.core.reference import softmax, transform

import glasshead
from glasshead import Codec, GlassheadError, Sample, Subject


@pytest.fixture(scope="module")
def opened(tiny: Path) -> Subject:
    return glasshead.load(tiny)


def test_a_checkpoint_opens_by_its_folder(opened: Subject, tiny: Path) -> None:
    assert opened.name == "tiny"
    assert opened.folder == tiny
    assert opened.card == json.loads((tiny / "config.json").read_text(encoding="utf-8"))["card"]
    assert opened.config.d_model == 32
    assert opened.limit == 47
    assert opened.codecs.joint and opened.vocabulary.target.size == opened.config.vocab_size
    assert opened.parameters == sum(tensor.numel() for tensor in opened.native.parameters())
    assert [(kind.stack, kind.kind, kind.layers, kind.heads) for kind in opened.kinds] == [
        ("encoder", "self", 2, 4), ("decoder", "self", 2, 4), ("decoder", "cross", 2, 4),
    ]  # fmt: skip


def test_a_source_ends_with_the_end_token(opened: Subject) -> None:
    line = opened.start("the black cat")
    assert [token.id for token in line.source] == [*opened.vocabulary.source.encode("the black cat"), Codec.EOS]
    assert [token.text for token in line.source][-1] == "</s>"
    assert line.tokens[0].text == "<s>"
    assert line.trace["encoder.out"].shape == (len(line.source), 32)


def test_two_vocabularies_from_text_to_text(twofold: Path) -> None:
    """Words in, subwords out: every token by the names of its side, every number that of the reference in numpy."""
    sub = glasshead.load(twofold)
    reads, writes = (Codec.load(twofold / name) for name in ("source-tokenizer.json", "tokenizer.json"))
    assert (reads.level, writes.level) == ("word", "subword")
    assert (sub.config.source_size, sub.config.vocab_size) == (reads.size, writes.size)
    line = sub.start("The black zebra is sleeping")
    source = [*reads.encode("the black zebra is sleeping"), Codec.EOS]
    assert [token.id for token in line.source] == source
    assert [token.text for token in line.source] == ["▁the", "▁black", "<unk>", "▁is", "▁sleeping", "</s>"]

    target = [Codec.BOS]
    for step in range(8):
        logits = transform(sub.native, source, target)["logits"][-1]
        [best, *_] = line.candidates(3)
        assert best.id == int(logits.argmax()) and best.text == writes.name(best.id)
        token = line.step()
        assert token.probability == pytest.approx(softmax(logits)[best.id], rel=1e-4)
        target.append(best.id)
        assert line.step_number == step + 1 and [token.id for token in line.tokens] == target
    assert [token.text for token in line.tokens] == [writes.name(number) for number in target]
    assert line.text == writes.decode(target)
    highest = reads.size + 2
    line.back()
    assert line.choose(highest).text == writes.name(highest), "a token that the source's vocabulary has no place for"

    wanted = transform(sub.native, source, target[:-1])
    trace = line.trace
    for site in trace.sites:
        assert gap(trace[site].squeeze().double(), wanted[site].squeeze()) < 1e-4, site
    queries, keys = trace.axes("decoder.0.cross")
    assert [token.text for token in keys] == [reads.name(number) for number in source]
    assert [token.text for token in queries] == [writes.name(number) for number in target[:-1]]
    assert [check for check in glasshead.checks(trace, *line.verify()) if not check.ok] == []
    best_line = glasshead.beam_search(sub.model, source, width=2)[0]
    assert sub.translate("the black zebra is sleeping", beam=2) == writes.decode(best_line.ids)


def test_a_model_that_writes_words_shows_the_unknown_one(tmp_path: Path) -> None:
    codec = Codec.train(["the black cat is sleeping"], vocab_size=8, level="word")
    model = glasshead.Transformer(glasshead.Config(vocab_size=8, d_model=8, heads=2, d_ff=8, max_length=9)).eval()
    glasshead.save(tmp_path / "words", model, glasshead.Vocabulary.shared(codec))
    line = glasshead.load(tmp_path / "words").start("the unseen cat")
    known = set(codec.encode("the black cat is sleeping")) - {Codec.UNK}
    assert len(known) == 4 and Codec.UNK in [token.id for token in line.source]
    line.choose(Codec.UNK)
    line.choose(min(known))
    assert [token.text for token in line.tokens] == ["<s>", "<unk>", codec.name(min(known))]
    assert line.text == f"<unk> {codec.name(min(known)).removeprefix('▁')}"
    assert len(line.candidates(100)) == 8


@pytest.mark.parametrize("text", ["", " ", "\n\t ", " "])
def test_nothing_is_not_translated(opened: Subject, text: str) -> None:
    for ask in (opened.encode, opened.start, opened.translate):
        with pytest.raises(GlassheadError, match="no text"):
            ask(text)


def test_a_text_too_long_is_told_with_both_numbers_or_cut_if_one_agrees(opened: Subject) -> None:
    text = "the black cat is sleeping " * 20
    count = len(opened.vocabulary.source.encode(text))
    assert count > 47
    for ask in (opened.encode, opened.start, opened.translate):
        with pytest.raises(glasshead.TooLongError, match=rf"{count} tokens.*47"):
            ask(text)
    cut = opened.encode(text, truncate=True)
    assert [token.id for token in cut] == [*opened.vocabulary.source.encode(text)[:47], Codec.EOS]
    line = opened.start(text, truncate=True)
    line.step()
    assert opened.translate(text, truncate=True) is not None


def test_a_text_as_long_as_can_be_is_taken(opened: Subject) -> None:
    words = "cat " * 200
    ids = opened.vocabulary.source.encode(words)[:47]
    text = opened.vocabulary.source.decode(ids)
    assert len(opened.vocabulary.source.encode(text)) == 47
    line = opened.start(text)
    assert line.trace["encoder.0.self.weights"].shape == (4, 48, 48)


@pytest.mark.parametrize(
    "text", ["</s>", "<pad>", "<0x41>", "日本語 🙂", "\x1b[2J\x07", "\u202eabc", "\ud800", "e\u0301"]
)
def test_strange_text_is_text(opened: Subject, text: str) -> None:
    line = opened.start(text)
    assert all(token.id > 3 for token in line.source[:-1])
    line.step()
    assert line.outlook.steps == 2


def test_translate_is_stepping_to_the_end(opened: Subject) -> None:
    line = opened.start("the small house is red")
    while not line.done:
        line.step()
    assert opened.translate("the small house is red") == line.text
    sampled = opened.start("the small house is red", pick=Sample(seed=4))
    while not sampled.done:
        sampled.step()
    assert opened.translate("the small house is red", pick=Sample(seed=4)) == sampled.text


def test_a_beam_and_a_pick_are_not_both_obeyed(opened: Subject) -> None:
    for beam in (2, 0):
        with pytest.raises(GlassheadError, match="two ways of decoding"):
            opened.translate("a dog", pick=Sample(seed=4), beam=beam)
    [best, *_] = glasshead.beam_search(opened.model, [token.id for token in opened.encode("a dog")], width=2)
    assert isinstance(best, glasshead.Hypothesis)
    assert opened.translate("a dog", pick=glasshead.greedy, beam=2) == opened.vocabulary.target.decode(best.ids)


def test_every_public_name_can_be_had_and_too_long_is_one() -> None:
    for name in glasshead.__all__:
        assert getattr(glasshead, name) is not None
    assert issubclass(glasshead.TooLongError, GlassheadError)
    assert "Cell" not in glasshead.__all__


def test_decoding_needs_no_gradients_and_leaves_no_graph(opened: Subject) -> None:
    assert torch.is_grad_enabled()
    line = opened.start("a dog")
    line.step()
    assert torch.is_grad_enabled()
    assert not line.probabilities().requires_grad
    assert not line.outlook["logits"].requires_grad


def test_a_changed_subject_has_the_same_weights_and_leaves_the_first_as_it_was(opened: Subject) -> None:
    before = {name: value.clone() for name, value in opened.native.state_dict().items()}
    bare = opened.changed(scale=False)
    assert (opened.config.scale, bare.config.scale) == (True, False)
    assert all(torch.equal(value, before[name]) for name, value in bare.native.state_dict().items())
    one, other = (each.start("the black cat") for each in (opened, bare))
    for line in (one, other):
        line.step()
    scores = [line.trace["encoder.0.self.scores"] for line in (one, other)]
    assert gap(scores[1], scores[0] * opened.config.key_width**0.5) < 1e-5
    assert gap(one.trace["encoder.0.self.q"], other.trace["encoder.0.self.q"]) == 0


def test_changing_a_subject_draws_no_random_numbers(opened: Subject) -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    opened.changed(positions="none")
    assert torch.equal(torch.rand(3), wanted)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"d_model": 64}, "do not fit the changed model"),
        ({"positions": "learned"}, "do not fit the changed model"),
        ({"norm": "sideways"}, "norm is 'sideways'"),
        ({"colour": "red"}, "no such field"),
    ],
)
def test_a_change_that_cannot_be_is_told(opened: Subject, fields: dict[str, object], said: str) -> None:
    with pytest.raises(GlassheadError, match=said):
        opened.changed(**fields)


def test_a_subject_can_be_copied(opened: Subject) -> None:
    copied = copy.deepcopy(opened)
    assert copied.native is not opened.native
    assert copied.translate("a dog") == opened.translate("a dog")
