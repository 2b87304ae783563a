"""A checkpoint as a Marian of Hugging Face and back: the same ids, the same logits, the same number at every site."""

import json
import math
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tests.conftest import LINES
from tests.core.adapters.huggingface import pieces
from tests.core.adapters.huggingface.folders import save as save_family
from tests.core.adapters.huggingface.folders import sentences, tokenizer
from tests.core.helpers import make

import glasshead
from glasshead import Codec, GlassheadError, Subject, Symbols, Vocabulary
from glasshead.adapters.huggingface.export import convert, export
from glasshead.adapters.huggingface.folder import HuggingFolder
from glasshead.adapters.huggingface.marian import halves_of
from glasshead.checkpoints.save import save
from glasshead.site import Site

NEAR = 1e-5
TEXTS = ["the black cat is sleeping", "a dog does not see the small house", "cat"]
SHAPES: dict[str, dict[str, Any]] = {
    "the paper": {},
    "biases, uneven stacks": {
        "attention_bias": True, "output_bias": True, "encoder_layers": 1, "decoder_layers": 3, "heads": 1,
    },
    "halves": {"positions": "halves", "activation": "silu", "attention_bias": True},
    "GELU, embeddings × 1": {"activation": "gelu", "embedding_scale": 1},
    "own embeddings, odd width": {"share_embeddings": False, "output_bias": True, "d_model": 15, "heads": 3},
    "marks anywhere": {"pad_id": 9, "bos_id": 21, "eos_id": 4, "prefix": (11,)},
    "no end token": {"pad_id": 3, "bos_id": 3, "eos_id": None},
    "sources without an end": {"pad_id": 3, "source_end": False},
}  # fmt: skip


@cache
def own() -> Codec:
    return Codec.train(LINES * 3, vocab_size=300)


def symbols(fields: dict[str, Any]) -> Symbols:
    """Letters, and special ones at the ids of a shape."""
    used = {fields.get("pad_id", 0), fields.get("bos_id", 1), fields.get("eos_id", 2), *fields.get("prefix", ())}
    listed = [f"<{number}>" if number in used else chr(ord("a") + number) for number in range(29)]
    listed[28] = "<?>"
    special = [f"<{number}>" for number in sorted(each for each in used if each is not None)]
    return Symbols.of(listed, special=[*special, "<?>"], unknown="<?>")


def checkpoint(name: str, folder: Path) -> Path:
    """Save a model of arbitrary numbers as a checkpoint."""
    fields = SHAPES[name]
    codec = symbols(fields) if "pad_id" in fields else own()
    model = make(7, vocab_size=codec.size, **fields)
    save(folder, model, Vocabulary.shared(codec), half=False)
    return folder


def texts(subject: Subject) -> list[str]:
    """Sentences that a model can read."""
    if isinstance(subject.vocabulary.source, Symbols):
        return ["f g h", "k z w x f", "é"]
    return TEXTS


def hugging(folder: Path) -> Any:
    """Open a folder as anybody does; all of its weights are there and have a place."""
    module, report = transformers.MarianMTModel.from_pretrained(folder, output_loading_info=True)
    assert not any(report.values()), report
    return module.eval()


def near(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    size = max(1.0, float(ours.abs().nan_to_num(neginf=0).max()))
    there = ~ours.isneginf()
    return torch.equal(there, ~theirs.isneginf()) and bool(((ours - theirs)[there].abs() <= NEAR * size).all())


@pytest.fixture(scope="module", params=["english-french", "dates", *SHAPES])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Subject, Path]:
    """A model, and its folder of Hugging Face."""
    home = tmp_path_factory.mktemp("export")
    if request.param in SHAPES:
        folder = checkpoint(request.param, home / "mine")
    else:
        folder = glasshead.load(request.param).folder or home
    export(folder, home / "theirs")
    return glasshead.load(folder), home / "theirs"


def test_the_folder_is_what_the_library_expects(both: tuple[Subject, Path]) -> None:
    _, folder = both
    assert {path.name for path in folder.iterdir()} == {
        "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"
    }  # fmt: skip
    assert isinstance(transformers.AutoModelForSeq2SeqLM.from_pretrained(folder), transformers.MarianMTModel)


def test_the_logits_are_the_same(both: tuple[Subject, Path]) -> None:
    """Of a batch of sentences of several lengths, each with a target of arbitrary ids."""
    subject, folder = both
    module, config = hugging(folder), subject.config
    prompts = [[token.id for token in subject.encode(text)] for text in texts(subject)]
    longest = max(map(len, prompts))
    source = torch.tensor([[*ids, *[config.pad_id] * (longest - len(ids))] for ids in prompts])
    there = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in prompts])
    torch.manual_seed(3)
    target = torch.randint(config.vocab_size, (len(prompts), 9))
    with torch.no_grad():
        memory = subject.native.encode(source, there.bool()[:, None, None])
        ours = subject.native.decode(target, memory, there.bool()[:, None, None])
        theirs = module(input_ids=source, attention_mask=there, decoder_input_ids=target).logits
    assert near(ours, theirs)


def test_every_site_is_the_same_but_for_the_order_of_the_stream(both: tuple[Subject, Path]) -> None:
    subject, folder = both
    opened = glasshead.load(folder)
    text = texts(subject)[1]
    ours, theirs = subject.start(text), opened.start(text)
    while not ours.done and ours.step_number < 8:
        assert ours.step().id == theirs.step().id
    width = subject.config.d_model
    order = halves_of(width) if subject.config.positions == "sinusoidal" else torch.arange(width)
    # Of an embedding they have the table's rows, before they are scaled; the sum with the positions is compared.
    names = set(subject.anatomy.sites) - {"source.embed", "target.embed"}
    assert names - set(theirs.outlook.sites) <= {"encoder.out"}
    for name in names & set(theirs.outlook.sites):
        mine, yours = ours.outlook[name], theirs.outlook[name]
        if Site.parse(name).axes == "q m":
            mine = mine[..., order]
        assert mine.shape == yours.shape, name
        assert near(mine, yours), name
    assert near(ours.outlook["logits"], theirs.outlook["logits"])


def test_greedy_decoding_writes_the_same(both: tuple[Subject, Path]) -> None:
    subject, folder = both
    module, words = hugging(folder), transformers.AutoTokenizer.from_pretrained(folder)
    opened = glasshead.load(folder)
    for text in texts(subject)[:2]:
        line = subject.start(text, keep=None)
        while not line.done:
            line.step()
        given_ids = words(text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            found = module.generate(given_ids)[0].tolist()
        assert found == line.ids
        assert words.decode(found, skip_special_tokens=True).strip() == line.text
        assert opened.translate(text) == line.text and opened.limit == subject.limit


PIECES = st.lists(
    st.sampled_from([*LINES[0], "</s>", "<unk>", "<pad>", " ", "\n", "É", "'", "7", "漢", "▁"]), max_size=20
)


@cache
def exported(level: Any) -> Any:
    """A tokenizer of Hugging Face, of a vocabulary of the project's own."""
    import tempfile

    home = Path(tempfile.mkdtemp())
    codec = Codec.train(LINES * 3, vocab_size=300, level=level)
    save(home / "mine", make(vocab_size=codec.size), Vocabulary.shared(codec))
    export(home / "mine", home / "theirs")
    found = codec, transformers.AutoTokenizer.from_pretrained(home / "theirs")
    shutil.rmtree(home)
    return found


@settings(max_examples=100)
@given(st.one_of(PIECES.map("".join), st.text(max_size=20)), st.sampled_from(["subword", "word"]))
def test_any_text_has_the_same_ids(text: str, level: str) -> None:
    codec, words = exported(level)
    ids = words(text)["input_ids"]
    assert ids == [*codec.encode(text), Codec.EOS]
    assert words.decode(ids, skip_special_tokens=True) == codec.decode(ids)


@pytest.mark.parametrize("name", ["dates", *SHAPES])
def test_there_and_back_nothing_has_changed(name: str, tmp_path: Path) -> None:
    """Not a bit: names and places change twice, and no number does."""
    folder = glasshead.load(name).folder if name not in SHAPES else checkpoint(name, tmp_path / "mine")
    assert folder is not None
    export(folder, tmp_path / "theirs")
    convert(HuggingFolder(tmp_path / "theirs", "theirs"), tmp_path / "back")
    before, after = glasshead.load(folder), glasshead.load(tmp_path / "back")
    halves = before.config.positions == "halves"
    assert after.config == (replace(before.config, positions="sinusoidal") if halves else before.config)
    assert type(after.vocabulary.source) is type(before.vocabulary.source)
    assert (tmp_path / "back" / "tokenizer.json").read_bytes() == (
        folder / "tokenizer.json"
    ).read_bytes() or isinstance(before.vocabulary.source, Symbols)
    assert after.card == {"origin": "Marian of Hugging Face, from theirs"}
    source = torch.tensor([[token.id for token in before.encode(texts(before)[1])]])
    target = torch.tensor([[*before.config.start, 5, 6, 7]])
    ours, theirs = before.native(source, target), after.native(source, target)
    assert near(ours, theirs)
    if not halves:
        assert torch.equal(ours, theirs)
        for (here, one), (there, other) in zip(
            before.native.named_parameters(), after.native.named_parameters(), strict=True
        ):
            assert here == there and torch.equal(one, other), here
    for text in (*texts(before), "<pad> </s> <4>"):
        assert after.vocabulary.source.encode(text) == before.vocabulary.source.encode(text)


MARIANS: dict[str, dict[str, Any]] = {
    "swish, scaled, larger than its tokenizer": {
        "activation_function": "swish", "scale_embedding": True, "vocab_size": 407,
    },
    "gelu, a forced first token": {"activation_function": "gelu", "forced": 17},
    "relu, embeddings of each side": {"activation_function": "relu", "share_encoder_decoder_embeddings": False},
    "silu, an output matrix of its own, odd width": {
        "activation_function": "silu", "share_encoder_decoder_embeddings": False, "tie_word_embeddings": False,
        "scale_embedding": True, "d_model": 15, "encoder_attention_heads": 3, "decoder_attention_heads": 3,
    },
}  # fmt: skip


def marian(folder: Path, *, plain: bool = False, forced: int | None = None, **fields: Any) -> Any:
    """Save a Marian of arbitrary numbers with a trained tokenizer; plain: biases are 0."""
    words = tokenizer("unigram")
    config = transformers.MarianConfig(
        **{
            "vocab_size": words.get_vocab_size(), "d_model": 16, "encoder_layers": 2, "decoder_layers": 3,
            "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24,
            "max_position_embeddings": 64, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
            "decoder_start_token_id": 0, "forced_eos_token_id": None, **fields,
        }
    )  # fmt: skip
    torch.manual_seed(5)
    module = transformers.MarianMTModel(config).eval()
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if "embed_positions" not in name:
                parameter.add_(0.3 * torch.randn_like(parameter))
            if plain and name.endswith("_proj.bias"):
                parameter.zero_()
        if not plain:
            module.final_logits_bias.copy_(torch.randn_like(module.final_logits_bias))
    module.generation_config.max_length = 65
    if forced is not None:
        module.generation_config.forced_bos_token_id = forced
    module.save_pretrained(folder)
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    transformers.PreTrainedTokenizerFast(tokenizer_object=words, **names).save_pretrained(folder)
    return module


def taken(folder: Path, to: Path) -> Subject:
    convert(HuggingFolder(folder, folder.name), to)
    return glasshead.load(to)


@pytest.mark.parametrize("name", MARIANS)
def test_a_marian_becomes_a_checkpoint_of_the_same_numbers(name: str, tmp_path: Path) -> None:
    module = marian(tmp_path / "theirs", **MARIANS[name])
    subject, words = (
        taken(tmp_path / "theirs", tmp_path / "mine"),
        transformers.AutoTokenizer.from_pretrained(tmp_path / "theirs"),
    )
    config = subject.config
    assert config.attention_bias and config.output_bias and config.positions == "sinusoidal"
    assert "biases in attention" in subject.anatomy.remarks
    for text in sentences()[:100]:
        assert [token.id for token in subject.encode(text)] == words(text)["input_ids"]
    for text in sentences()[:2]:
        source = words(text, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            found = module.generate(source, max_new_tokens=10)
            logits = module(input_ids=source, decoder_input_ids=found[:, :-1]).logits
            assert near(logits, subject.native(source, found[:, :-1]))
        line = subject.start(text, keep=None)
        line.goto(found.shape[1] - len(subject.config.start))
        assert line.ids == found[0].tolist()
        assert line.text == words.decode(found[0], skip_special_tokens=True).strip()
    export(tmp_path / "mine", tmp_path / "again")
    again = hugging(tmp_path / "again").state_dict()
    for key, value in module.state_dict().items():
        assert near(value, again[key]), key
        assert torch.equal(value, again[key]) or "embed_positions" in key, key
    reads = transformers.AutoTokenizer.from_pretrained(tmp_path / "again")
    assert [reads(text)["input_ids"] for text in sentences()[:50]] == [
        words(text)["input_ids"] for text in sentences()[:50]
    ]


def test_biases_of_zero_are_left_out(tmp_path: Path) -> None:
    marian(tmp_path / "theirs", plain=True)
    config = taken(tmp_path / "theirs", tmp_path / "mine").config
    assert not config.attention_bias and not config.output_bias


def test_a_table_of_positions_in_the_file_becomes_learned_positions(tmp_path: Path) -> None:
    marian(tmp_path / "theirs")
    path = tmp_path / "theirs" / "model.safetensors"
    draws = torch.Generator().manual_seed(1)
    tables = {
        f"model.{stack}.embed_positions.weight": torch.randn(64, 16, generator=draws)
        for stack in ("encoder", "decoder")
    }
    save_file({**load_file(path), **tables}, path, {"format": "pt"})
    module = hugging(tmp_path / "theirs")
    assert torch.equal(module.model.encoder.embed_positions.weight, tables["model.encoder.embed_positions.weight"])
    subject = taken(tmp_path / "theirs", tmp_path / "mine")
    assert subject.config.positions == "learned"
    source, target = torch.tensor([[5, 6, 7, 2]]), torch.tensor([[0, 9, 8]])
    with torch.no_grad():
        assert near(module(input_ids=source, decoder_input_ids=target).logits, subject.native(source, target))


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"norm": "pre"}, r"^norm is 'pre'; Marian of Hugging Face always has 'post'"),
    ({"final_norm": True}, r"^final_norm is True; "),
    ({"norm_eps": 1e-6}, r"^norm_eps is 1e-06; Marian of Hugging Face always has 1e-05"),
    ({"residual": False}, r"^residual is False; "),
    ({"scale": False}, r"^scale is False; "),
    ({"masked": False}, r"^masked is False; "),
    ({"window": 3}, r"^window is 3; "),
    ({"d_k": 5}, r"^d_k is 5; Marian of Hugging Face always has 4"),
    ({"d_v": 3}, r"^d_v is 3; "),
    ({"d_encoder": 12, "share_embeddings": False}, r"^d_encoder is 12; Marian of Hugging Face always has 16"),
    ({"positions": "learned"}, r"^positions is 'learned'; Marian of Hugging Face computes the paper's sinusoids"),
    ({"positions": "none"}, r"^positions is 'none'; "),
    ({"positions": "tensor2tensor"}, r"^positions is 'tensor2tensor'; "),
    ({"first_position": 2}, r"^first_position is 2; "),
    ({"embedding_scale": 2.5}, r"^embedding_scale is 2.5; Marian of Hugging Face has √d_model or 1"),
    ({"pad_id": 9, "bos_id": 21, "eos_id": 4, "prefix": (11, 12)}, r"^prefix is \(11, 12\); "),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "sentence"), IMPOSSIBLE)
def test_what_marian_has_not_is_refused_by_its_field(fields: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    codec = symbols(fields) if "pad_id" in fields else own()
    save(tmp_path / "mine", make(vocab_size=codec.size, **fields), Vocabulary.shared(codec))
    refused(lambda: export(tmp_path / "mine", tmp_path / "theirs"), sentence, tmp_path / "theirs")


def refused(call: Any, sentence: str, folder: Path) -> None:
    """Nothing is written, not even a folder."""
    with pytest.raises(GlassheadError, match=sentence) as caught:
        call()
    assert "\n" not in str(caught.value) and not folder.exists()


def test_a_scale_of_the_root_of_the_width_is_the_papers(tmp_path: Path) -> None:
    save(tmp_path / "mine", make(vocab_size=own().size, embedding_scale=math.sqrt(16)), Vocabulary.shared(own()))
    export(tmp_path / "mine", tmp_path / "theirs")
    assert json.loads((tmp_path / "theirs" / "config.json").read_text())["scale_embedding"] is True


def test_two_vocabularies_are_refused(twofold: Path, tmp_path: Path) -> None:
    refused(lambda: export(twofold, tmp_path / "x"), "has a vocabulary for each side", tmp_path / "x")


def test_symbols_without_an_unknown_one_are_refused(tmp_path: Path) -> None:
    codec = Symbols.of(["<p>", "<s>", "</s>", "a"], special=["<p>", "<s>", "</s>"])
    save(tmp_path / "mine", make(vocab_size=4), Vocabulary.shared(codec))
    refused(lambda: export(tmp_path / "mine", tmp_path / "x"), "has no symbol for what it lacks", tmp_path / "x")


UNTAKEN: list[tuple[dict[str, Any], str]] = [
    ({"decoder_attention_heads": 2}, r"encoder_attention_heads is 4 and decoder_attention_heads 2; here both"),
    ({"decoder_ffn_dim": 20}, r"encoder_ffn_dim is 24 and decoder_ffn_dim 20; here both"),
    ({"activation_function": "gelu_new"}, r"activation_function is 'gelu_new'; known here: relu, gelu, silu, swish"),
    ({"eos_token_id": [2, 5]}, r"eos_token_id names 2 tokens; here there is one end token"),
]


@pytest.mark.parametrize(("fields", "sentence"), UNTAKEN)
def test_a_marian_that_cannot_be_expressed_is_refused_by_its_entry(
    fields: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    marian(tmp_path / "theirs", **fields)
    refused(
        lambda: taken(tmp_path / "theirs", tmp_path / "x"),
        f"theirs cannot become a checkpoint: {sentence}",
        tmp_path / "x",
    )


def test_another_type_of_model_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    save_family("t5", tmp_path / "theirs")
    (tmp_path / "theirs" / "model.safetensors").unlink()
    refused(
        lambda: taken(tmp_path / "theirs", tmp_path / "x"), "of the type 't5'; only a marian can become", tmp_path / "x"
    )


@pytest.mark.filterwarnings("ignore:Recommended")
def test_a_tokenizer_that_is_no_file_of_the_library_is_refused(tmp_path: Path) -> None:
    """Marian's own: two models of SentencePiece, and one vocabulary."""
    marian(tmp_path / "theirs", vocab_size=500, eos_token_id=0, pad_token_id=499)
    (tmp_path / "theirs" / "tokenizer.json").unlink()
    pieces.marian(tmp_path / "theirs")
    refused(
        lambda: taken(tmp_path / "theirs", tmp_path / "x"),
        "stand side by side, and at a combining mark that stands alone. It can be explored",
        tmp_path / "x",
    )


def test_a_folder_that_holds_something_stays_as_it_was(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name, sentence in (("full", r"full is not empty \(note.txt\)"), ("file", r"file is a file"), ("a\0", "NUL")):
        with pytest.raises(GlassheadError, match=sentence):
            export(tiny, tmp_path / name)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["note.txt"]
    (tmp_path / "empty").mkdir()
    export(tiny, tmp_path / "empty")
    hugging(tmp_path / "empty")
    with pytest.raises(GlassheadError, match="is not empty"):
        convert(HuggingFolder(tmp_path / "empty", "empty"), tmp_path / "full")


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def write(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("glasshead.tensors.write", write)
    yield


@pytest.mark.usefixtures("full_disk")
def test_on_a_full_disk_nothing_is_left(tiny: Path, tmp_path: Path) -> None:
    refused(lambda: export(tiny, tmp_path / "x"), "x cannot be written: No space left on device", tmp_path / "x")
