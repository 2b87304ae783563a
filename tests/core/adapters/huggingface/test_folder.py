"""Folders of Hugging Face: opened as any other model, or refused with a sentence that helps."""

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.folders import KINDS, save

import glasshead
from glasshead.errors import GlassheadError
from glasshead.found import find
from glasshead.session.references import changes_of
from glasshead.session.session import Session

TEXT = "the black cat is sleeping"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("models")
    for family in KINDS:
        save(family, home / family)
    return home


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    """A copy of one folder, to be damaged."""
    return Path(shutil.copytree(home / "gpt2", tmp_path / "gpt2"))


@pytest.mark.parametrize("family", KINDS)
def test_a_folder_is_checked_opened_and_decoded_from(home: Path, family: str) -> None:
    found = find(home / family)
    found.check()
    assert found.title == family
    subject = found.open()
    assert found.limit == subject.limit
    assert found.source.encode(TEXT) == subject.vocabulary.source.encode(TEXT)
    line = subject.start(TEXT)
    if family == "bert":
        assert line.done and [token.text for token in subject.encode(TEXT)][:2] == ["[CLS]", "▁the"]
        return
    while len(line.tokens) < 30 and not line.done:
        line.step()
    for prefix, attending in subject.anatomy.attending.items():
        if prefix.startswith("decoder"):
            assert (
                attending.scale > 0
                and line.trace[f"{prefix}.weights"].shape[-3] == subject.anatomy.kind_at(prefix).heads
            )


def test_what_is_written_is_what_the_model_itself_generates(home: Path) -> None:
    """Greedy, against `generate`."""
    for family in ("gpt2", "llama", "marian", "t5"):
        subject = glasshead.load(home / family)
        module: Any = subject.model.module  # type: ignore[attr-defined]
        names: Any = subject.vocabulary.source
        ids = torch.tensor([names.tokenizer(TEXT)["input_ids"]])
        expected = module.generate(ids, do_sample=False, max_new_tokens=12, num_beams=1)[0].tolist()
        line = subject.start(TEXT)
        while len(line.tokens) < len(expected) and not line.done:
            line.step()
        assert [token.id for token in line.tokens] == expected, family
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_tied_and_sharded_weights_are_whole(tmp_path: Path) -> None:
    save("gpt2", tmp_path, max_shard_size="20KB")
    assert (tmp_path / "model.safetensors.index.json").is_file()
    find(tmp_path).check()
    glasshead.load(tmp_path)
    part = next(path for path in sorted(tmp_path.glob("model-*.safetensors")))
    part.unlink()
    with pytest.raises(GlassheadError, match=f"lacks '?{part.name}'?, a part of its weights"):
        find(tmp_path).check()


def config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


REFUSED: list[tuple[Callable[[Path], object], str]] = [
    (
        lambda folder: config(folder, model_type="bloom", architectures=["BloomForCausalLM"]),
        r"cannot be shown: BloomForCausalLM computes its attention by itself.* attention registry",
    ),
    (
        lambda folder: config(folder, model_type="gpt_oss", architectures=["GptOssForCausalLM"]),
        r"cannot be shown: GptOssForCausalLM has attention sinks",
    ),
    (lambda folder: config(folder, architectures=["GPT2Model"]), r"a gpt2 saved as GPT2Model: that has no head"),
    (lambda folder: config(folder, architectures=None), r"no class that it names"),
    (pickled, r"as pytorch_model.bin, which glasshead does not read.*GPT2LMHeadModel.from_pretrained"),
    (lambda folder: (folder / "model.safetensors").unlink(), r"holds no model.safetensors"),
    (lambda folder: (folder / "tokenizer.json").unlink(), r"holds no tokenizer"),
    (lambda folder: (folder / "model.safetensors").write_bytes(b"\0" * 100), r"model.safetensors"),
]


@pytest.mark.parametrize(("damage", "sentence"), REFUSED)
def test_a_folder_that_cannot_be_opened_is_told_before_anything_is_loaded(
    copy: Path, damage: Callable[[Path], object], sentence: str
) -> None:
    damage(copy)
    with pytest.raises(GlassheadError, match=sentence):
        find(copy).check()


def test_weights_that_are_missing_or_of_another_shape_are_named(copy: Path) -> None:
    config(copy, n_layer=3)
    with pytest.raises(GlassheadError, match=r"lacks '?transformer.h.2"):
        glasshead.load(copy)
    config(copy, n_layer=2, n_positions=32)
    with pytest.raises(GlassheadError, match=r"has another shape for '?transformer.wpe.weight"):
        glasshead.load(copy)


def test_a_type_that_transformers_does_not_have_is_named_with_the_nearest(copy: Path) -> None:
    config(copy, model_type="lama", architectures=["LamaForCausalLM"])
    find(copy).check()
    with pytest.raises(GlassheadError, match=r"saved as 'LamaForCausalLM', of the type 'lama'.* Did you mean llama"):
        glasshead.load(copy)


def test_without_transformers_it_is_told_how_to_get_it(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glasshead.adapters.huggingface.folder.find_spec", lambda name: None)
    with pytest.raises(GlassheadError, match=r"needs transformers: pip install 'glasshead\[hf\]'"):
        find(copy).check()


def test_ids_need_no_tokenizer(copy: Path) -> None:
    usual = glasshead.load(copy)
    ids = [token.id for token in usual.encode(TEXT)]
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (copy / name).unlink()
    bare = glasshead.load(copy, ids=True)
    line = bare.start(",".join(map(str, ids)))
    line.step()
    assert [token.text for token in line.tokens] == [f"▁{number}" for number in line.ids]
    expected = usual.start(TEXT)
    expected.step()
    assert line.ids == expected.ids


def test_a_tokenizer_that_is_larger_than_the_model_is_refused(copy: Path) -> None:
    path = copy / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["added_tokens"] += [
        {**content["added_tokens"][0], "id": 400 + number, "content": f"<more{number}>"} for number in range(200)
    ]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(GlassheadError, match=r"has 6\d\d entries, and the model only \d+: they do not belong together"):
        glasshead.load(copy)


def test_masks_are_filled_in_as_the_model_itself_does(home: Path) -> None:
    subject = glasshead.load(home / "bert")
    module: Any = subject.model.module  # type: ignore[attr-defined]
    line = subject.start("the [MASK] cat sees [MASK]")
    ids = torch.tensor([[token.id for token in line.source]])
    places = (ids[0] == 4).nonzero().flatten().tolist()
    found = line.fillings(3)
    assert found is not None and [each.place for each in found] == places and len(places) == 2
    with torch.no_grad():
        chances = module(input_ids=ids).logits.softmax(-1)[0]
    for filling in found:
        best = chances[filling.place].topk(3)
        assert [token.id for token in filling.candidates] == best.indices.tolist()
        assert [token.probability for token in filling.candidates] == pytest.approx(best.values.tolist(), rel=1e-4)
        expected = torch.distributions.Categorical(probs=chances[filling.place]).entropy() / math.log(2)
        assert filling.entropy == pytest.approx(float(expected), rel=1e-4)
    session = Session(subject)
    session.begin("the [MASK] cat sees [MASK]")
    session.edit("encoder.0.self = skipped", "encoder.1.ffn = skipped")
    without = subject.start("the [MASK] cat sees [MASK]", edit=changes_of(subject, ["encoder.0.self = skipped"]))
    edited = torch.stack(list((without.rows.blanks or {}).values())).softmax(-1)
    gap = session.measure_edits()[0].alone
    bits = (chances[places] * (chances[places].log2() - edited.log2())).sum(-1)
    assert gap is not None and gap.bits == pytest.approx(float(bits.mean()), rel=1e-3) and gap.next_bits is None
    assert gap.tokens == int((chances[places].argmax(-1) != edited.argmax(-1)).sum())
    assert subject.start("the cat").fillings() == []
    assert glasshead.load(home / "gpt2").start(TEXT).fillings() is None


@pytest.mark.parametrize("family", ["marian", "t5", "gpt2"])
def test_a_given_target_is_followed_with_the_models_probabilities(home: Path, family: str) -> None:
    subject = glasshead.load(home / family)
    module: Any = subject.model.module  # type: ignore[attr-defined]
    names = subject.vocabulary.target
    ids = names.encode("le chat noir")
    ends = [2] if family != "gpt2" else []
    line = subject.start(TEXT, forced="le chat noir")
    given = line.given
    assert given is not None and given.id == ids[0]
    for _ in [*ids, *ends]:
        line.step()
    assert [token.id for token in line.produced] == [*ids, *ends]
    assert line.given is None and line.ended == (family != "gpt2")
    whole = torch.tensor([line.ids])
    with torch.no_grad():
        if family == "gpt2":
            logits = module(input_ids=whole).logits[0]
        else:
            source = torch.tensor([[token.id for token in line.source]])
            logits = module(input_ids=source, decoder_input_ids=whole).logits[0]
    first = len(line.ids) - len(line.produced)
    for place, token in enumerate(line.produced, first):
        assert token.probability == pytest.approx(float(logits[place - 1].softmax(-1)[token.id]), rel=1e-4)


def test_a_line_that_takes_another_token_follows_no_more(home: Path) -> None:
    subject = glasshead.load(home / "marian")
    line = subject.start(TEXT, forced="le chat noir")
    line.step()
    other = next(token for token in line.candidates(5) if token.id != line.expected())
    line.choose(other)
    assert line.given is None
    assert line.expected() == line.candidates(1)[0].id


@pytest.mark.parametrize(
    ("family", "forced", "sentence"),
    [
        ("bert", "le chat", "reads, and writes no text"),
        ("marian", "", "no text to follow"),
        ("gpt2", "a " * 90, "there is room for"),
    ],
)
def test_what_cannot_be_followed_says_so(home: Path, family: str, forced: str, sentence: str) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        glasshead.load(home / family).start(TEXT, forced=forced)
