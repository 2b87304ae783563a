"""Every site of every kind of model against the formulas of the paper in float64, and what an edit of each changes."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.helpers import OPTIONS, gap, ids, make, plain
from tests.core.reference import transform

from glasshead import listen
from glasshead.tap import sites

SOURCE, TARGET = (5, 9, 4, 7, 2), (1, 8, 3, 8)


def as_reference(site: str, value: Any) -> Any:
    found = plain(value)
    return found[..., 0] if site.endswith((".mean", ".var")) else found


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_site_is_what_the_paper_says(options: dict[str, Any]) -> None:
    model = make(1, torch.float64, **options)
    with listen(model) as seen:
        logits = model(ids(*SOURCE), ids(*TARGET))
    wanted = transform(model, SOURCE, TARGET)
    assert set(seen) == set(wanted) == set(sites(model))
    # The table of sinusoids is float32, all else here float64.
    limit = 1e-10 if model.config.positions == "learned" else 2e-6
    assert {site: e for site in wanted if (e := gap(as_reference(site, seen[site]), wanted[site])) > limit} == {}
    assert gap(logits[0], wanted["logits"]) <= limit
    assert gap(model(ids(*SOURCE), ids(*TARGET))[0], wanted["logits"]) <= limit, "nobody listening"


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_in_float32_too(options: dict[str, Any]) -> None:
    model = make(2, **options)
    with listen(model) as seen:
        model(ids(*SOURCE), ids(*TARGET))
    wanted = transform(model, SOURCE, TARGET)
    assert all(value.dtype == torch.float32 for value in seen.values())
    assert {s: e for s in wanted if (e := gap(as_reference(s, seen[s]), wanted[s])) > 5e-5} == {}


@settings(max_examples=20)
@given(
    st.fixed_dictionaries(
        {
            "heads": st.integers(1, 4), "d_k": st.integers(1, 5), "d_v": st.integers(1, 5),
            "d_model": st.integers(4, 9), "d_encoder": st.integers(4, 9),
            "d_ff": st.integers(1, 7), "encoder_layers": st.integers(1, 2),
            "decoder_layers": st.integers(1, 2), "window": st.one_of(st.none(), st.integers(1, 6)),
            "norm": st.sampled_from(["post", "pre"]), "scale": st.booleans(),
            "attention_bias": st.booleans(), "output_bias": st.booleans(), "final_norm": st.booleans(),
            "norm_eps": st.sampled_from([1e-6, 1e-5, 0.1]),
            "embedding_scale": st.one_of(st.none(), st.sampled_from([1, 0.5])),
            "activation": st.sampled_from(["relu", "gelu", "silu"]),
        }
    ),
    st.lists(st.integers(3, 28), min_size=1, max_size=7),
    st.lists(st.integers(3, 28), max_size=6),
    st.integers(0, 999),
)  # fmt: skip
def test_whatever_the_shape(options: dict[str, Any], source: list[int], target: list[int], seed: int) -> None:
    model = make(seed, torch.float64, positions="learned", share_embeddings=False, **options)
    with listen(model) as seen:
        staged = model(ids(*source), ids(1, *target))
    fused = model(ids(*source), ids(1, *target))
    wanted = transform(model, source, [1, *target])
    assert {s: e for s in wanted if (e := gap(as_reference(s, seen[s]), wanted[s])) > 1e-8} == {}
    assert gap(staged[0], wanted["logits"]) < 1e-8
    assert gap(fused[0], wanted["logits"]) < 1e-8


def test_the_names_are_those_of_the_map() -> None:
    attention = ["q", "k", "v", "scores", "masked", "weights", "heads", "out"]
    after = ["resid", "norm.mean", "norm.var", "norm.normed", "norm.out"]
    names = {f"{side}.{part}" for side in ("source", "target") for part in ("embed", "position", "sum")}
    for stack, kinds in (("encoder", ["self"]), ("decoder", ["self", "cross"])):
        for layer in range(2):
            names |= {f"{stack}.{layer}.{kind}.{name}" for kind in kinds for name in (*attention, *after)}
            names |= {f"{stack}.{layer}.ffn.{name}" for name in ("hidden", "active", "out", *after)}
    assert set(sites(make())) == names | {"encoder.out", "logits"}


def every_site(norm: str) -> list[str]:
    return list(sites(make(encoder_layers=1, decoder_layers=1, norm=norm)))


def changed(value: Any) -> Any:
    """Something else in every number, by another factor at every place, for torch and numpy alike; −∞ stays."""
    factor = 1.1 + np.add.outer(0.1 * np.arange(value.shape[-2]), 0.2 * np.cos(np.arange(value.shape[-1])))
    return value * (torch.from_numpy(factor) if isinstance(value, torch.Tensor) else factor) + 0.01


@pytest.mark.parametrize(("norm", "site"), [(norm, site) for norm in ("post", "pre") for site in every_site(norm)])
def test_what_follows_an_edit_follows_from_it(norm: str, site: str) -> None:
    model = make(3, torch.float64, encoder_layers=1, decoder_layers=1, norm=norm, positions="learned")
    statistic = site.endswith((".mean", ".var"))

    def theirs(value: Any) -> Any:
        return changed(value[:, None])[:, 0] if statistic else changed(value)

    with listen(model, edit={site: changed}) as seen:
        logits = model(ids(*SOURCE), ids(*TARGET))
    wanted = transform(model, SOURCE, TARGET, {site: theirs})
    assert {s: e for s in wanted if (e := gap(as_reference(s, seen[s]), wanted[s])) > 1e-9} == {}
    assert gap(logits[0], wanted["logits"]) < 1e-9
    assert gap(logits[0], model(ids(*SOURCE), ids(*TARGET))[0]) > 1e-4, "an edit that changes nothing is no edit"
    with listen(model, keep=(), edit={site: changed}):
        assert gap(model(ids(*SOURCE), ids(*TARGET))[0], wanted["logits"]) < 1e-9, "whether or not others are kept"


@pytest.mark.parametrize("site", ["decoder.0.self.masked", "encoder.0.self.masked", "decoder.1.cross.masked"])
def test_a_query_that_is_forbidden_everything_gets_nothing(site: str) -> None:
    model = make(4, torch.float64, positions="learned")
    prefix = site.removesuffix("masked")

    def blank(value: Any) -> Any:
        value[..., 1, :] = -float("inf")
        return value

    with listen(model, edit={site: blank}) as seen:
        logits = model(ids(*SOURCE), ids(*TARGET))
    assert (seen[prefix + "weights"][:, :, 1] == 0).all()
    assert (seen[prefix + "out"][:, 1] == 0).all()
    assert gap(logits[0], transform(model, SOURCE, TARGET, {site: blank})["logits"]) < 1e-9


def test_opening_the_mask_lets_a_token_see_the_future() -> None:
    model = make(5)
    with listen(model, ["decoder.*.self.scores"]) as seen:
        model(ids(*SOURCE), ids(*TARGET))
    truth = seen["decoder.0.self.scores"]
    with listen(model, edit={"decoder.0.self.masked": lambda _: truth}) as seen:
        now = model(ids(*SOURCE), ids(*TARGET))
        assert (seen["decoder.0.self.weights"][0, :, 0, 1:] > 0).all()
        other = model(ids(*SOURCE), ids(*TARGET[:-1], 20))
    assert gap(now[0, 0], other[0, 0]) > 1e-4
