"""What cannot be shown is said in a sentence that names the class and the way out."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from tests.core.adapters.torch_nn.tutorials import SOURCE, TARGET, TUTORIALS, WIDTH, WORDS, Gpt
from torch import Tensor, nn

import glasshead
from glasshead import GlassheadError
from glasshead.adapters.torch_nn.build import ids_of
from glasshead.adapters.torch_nn.layout import Layout


class Own(nn.MultiheadAttention):
    """One with a forward of its own."""

    def forward(self, *given: Any, **named: Any) -> Any:
        return super().forward(*given, **named)


class Head(nn.Module):
    """An attention between a table and logits, to be varied."""

    def __init__(self, attention: nn.Module, extra: int = 0, masked: bool = True) -> None:
        super().__init__()
        self.embed, self.attention = nn.Embedding(len(WORDS), WIDTH), attention
        self.extra, self.masked = extra, masked

    def forward(self, target: Tensor) -> Tensor:
        x = self.embed(target)
        x = torch.cat([x, x[:, :1].expand(-1, self.extra, -1)], 1)
        hidden = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        found: Tensor = self.attention(x, x, x, attn_mask=hidden if self.masked else None)[0]
        return found[:, : target.shape[1]] @ self.embed.weight.T


def attention(**more: Any) -> nn.MultiheadAttention:
    return nn.MultiheadAttention(WIDTH, 2, batch_first=True, **more)


def twice() -> nn.Module:
    model = Gpt()
    model.blocks = nn.ModuleList([model.blocks[0]] * 2)
    return model


def uneven() -> nn.Module:
    model = Gpt()
    block: Any = model.blocks[1]
    block.attn = nn.MultiheadAttention(WIDTH, 2, batch_first=True)
    return model


MODELS: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "training": (lambda: Gpt().train(), r"Gpt is in training mode, with dropout on: call model.eval\(\)"),
    "no attention": (lambda: nn.Linear(2, 2), "Linear has no nn.MultiheadAttention in it"),
    "own forward": (lambda: Head(Own(WIDTH, 2)), "attention is a Own, which has a forward of its own"),
    "bias_k": (
        lambda: Head(attention(add_bias_kv=True)),
        "attention was made with add_bias_kv: it looks at a key that",
    ),
    "zero": (lambda: Head(attention(add_zero_attn=True)), "attention was made with add_zero_attn"),
    "shared": (twice, "blocks.0.attn is called 2 times in one pass"),
    "uneven heads": (uneven, r"decoder self-attention have \[2, 4\] heads: not all the same"),
    "own positions": (
        lambda: Head(attention(), extra=2),
        "attention looks from 6 places at 6, with 4 ids of the target",
    ),
    "across": (
        lambda: Head(nn.MultiheadAttention(WIDTH, 2), masked=False),
        "attention looks across the batch.*made with batch_first=False.*Make it with batch_first=True",
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_module_that_cannot_be_watched_is_named(name: str) -> None:
    make, sentence = MODELS[name]
    model = make()
    if name != "training":
        model.eval()
    with pytest.raises(GlassheadError, match=sentence):
        glasshead.subject(model, target=torch.tensor([TARGET]), logits=lambda target: model(target), tokens=WORDS)


def gpt(**given: Any) -> Any:
    model = TUTORIALS["gpt"].module()
    return glasshead.subject(
        model, **{"target": TARGET, "logits": lambda target: model(target), "tokens": WORDS, **given}
    )


ARGUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "fewer names": ({"tokens": WORDS[:12]}, r"tokens has 12 names, and logits\(target\) returned 13 numbers"),
    "ids too large": ({"target": [2, 13]}, "target holds the id 13, and tokens has 13 names"),
    "text for ids": ({"target": "the cat"}, "target= is text; give it as text="),
    "vectors": ({"target": torch.randn(1, 4)}, "target= is a tensor of float32; give ids"),
    "a batch": ({"target": torch.zeros(3, 4).long()}, r"target= has the shape \(3, 4\): give the ids of one line"),
    "nothing": ({"target": []}, r"target= holds \[\]: give at least one id"),
    "negative": ({"target": [-1, 2]}, "give at least one id, from 0"),
    "no function": ({"logits": lambda: 0}, r"logits has 0 arguments \(none\)"),
    "three": ({"logits": lambda a, b, c: 0}, r"logits has 3 arguments \(a, b, c\)"),
    "no tensor": ({"logits": lambda target: "no"}, r"logits\(target\) returned 'no', and no tensor"),
    "fails": ({"logits": lambda target: 1 // 0}, r"logits\(target\) failed for ids of the shape .*ZeroDivisionError"),
    "one row": (
        {"logits": lambda target: torch.zeros(1, 13)},
        r"logits\(target\) returned the shape \(1, 13\) for 4 ids of the target.*such as \(1, 4, tokens\)",
    ),
    "uncalled": (
        {"logits": lambda target: torch.zeros(1, target.shape[1], 13)},
        "No nn.MultiheadAttention of Gpt was called when its logits were made",
    ),
    "no such end": ({"end": "</s>"}, "end= names the token '</s>', and there is none of that name"),
    "no such place": (
        {"sites": {"blocks.9.attn": "decoder.0.self"}},
        "sites= names blocks.9.attn, which is no attention",
    ),
    "no such site": ({"sites": {"blocks.0.attn": "decoder.0.ffn"}}, "decoder.0.ffn names no attention"),
    "a name twice": ({"sites": {"blocks.0.attn": "decoder.1.self"}}, "Two attentions have the name decoder.1.self"),
    "a gap": ({"sites": {"blocks.2.attn": "decoder.7.self"}}, r"The layers of decoder self are numbered \[0, 1, 7\]"),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_that_do_not_fit_are_named(name: str) -> None:
    given, sentence = ARGUMENTS[name]
    with pytest.raises(GlassheadError, match=sentence):
        gpt(**given)


def test_ids_beyond_a_table_are_named_with_the_table() -> None:
    model = TUTORIALS["classifier"].module()
    with pytest.raises(
        GlassheadError, match=r"IndexError.*The largest id is 99; tables of embeddings have 13, 32 rows"
    ):
        glasshead.subject(model, [4, 99])


def test_probabilities_are_not_taken_for_logits() -> None:
    model = TUTORIALS["gpt"].module()
    with pytest.raises(GlassheadError, match=r"logits\(target\) returned probabilities, which sum to 1"):
        glasshead.subject(model, target=TARGET, logits=lambda target: model(target)[0].softmax(-1))
    log = glasshead.subject(model, target=TARGET, logits=lambda target: model(target)[0].log_softmax(-1))
    plain = glasshead.subject(model, target=TARGET, logits=lambda target: model(target))
    first, second = (of.start(of.first_sentence).probabilities() for of in (log, plain))
    assert torch.allclose(first, second, atol=1e-6)


def test_a_target_needs_a_beginning() -> None:
    model = TUTORIALS["two widths"].module()
    with pytest.raises(GlassheadError, match="Which id does the target begin with"):
        glasshead.subject(model, SOURCE, logits=model.forward)


def test_sources_of_two_lengths_need_padding() -> None:
    model = TUTORIALS["two widths"].module()
    of = glasshead.subject(model, SOURCE, logits=model.forward, start=2)
    with pytest.raises(GlassheadError, match="different lengths: which id pads them"):
        of.model.read([SOURCE, SOURCE[:3]])


def test_the_fast_path_that_changes_an_output_is_named() -> None:
    """It makes zeros of what stands at padding, which a mean over all positions then sees."""
    model = TUTORIALS["classifier"].module()

    def mean(source: Tensor) -> Tensor:
        there = source != 1
        x = model.embedding(source) + model.place(torch.arange(source.shape[1]))
        return model.head(model.encoder(x, src_key_padding_mask=~there).mean(1))

    with warnings.catch_warnings(), pytest.raises(GlassheadError, match="fast path, which is off while it is watched"):
        warnings.simplefilter("ignore")  # nested tensors are a prototype, torch says
        glasshead.subject(model, [4, 5, 6, 1, 1], logits=mean)


def test_the_way_that_a_function_takes_ids_is_that_of_the_tensor_that_was_given() -> None:
    assert ids_of("source", torch.tensor([[1, 2]])) == ([1, 2], Layout.BATCH)
    assert ids_of("source", torch.tensor([[1], [2]])) == ([1, 2], Layout.SEQUENCE)
    assert ids_of("source", torch.tensor([1, 2])) == ids_of("source", [1, 2]) == ([1, 2], None)
    assert ids_of("source", [[1, 2]]) == ([1, 2], Layout.BATCH)
    model = TUTORIALS["language model"].module()
    for ids in (torch.tensor([TARGET]).T, TARGET):
        assert glasshead.subject(model, target=ids, logits=model.run, tokens=WORDS).anatomy.lasting
    with pytest.raises(GlassheadError, match=r"failed for ids of the shape target \(1, 4\)|looks across the batch"):
        glasshead.subject(model, target=torch.tensor([TARGET]), logits=model.run, tokens=WORDS)


def test_a_later_failure_of_the_owners_function_is_a_sentence_too() -> None:
    """As where a table of positions ends, and the module does not say so."""
    of = gpt(logits=None, limit=8)
    assert of.model.limits.target == 8
    model = TUTORIALS["translation"].module()
    short = glasshead.subject(model, SOURCE, logits=model.run, start=2, end=[], pad=1)
    line = short.start(short.first_sentence, keep=None)
    with pytest.raises(
        GlassheadError, match=r"logits\(source, target\) failed for ids of the shape source \(8, 1\) and"
    ):
        line.goto(100)
    assert line.step_number == 64 and line.limit == 256
