"""The same weights in torch.nn's own layers give the same numbers. Its masks are True where one may *not* look."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from tests.core.helpers import gap, make, part
from torch import Tensor, nn
from torch.nn import functional as F

from glasshead import Transformer, listen

LIMIT = 1e-5
SHAPES: dict[str, dict[str, Any]] = {
    "two layers": {},
    "one head, one layer": {"heads": 1, "encoder_layers": 1, "decoder_layers": 1},
    "wider": {"d_model": 32, "heads": 8, "d_ff": 64, "encoder_layers": 3, "decoder_layers": 3},
    "biases, norms after the stacks": {"attention_bias": True, "final_norm": True},
    "GELU, a large ε": {"activation": "gelu", "norm_eps": 0.03, "final_norm": True},
    "SiLU": {"activation": "silu", "attention_bias": True},
}


@pytest.fixture(autouse=True)
def plain_paths() -> Iterator[None]:
    """torch.nn's fast path zeroes padded rows: leave it out, and put it back."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    yield
    torch.backends.mha.set_fastpath_enabled(before)


def copy_attention(theirs: nn.MultiheadAttention, ours: Any) -> None:
    assert theirs.in_proj_bias is not None
    theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]))
    theirs.out_proj.weight.copy_(ours.output.weight)
    theirs.in_proj_bias.zero_()
    theirs.out_proj.bias.zero_()
    if ours.output.bias is not None:
        theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key.bias, ours.value.bias]))
        theirs.out_proj.bias.copy_(ours.output.bias)


def copy_rest(theirs: Any, ours: Any, norms: tuple[str, ...]) -> None:
    for mine, yours in ((ours.ffn.sublayer.inner, theirs.linear1), (ours.ffn.sublayer.outer, theirs.linear2)):
        yours.weight.copy_(mine.weight)
        yours.bias.copy_(mine.bias)
    for number, name in enumerate(norms, 1):
        mine, yours = getattr(ours, name).norm, getattr(theirs, f"norm{number}")
        yours.weight.copy_(mine.gain)
        yours.bias.copy_(mine.bias)


def last_norm(stack: Any, width: int) -> nn.Module | None:
    """torch.nn's stacks end in a norm only if given one; ours do in pre-norm models."""
    if stack.norm is None:
        return None
    norm = nn.LayerNorm(width, stack.norm.eps)
    norm.weight.copy_(stack.norm.gain)
    norm.bias.copy_(stack.norm.bias)
    return norm


@torch.no_grad()
def stacks(model: Transformer) -> tuple[nn.TransformerEncoder, nn.TransformerDecoder]:
    c = model.config
    options: Any = {
        "dropout": 0.0, "batch_first": True, "norm_first": c.norm == "pre", "activation": getattr(F, c.activation),
        "layer_norm_eps": c.norm_eps,
    }  # fmt: skip
    encoder = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(c.d_model, c.heads, c.d_ff, **options),
        c.encoder_layers, last_norm(model.encoder, c.d_model), enable_nested_tensor=False,
    )  # fmt: skip
    decoder = nn.TransformerDecoder(
        nn.TransformerDecoderLayer(c.d_model, c.heads, c.d_ff, **options),
        c.decoder_layers, last_norm(model.decoder, c.d_model),
    )  # fmt: skip
    for theirs, ours in zip(encoder.layers, model.encoder.layers, strict=True):
        layer: Any = theirs
        mine: Any = ours
        copy_attention(layer.self_attn, mine.self.sublayer)
        copy_rest(layer, mine, ("self", "ffn"))
    for theirs, ours in zip(decoder.layers, model.decoder.layers, strict=True):
        layer, mine = theirs, ours
        copy_attention(layer.self_attn, mine.self.sublayer)
        copy_attention(layer.multihead_attn, mine.cross.sublayer)
        copy_rest(layer, mine, ("self", "cross", "ffn"))
    return encoder.eval(), decoder.eval()


def sentences() -> tuple[Tensor, Tensor]:
    """Three pairs of different lengths, padded with 0."""
    source = torch.tensor([[5, 6, 7, 8, 9, 2], [4, 4, 2, 0, 0, 0], [20, 2, 0, 0, 0, 0]])
    target = torch.tensor([[1, 9, 8, 7, 0], [1, 3, 0, 0, 0], [1, 8, 8, 8, 8]])
    return source, target


@pytest.mark.parametrize("listening", [False, True], ids=["fused", "staged"])
@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_stacks_are_torchs(shape: dict[str, Any], norm: str, listening: bool) -> None:
    model = make(11, norm=norm, **shape)
    encoder, decoder = stacks(model)
    source, target = sentences()
    hidden, future = source == 0, torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)
    with torch.no_grad(), listen(model, keep=("*",) if listening else ()) as seen:
        memory = model.encode(source, model.padding_mask(source))
        logits = model(source, target)
        if listening:
            assert torch.equal(seen["encoder.out"], memory)
        memory_theirs = encoder(model.source(source), src_key_padding_mask=hidden)
        x = decoder(
            model.target(target), memory_theirs, tgt_mask=future, memory_key_padding_mask=hidden,
            tgt_key_padding_mask=target == 0,
        )  # fmt: skip
        logits_theirs = x @ model.source.weight.T
    assert gap(memory[~hidden], memory_theirs[~hidden]) < LIMIT * 2
    assert gap(logits[target != 0], logits_theirs[target != 0]) < LIMIT * max(1.0, float(logits.abs().max()))


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")  # torch on a constructor of its own
@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@torch.no_grad()
def test_a_torch_nn_transformer_can_be_expressed_exactly(norm_first: bool, activation: str) -> None:
    """As its own constructor makes it, with a table of embeddings, sinusoids in halves, and a biased linear map."""
    torch.manual_seed(17)
    theirs = nn.Transformer(
        16, 4, 2, 3, 20, 0.0, activation, layer_norm_eps=1e-4, batch_first=True, norm_first=norm_first
    ).eval()
    read, write, project = nn.Embedding(31, 16), nn.Embedding(29, 16), nn.Linear(16, 29)
    ours = make(
        d_model=16, heads=4, encoder_layers=2, decoder_layers=3, d_ff=20, norm="pre" if norm_first else "post",
        activation=activation, attention_bias=True, output_bias=True, final_norm=True, norm_eps=1e-4,
        embedding_scale=1.0, positions="tensor2tensor", share_embeddings=False, source_vocab_size=31,
        pad_id=0, bos_id=5, eos_id=None, prefix=(7,), source_end=False,
    )  # fmt: skip
    for parameter in theirs.parameters():
        parameter.copy_(torch.randn_like(parameter) / 3)
    take_all(ours, theirs, read, write, project)
    source, target = sentences()
    hidden, future = source == 0, torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)
    rate = 10_000.0 ** -(torch.arange(8) / 7)
    angles = torch.arange(6).unsqueeze(-1) * rate
    places = torch.cat([angles.sin(), angles.cos()], 1)
    states = theirs(
        read(source) + places, write(target) + places[:5], tgt_mask=future, src_key_padding_mask=hidden,
        memory_key_padding_mask=hidden,
    )  # fmt: skip
    assert gap(ours(source, target), project(states)) < LIMIT * 10


def take_all(ours: Any, theirs: Any, read: nn.Embedding, write: nn.Embedding, project: nn.Linear) -> None:
    """Copy the weights of torch's model by their names."""
    names = {
        "self.sublayer": "self_attn", "cross.sublayer": "multihead_attn", "ffn.sublayer.inner": "linear1",
        "ffn.sublayer.outer": "linear2",
    }  # fmt: skip
    found = {"source.weight": read.weight, "target.weight": write.weight}
    found |= {"project.weight": project.weight, "bias": project.bias}
    for stack, norms in (("encoder", ("self", "ffn")), ("decoder", ("self", "cross", "ffn"))):
        other = getattr(theirs, stack)
        found |= {f"{stack}.norm.gain": other.norm.weight, f"{stack}.norm.bias": other.norm.bias}
        for number, layer in enumerate(other.layers):
            weights = dict(layer.named_parameters())
            at = f"{stack}.layers.{number}"
            for mine, yours in names.items():
                for kind in ("weight", "bias"):
                    if f"{yours}.{kind}" in weights:
                        found[f"{at}.{mine}.{kind}"] = weights[f"{yours}.{kind}"]
                    elif f"{yours}.out_proj.{kind}" in weights:
                        found[f"{at}.{mine}.output.{kind}"] = weights[f"{yours}.out_proj.{kind}"]
                        parts = weights[f"{yours}.in_proj_{kind}"].chunk(3)
                        found |= {
                            f"{at}.{mine}.{part}.{kind}": value
                            for part, value in zip(("query", "key", "value"), parts, strict=True)
                        }
            for place, norm in enumerate(norms, 1):
                found[f"{at}.{norm}.norm.gain"] = weights[f"norm{place}.weight"]
                found[f"{at}.{norm}.norm.bias"] = weights[f"norm{place}.bias"]
    ours.load_state_dict(found)


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("site", ["encoder.0.self", "decoder.0.self", "decoder.0.cross"])
def test_the_weights_of_each_head_are_torchs(site: str, average: bool) -> None:
    model = make(12)
    source, target = sentences()
    hidden, future = source == 0, torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)
    with torch.no_grad(), listen(model) as seen:
        model(source, target)
        stack, layer, kind = site.split(".")
        ours: Any = getattr(getattr(model, stack).layers[int(layer)], kind).sublayer
        theirs = nn.MultiheadAttention(16, 4, batch_first=True)
        copy_attention(theirs, ours)
        if stack == "encoder":
            x = y = seen["source.sum"]
        elif kind == "self":
            x = y = seen["target.sum"]
        else:
            x, y = seen["decoder.0.self.norm.out"], seen["encoder.out"]
        out, weights = theirs(
            x, y, y, need_weights=True, average_attn_weights=average,
            attn_mask=future if (stack, kind) == ("decoder", "self") else None,
            key_padding_mask=None if (stack, kind) == ("decoder", "self") else hidden,
        )  # fmt: skip
    mine = seen[f"{site}.weights"]
    assert gap(mine.mean(1) if average else mine, weights) < LIMIT
    assert gap(seen[f"{site}.out"], out) < LIMIT


def test_keys_and_values_of_another_width_are_torchs() -> None:
    model = make(13, d_encoder=12, share_embeddings=False)
    source, target = sentences()
    ours = part(model, "decoder.layers.0.cross.sublayer")
    theirs = nn.MultiheadAttention(16, 4, batch_first=True, kdim=12, vdim=12)
    with torch.no_grad(), listen(model) as seen:
        model(source, target)
        for name in ("query", "key", "value"):
            getattr(theirs, f"{name[0]}_proj_weight").copy_(getattr(ours, name).weight)
        assert theirs.in_proj_bias is not None
        theirs.in_proj_bias.zero_()
        theirs.out_proj.weight.copy_(ours.output.weight)
        theirs.out_proj.bias.zero_()
        y = seen["encoder.out"]
        out, weights = theirs(
            seen["decoder.0.self.norm.out"], y, y, key_padding_mask=source == 0, average_attn_weights=False
        )
    assert gap(seen["decoder.0.cross.weights"], weights) < LIMIT
    assert gap(seen["decoder.0.cross.out"], out) < LIMIT


def test_gradients_are_torchs() -> None:
    model = make(14).requires_grad_(True)
    encoder, decoder = stacks(model)
    source, target = sentences()
    hidden, future = source == 0, torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)
    (model(source, target)[target != 0] ** 2).mean().backward()
    table = model.source.weight.detach().clone().requires_grad_(True)
    places = model.source.positions

    def embed(numbers: Tensor) -> Tensor:
        return table[numbers] * 4.0 + places[: numbers.shape[1]]

    memory = encoder(embed(source), src_key_padding_mask=hidden)
    x = decoder(embed(target), memory, tgt_mask=future, memory_key_padding_mask=hidden)
    ((x @ table.T)[target != 0] ** 2).mean().backward()
    assert model.source.weight.grad is not None
    scale = max(1.0, float(model.source.weight.grad.abs().max()))
    assert gap(model.source.weight.grad, table.grad) < 1e-4 * scale
    theirs: Any = encoder.layers[0]
    mine: Any = model.encoder.layers[0]
    assert gap(mine.ffn.sublayer.inner.weight.grad, theirs.linear1.weight.grad) < 1e-4 * scale
    assert gap(mine.self.norm.gain.grad, theirs.norm1.weight.grad) < 1e-4 * scale


def test_one_layer_norm_is_torchs() -> None:
    model = make(15)
    ours = part(model, "encoder.layers.0.self.norm")
    theirs = nn.LayerNorm(16)
    with torch.no_grad():
        theirs.weight.copy_(ours.gain)
        theirs.bias.copy_(ours.bias)
        for x in (torch.randn(3, 5, 16), torch.randn(1, 1, 16) * 1e4 + 1e4, torch.full((1, 2, 16), 3.0)):
            with listen(model, ["encoder.0.self.norm.*"]):
                staged = ours(x)
            limit = 2e-3 if x.abs().max() > 100 else LIMIT  # float32 has 7 digits, and the mean takes most of them
            assert gap(staged, theirs(x)) < limit
            assert gap(ours(x), theirs(x)) < limit
