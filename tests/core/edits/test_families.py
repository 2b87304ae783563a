"""Edits of models of Hugging Face and torch.nn, against the same models with the change cut into weights or masks.

A head whose columns of the output matrix are 0 is knocked out; a sub-layer whose last matrix is 0 adds nothing; a
token that the mask of the owner hides is hidden.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.tiny import FAMILIES, START, wrap
from tests.core.adapters.torch_nn.tutorials import PAD, TUTORIALS
from tests.core.adapters.torch_nn.tutorials import SOURCE as SENTENCE
from tests.core.adapters.torch_nn.tutorials import TARGET as PHRASE
from tests.core.edits.ways import at_once, compiled, run
from torch import Tensor

from glasshead.adapters.edited import Edited
from glasshead.decoding.protocols import Model

SOURCE, TARGET = [5, 6, 7, 8, 2], [START, 11, 12, 13, 14]


@dataclass(frozen=True)
class Surgery:
    """How a change is made by hand in one model."""

    prefix: str
    """Attention whose head is changed."""
    output: Callable[[Any], Any]
    """Module → the matrix that its heads go through."""
    heads: int
    sublayer: str
    last: Callable[[Any], Any]
    """Module → the last matrix of that sub-layer."""
    hidden: str
    """Attentions in which token 1 is hidden."""
    across: bool = False
    """Whether the matrix is stored input by output."""


HUGGING = {
    "marian": Surgery(
        "decoder.1.cross", lambda m: m.model.decoder.layers[1].encoder_attn.out_proj, 2,
        "encoder.1.ffn", lambda m: m.model.encoder.layers[1].fc2, "decoder.*.cross",
    ),
    "t5": Surgery(
        "decoder.0.self", lambda m: m.decoder.block[0].layer[0].SelfAttention.o, 4,
        "decoder.1.ffn", lambda m: m.decoder.block[1].layer[2].DenseReluDense.wo, "decoder.*.cross",
    ),
    "gpt2": Surgery(
        "decoder.0.self", lambda m: m.transformer.h[0].attn.c_proj, 4,
        "decoder.1.ffn", lambda m: m.transformer.h[1].mlp.c_proj, "decoder.*.self", across=True,
    ),
    "llama": Surgery(
        "decoder.1.self", lambda m: m.model.layers[1].self_attn.o_proj, 4,
        "decoder.0.self", lambda m: m.model.layers[0].self_attn.o_proj, "decoder.*.self",
    ),
    "bert": Surgery(
        "encoder.0.self", lambda m: m.bert.encoder.layer[0].attention.output.dense, 4,
        "encoder.1.ffn", lambda m: m.bert.encoder.layer[1].output.dense, "encoder.*.self",
    ),
}  # fmt: skip
TORCH = {
    "translation": Surgery(
        "decoder.1.cross", lambda m: m.transformer.decoder.layers[1].multihead_attn.out_proj, 4,
        "encoder.1.ffn", lambda m: m.transformer.encoder.layers[1].linear2, "decoder.*.cross",
    ),
    "translation, norms first": Surgery(
        "encoder.0.self", lambda m: m.transformer.encoder.layers[0].self_attn.out_proj, 4,
        "decoder.2.self", lambda m: m.transformer.decoder.layers[2].self_attn.out_proj, "decoder.*.cross",
    ),
    "gpt": Surgery(
        "decoder.2.self", lambda m: m.blocks[2].attn.out_proj, 4,
        "decoder.0.ffn", lambda m: m.blocks[0].mlp[2], "decoder.*.self",
    ),
}  # fmt: skip


def scale_head(surgery: Surgery, module: Any, head: int, factor: float) -> None:
    """Scale what a head adds to the stream."""
    matrix = surgery.output(module).weight
    matrix = matrix.T if surgery.across else matrix
    width = matrix.shape[1] // surgery.heads
    with torch.no_grad():
        matrix[:, head * width : (head + 1) * width] *= factor


def leave_out(surgery: Surgery, module: Any) -> None:
    """Make a sub-layer add nothing."""
    with torch.no_grad():
        for parameter in surgery.last(module).parameters():
            parameter.zero_()


def owner(name: str, module: Any, hide: int | None = None) -> Tensor:
    """Run a model of Hugging Face as its owner would, from source to logits. hide: a token that the mask hides."""
    length = len(SOURCE if name in ("marian", "t5", "bert") else TARGET)
    there = torch.ones(1, length, dtype=torch.long)
    if hide is not None:
        there[0, hide] = 0
    with torch.no_grad():
        if name == "bert":
            return module(input_ids=torch.tensor([SOURCE]), attention_mask=there).logits[0]
        if name in ("marian", "t5"):
            read = module.get_encoder()(input_ids=torch.tensor([SOURCE]))
            return module(
                encoder_outputs=read, attention_mask=there, decoder_input_ids=torch.tensor([TARGET]), use_cache=False
            ).logits[0]
        places = torch.arange(length).unsqueeze(0)
        ids = torch.tensor([TARGET])
        return module(input_ids=ids, attention_mask=there, position_ids=places, use_cache=False).logits[0]


def torch_owner(name: str, module: Any, hide: int | None = None) -> Tensor:
    """The same of a module of torch.nn."""
    with torch.no_grad():
        if name == "gpt":
            plain = module.mask
            if hide is not None:
                module.mask = lambda length: plain(length).index_fill(1, torch.tensor([hide]), True)
            found = module(torch.tensor([PHRASE]))[0][0]
            module.mask = plain
            return found
        source, target = torch.tensor([SENTENCE]), torch.tensor([PHRASE])
        turned: Callable[[Tensor], Tensor] = (lambda x: x) if module.first else (lambda x: x.transpose(0, 1))
        x = module.place(module.src_tok_emb(turned(source)))
        y = module.place(module.tgt_tok_emb(turned(target)))
        memory = module.transformer.encoder(x)
        mask = torch.triu(torch.ones(len(PHRASE), len(PHRASE), dtype=torch.bool), 1)
        padding = source == PAD
        if hide is not None:
            padding[0, hide] = True
        found = module.transformer.decoder(y, memory, tgt_mask=mask, memory_key_padding_mask=padding)
        return turned(module.generator(found))[0]


def edited(model: Model, text: str, source: list[int], target: list[int]) -> list[Tensor]:
    """Logits under an edit: at once, and in steps."""
    changes = compiled(model, [text])
    if not target:
        memory = Edited(model, changes).read([source])
        assert memory is not None and memory.logits is not None
        return [memory.logits[0]]
    ways = [at_once(model, changes, source, target)]
    return ways + [run(model, changes, source, p) for p in ([[t] for t in target], [target[:3], target[3:]])]


def close(one: Tensor, other: Tensor) -> bool:
    return bool((one - other).abs().max() <= 2e-5 * max(1.0, float(other.abs().max())))


CHANGES: dict[str, tuple[str, Callable[[Surgery, Any], None] | None]] = {
    "knocked out": ("{0.prefix}.heads[head=1] = 0", lambda surgery, module: scale_head(surgery, module, 1, 0)),
    "scaled": ("{0.prefix}.heads[head=0] *= -2", lambda surgery, module: scale_head(surgery, module, 0, -2)),
    "skipped": ("{0.sublayer} = skipped", leave_out),
    "hidden": ("{0.hidden}.masked[key=1] = hidden", None),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", HUGGING)
def test_an_edit_of_hugging_face_is_the_change_cut_into_the_model(name: str, change: str) -> None:
    surgery = HUGGING[name]
    text, cut = CHANGES[change]
    module, other = FAMILIES[name].module(), FAMILIES[name].module()
    plain = owner(name, other)
    if cut is not None:
        cut(surgery, other)
    expected = owner(name, other, None if cut is not None else 1)
    source = SOURCE if name in ("marian", "t5", "bert") else []
    assert not close(plain, expected), "the change does nothing"
    for found in edited(wrap(module), text.format(surgery), source, [] if name == "bert" else TARGET):
        assert close(found, expected)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", TORCH)
def test_an_edit_of_torch_is_the_change_cut_into_the_module(name: str, change: str) -> None:
    surgery = TORCH[name]
    text, cut = CHANGES[change]
    module, other = TUTORIALS[name].module(), TUTORIALS[name].module()
    plain = torch_owner(name, other)
    if cut is not None:
        cut(surgery, other)
    expected = torch_owner(name, other, None if cut is not None else 1)
    assert not close(plain, expected), "the change does nothing"
    source = SENTENCE if name != "gpt" else []
    model = TUTORIALS[name].subject(module).model
    for found in edited(model, text.format(surgery), source, PHRASE):
        assert close(found, expected)


@pytest.mark.parametrize("name", ["gemma2", "olmo2"])
def test_a_skipped_part_adds_nothing_where_its_output_is_normalised_too(name: str) -> None:
    from tests.core.adapters.huggingface.test_families import ALL

    model = wrap(ALL[name].module())
    changes = compiled(model, ["decoder.1 = skipped"])
    with torch.inference_mode(), model.listen(["*"], changes) as seen:
        model.logits(torch.tensor([TARGET]), None)
    assert torch.equal(seen["decoder.1.ffn.resid"], seen["decoder.0.ffn.resid"])


def test_a_key_before_its_rotation_is_changed_at_its_own_position_in_steps_too() -> None:
    model = wrap(FAMILIES["llama"].module())
    changes = compiled(model, ["decoder.1.self.k_unrotated[key=3, head=1] = 0.5"])
    plain, whole = (at_once(model, each, [], TARGET) for each in (compiled(model, []), changes))
    assert torch.equal(plain[:3], whole[:3]) and not close(plain[3:], whole[3:])
    for passes in ([[token] for token in TARGET], [TARGET[:4], TARGET[4:]]):
        assert close(run(model, changes, [], passes), whole)


@pytest.mark.parametrize("name", ["gpt2", "t5", "gemma2"])
def test_a_residual_connection_is_dropped_in_steps_too(name: str) -> None:
    model = wrap(FAMILIES[name].module())
    source = SOURCE if model.reads else []
    changes = compiled(model, ["decoder.0.self.resid[query=2-] = out"])
    plain, whole = (at_once(model, each, source, TARGET) for each in (compiled(model, []), changes))
    assert torch.equal(plain[:2], whole[:2]) and not close(plain[2:], whole[2:])
    for passes in ([[token] for token in TARGET], [TARGET[:4], TARGET[4:]]):
        assert close(run(model, changes, source, passes), whole)


@pytest.mark.parametrize("name", [*FAMILIES])
def test_a_skipped_layer_of_every_family_gives_what_it_was_given(name: str) -> None:
    module = FAMILIES[name].module()
    model = wrap(module)
    source = list(range(model.frames)) if model.hears else SOURCE if model.reads else []

    def passed_on(_module: Any, given: Any, named: Any, found: Any) -> Any:
        came = given[0] if given else named["hidden_states"]
        return (came, *found[1:]) if isinstance(found, tuple) else came

    def logits(*texts: str) -> Tensor:
        if "decoder" in model.stacks:
            return at_once(model, compiled(model, texts), source, TARGET)
        memory = Edited(model, compiled(model, texts)).read([source])
        assert memory is not None
        return memory.states[0]

    for stack in model.family.stacks:
        for layer in (0, 1):
            hook = module.get_submodule(f"{stack.layers}.{layer}").register_forward_hook(passed_on, with_kwargs=True)
            expected = logits()
            hook.remove()
            assert close(logits(f"{stack.name}.{layer} = skipped"), expected), f"{stack.name}.{layer}"
            assert not close(logits(), expected)
