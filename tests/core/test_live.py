"""A Subject of what one holds in one's hands: a module, a model of Hugging Face, a Subject."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.folders import save
from tests.core.adapters.torch_nn.tutorials import SOURCE, TARGET, TUTORIALS, WORDS
from torch import nn

import glasshead
from glasshead import GlassheadError
from glasshead.live import Ready

TEXT = "the black cat is sleeping"


@pytest.mark.parametrize("family", ["marian", "llama", "bert"])
def test_a_live_model_of_hugging_face_is_its_folder(family: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    module = save(family, tmp_path).eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    before = [parameter.requires_grad for parameter in module.parameters()]
    live, folder = glasshead.subject(module, tokenizer=tokenizer, text=TEXT), glasshead.load(tmp_path)
    assert [parameter.requires_grad for parameter in module.parameters()] == before and any(before)
    assert live.name == type(module).__name__ and live.first_sentence == TEXT
    assert live.anatomy == folder.anatomy and live.limit == folder.limit
    lines = live.start(TEXT), folder.start(TEXT)
    for line in lines:
        line.goto(4)
    assert lines[0].ids == lines[1].ids and lines[0].source == lines[1].source
    for site in lines[1].outlook.sites:
        assert torch.allclose(lines[0].outlook[site], lines[1].outlook[site], atol=1e-5), site


def test_a_live_model_of_hugging_face_needs_its_tokenizer_and_evaluation_mode(tmp_path: Path) -> None:
    module = save("gpt2", tmp_path).eval()
    with pytest.raises(GlassheadError, match=r"GPT2LMHeadModel is a model of Hugging Face: give its tokenizer"):
        glasshead.subject(module)
    with pytest.raises(GlassheadError, match=r"GPT2LMHeadModel is in training mode.*call model.eval\(\)"):
        glasshead.subject(module.train(), tokenizer=object())


def test_what_is_no_model_is_named() -> None:
    with pytest.raises(GlassheadError, match=r"3, of the type int, is no model: give an nn.Module"):
        glasshead.subject(3)
    with pytest.raises(GlassheadError, match="'english-french' is a name: of what says what to decode only text="):
        glasshead.explore("english-french", SOURCE)
    of = TUTORIALS["gpt"].subject(TUTORIALS["gpt"].module())
    with pytest.raises(GlassheadError, match="Gpt is a Subject: of what says"):
        glasshead.explore(of, tokens=WORDS)


def test_something_has_to_be_decoded_first() -> None:
    module = TUTORIALS["gpt"].module()
    with pytest.raises(GlassheadError, match=r"What shall Gpt decode first.*text=, or the ids as source= or target="):
        glasshead.explore(module, logits=lambda target: module(target))


def test_a_subject_is_one_already() -> None:
    of = TUTORIALS["gpt"].subject(TUTORIALS["gpt"].module(), name="mine")
    assert glasshead.subject(of) is of and of.name == "mine"
    ready = Ready(of)
    ready.check()
    assert ready.open() is of and ready.title == "mine" and ready.limit == of.limit == 22
    assert ready.source is of.vocabulary.source


def test_the_kind_of_a_model_is_told_by_the_arguments_of_its_function() -> None:
    gpt, classifier, both = (TUTORIALS[name].module() for name in ("gpt", "classifier", "two widths"))

    def kinds(*given: Any, **more: Any) -> list[str]:
        return [kind.label for kind in glasshead.subject(*given, **more).kinds]

    masked = ["decoder self (masked)"]
    assert kinds(gpt, logits=lambda target: gpt(target)) == masked
    assert kinds(gpt, TARGET, logits=lambda target: gpt(target)) == masked
    assert kinds(gpt, target=TARGET) == kinds(gpt, target=TARGET, logits=gpt) == masked
    assert kinds(gpt, logits=lambda ids: gpt(ids)) == masked
    assert kinds(gpt, logits=lambda source: gpt(source)) == ["encoder self"]
    assert (
        kinds(classifier)
        == kinds(classifier, SOURCE)
        == kinds(classifier, logits=lambda src: classifier(src))
        == ["encoder self"]
    )
    assert kinds(both, start=2) == ["encoder self", "decoder self (masked)", "encoder–decoder"]


def test_an_owner_may_name_attentions() -> None:
    gpt = TUTORIALS["gpt"].module()
    given = {"blocks.0.attn": "decoder.2.self", "blocks.2.attn": "decoder.0.self"}
    of: Any = glasshead.subject(gpt, target=TARGET, sites=given)
    assert of.model.places.attentions["decoder.2.self"].module is gpt.blocks[0].attn
    assert of.model.places.attentions["decoder.0.self"].module is gpt.blocks[2].attn


def test_without_names_the_vocabulary_is_the_table_that_ids_are_looked_up_in() -> None:
    """And not that of positions, or of segments."""
    module = TUTORIALS["classifier"].module()
    of = glasshead.subject(module, SOURCE)
    assert of.vocabulary.source.size == len(WORDS) and [token.id for token in of.encode("12, 3")] == [12, 3]
    translation = TUTORIALS["translation"].module()
    both = glasshead.subject(translation, SOURCE, logits=translation.run, start=2)
    assert (both.vocabulary.source.size, both.vocabulary.target.size) == (13, 11)


def test_marks_are_given_as_ids_or_names_or_found() -> None:
    module = TUTORIALS["translation"].module()
    run: Any = {"logits": module.run, "tokens": TUTORIALS["translation"].tokens}
    found = glasshead.subject(module, SOURCE, **run).model
    marks: list[Any] = [(2, 3, 1), ("<bos>", "<eos>", "<pad>"), ([2], ["<eos>", 3], 1)]
    for start, end, pad in marks:
        given: Any = glasshead.subject(module, SOURCE, start=start, end=end, pad=pad, **run).model
        assert given.ends == found.ends == {3} and given.prompt([5]) == found.prompt([5]) == ((2, 5, 3), (2,))
    two: Any = glasshead.subject(module, SOURCE, start=["<bos>", 6], **run)
    assert two.start(two.first_sentence).ids == [2, 6]


def test_a_text_that_is_typed_gets_what_stands_around_the_given_source() -> None:
    module = TUTORIALS["translation"].module()
    of = TUTORIALS["translation"].subject(module)
    assert (
        of.first_sentence == "the black cat sees a dog"
        and [token.id for token in of.encode(of.first_sentence)] == SOURCE
    )
    assert [token.text for token in of.encode("a small house")] == ["<bos>", "a", "small", "house", "<eos>"]
    bare = glasshead.subject(module, [4, 5, 7], logits=module.run, tokens=TUTORIALS["translation"].tokens)
    assert [token.text for token in bare.encode("a house")] == ["a", "house"]
    spoken = glasshead.subject(
        module, text="<bos> the cat <eos>", logits=module.run, tokens=TUTORIALS["translation"].tokens
    )
    assert [token.id for token in spoken.encode("<bos> the cat <eos>")] == [2, 4, 7, 3]


def test_a_tokenizer_of_hugging_face_names_the_tokens_of_a_module(tmp_path: Path) -> None:
    """What it sets around a text is set around one that is typed."""
    from transformers import AutoTokenizer

    save("bert", tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    module = nn.Sequential(
        nn.Embedding(len(tokenizer), 8), nn.TransformerEncoderLayer(8, 2, 8, batch_first=True)
    ).eval()
    ids = tokenizer(TEXT)["input_ids"]
    for given in ({"source": ids}, {"text": TEXT}):
        of = glasshead.subject(module, tokens=tokenizer, **given)
        assert of.first_sentence == TEXT and [token.id for token in of.encode(TEXT)] == ids
        assert [token.id for token in of.encode("the cat")] == tokenizer("the cat")["input_ids"]


def test_an_encoder_alone_fills_in_masks() -> None:
    """What it predicts at a mask token is what the module returns there; tags and classes are no tokens."""
    words = [*WORDS, "[MASK]"]
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 8, batch_first=True)
    module = nn.Sequential(nn.Embedding(14, 8), layer, nn.Linear(8, 14)).eval()
    of = glasshead.subject(module, [4, 13, 7, 13], tokens=words)
    assert of.first_sentence == "the [MASK] cat [MASK]"
    line = of.start(of.first_sentence)
    expected = module(torch.tensor([[4, 13, 7, 13]]))[0].softmax(-1)
    fillings = line.fillings(3)
    assert fillings is not None
    assert [filling.place for filling in fillings] == [1, 3]
    for filling in fillings:
        best = expected[filling.place].topk(3)
        assert [token.id for token in filling.candidates] == best.indices.tolist()
        assert torch.allclose(
            torch.tensor([token.probability or 0 for token in filling.candidates]), best.values, atol=1e-6
        )
    tagger = nn.Sequential(nn.Embedding(14, 8), layer, nn.Linear(8, 3)).eval()
    assert glasshead.subject(tagger, [4, 13], tokens=words).start("the [MASK]").fillings(3) is None


def test_a_module_that_keeps_its_mask_can_be_trained_after_it_was_explored() -> None:
    module = TUTORIALS["gpt"].module()
    make, kept = module.mask, dict[int, torch.Tensor]()
    module.mask = lambda length: kept.setdefault(length, make(length))
    of = glasshead.subject(module, target=TARGET)
    of.start(of.first_sentence).goto(3)
    assert len(kept) > 3 and not any(mask.is_inference() for mask in kept.values())
    module(torch.tensor([TARGET]))[0].sum().backward()
    assert module.wte.weight.grad.any()


def test_beams_and_translations_go_through_a_live_module() -> None:
    """A beam of width 1 is the greedy line; a wider one finds no worse."""
    of = TUTORIALS["translation"].subject(TUTORIALS["translation"].module(), limit=10)
    greedy = of.translate(of.first_sentence)
    prompt = of.model.prompt(of.vocabulary.source.encode(of.first_sentence))
    one, four = (glasshead.beam_search(of.model, prompt.source, start=prompt.start, width=width) for width in (1, 4))
    names = of.vocabulary.target
    assert greedy.split()[1 : 1 + len(one[0].ids)] == names.decode(one[0].ids).split()
    assert four[0].score >= one[0].score - 1e-6


def test_the_explorer_is_found_by_name_and_its_absence_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    of = TUTORIALS["gpt"].subject(TUTORIALS["gpt"].module())
    shown: list[Any] = []

    def show(found: Any, text: str | None, **how: Any) -> int:
        shown.append((found.open(), text, how))
        torch.set_num_threads(1)
        return 0

    threads = torch.get_num_threads()
    monkeypatch.setattr("glasshead.live.import_module", lambda name: SimpleNamespace(show=show))
    torch.set_num_threads(threads + 1)
    glasshead.explore(of, text="the cat", steps=2)
    assert torch.get_num_threads() == threads + 1, "the process is left as it was"
    torch.set_num_threads(threads)
    [(subject, text, how)] = shown
    assert subject is of and text == "the cat" and how["steps"] == 2 and not how["plain"]

    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr("glasshead.live.import_module", missing)
    with pytest.raises(GlassheadError, match="The explorer is not there"):
        glasshead.explore(of)
