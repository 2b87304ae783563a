"""The grammar of site names: every name of every model reads back, and says what its axes are."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.core.helpers import OPTIONS, make

from glasshead.adapters.native import anatomy
from glasshead.errors import GlassheadError
from glasshead.site import Site, attention
from glasshead.tap import listen, sites

LETTERS = st.text(st.characters(categories=["Ll"]), min_size=1, max_size=8)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_every_name_of_a_model_reads_back(options: dict[str, Any]) -> None:
    for name in sites(make(**options)):
        assert str(Site.parse(name)) == name


@given(LETTERS, st.none() | st.integers(0, 10**6), LETTERS, st.lists(LETTERS, min_size=1, max_size=3))
def test_parts_read_back(stack: str, layer: int | None, part: str, names: list[str]) -> None:
    name = ".".join(names)
    site = Site(stack, None, "", name) if layer is None else Site(stack, layer, part, name)
    assert Site.parse(str(site)) == site


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_axes_are_those_of_the_tensors(options: dict[str, Any]) -> None:
    """Each axis has the size that its letter stands for, of a source of 5 and a target of 3 tokens."""
    model = make(**options)
    config = model.config
    with listen(model) as seen:
        model(torch.tensor([[3, 4, 5, 6, 2]]), torch.tensor([[1, 3, 4]]))
    for name, value in seen.items():
        site = Site.parse(name)
        lengths = {"source": 5, "target": 3}
        cross = site.part == "cross"
        width = config.encoder_width if site.side == "source" else config.d_model
        sizes = {
            "h": config.heads,
            "q": lengths[site.side],
            "k": 5 if cross else lengths[site.side],
            "d": config.value_width if site.name in ("v", "heads") else config.key_width,
            "m": width,
            "f": config.d_ff,
            "v": config.vocab_size,
        }
        wanted = tuple(sizes[axis] for axis in site.axes.split())
        if site.name == "position":
            assert value.shape[-1] == width
            continue
        assert value[0].squeeze(-1 if site.axes == "q" else ()).shape == wanted, name


def test_names_beside_each_other() -> None:
    site = Site.parse("decoder.1.cross.weights")
    assert (site.stack, site.layer, site.part, site.name) == ("decoder", 1, "cross", "weights")
    assert site.attention == site.prefix == attention("decoder", 1, "cross") == "decoder.1.cross"
    assert site.beside("q") == "decoder.1.cross.q"
    assert Site.parse("decoder.1.cross.out").attention is None, "W_O's output is no value of one head"
    assert Site.parse("logits").side == "target" and Site.parse("source.embed").side == "source"


@pytest.mark.parametrize("name", ["", ".", "decoder.", "decoder.1", "decoder.1.self", "..weights"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(GlassheadError, match="not the name of a site"):
        Site.parse(name)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_an_anatomy_has_every_part_of_its_model(options: dict[str, Any]) -> None:
    model = make(**options)
    found = anatomy(model)
    assert list(found.sites) == list(sites(model))
    weights = [Site.parse(site).prefix for site in found.sites if site.endswith(".weights")]
    assert sorted(prefix for kind in found.kinds for prefix in found.attentions(kind)) == sorted(weights)
    assert set(found.attending) == set(weights)
    assert {each.scale for each in found.attending.values()} == {model.config.score_scale}
    normed = [Site.parse(site).prefix for site in found.sites if site.endswith(".norm.normed")]
    assert [norm.site for norm in found.norms] == normed
    for norm in found.norms:
        assert (norm.where == "last") == (norm.site in ("encoder", "decoder")) == (norm.label == "last")
    assert found.parameters == sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(("dtype", "most"), [(torch.float64, 1e-4), (torch.float32, 1e-4), (torch.bfloat16, 0.05)])
def test_the_tolerance_follows_the_precision(dtype: torch.dtype, most: float) -> None:
    found = anatomy(make(dtype=dtype))
    assert found.precision == str(dtype).removeprefix("torch.")
    assert 4 * torch.finfo(dtype).eps <= found.tolerance <= most


def test_an_unmasked_decoder_has_no_window_either() -> None:
    """The window of masked self-attention is a part of its mask."""
    found = anatomy(make(window=3, masked=False))
    assert found.attending["encoder.0.self"].window == (1, 1)
    assert found.attending["decoder.0.self"].window is None
    assert anatomy(make(window=3)).attending["decoder.0.self"].window == (1, 1)
