"""Every tutorial's model against torch: equal outputs, torch's own weights, each site computed again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from tests.core.adapters.torch_nn.tutorials import PAD, SOURCE, TARGET, TUTORIALS, Tutorial
from torch import Tensor, nn
from torch.nn import functional as F

from glasshead import GlassheadError, Subject
from glasshead.adapters.torch_nn.model import TorchNN
from glasshead.adapters.torch_nn.passes import ARGUMENTS
from glasshead.site import Site
from glasshead.tap import Seen


def close(one: Tensor, other: Tensor) -> bool:
    """Tell whether two results are equal up to the order of sums: to 1e-5 of the largest number."""
    return bool((one - other).abs().max() <= 1e-5 * max(1.0, float(other.abs().max())))


def owners(tutorial: Tutorial, module: Any, source: list[int] = SOURCE, target: list[int] = TARGET) -> Tensor:
    """Run a module as its owner would: b q v, or of the classifier b classes."""
    lines = [
        torch.tensor([ids]) for ids in ([source] if tutorial.source else []) + ([target] if tutorial.writes else [])
    ]
    name = next(name for name, each in TUTORIALS.items() if each is tutorial)
    first = name not in ("translation", "language model", "alone")
    if name == "alone":
        lines = [line[0] for line in lines]
    with torch.no_grad():
        found = getattr(module, tutorial.run)(*(line if first or name == "alone" else line.T for line in lines))
    found = found[0] if isinstance(found, tuple) else found
    return found.unsqueeze(0) if name == "alone" else found if first else found.transpose(0, 1)


@dataclass(frozen=True)
class Watched:
    """One model, run once under taps."""

    tutorial: Tutorial
    module: Any
    subject: Subject
    model: TorchNN
    seen: Seen
    """Values of the source, and of all rows of the target."""
    output: Tensor
    plain: Tensor
    """The same by its owner, before anything was watched."""
    arguments: dict[str, dict[str, Any]]
    """What each attention was called with by its owner, by its prefix."""

    def run(self, *edits: dict[str, Any]) -> Tensor:
        with torch.no_grad(), self.model.listen([], edits[0] if edits else None):
            return run(self.model, self.tutorial)

    def path(self, site: str) -> Any:
        return self.module.get_submodule(self.tutorial.attentions[site])

    @property
    def feed_forward(self) -> list[str]:
        return [name.removesuffix(".active") for name in self.model.anatomy.sites if name.endswith(".active")]


def run(model: TorchNN, tutorial: Tutorial) -> Tensor:
    """Run a model as decoding does."""
    memory = model.read([SOURCE]) if tutorial.source else None
    if tutorial.writes:
        return model.logits(torch.tensor([TARGET]), memory)
    return model.caller({"source": torch.tensor([SOURCE])})


def called(module: Any, tutorial: Tutorial) -> dict[str, dict[str, Any]]:
    """Note what the attentions are called with while the owner runs the module."""
    found: dict[str, dict[str, Any]] = {}
    handles = []
    for site, path in tutorial.attentions.items():

        def before(each: nn.Module, values: Any, named: Any, site: str = site) -> None:
            bound = ARGUMENTS.bind(each, *values, **named)
            bound.apply_defaults()
            found[site] = {name: value for name, value in bound.arguments.items() if name != "self"}

        handles.append(module.get_submodule(path).register_forward_pre_hook(before, with_kwargs=True))
    torch.backends.mha.set_fastpath_enabled(False)  # it would hand nested tensors to them, or pass them by
    owners(tutorial, module)
    torch.backends.mha.set_fastpath_enabled(True)
    for handle in handles:
        handle.remove()
    return found


@pytest.fixture(scope="module", params=TUTORIALS)
def watched(request: pytest.FixtureRequest) -> Watched:
    tutorial = TUTORIALS[request.param]
    module = tutorial.module()
    plain, arguments = owners(tutorial, module), called(module, tutorial)
    subject = tutorial.subject(module)
    model: Any = subject.model
    with torch.no_grad(), model.listen(["*"]) as seen:
        output = run(model, tutorial)
    return Watched(tutorial, module, subject, model, seen, output, plain, arguments)


def left_behind(module: nn.Module) -> list[str]:
    """List what watching has left in a module."""
    return [
        f"{path}: {name}"
        for path, each in module.named_modules()
        for name in ("forward", "tap", "_forward_hooks", "_forward_pre_hooks")
        if vars(each).get(name)
    ]


def test_watching_changes_nothing_and_leaves_nothing(watched: Watched) -> None:
    assert close(watched.output, watched.plain)
    assert torch.equal(owners(watched.tutorial, watched.module), watched.plain)
    assert left_behind(watched.module) == [] and torch.backends.mha.get_fastpath_enabled()


def test_what_fails_while_it_is_watched_leaves_nothing(watched: Watched) -> None:
    def fail(value: Tensor) -> Tensor:
        raise RuntimeError("in the middle")

    site = f"{list(watched.tutorial.attentions)[-1]}.weights"
    with pytest.raises(GlassheadError, match="in the middle"):
        watched.run({site: fail})
    assert left_behind(watched.module) == [] and torch.backends.mha.get_fastpath_enabled()
    assert watched.model.places.phase is None and close(watched.run(), watched.plain)


def test_attentions_and_norms_are_found_where_they_are(watched: Watched) -> None:
    found = {site: point.module for site, point in watched.model.places.attentions.items()}
    assert found == {site: watched.path(site) for site in watched.tutorial.attentions}
    assert tuple((norm.site, norm.where) for norm in watched.model.anatomy.norms) == watched.tutorial.norms
    layers = {site.rsplit(".", 1)[0] for site in watched.tutorial.attentions}
    assert watched.feed_forward == (
        [f"{layer}.ffn" for layer in layers_in_order(watched)] if watched.tutorial.inner else []
    )
    assert len(layers) == sum(watched.model.anatomy.layers)


def layers_in_order(watched: Watched) -> Iterator[str]:
    return iter(dict.fromkeys(site.rsplit(".", 1)[0] for site in watched.tutorial.attentions))


def test_every_site_is_seen_and_has_the_axes_of_its_name(watched: Watched) -> None:
    assert watched.seen.keys() == set(watched.model.anatomy.sites)
    lengths = {"source": len(SOURCE), "target": len(TARGET)}
    for name, value in watched.seen.items():
        site = Site.parse(name)
        keys = "source" if site.part == "cross" else site.side
        sizes = {"q": lengths[site.side], "k": lengths[keys]}
        axes = site.axes.split()
        if site.name.startswith("norm.") and axes == ["q"]:
            axes = ["q", "1"]
        assert len(value) == 1 and value.dim() == len(axes) + 1
        assert all(value.shape[at + 1] == sizes[axis] for at, axis in enumerate(axes) if axis in sizes), name


def test_the_weights_are_torchs_own(watched: Watched) -> None:
    for site, arguments in watched.arguments.items():
        if arguments["is_causal"]:
            assert arguments["attn_mask"] is not None
        with torch.no_grad():
            _, weights = watched.path(site)(**{**arguments, "need_weights": True, "average_attn_weights": False})
        assert close(watched.seen[f"{site}.weights"], weights.view(1, *weights.shape[-3:]))


def test_every_stage_of_attention_follows_from_the_parameters(watched: Watched) -> None:
    for site, arguments in watched.arguments.items():
        module, seen = watched.path(site), {name: watched.seen[f"{site}.{name}"] for name in ("q", "k", "v", "scores")}
        first = module.batch_first
        for number, (name, given) in enumerate((("q", "query"), ("k", "key"), ("v", "value"))):
            x = arguments[given]
            x = x.unsqueeze(0) if x.dim() == 2 else x if first else x.transpose(0, 1)
            width = module.embed_dim
            if module.in_proj_weight is None:
                weight = getattr(module, f"{name}_proj_weight")
            else:
                weight = module.in_proj_weight[number * width : (number + 1) * width]
            projected = torch.einsum("bnm,om->bno", x, weight)
            if module.in_proj_bias is not None:
                projected = projected + module.in_proj_bias[number * width : (number + 1) * width]
            for head, part in enumerate(projected.split(module.head_dim, -1)):
                assert close(seen[name][:, head], part)
        scores = torch.einsum("bhqd,bhkd->bhqk", seen["q"], seen["k"]) / module.head_dim**0.5
        how = watched.model.anatomy.attending[site]
        if how.biased:
            scores = scores + watched.seen[f"{site}.bias"]
        assert close(seen["scores"], scores)
        masked, weights = watched.seen[f"{site}.masked"], watched.seen[f"{site}.weights"]
        queries, keys = torch.arange(masked.shape[-2]).unsqueeze(-1), torch.arange(masked.shape[-1])
        causal = watched.model.anatomy.kind_at(site).causal
        expected = (keys > queries) if causal else torch.zeros(masked.shape[-2:], dtype=torch.bool)
        assert torch.equal(masked.isneginf(), expected.expand_as(masked)), site
        assert torch.equal(masked[~masked.isneginf()], seen["scores"][~masked.isneginf()])
        assert close(weights, masked.softmax(-1)) and not weights[masked.isneginf()].any()
        heads = watched.seen[f"{site}.heads"]
        assert close(heads, weights @ seen["v"])
        out = heads.transpose(1, 2).flatten(2) @ module.out_proj.weight.T
        assert close(watched.seen[f"{site}.out"], out if module.out_proj.bias is None else out + module.out_proj.bias)


def test_a_bias_is_what_the_mask_adds(watched: Watched) -> None:
    biased = [site for site, how in watched.model.anatomy.attending.items() if how.biased]
    assert bool(biased) == (watched.tutorial is TUTORIALS["alibi"])
    at = torch.arange(len(TARGET))
    slopes = torch.tensor([1 / 2, 1 / 4, 1 / 8, 1 / 16]).view(-1, 1, 1)
    for site in biased:
        assert torch.equal(
            watched.seen[f"{site}.bias"][0], (slopes * (at - at.unsqueeze(-1))).where(at <= at[:, None], 0)
        )


def streams(watched: Watched) -> Iterator[tuple[str, Tensor, Tensor | None]]:
    """Walk along the residual stream: prefix of each sub-layer, the stream before it, the stream after it."""
    seen, before = watched.seen, ""
    for site in dict.fromkeys(
        name.rsplit(".", 1)[0] for name in watched.model.anatomy.sites if name.endswith(".resid")
    ):
        stack = site.split(".")[0]
        side = "source" if stack == "encoder" else "target"
        if not before.startswith(stack):
            stream = seen[f"{side}.sum"]
        norm = next((norm for norm in watched.model.anatomy.norms if norm.site == site), None)
        after = seen[f"{site}.resid"] if norm is None or norm.where == "pre" else seen[f"{site}.norm.out"]
        yield site, stream, after
        stream, before = after, site


def test_the_stream_is_the_sum_of_what_is_added_to_it(watched: Watched) -> None:
    sites = [site for site, _, _ in streams(watched)]
    assert set(sites) == set(watched.tutorial.attentions) | set(watched.feed_forward)
    for site, stream, _ in streams(watched):
        assert close(stream + watched.seen[f"{site}.out"], watched.seen[f"{site}.resid"]), site


def test_every_norm_is_torchs_layer_norm_of_the_stream(watched: Watched) -> None:
    places = watched.model.places
    inputs: dict[str, Tensor] = {}
    for site, stream, after in streams(watched):
        norm = next(norm for norm in watched.model.anatomy.norms if norm.site == site)
        inputs[site] = stream if norm.where == "pre" else watched.seen[f"{site}.resid"]
        assert after is not None
        inputs[site.split(".")[0]] = after
    for norm in watched.model.anatomy.norms:
        x, module = inputs[norm.site], places.known[f"{norm.site}.norm.out"][0].module
        assert norm.eps == module.eps
        assert close(watched.seen[f"{norm.site}.norm.normed"], F.layer_norm(x, x.shape[-1:], eps=module.eps))
        assert close(watched.seen[f"{norm.site}.norm.out"], module(x))
        assert close(watched.seen[f"{norm.site}.norm.mean"][..., 0], x.mean(-1))
        assert close(watched.seen[f"{norm.site}.norm.var"][..., 0], x.var(-1, correction=0))


def test_a_feed_forward_layer_is_its_linear_maps_around_its_activation(watched: Watched) -> None:
    for site in watched.feed_forward:
        hidden, active, out = (watched.seen[f"{site}.{name}"] for name in ("hidden", "active", "out"))
        assert close(active, getattr(F, watched.tutorial.inner)(hidden))
        module = watched.model.places.known[f"{site}.out"][0].module
        assert close(out, active @ module.weight.T + module.bias)
        stage = watched.model.anatomy.norms[[norm.site for norm in watched.model.anatomy.norms].index(site)]
        entered = next(stream for name, stream, _ in streams(watched) if name == site)
        x = watched.seen[f"{site}.norm.out"] if stage.where == "pre" else entered
        first = watched.model.places.known[f"{site}.hidden"][0].module
        assert close(hidden, x @ first.weight.T + first.bias)


def test_embeddings_are_those_of_the_ids(watched: Watched) -> None:
    for side, ids in (("source", SOURCE), ("target", TARGET)):
        if f"{side}.embed" in watched.seen:
            table = watched.model.places.known[f"{side}.embed"][0].module.weight
            assert torch.equal(watched.seen[f"{side}.embed"][0], table[ids])
        if f"{side}.position" in watched.seen:
            table = watched.model.places.known[f"{side}.position"][0].module.weight
            assert torch.equal(watched.seen[f"{side}.position"][0], table[: len(ids)])
            both = watched.seen[f"{side}.embed"] + watched.seen[f"{side}.position"]
            assert close(watched.seen[f"{side}.sum"], both)


def without(head: int) -> Callable[[Tensor], Tensor]:
    def change(weights: Tensor) -> Tensor:
        weights[:, head] = 0
        return weights

    return change


def test_a_head_without_weights_is_a_head_without_its_columns_of_the_output(watched: Watched) -> None:
    """The edit against another model, in which those columns of the projection are zero."""
    for site in (next(iter(watched.tutorial.attentions)), list(watched.tutorial.attentions)[-1]):
        found = watched.run({f"{site}.weights": without(1)})
        assert not close(found, watched.plain)
        other = watched.tutorial.module()
        attention = other.get_submodule(watched.tutorial.attentions[site])
        with torch.no_grad():
            attention.out_proj.weight[:, attention.head_dim : 2 * attention.head_dim] = 0
        assert close(found, owners(watched.tutorial, other))


def test_an_edit_of_every_changeable_site_reaches_the_output(watched: Watched) -> None:
    for site, (point, name) in watched.model.places.known.items():
        if name in ("bias", "k", "mean", "var") or site == "source.position" or Site.parse(site).layer not in (None, 0):
            continue  # a zero there may well change nothing; all layers are alike
        if not getattr(point, "changeable", True):
            with pytest.raises(GlassheadError, match="can be seen and not changed"):
                watched.run({site: torch.zeros_like})
            continue
        assert not close(watched.run({site: torch.zeros_like}), watched.plain), site


def test_steps_are_the_rows_of_the_whole_pass(watched: Watched) -> None:
    if not watched.tutorial.writes:
        return
    model, memory = watched.model, watched.model.read([SOURCE]) if watched.tutorial.source else None
    past = model.past()
    with torch.no_grad():
        rows = [model.logits(torch.tensor([TARGET[:3]]), memory, past)]
        other = past.branch()
        rows += [model.logits(torch.tensor([[number]]), memory, past) for number in TARGET[3:]]
        assert close(torch.cat(rows, 1), watched.plain)
        assert other.length == 3 and past.length == len(TARGET)
        past.crop(4)
        assert close(model.logits(torch.tensor([TARGET[4:5]]), memory, past), watched.plain[:, 4:5])
        assert close(model.logits(torch.tensor([TARGET[3:5]]), memory, other), watched.plain[:, 3:5])


def test_a_line_that_steps_captures_what_a_whole_pass_captures(watched: Watched) -> None:
    """Row by row, each of a pass of its own: the trace is the matrix of one pass over all tokens."""
    line = watched.subject.start(watched.subject.first_sentence)
    steps = 3 if watched.tutorial.writes else 0
    for _ in range(steps):
        line.step()
    trace = line.outlook
    ids = line.ids
    source = [token.id for token in line.source]
    with torch.no_grad(), watched.model.listen(["*"]) as seen:
        memory = watched.model.read([source]) if source else None
        if ids:
            watched.model.logits(torch.tensor([ids]), memory)
    names = [name for name in trace.sites if name in seen and not name.endswith((".scores", ".bias"))]
    assert len(names) > 10
    for name in names:
        assert close(
            trace[name].nan_to_num(neginf=-9), seen[name][0].squeeze(-1).nan_to_num(neginf=-9).view_as(trace[name])
        )
    assert line.verify()[0] < 1e-5 and line.verify()[1] == 0


def test_padding_is_exact(watched: Watched) -> None:
    """A source beside a longer one, padded: its own keys are looked at, and no weight falls on padding."""
    if watched.tutorial.source is None or watched.tutorial.inner == "":
        return
    model, short = watched.model, [*SOURCE[:4], SOURCE[-1]]
    with torch.no_grad(), model.listen(["*.weights"]) as seen:
        if watched.tutorial.writes:
            memory = model.read([short, SOURCE])
            both = model.logits(torch.tensor([TARGET] * 2), memory)
        else:
            both = model.caller({"source": torch.tensor([[*short, PAD, PAD, PAD], SOURCE])})
    assert close(both[:1], owners(watched.tutorial, watched.module, source=short)) and close(both[1:], watched.plain)
    looked = [site for site in seen if model.anatomy.kind_at(site.rsplit(".", 1)[0]).keys == "source"]
    assert looked
    for site in looked:
        assert not seen[site][0, ..., len(short) :].any()
        assert seen[site][0, ..., : len(short)].all() and seen[site][1].all()
