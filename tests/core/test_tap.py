"""listen: what it keeps, what it changes, that it is gone afterwards, and that watching alters nothing."""

from functools import partial
from typing import Any

import pytest
import torch
from tests.core.helpers import OPTIONS, gap, ids, make
from torch import Tensor, nn

from glasshead import GlassheadError, Place, Transformer, listen
from glasshead.decoding.cache import Cache
from glasshead.errors import StoppedError
from glasshead.tap import giving_up, sites

SOURCE, TARGET = ids(5, 9, 4, 7, 2), ids(1, 8, 3, 8)


def tapped(model: nn.Module) -> set[str]:
    """The modules in which something is listening now."""
    return {path for path, module in model.named_modules() if getattr(module, "tap", None) is not None}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_watching_changes_nothing(options: dict[str, Any]) -> None:
    model = make(21, **options)
    before = model(SOURCE, TARGET)
    with listen(model):
        watched = model(SOURCE, TARGET)
    assert gap(watched, before) < 1e-5
    assert torch.equal(model(SOURCE, TARGET), before)


@pytest.mark.parametrize(
    "pattern", ["decoder.1.cross.weights", "*.norm.var", "encoder.*.ffn.hidden", "logits", "target.sum"]
)
def test_watching_one_place_changes_nothing_either(pattern: str) -> None:
    model = make(22)
    before = model(SOURCE, TARGET)
    with listen(model, [pattern]) as seen:
        assert gap(model(SOURCE, TARGET), before) < 1e-5
    assert seen


@pytest.mark.parametrize(
    ("pattern", "modules"),
    [
        ("decoder.*.cross.weights", {"", "decoder.layers.0.cross.sublayer", "decoder.layers.1.cross.sublayer"}),
        ("decoder.1.cross.weights", {"", "decoder.layers.1.cross.sublayer"}),
        ("decoder.1.cross.resid", {"", "decoder.layers.1.cross"}),
        ("encoder.0.*.norm.mean", {"", "encoder.layers.0.self.norm", "encoder.layers.0.ffn.norm"}),
        ("source.*", {"", "source"}),
        ("encoder.out", {"", "encoder"}),
        ("logits", {""}),
    ],
)
def test_only_what_matches_is_tapped_and_kept(pattern: str, modules: set[str]) -> None:
    model = make(22)
    with listen(model, [pattern]) as seen:
        assert tapped(model) == modules
        model(SOURCE, TARGET)
    assert tapped(model) == set()
    with listen(model) as all_of_it:
        model(SOURCE, TARGET)
    regex = pattern.replace("*", "")
    assert set(seen) and set(seen) < set(all_of_it)
    assert all(part in site for site in seen for part in regex.split("..") if part.strip("."))
    for site, value in seen.items():
        assert gap(value, all_of_it[site]) < 1e-5


def test_untapped_attention_stays_fused(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make(22)
    calls: list[int] = []
    fused = torch.nn.functional.scaled_dot_product_attention

    def count(*args: Any, **kwargs: Any) -> Tensor:
        calls.append(1)
        return fused(*args, **kwargs)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", count)
    for keep, fused_ones in (
        ((), 6),
        (["decoder.1.cross.q"], 5),
        (["decoder.1.cross.resid", "*.norm.out"], 6),
        ("*", 0),
    ):
        calls.clear()
        with listen(model, keep):
            model(SOURCE, TARGET)
        assert len(calls) == fused_ones, keep


class StopError(Exception):
    """Something that goes wrong in a block."""


def test_taps_are_out_after_an_exception() -> None:
    model = make(23)
    with pytest.raises(StopError), listen(model):
        raise StopError
    assert tapped(model) == set()

    def fail(value: Tensor) -> Tensor:
        raise StopError

    with pytest.raises(StopError), listen(model, edit={"decoder.1.self.weights": fail}):
        model(SOURCE, TARGET)
    assert tapped(model) == set()
    assert all("tap" not in vars(module) for module in model.modules())
    with pytest.raises(StopError), listen(model, ["logits"]), listen(model):
        raise StopError
    assert tapped(model) == set()


@pytest.mark.parametrize("values", [0, 1, 3])
def test_a_pass_is_given_up_at_the_next_watched_value(values: int) -> None:
    model = make(22)
    before = model(SOURCE, TARGET)
    with listen(model, ["decoder.*.weights"]) as seen:
        with pytest.raises(StoppedError), giving_up(lambda: len(seen) >= values):
            model(SOURCE, TARGET)
        assert len(seen) == values
        assert torch.equal(before.argmax(-1), model(SOURCE, TARGET).argmax(-1)), (
            "outside of the block it is not stopped"
        )
    assert torch.equal(model(SOURCE, TARGET), before)
    with pytest.raises(StoppedError), giving_up(lambda: True), giving_up(lambda: False), listen(model, ["logits"]):
        model(SOURCE, TARGET)
        with giving_up(lambda: True):
            model(SOURCE, TARGET)


def test_blocks_nest_and_each_hears_the_whole() -> None:
    model = make(24)
    with listen(model, ["decoder.0.self.*"]) as outer:
        with listen(model, ["decoder.0.self.weights", "logits"]) as inner:
            model(SOURCE, TARGET)
        assert set(inner) == {"decoder.0.self.weights", "logits"}
        assert torch.equal(inner["decoder.0.self.weights"], outer["decoder.0.self.weights"])
        assert tapped(model) == {
            "",
            "decoder.layers.0.self.sublayer",
            "decoder.layers.0.self",
            "decoder.layers.0.self.norm",
        }
        outer.clear()
        model(SOURCE, TARGET)
        assert "decoder.0.self.weights" in outer
        assert "logits" not in outer
    assert tapped(model) == set()


def test_nested_edits_are_made_outermost_first_and_all_hear_the_result() -> None:
    model = make(24)
    site = "encoder.0.ffn.out"
    with listen(model, [site]) as seen:
        model(SOURCE, TARGET)
    truth = seen[site]
    with (
        listen(model, [site], {site: lambda v: v + 1}) as outer,
        listen(model, [site], {site: lambda v: v * 10}) as inner,
    ):
        model(SOURCE, TARGET)
    assert torch.equal(outer[site], (truth + 1) * 10)
    assert torch.equal(inner[site], (truth + 1) * 10)


def test_a_block_can_be_entered_again_even_while_it_is_open() -> None:
    model = make(25)
    listening = listen(model, ["encoder.0.ffn.out"], {"encoder.0.ffn.active": lambda v: v + 1})
    for _ in range(2):
        with listening as seen:
            model(SOURCE, TARGET)
        assert tapped(model) == set()
        assert list(seen) == ["encoder.0.ffn.out"]
        seen.clear()
    with listening:
        with listening as again:
            model(SOURCE, TARGET)
        assert again
        assert tapped(model) != set()
    assert tapped(model) == set()


def test_every_pass_replaces_what_was_kept() -> None:
    model = make(25)
    with listen(model, ["logits"]) as seen:
        first = model(SOURCE, TARGET)
        assert seen["logits"] is first
        second = model(SOURCE, ids(1, 5))
        assert seen["logits"] is second


def test_what_is_kept_is_not_touched_by_an_edit_in_place() -> None:
    model = make(26)

    def careless(value: Tensor) -> Tensor:
        return value.zero_()

    before = model(SOURCE, TARGET)
    kept: list[Tensor] = []

    def look(value: Tensor) -> Tensor:
        kept.append(value)
        return value

    with listen(model, ["encoder.0.self.heads"], {"encoder.0.self.heads": look}) as seen:
        model(SOURCE, TARGET)
        truth = seen["encoder.0.self.heads"]
    with listen(
        model, edit={"encoder.0.self.heads": careless, "source.embed": careless, "source.position": careless}
    ) as seen:
        model(SOURCE, TARGET)
        assert not seen["encoder.0.self.heads"].any()
    assert truth.any()
    assert torch.equal(model(SOURCE, TARGET), before), "the parameters and the table of positions are as they were"


def test_an_edit_in_place_that_returns_nothing_is_refused_and_did_nothing() -> None:
    model = make(26)
    before = model(SOURCE, TARGET)

    def forgets(value: Tensor) -> Any:
        value.zero_()

    with (
        pytest.raises(GlassheadError, match=r"decoder\.0\.self\.weights.*NoneType.*must return"),
        listen(model, edit={"decoder.0.self.weights": forgets}),
    ):
        model(SOURCE, TARGET)
    assert torch.equal(model(SOURCE, TARGET), before)


@pytest.mark.parametrize(
    "wrong", [lambda v: v[..., :1], lambda v: v[0], lambda v: v.sum(), lambda v: torch.cat([v, v])]
)
def test_a_replacement_of_another_shape_is_refused_with_both_shapes(wrong: Any) -> None:
    model = make(26)
    shape = tuple(wrong(torch.ones(1, 4, 4, 4)).shape)
    with pytest.raises(GlassheadError) as caught, listen(model, edit={"decoder.1.self.weights": wrong}):
        model(SOURCE, TARGET)
    for part in ("decoder.1.self.weights", str(shape), "(1, 4, 4, 4)"):
        assert part in str(caught.value)


def test_a_replacement_takes_the_type_of_what_it_replaces() -> None:
    model = make(26)
    with listen(model, edit={"encoder.0.self.weights": lambda v: v.double().round().long()}) as seen:
        model(SOURCE, TARGET)
    assert seen["encoder.0.self.weights"].dtype == torch.float32


@pytest.mark.parametrize(
    "change", [torch.zeros_like, partial(torch.mul, other=0.0), nn.Threshold(2.0, 0.0), lambda v, times=0.0: v * times]
)
def test_anything_that_can_be_called_is_an_edit(change: Any) -> None:
    model = make(26)
    with listen(model, edit={"encoder.0.self.weights": change}) as seen:
        model(SOURCE, TARGET)
    assert not seen["encoder.0.self.weights"].any()
    wrong: Any = {"encoder.0.self.weights": 3}
    with pytest.raises(GlassheadError, match="function"):
        listen(model, edit=wrong)


def test_two_patterns_that_match_one_site_are_both_applied_in_turn() -> None:
    model = make(26)
    with listen(model, ["encoder.*.ffn.out"]) as seen:
        model(SOURCE, TARGET)
    truth = seen["encoder.0.ffn.out"]
    with listen(model, edit={"encoder.*.ffn.out": lambda v: v + 1, "*.0.ffn.out": lambda v: v * 2}) as seen:
        model(SOURCE, TARGET)
    assert gap(seen["encoder.0.ffn.out"], (truth + 1) * 2) < 1e-5


def test_an_edit_hears_where_it_is() -> None:
    model = make(27)
    places: list[Place] = []

    def note(value: Tensor, place: Place) -> Tensor:
        places.append(place)
        return value

    wanted = ["encoder.0.self.scores", "decoder.0.self.k", "decoder.0.self.weights", "decoder.1.cross.v",
              "decoder.1.cross.weights", "decoder.1.ffn.out", "target.embed", "logits"]  # fmt: skip
    cache = Cache(2)
    with listen(model, (), dict.fromkeys(wanted, note)):
        memory = model.encode(SOURCE)
        for new in (TARGET[:, :2], TARGET[:, 2:3], TARGET[:, 3:]):
            model.decode(new, memory, past=cache)
        heard = {site: [place.start for place in places if place.site == site] for site in wanted}
        places.clear()
        model(SOURCE, TARGET)
    assert {place.start for place in places} == {0}
    assert heard == {site: [0] if site.startswith("encoder") else [0, 2, 3] for site in wanted} | {
        "decoder.0.self.k": [0, 0, 0],
        "decoder.1.cross.v": [0, 0, 0],
    }


@pytest.mark.parametrize(
    ("keep", "edit", "named"),
    [
        (["decoder.9.cross.weights"], {}, ["decoder.9.cross.weights", "Near it: decoder."]),
        (["decoder.*.cros.weights"], {}, ["decoder.*.cros.weights", "Near it"]),
        (["Logits "], {}, ["Logits ", "Near it: logits"]),
        (["logits", ""], {}, ["''"]),
        (["*"], {"decoder.0.self.weight": lambda v: v}, ["decoder.0.self.weight'", "decoder.0.self.weights"]),
        (["decoder.layers.0.self.weights"], {}, ["decoder.layers.0.self.weights"]),
        (["zzzz"], {}, ["zzzz"]),
    ],
)
def test_a_pattern_that_matches_nothing_is_told_at_once(keep: list[str], edit: Any, named: list[str]) -> None:
    model = make(28)
    with pytest.raises(GlassheadError) as caught:
        listen(model, keep, edit)
    assert all(part in str(caught.value) for part in named), caught.value
    assert tapped(model) == set()


def test_one_name_may_stand_alone() -> None:
    model = make(28)
    with listen(model, "logits") as seen:
        model(SOURCE, TARGET)
    assert list(seen) == ["logits"]


def test_the_tap_belongs_to_one_model_and_is_no_part_of_its_state() -> None:
    one, two = make(29), make(29)
    with listen(one) as seen:
        two(SOURCE, TARGET)
        assert not seen
        assert not tapped(two)
        assert set(one.state_dict()) == set(two.state_dict())
    assert Transformer.tap is None
    assert len(sites(one)) == len(sites(two))
