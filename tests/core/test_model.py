"""The Transformer as a whole: its shape, its beginning, padding, the future, the cache."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.helpers import OPTIONS, gap, ids, make
from tests.core.reference import positions, transform

from glasshead import Config, GlassheadError, Transformer, listen
from glasshead.decoding.cache import Cache
from glasshead.model import sinusoids

few = settings(max_examples=20)


def test_the_defaults_are_the_base_model_of_the_paper() -> None:
    config = Config()
    assert (config.d_model, config.heads, config.d_ff, config.encoder_layers, config.decoder_layers) == (
        512,
        8,
        2048,
        6,
        6,
    )
    assert (config.key_width, config.value_width, config.encoder_width) == (64, 64, 512)
    assert (config.norm, config.positions, config.window, config.dropout) == ("post", "sinusoidal", None, 0.1)
    assert config.score_scale == 1 / 8
    with torch.device("meta"):
        model = Transformer(config)
    layer, m, f = 4 * 512 * 512, 512, 2048
    feed = 2 * m * f + m + f
    wanted = 37_000 * m + 6 * (layer + feed + 4 * m) + 6 * (2 * layer + feed + 6 * m)
    assert sum(parameter.numel() for parameter in model.parameters()) == wanted  # 63 million; the paper rounds to 65


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_a_last_norm_after_the_stacks_only_where_it_is_pre(norm: Any) -> None:
    names = set(make(norm=norm).state_dict())
    assert ({"encoder.norm.gain", "decoder.norm.gain"} <= names) == (norm == "pre")
    assert any("encoder.norm" in name for name in names) == (norm == "pre")


def test_the_beginning_keeps_variances() -> None:
    torch.manual_seed(0)
    model = Transformer(
        Config(vocab_size=400, d_model=64, heads=4, d_ff=256, encoder_layers=2, decoder_layers=2)
    ).eval()
    weights = dict(model.named_parameters())
    assert weights["source.weight"].std().item() == pytest.approx(64**-0.5, rel=0.05)
    for name, value in weights.items():
        if name.endswith(
            ("query.weight", "key.weight", "value.weight", "output.weight", "inner.weight", "outer.weight")
        ):
            bound = math.sqrt(6 / sum(value.shape))
            if name.endswith(("query.weight", "key.weight", "value.weight")):  # as if they were one matrix, m × 3m
                bound = math.sqrt(6 / (64 + 3 * 64))
            assert value.abs().max().item() <= bound
            assert value.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.1), name
        elif name.endswith("bias"):
            assert not value.any(), name
        elif name.endswith("gain"):
            assert (value == 1).all(), name
    with listen(model, ["source.embed"]) as seen:
        model.encode(torch.arange(3, 303).unsqueeze(0))
    assert seen["source.embed"].std().item() == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("width", [1, 2, 7, 64])
def test_sinusoids_interleave(width: int) -> None:
    assert gap(sinusoids(40, width), positions(40, width)) < 1e-6


def test_sinusoids_hold_far_out() -> None:
    table = sinusoids(5000, 16)
    for p, i in [(4999, 0), (4999, 5), (3000, 8)]:
        angle = p / 10000 ** ((i - i % 2) / 16)
        assert table[p, i].item() == pytest.approx(math.sin(angle) if i % 2 == 0 else math.cos(angle), abs=1e-6)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_in_a_batch_as_alone(options: dict[str, Any]) -> None:
    model = make(31, torch.float64, **options)
    pairs = [([5, 6, 7, 8, 2], [1, 9, 8]), ([4, 2], [1, 3, 3, 7, 7]), ([9, 10, 2], [1])]
    source, target = torch.zeros(3, 6, dtype=torch.long), torch.zeros(3, 7, dtype=torch.long)
    for row, (s, t) in enumerate(pairs):
        source[row, : len(s)], target[row, : len(t)] = torch.tensor(s), torch.tensor(t)
    with listen(model) as seen:
        watched = model(source, target)
    together = model(source, target)
    for row, (s, t) in enumerate(pairs):
        alone = transform(model, s, t)["logits"]
        assert gap(together[row, : len(t)], alone) < 3e-6
        assert gap(watched[row, : len(t)], alone) < 3e-6
        for site in seen:
            if site.endswith(".cross.weights"):
                assert (seen[site][row, :, :, len(s) :] == 0).all(), "nothing looks at padding"
    assert together.isfinite().all()


@few
@given(
    st.integers(1, 5), st.integers(1, 5), st.sampled_from(["post", "pre"]), st.sampled_from([None, 1, 2, 3]),
    st.sampled_from([1, 2, 3]), st.integers(0, 999), st.data(),
)  # fmt: skip
def test_padding_changes_nothing(
    k: int, q: int, norm: Any, window: Any, heads: int, seed: int, data: st.DataObject
) -> None:
    model = make(seed, torch.float64, norm=norm, window=window, heads=heads, d_model=6, d_ff=5, encoder_layers=1)
    number = st.integers(3, 28)
    source, target = (
        data.draw(st.lists(number, min_size=k, max_size=k)),
        data.draw(st.lists(number, min_size=q, max_size=q)),
    )
    more = data.draw(st.integers(1, 4))
    alone = model(ids(*source), ids(*target))
    padded = model(ids(*source, *[0] * more), ids(*target, *[0] * more))
    assert gap(padded[:, :q], alone) < 1e-10


def test_a_source_of_nothing_but_padding_is_no_catastrophe() -> None:
    model = make(32).requires_grad_(True)
    logits = model(torch.tensor([[0, 0, 0], [5, 6, 2]]), torch.tensor([[1, 4], [1, 4]]))
    assert logits.isfinite().all()
    logits.square().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    with torch.no_grad(), listen(model) as seen:
        watched = model(torch.tensor([[0, 0, 0], [5, 6, 2]]), torch.tensor([[1, 4], [1, 4]]))
    assert gap(watched, logits.detach()) < 1e-5
    assert (seen["decoder.0.cross.weights"][0] == 0).all()


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("listening", [False, True], ids=["fused", "staged"])
def test_a_later_token_changes_no_earlier_logit(options: dict[str, Any], listening: bool) -> None:
    model = make(33, **options)
    with listen(model, ("*",) if listening else ()):
        for position in range(1, 6):
            one, other = [1, 5, 6, 7, 8, 9], [1, 5, 6, 7, 8, 9]
            other[position] = 20
            a, b = model(ids(4, 5, 2), ids(*one)), model(ids(4, 5, 2), ids(*other))
            assert torch.equal(a[:, :position], b[:, :position])
            assert gap(a[:, position], b[:, position]) > 1e-6


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("listening", [False, True], ids=["fused", "staged"])
def test_cached_as_uncached_in_pieces_of_any_size(options: dict[str, Any], listening: bool) -> None:
    model = make(34, torch.float64, **options)
    source, target = ids(4, 5, 6, 2), ids(1, 5, 6, 7, 8, 9, 10, 3)
    whole = model(source, target)
    with torch.no_grad(), listen(model, ("*",) if listening else ()):
        memory = model.encode(source)
        for pieces in ([1] * 8, [8], [3, 5], [1, 4, 1, 2], [7, 1]):
            cache = Cache(model.config.decoder_layers)
            parts = [model.decode(part, memory, past=cache) for part in torch.split(target, pieces, 1)]
            assert gap(torch.cat(parts, 1), whole) < 1e-10, pieces
            assert cache.length == 8


def test_cross_attention_under_a_padded_cache() -> None:
    model = make(35, torch.float64)
    source, target = torch.tensor([[4, 5, 6, 2], [7, 2, 0, 0]]), torch.tensor([[1, 5, 6], [1, 9, 9]])
    mask = model.padding_mask(source)
    memory, cache = model.encode(source, mask), Cache(2)
    with torch.no_grad():
        parts = [model.decode(target[:, n : n + 1], memory, mask, past=cache) for n in range(3)]
    assert gap(torch.cat(parts, 1), model(source, target)) < 1e-10


def test_dropout_only_in_training_and_only_where_the_paper_has_it() -> None:
    model = make(36, dropout=0.5)
    assert torch.equal(model(ids(4, 2), ids(1)), model(ids(4, 2), ids(1)))
    model.train()
    torch.manual_seed(0)
    with listen(model) as seen:
        assert gap(model(ids(4, 5, 2), ids(1, 4)), model(ids(4, 5, 2), ids(1, 4))) > 1e-3
    assert gap(seen["decoder.0.self.weights"].sum(-1), torch.ones(1, 4, 2)) < 1e-6
    active = seen["encoder.0.ffn.active"]
    assert gap(active, seen["encoder.0.ffn.hidden"].relu()) == 0
    dropped = (seen["encoder.0.ffn.resid"] - seen["encoder.0.self.norm.out"]) / seen["encoder.0.ffn.out"]
    kinds = np.unique(dropped.detach().round(decimals=2).numpy())
    assert set(kinds.tolist()) <= {0.0, 2.0}, "each number of a sub-layer's output is dropped, or doubled"


@pytest.mark.filterwarnings("ignore:var_mean")  # PyTorch on the variance of no rows
@pytest.mark.parametrize("listening", [False, True], ids=["fused", "staged"])
def test_an_empty_target_has_no_logits(listening: bool) -> None:
    model = make(38)
    with listen(model, ("*",) if listening else ()) as seen:
        logits = model(ids(4, 5, 2), torch.empty(1, 0, dtype=torch.long))
    assert logits.shape == (1, 0, 29)
    if listening:
        assert seen["decoder.1.self.weights"].shape == (1, 4, 0, 0)
        assert seen["decoder.1.cross.weights"].shape == (1, 4, 0, 3)
    assert model(torch.empty(0, 3, dtype=torch.long), torch.empty(0, 2, dtype=torch.long)).shape == (0, 2, 29)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (torch.tensor([4, 5, 2]), "torch.int64 (3,)"),
        (torch.ones(1, 1, 3, dtype=torch.long), "torch.int64 (1, 1, 3)"),
        (torch.ones(1, 3), "torch.float32 (1, 3)"),
        (torch.ones(1, 3, dtype=torch.bool), "torch.bool (1, 3)"),
        (torch.ones(1, 3, dtype=torch.int8), "torch.int8 (1, 3)"),
        ([[4, 5, 2]], "list"),
    ],
)
def test_what_is_no_batch_of_ids_is_told_which_and_how(wrong: Any, named: str) -> None:
    model = make(39)
    for name, given_ids in (("source", (wrong, ids(1, 4))), ("target", (ids(4, 2), wrong))):
        with pytest.raises(GlassheadError) as caught:
            model(*given_ids)
        assert f"The {name} is {named}; give ids" in str(caught.value)
    assert torch.equal(model(ids(4, 2).int(), ids(1, 4).int()), model(ids(4, 2), ids(1, 4)))


def test_too_long_is_said_with_the_limit() -> None:
    model = make(37, max_length=5)
    model(ids(4, 5, 6, 7, 2), ids(1, 4, 4, 4, 4))
    for source, target in ((ids(*[4] * 6), ids(1)), (ids(2), ids(*[4] * 6))):
        with pytest.raises(GlassheadError, match=r"6 tokens .* 5"):
            model(source, target)
    cache = Cache(2)
    memory = model.encode(ids(2))
    with torch.no_grad():
        model.decode(ids(*[4] * 5), memory, past=cache)
        with pytest.raises(GlassheadError, match=r"6 tokens .* 5"):
            model.decode(ids(4), memory, past=cache)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"heads": 3}, ["3 heads", "d_model 512", "d_k"]),
        ({"heads": 0}, ["heads is 0", "at least 1"]),
        ({"d_model": -4}, ["d_model is -4"]),
        ({"window": 0}, ["window is 0"]),
        ({"pad_id": -1}, ["pad_id is -1", "at least 0"]),
        ({"d_k": 0}, ["d_k is 0"]),
        ({"dropout": 1.0}, ["dropout is 1.0"]),
        ({"dropout": -0.1}, ["dropout is -0.1"]),
        ({"dropout": float("nan")}, ["dropout is nan"]),
        ({"dropout": "much"}, ["dropout is 'much'"]),
        ({"norm": "mid"}, ["'mid'", "'post'", "'pre'"]),
        ({"positions": "rotary"}, ["'rotary'", "'sinusoidal'", "'learned'"]),
        ({"d_encoder": 256}, ["share_embeddings=False"]),
        ({"source_vocab_size": 100}, ["share_embeddings=False"]),
        ({"vocab_size": 2}, ["token 2", "2 tokens"]),
        ({"eos_id": 37_000}, ["37000"]),
        ({"d_ff": None}, ["d_ff is None", "whole number"]),
        ({"d_model": 512.0}, ["d_model is 512.0", "whole number"]),
        ({"heads": True}, ["heads is True", "whole number"]),
        ({"encoder_layers": "6"}, ["encoder_layers is '6'"]),
        ({"scale": 1}, ["scale is 1", "True or False"]),
        ({"share_embeddings": None}, ["share_embeddings is None"]),
    ],
)
def test_a_shape_that_cannot_be_is_refused_by_name(options: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(GlassheadError) as caught:
        Config(**options)
    assert all(part in str(caught.value) for part in named), caught.value


@pytest.mark.parametrize("options", [{"dropout": 0}, {"dropout": 0.0}, {"heads": 3, "d_k": 5, "d_v": 7}, {"pad_id": 0}])
def test_a_shape_that_can_be_is_taken(options: dict[str, Any]) -> None:
    Config(**options)


def test_without_the_mask_a_later_token_changes_an_earlier_logit_and_with_it_never() -> None:
    for masked in (True, False):
        model = make(33, masked=masked)
        one, other = (model(ids(5, 6, 2), ids(1, 4, 7, last)) for last in (8, 9))
        same = torch.equal(one[:, :3], other[:, :3])
        assert same == masked


def test_without_residual_connections_a_layer_is_the_norm_of_its_sublayer() -> None:
    model = make(34, residual=False)
    with torch.no_grad(), listen(model) as seen:
        model(ids(5, 6, 2), ids(1, 4))
    for name in ("encoder.0.self", "decoder.1.cross", "decoder.0.ffn"):
        assert torch.equal(seen[f"{name}.resid"], seen[f"{name}.out"])


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_without_positions_the_encoder_cannot_tell_order(norm: Any) -> None:
    order = torch.tensor([2, 0, 3, 1])
    for kind in ("none", "sinusoidal"):
        model = make(35, positions=kind, norm=norm)
        plain, mixed = model.encode(ids(5, 6, 7, 8)), model.encode(ids(5, 6, 7, 8)[:, order])
        assert (gap(plain[:, order], mixed) < 1e-5) == (kind == "none")
