"""Every family against the plain model: equal logits, Hugging Face's own attentions, each site computed again."""

import importlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.tiny import END, FAMILIES, OTHERS, SIZE, sound_of, wrap
from torch import Tensor

from glasshead.adapters.huggingface.families import FAMILIES as KNOWN
from glasshead.adapters.huggingface.model import HuggingFace
from glasshead.decoding.protocols import Prompt
from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError
from glasshead.site import Site
from glasshead.tap import Seen
from glasshead.text import Token

SOURCES = [[5, 6, 7, 8, END], [9, 10, END]]
TARGET = torch.tensor([[3, 11, 12, 13, 14, 15, 16]])


class Numbers:
    """Names of a model without a tokenizer."""

    size = SIZE

    def encode(self, text: str) -> list[int]:
        return [int(word) for word in text.split()]

    def decode(self, ids: Sequence[int]) -> str:
        return " ".join(map(str, ids))

    def cut(self, text: str, limit: int) -> str:
        return " ".join(text.split()[:limit])

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        given: Sequence[float | None] = probabilities or [None] * len(ids)
        return [Token(number, str(number), p) for number, p in zip(ids, given, strict=True)]


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
    if not model.reads:
        return module(input_ids=TARGET, use_cache=False, **more)
    if model.hears:
        return module(input_features=sound_of(module), decoder_input_ids=TARGET, use_cache=False, **more)
    return module(
        input_ids=source, attention_mask=torch.ones_like(source), decoder_input_ids=TARGET, use_cache=False, **more
    )


def sources(model: HuggingFace) -> Sequence[Sequence[int]]:
    return [range(model.frames)] if model.hears else SOURCES[:1]


def close(one: Tensor, other: Tensor) -> bool:
    """Tell whether two results are equal up to the order of sums: to 1e-5 of the largest number."""
    return bool((one - other).abs().max() <= 1e-5 * max(1.0, float(other.abs().max())))


def output(found: Any) -> Tensor:
    return found.logits if hasattr(found, "logits") else found.last_hidden_state


def run(model: HuggingFace) -> Tensor:
    """Run a model as decoding does."""
    memory = model.read(sources(model))
    if "decoder" in model.stacks:
        return model.logits(TARGET, memory)
    assert memory is not None
    return memory.states


ALL = {**FAMILIES, **OTHERS}


@pytest.fixture(scope="module", params=ALL)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def watched(family: str) -> Watched:
    module = ALL[family].module()
    model = wrap(module)
    with torch.no_grad(), model.listen(["*"]) as seen:
        found = run(model)
    return Watched(module, model, seen, found)


def test_the_table_is_tried_and_models_that_are_not_in_it() -> None:
    assert FAMILIES.keys() == KNOWN.keys()
    assert KNOWN.keys().isdisjoint(OTHERS)


def test_watching_changes_nothing_and_leaves_nothing(watched: Watched) -> None:
    expected = output(watched.plain())
    assert close(watched.output, expected)
    hooks = [each for each in watched.module.modules() if each._forward_hooks or each._forward_pre_hooks]
    assert hooks == [] and "tap" not in {name for each in watched.module.modules() for name in vars(each)}
    assert watched.module.config._attn_implementation in ("sdpa", "eager")
    assert torch.equal(output(watched.plain()), expected)


def test_every_site_is_seen_and_has_the_axes_of_its_name(watched: Watched) -> None:
    for site, value in watched.seen.items():
        axes = Site.parse(site).axes
        assert value.dim() == (4 if axes.startswith("h") else 3), site
        assert (value.shape[-1] == 1) == (axes == "q"), site
    assert set(watched.model.anatomy.sites) == watched.seen.keys()


def test_the_weights_are_hugging_faces_own(watched: Watched) -> None:
    before = watched.module.config._attn_implementation
    watched.module.set_attn_implementation("eager")
    try:
        found = watched.plain(output_attentions=True)
    finally:
        watched.module.set_attn_implementation(before)
    for kind in watched.model.anatomy.kinds:
        names = {"encoder self": "encoder_attentions", "encoder–decoder": "cross_attentions"}
        both = watched.model.reads and "decoder" in watched.model.stacks
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
    expected = ALL[family].window
    if family != "modernbert":
        assert first.window == (None if expected is None else (expected - 1, 0))


def test_every_norm_follows_from_its_steps(watched: Watched) -> None:
    anatomy, seen = watched.model.anatomy, watched.seen
    assert anatomy.norms
    for norm in anatomy.norms:
        point, _ = watched.model.places.known[f"{norm.prefix}.out"]
        normed, found = seen[f"{norm.prefix}.normed"], seen[f"{norm.prefix}.out"]
        assert close(point.finish(normed, found.dtype), found)
        power = seen[f"{norm.prefix}.rms"].square() if norm.form == "rms" else seen[f"{norm.prefix}.var"]
        square = normed.square().mean(-1, keepdim=True)
        assert close(square, power / (power + norm.eps))
        if norm.form == "layer":
            assert close(normed.mean(-1), torch.zeros_like(square))


def test_every_statistic_is_that_of_the_stream_and_an_edit_of_it_reaches_the_norm(watched: Watched) -> None:
    """Mean and variance, or the root mean square, of what the module itself was given."""
    model = watched.model
    for norm in {norm.where: norm for norm in model.anatomy.norms}.values():
        point, _ = model.places.known[f"{norm.prefix}.out"]
        assert norm.prefix.endswith("after_norm") == (norm.where == "after")
        given: list[Tensor] = []
        handle = point.module.register_forward_pre_hook(lambda _module, found, given=given: given.append(found[0]))
        with torch.no_grad(), model.listen([f"{norm.prefix}.*"]) as seen:
            run(model)
        handle.remove()
        x = given[-1]
        statistics = [site.rpartition(".")[2] for site in seen if site.endswith((".mean", ".var", ".rms"))]
        assert statistics == (["rms"] if norm.form == "rms" else ["mean", "var"])
        expected = {
            "mean": x.mean(-1, keepdim=True),
            "var": x.var(-1, correction=0, keepdim=True),
            "rms": x.square().mean(-1, keepdim=True) ** 0.5,
        }
        for name in statistics:
            assert close(seen[f"{norm.prefix}.{name}"], expected[name])
        site = f"{norm.prefix}.{statistics[-1]}"
        with torch.no_grad(), model.listen([f"{norm.prefix}.*"], {site: lambda value: 4 * value}) as changed:
            run(model)
        centred = x if norm.form == "rms" else x - expected["mean"]
        power = 2 if norm.form == "rms" else 1
        again = centred / ((4 * expected[statistics[-1]]) ** power + norm.eps) ** 0.5
        assert close(changed[f"{norm.prefix}.normed"], again)
        gain = point.module.weight.abs().max()
        assert gain == 0 or not close(changed[f"{norm.prefix}.out"], seen[f"{norm.prefix}.out"])


def rotation(module: Any, count: int, layer: int) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Make the rotation of a layer, by the family's own functions: q and k at positions 0, 1, …

    A rotation may be of the first numbers of a head alone.
    """
    own = next(each for name, each in module.named_modules() if "rotary" in name)
    kind = getattr(module.config, "layer_types", None)
    more = (kind[layer],) if kind and "layer_type" in inspect.signature(own.forward).parameters else ()
    cos, sin = own(torch.zeros(1, count, 1), torch.arange(count).unsqueeze(0), *more)
    apply = importlib.import_module(type(module).__module__).apply_rotary_pos_emb

    def turn(q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        turned = apply(q[..., : cos.shape[-1]], k[..., : cos.shape[-1]], cos, sin)
        one, other = (torch.cat((new, x[..., cos.shape[-1] :]), -1) for new, x in zip(turned, (q, k), strict=True))
        return one, other

    return turn


def test_q_and_k_are_those_before_the_rotation_rotated(watched: Watched) -> None:
    seen, model = watched.seen, watched.model
    rotated = [site for site in model.anatomy.attending if f"{site}.q_unrotated" in seen]
    turns = any("rotary" in name for name, _ in watched.module.named_modules())
    assert rotated == (list(model.anatomy.attending) if turns else [])
    for layer, site in enumerate(rotated):
        before = seen[f"{site}.q_unrotated"], seen[f"{site}.k_unrotated"]
        turn = rotation(watched.module, before[0].shape[2], layer)
        for name, one, other in zip("qk", turn(*before), before, strict=True):
            assert close(seen[f"{site}.{name}"], one) and not close(one, other)


def test_q_and_k_before_the_rotation_can_be_changed(watched: Watched) -> None:
    model = watched.model
    site = next(iter(model.anatomy.attending))
    if f"{site}.q_unrotated" not in watched.seen:
        return
    for name in ("q", "k"):
        before = watched.seen[f"{site}.{name}_unrotated"]
        with torch.no_grad(), model.listen(["*"], {f"{site}.{name}_unrotated": lambda value: 2 * value}) as seen:
            run(model)
        assert close(seen[f"{site}.{name}"], 2 * watched.seen[f"{site}.{name}"])
        assert close(seen[f"{site}.{name}_unrotated"], 2 * before)
        other = "k" if name == "q" else "q"
        assert close(seen[f"{site}.{other}"], watched.seen[f"{site}.{other}"])


def test_the_steps_of_a_line_bring_every_value_of_the_whole_pass(watched: Watched) -> None:
    model, ids = watched.model, TARGET[0].tolist()
    if "decoder" not in model.stacks:
        return
    prompt = Prompt(tuple(sources(model)[0]), (ids[0],)) if model.reads else Prompt((), tuple(ids[:4]))
    line = Stepper.begin(model, prompt, Numbers(), Numbers())
    for token in ids[len(prompt.start) :]:
        line.choose(token)
    trace = line.outlook
    assert set(trace.sites) == watched.seen.keys()
    for site, value in watched.seen.items():
        whole = value[0].squeeze(-1) if Site.parse(site).axes == "q" else value[0]
        hidden = whole.isneginf()
        assert torch.equal(trace[site].isneginf(), hidden), site
        assert close(trace[site][~hidden], whole[~hidden]), site


def test_the_stream_is_the_sum_of_what_is_added_to_it(watched: Watched) -> None:
    """Of each sub-layer whose stream before it is seen: stream + its output = the stream after it.

    Parallel sub-layers read one stream, and are added at once.
    """
    seen, anatomy, tried = watched.seen, watched.model.anatomy, 0
    share = getattr(watched.module.config, "residual_multiplier", 1.0)
    norms = {norm.site: norm.where for norm in anatomy.norms if norm.where != "after"}

    def added(prefix: str) -> Tensor:
        return share * seen.get(f"{prefix}.after_norm.out", seen[f"{prefix}.out"])

    for site in [name for name in anatomy.sites if name.endswith("ffn.resid")]:
        prefix = site.removesuffix(".resid")
        stack, layer, _ = prefix.split(".")
        if f"{prefix}.out" not in seen:
            continue
        of = next(each for name, each in watched.model.stacks.items() if name == stack)
        if of.parallel:
            side = of.side
            before = f"{stack}.{int(layer) - 1}.ffn.resid" if int(layer) else f"{side}.sum"
            assert close(seen[before] + added(f"{stack}.{layer}.self") + added(prefix), seen[site]), site
            assert f"{stack}.{layer}.self.resid" not in seen
        else:
            before = f"{stack}.{layer}.{'cross' if f'{stack}.{layer}.cross.resid' in seen else 'self'}"
            post = norms.get(prefix) == "post"
            assert close(seen[f"{before}.norm.out" if post else f"{before}.resid"] + added(prefix), seen[site]), site
        tried += 1
    assert tried == len([name for name in anatomy.sites if name.endswith("ffn.out")])


def test_steps_are_the_rows_of_the_whole_pass(watched: Watched) -> None:
    model = watched.model
    if "decoder" not in model.stacks:
        return
    with torch.no_grad():
        memory, past = model.read(sources(model)), model.past()
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


def test_the_longest_text_and_the_longest_target_have_a_place(watched: Watched) -> None:
    model = watched.model
    with torch.no_grad():
        if model.limits.text is not None:
            prompt = model.prompt([5] * model.limits.text)
            memory = model.read([prompt.source]) if model.reads else None
            found = model.logits(torch.tensor([prompt.start]), None) if memory is None else memory.states
            assert found.isfinite().all()
        if model.limits.target and model.limits.target < 1000:
            line = torch.full((1, model.limits.target), 5)
            assert model.logits(line, model.read(sources(model))).shape[1] == model.limits.target


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
    other = ALL[family].module()
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
        f"{model.anatomy.norms[0].prefix}.normed",
        next(n for n in model.anatomy.sites if n.endswith(".out")),
    ):
        with torch.no_grad(), model.listen([site], {site: torch.zeros_like}) as seen:
            found = run(model)
        assert not seen[site].any() and not close(found, watched.output)


def test_a_changed_stream_is_read_by_the_next_norm_and_by_the_next_sum(watched: Watched) -> None:
    """The residual connections of the first layer are dropped: each sub-layer's output stands in place of the sum."""
    model = watched.model
    sites = [site for site in model.anatomy.sites if site.endswith(".0.self.resid")]
    for site in sites:
        outs: dict[str, Tensor] = {}
        after = [f"{site[:-5]}after_norm.out", f"{site[:-5]}out"]
        out = next(name for name in after if name in model.anatomy.sites)

        def note(value: Tensor, out: str = out, outs: dict[str, Tensor] = outs) -> Tensor:
            outs[out] = value
            return value

        def drop(_value: Tensor, out: str = out, outs: dict[str, Tensor] = outs) -> Tensor:
            return outs[out]

        with torch.no_grad(), model.listen(["*"], {out: note, site: drop}) as seen:
            found = run(model)
        assert not close(found, watched.output) and torch.equal(seen[site], seen[out])
        prefix = site.removesuffix("self.resid")
        part = next((each for each in (f"{prefix}cross", f"{prefix}ffn") if f"{each}.resid" in seen), None)
        gave = None if part is None else seen.get(f"{part}.after_norm.out", seen.get(f"{part}.out"))
        if gave is not None:
            before = seen[f"{prefix}self.norm.out"] if post(model, site) else seen[site]
            factor = float(getattr(model.config, "residual_multiplier", 1.0))
            assert close(seen[f"{part}.resid"], before + factor * gave)


def post(model: HuggingFace, site: str) -> bool:
    """Whether the norm of a sub-layer stands after its sum."""
    return any(norm.site == site.removesuffix(".resid") and norm.where == "post" for norm in model.anatomy.norms)


def test_what_cannot_be_watched_is_refused_by_its_class_and_the_reason() -> None:
    import transformers

    bloom: Any = transformers.BloomForCausalLM(
        transformers.BloomConfig(vocab_size=20, hidden_size=8, n_layer=1, n_head=2)
    )
    with pytest.raises(
        GlassheadError, match=r"BloomForCausalLM computes its attention by itself.* not on Hugging Face"
    ):
        wrap(bloom)
    sinks: Any = transformers.GptOssForCausalLM(
        transformers.GptOssConfig(
            vocab_size=20, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2,
            num_key_value_heads=1, head_dim=4, num_local_experts=2, num_experts_per_tok=1,
        )
    )  # fmt: skip
    with pytest.raises(GlassheadError, match=r"GptOssAttention has attention sinks, weights that look at no token"):
        wrap(sinks)
    albert: Any = transformers.AlbertForMaskedLM(transformers.AlbertConfig(
        vocab_size=20, embedding_size=8, hidden_size=8, intermediate_size=8, num_hidden_layers=2, num_attention_heads=2,
    ))  # fmt: skip
    with pytest.raises(GlassheadError, match=r"AlbertForMaskedLM has no attention to show: .* runs several times"):
        wrap(albert)
    mixed: Any = transformers.RecurrentGemmaForCausalLM(transformers.RecurrentGemmaConfig(
        vocab_size=20, hidden_size=8, intermediate_size=8, num_hidden_layers=2, num_attention_heads=2, lru_width=8,
        block_types=["recurrent", "attention"],
    ))  # fmt: skip
    with pytest.raises(
        GlassheadError, match=r"RecurrentGemmaForCausalLM has no .*some layers have none, or compute it by themselves"
    ):
        wrap(mixed)


def test_a_found_model_has_the_sites_that_its_table_would_give_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models of the table, found without it: no value is another, and only what is in doubt is missing."""
    for name in FAMILIES.keys() - {"whisper"}:
        module = FAMILIES[name].module()
        known = wrap(module)
        with monkeypatch.context() as patch:
            patch.delitem(KNOWN, name)
            found = wrap(module)
        with torch.no_grad(), known.listen(["*"]) as one:
            run(known)
        with torch.no_grad(), found.listen(["*"]) as other:
            run(found)
        assert other.keys() <= one.keys(), name
        assert all(torch.equal(one[site], other[site]) for site in other), name
        missing = {site.rpartition(".")[2] for site in one.keys() - other.keys()}
        assert missing <= {"gate", "up"}, (name, one.keys() - other.keys())
        assert found.anatomy.attending == known.anatomy.attending
        assert found.anatomy.kinds == known.anatomy.kinds and set(found.anatomy.norms) == set(known.anatomy.norms)
