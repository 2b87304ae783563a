"""Every family against the plain model: equal logits, Hugging Face's own attentions, each site computed again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.tiny import END, FAMILIES, wrap
from torch import Tensor

from glasshead.adapters.huggingface.families import FAMILIES as KNOWN
from glasshead.adapters.huggingface.model import HuggingFace
from glasshead.errors import GlassheadError
from glasshead.tap import Seen

SOURCES = [[5, 6, 7, 8, END], [9, 10, END]]
TARGET = torch.tensor([[3, 11, 12, 13, 14, 15, 16]])


@dataclass(frozen=True)
class Watched:
    """One family, run once under taps."""

    module: Any
    model: HuggingFace
    seen: Seen
    output: Tensor
    """Logits, or of an encoder alone its states."""

    def plain(self, **more: Any) -> Any:
        """Run the module as its owner would."""
        with torch.no_grad():
            return plain(self.module, self.model, **more)


def plain(module: Any, model: HuggingFace, **more: Any) -> Any:
    source = torch.tensor(SOURCES[:1])
    if "decoder" not in model.stacks:
        return module.base_model(input_ids=source, **more)
    if "encoder" not in model.stacks:
        return module(input_ids=TARGET, use_cache=False, **more)
    return module(
        input_ids=source, attention_mask=torch.ones_like(source), decoder_input_ids=TARGET, use_cache=False, **more
    )


def close(one: Tensor, other: Tensor) -> bool:
    """Tell whether two results are equal up to the order of sums: to 1e-5 of the largest number."""
    return bool((one - other).abs().max() <= 1e-5 * max(1.0, float(other.abs().max())))


def output(found: Any) -> Tensor:
    return found.logits if hasattr(found, "logits") else found.last_hidden_state


def run(model: HuggingFace) -> Tensor:
    """Run a model as decoding does."""
    memory = model.read(SOURCES[:1])
    if "decoder" in model.stacks:
        return model.logits(TARGET, memory)
    assert memory is not None
    return memory.states


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def watched(family: str) -> Watched:
    module = FAMILIES[family].module()
    model = wrap(module)
    with torch.no_grad(), model.listen(["*"]) as seen:
        found = run(model)
    return Watched(module, model, seen, found)


def test_the_table_is_tried() -> None:
    assert FAMILIES.keys() == KNOWN.keys()


def test_watching_changes_nothing_and_leaves_nothing(watched: Watched) -> None:
    expected = output(watched.plain())
    assert close(watched.output, expected)
    hooks = [each for each in watched.module.modules() if each._forward_hooks or each._forward_pre_hooks]
    assert hooks == [] and "tap" not in {name for each in watched.module.modules() for name in vars(each)}
    assert watched.module.config._attn_implementation in ("sdpa", "eager")
    assert torch.equal(output(watched.plain()), expected)


def test_every_site_is_seen_and_has_the_axes_of_its_name(watched: Watched) -> None:
    assert set(watched.model.anatomy.sites) == watched.seen.keys()


def test_the_weights_are_hugging_faces_own(watched: Watched) -> None:
    before = watched.module.config._attn_implementation
    watched.module.set_attn_implementation("eager")
    try:
        found = watched.plain(output_attentions=True)
    finally:
        watched.module.set_attn_implementation(before)
    for kind in watched.model.anatomy.kinds:
        names = {"encoder self": "encoder_attentions", "decoder → encoder": "cross_attentions"}
        both = len(watched.model.stacks) == 2
        theirs = found[names.get(kind.label, "decoder_attentions")] if both else found.attentions
        for prefix, weights in zip(watched.model.anatomy.attentions(kind), theirs, strict=True):
            assert close(watched.seen[f"{prefix}.weights"], weights)


def test_every_stage_of_attention_follows_from_the_one_before(watched: Watched) -> None:
    anatomy, seen = watched.model.anatomy, watched.seen
    for prefix, attending in anatomy.attending.items():
        q, k, v = (seen[f"{prefix}.{name}"] for name in ("q", "k", "v"))
        kind = anatomy.kind_at(prefix)
        assert (q.shape[1], k.shape[1]) == (kind.heads, kind.key_heads)
        heads = [kind.key_head(head) for head in range(kind.heads)]
        scores = torch.einsum("bhqd,bhkd->bhqk", q, k[:, heads]) * attending.scale
        if attending.biased:
            scores = scores + seen[f"{prefix}.bias"]
        if attending.cap is not None:
            scores = attending.cap * torch.tanh(scores / attending.cap)
        assert close(seen[f"{prefix}.scores"], scores)
        masked = seen[f"{prefix}.masked"]
        hidden = masked.isneginf()
        assert torch.equal(masked[~hidden], seen[f"{prefix}.scores"][~hidden])
        queries, keys = torch.arange(masked.shape[-2]).unsqueeze(-1), torch.arange(masked.shape[-1])
        expected = (keys > queries) if kind.causal else torch.zeros_like(hidden[0, 0])
        if attending.window is not None:
            expected = expected | (keys < queries - attending.window[0])
            if not kind.causal:
                expected = expected | (keys > queries + attending.window[1])
        assert torch.equal(hidden, expected.expand_as(hidden)), prefix
        weights = masked.softmax(-1)
        assert close(seen[f"{prefix}.weights"], weights)
        assert close(seen[f"{prefix}.heads"], weights @ v[:, heads])


def test_the_window_is_that_of_the_configuration(family: str, watched: Watched) -> None:
    first = next(iter(watched.model.anatomy.attending.values()))
    expected = FAMILIES[family].window
    if family != "modernbert":
        assert first.window == (None if expected is None else (expected - 1, 0))


def test_every_norm_follows_from_its_steps(watched: Watched) -> None:
    anatomy, seen = watched.model.anatomy, watched.seen
    assert anatomy.norms
    for norm in anatomy.norms:
        point, _ = watched.model.places.known[f"{norm.site}.norm.out"]
        normed, found = seen[f"{norm.site}.norm.normed"], seen[f"{norm.site}.norm.out"]
        assert close(point.finish(normed, found.dtype), found)
        square = normed.square().mean(-1)
        assert torch.allclose(square, torch.ones_like(square), atol=0.2)
        if norm.form == "layer":
            assert close(normed.mean(-1), torch.zeros_like(square))


def test_the_stream_is_the_sum_of_what_is_added_to_it(watched: Watched) -> None:
    """Of each sub-layer whose stream before it is seen: stream + its output = the stream after it."""
    seen, tried = watched.seen, 0
    for site in [name for name in watched.model.anatomy.sites if name.endswith("ffn.resid")]:
        prefix = site.removesuffix(".resid")
        stack, layer, _ = prefix.split(".")
        before = f"{stack}.{layer}.{'cross' if f'{stack}.{layer}.cross.resid' in seen else 'self'}"
        where = next(norm.where for norm in watched.model.anatomy.norms if norm.site == prefix)
        entered = seen.get(f"{before}.norm.out" if where == "post" else f"{before}.resid")
        added = seen.get(f"{prefix}.after_norm.out", seen[f"{prefix}.out"])
        if entered is not None:
            tried += 1
            assert close(entered + added, seen[site]), site
    assert tried or watched.model.stacks["decoder"].parallel


def test_steps_are_the_rows_of_the_whole_pass(watched: Watched) -> None:
    model = watched.model
    if "decoder" not in model.stacks:
        return
    with torch.no_grad():
        memory, past = model.read(SOURCES[:1]), model.past()
        rows = [model.logits(TARGET[:, :3], memory, past)]
        other = past.branch()
        rows += [model.logits(TARGET[:, place : place + 1], memory, past) for place in range(3, TARGET.shape[1])]
        assert close(torch.cat(rows, 1), watched.output)
        assert other.length == 3 and past.length == TARGET.shape[1]
        past.crop(4)
        again = model.logits(TARGET[:, 4:5], memory, past)
        assert close(again, watched.output[:, 4:5])
        again = model.logits(TARGET[:, 3:5], memory, other)
        assert close(again, watched.output[:, 3:5])


def test_padding_changes_nothing(watched: Watched) -> None:
    model = watched.model
    if "encoder" not in model.stacks:
        return
    with torch.no_grad():
        both = model.read(SOURCES)
        assert both is not None
        for row, source in enumerate(SOURCES):
            alone = model.read([source])
            assert alone is not None
            assert close(both.states[row, : len(source)], alone.states[0])
            if "decoder" in model.stacks:
                found = model.logits(TARGET.expand(2, -1), both)[row]
                assert close(found, model.logits(TARGET, alone)[0])


def without(head: int) -> Callable[[Tensor], Tensor]:
    def change(weights: Tensor) -> Tensor:
        weights[:, head] = 0
        return weights

    return change


def test_a_head_without_weights_is_a_head_without_its_columns_of_the_output(family: str, watched: Watched) -> None:
    """The edit against another model, in which those columns of the projection are zero."""
    anatomy = watched.model.anatomy
    kind = anatomy.kinds[-1]
    site = anatomy.attentions(kind)[0]
    with torch.no_grad(), watched.model.listen([], {f"{site}.weights": without(1)}):
        found = run(watched.model)
    assert not close(found, watched.output)
    other = FAMILIES[family].module()
    model = wrap(other)
    point, _ = model.places.known[f"{site}.out"]
    width = watched.seen[f"{site}.heads"].shape[-1]
    with torch.no_grad():
        weight = point.module.weight
        columns = weight if type(point.module).__name__ == "Conv1D" else weight.T
        columns[width : 2 * width] = 0
        expected = output(plain(other, model))
    assert close(found, expected)


def test_an_edit_of_a_norm_or_of_what_is_added_reaches_the_logits(watched: Watched) -> None:
    model = watched.model
    for site in (
        f"{model.anatomy.norms[0].site}.norm.normed",
        next(n for n in model.anatomy.sites if n.endswith(".out")),
    ):
        with torch.no_grad(), model.listen([site], {site: torch.zeros_like}) as seen:
            found = run(model)
        assert not seen[site].any() and not close(found, watched.output)


def test_the_stream_before_a_norm_cannot_be_changed_in_one_place_alone() -> None:
    model = wrap(FAMILIES["llama"].module())
    with pytest.raises(GlassheadError, match=r"decoder.0.self.resid can be seen and not changed"):
        model.listen([], {"decoder.0.self.resid": torch.zeros_like})


def test_a_family_that_is_not_known_is_named() -> None:
    import transformers

    module: Any = transformers.BloomForCausalLM(
        transformers.BloomConfig(vocab_size=20, hidden_size=8, n_layer=1, n_head=2)
    )
    with pytest.raises(GlassheadError, match="BloomForCausalLM is of the family 'bloom'"):
        wrap(module)
