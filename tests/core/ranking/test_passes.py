"""Batches of removals against a loop over them, one pass each; and what batches leave out."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.tiny import FAMILIES, wrap
from tests.core.adapters.torch_nn.tutorials import TUTORIALS
from tests.core.helpers import make
from tests.core.strangers import Stranger
from torch import Tensor

import glasshead
from glasshead.adapters.native import Native
from glasshead.decoding.protocols import Memory, Model
from glasshead.errors import GlassheadError, StoppedError
from glasshead.ranking.lines import Line
from glasshead.ranking.parts import Part, Removal, heads, layers, tokens
from glasshead.ranking.passes import Runner

SOURCE, TARGET = (4, 7, 5, 9, 2), (5, 8, 4, 6)


def native(**options: Any) -> Model:
    return Native(make(dtype=torch.float64, encoder_layers=3, **options))


def family(name: str) -> Model:
    return wrap(FAMILIES[name].module().double())


def tutorial(name: str) -> Model:
    module = TUTORIALS[name].module()
    if name not in ("language model", "two widths"):  # they make numbers of their own in float32
        module.double()
    return TUTORIALS[name].subject(module).model


def stranger(name: str) -> Model:
    found = Stranger(name)
    found.net.double()
    return found


MODELS: dict[str, Callable[[], Model]] = {
    "native": native,
    "native, pre-norm": lambda: native(norm="pre", window=3),
    **{name: partial(family, name) for name in ("marian", "t5", "llama", "gemma2", "gpt2", "gpt_neox")},
    **{
        name: partial(tutorial, name)
        for name in ("translation", "translation, batch first", "language model", "gpt", "annotated", "two widths")
    },
    **{f"stranger {name}": partial(stranger, name) for name in ("gpt", "t5", "gemma")},
}
RESUMED = {name for name in MODELS if not name.startswith("stranger") and name != "two widths"}
"""Models that say what their layers are."""


def line_for(model: Model) -> Line:
    reads = any(kind.keys == "source" for kind in model.anatomy.kinds)
    return Line(SOURCE if reads else (), (1, *TARGET[:-1]), TARGET, 1)


def log_p(model: Model, line: Line, edit: dict[str, Any]) -> Tensor:
    """Log-probabilities of the labels in one pass over one line, under edits that are written here: n."""
    ids = torch.tensor([line.ids])
    with torch.inference_mode(), model.listen((), edit):
        memory = model.read([line.source]) if line.source else None
        logits = model.logits(ids, memory)
    rows = torch.log_softmax(logits[0].double(), -1)[-len(line.labels) :]
    return rows[torch.arange(len(line.labels)), torch.tensor(line.labels)]


def edit_of(model: Model, part: Part) -> dict[str, Any]:
    """The edits that take out one part, without any of the ranking's."""
    if (token := part.token) is not None:
        kind = model.anatomy.kind(*part.prefix.split("."))

        def hide(value: Tensor) -> Tensor:
            for query in range(value.shape[2]):
                if kind.kind == "cross" or query > token:
                    value[:, :, query, token] = -torch.inf
            return value

        return {f"{prefix}.masked": hide for prefix in model.anatomy.attentions(kind)}
    if part.head is None:
        return {f"{part.prefix}.out": torch.zeros_like}

    def off(value: Tensor) -> Tensor:
        value[:, part.head] = 0
        return value

    return {f"{part.prefix}.heads": off}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> Iterator[tuple[str, Model]]:
    yield request.param, MODELS[request.param]()


def test_a_batch_is_the_loop(model: tuple[str, Model]) -> None:
    name, made = model
    line = line_for(made)
    parts = [
        *heads(made.anatomy),
        *layers(made.anatomy),
        *tokens(made.anatomy, source=len(line.source), prompt=len(line.ids) - 1),
    ]
    runner = Runner(made, line)
    assert bool(runner.kept.names) is (name in RESUMED)
    outcomes = runner.run([frozenset({part}) for part in parts])
    assert bool(runner.kept.names) is (name in RESUMED)
    assert runner.passes <= 4, "rows join at layers, or a batch runs in full"
    for part, outcome in zip(parts, outcomes, strict=True):
        expected = log_p(made, line, edit_of(made, part))
        # Some of the tiny models make their mask, or a part of their sums, in float32.
        torch.testing.assert_close(outcome.logp, expected, rtol=1e-6, atol=1e-6, msg=part.name)
    moved = sum(outcome.move > runner.tolerance for outcome in outcomes)
    assert moved > len(parts) // 2, "hardly anything was taken out"


def test_float32_is_within_a_millionth() -> None:
    """Of the largest logit: as much as the order of sums may make."""
    made = Native(make())
    line = line_for(made)
    runner = Runner(made, line)
    parts = heads(made.anatomy)
    for part, outcome in zip(parts, runner.run([frozenset({part}) for part in parts]), strict=True):
        expected = log_p(made, line, edit_of(made, part))
        assert float((outcome.logp - expected).abs().max()) <= 1e-6 * max(1.0, runner.size) * 4


@pytest.mark.parametrize("name", ["marian", "llama"])
def test_a_head_is_taken_out_as_by_plain_hooks(name: str) -> None:
    """On the modules of Hugging Face themselves, before the output projection, without any of our attention."""
    module = FAMILIES[name].module().double()
    made = wrap(module)
    line = line_for(made)
    ids = torch.tensor([line.ids])
    parts = [part for part in heads(made.anatomy) if part.prefix.endswith("self")]
    outcomes = Runner(made, line).run([frozenset({part}) for part in parts])
    for part, outcome in zip(parts, outcomes, strict=True):
        stack, layer, _ = part.prefix.split(".")
        home = f"model.{stack}.layers.{layer}" if name == "marian" else f"model.layers.{layer}"
        output = module.get_submodule(f"{home}.self_attn.{'out_proj' if name == 'marian' else 'o_proj'}")
        width = output.in_features // made.anatomy.kind_at(part.prefix).heads

        def off(_module: Any, given: tuple[Tensor], at: int = (part.head or 0) * width, width: int = width) -> Any:
            value = given[0].clone()
            value[..., at : at + width] = 0
            return (value,)

        handle = output.register_forward_pre_hook(off)
        with torch.no_grad():
            if name == "marian":
                logits = module(input_ids=torch.tensor([line.source]), decoder_input_ids=ids, use_cache=False).logits
            else:
                logits = module(input_ids=ids, use_cache=False).logits
        handle.remove()
        expected = torch.log_softmax(logits[0], -1)[torch.arange(len(line.labels)), torch.tensor(line.labels)]
        torch.testing.assert_close(outcome.logp, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["bert", "modernbert"])
def test_an_encoder_alone_is_asked_about_its_masks(name: str) -> None:
    made: Any = family(name)
    mask = 7
    object.__setattr__(made.marks, "mask", mask)
    line = Line((1, 4, mask, 9, mask, 2), (), (), 0)
    runner = Runner(made, line)
    with torch.inference_mode():
        memory = made.read([line.source])
    assert isinstance(memory, Memory) and memory.logits is not None
    best = memory.logits[0, [2, 4]].argmax(-1)
    assert runner.line.labels == tuple(best.tolist())
    parts = heads(made.anatomy)
    for part, outcome in zip(parts, runner.run([frozenset({part}) for part in parts]), strict=True):
        with torch.inference_mode(), made.listen((), edit_of(made, part)):
            logits = made.read([line.source]).logits[0, [2, 4]]
        expected = torch.log_softmax(logits, -1)[torch.arange(2), best]
        torch.testing.assert_close(outcome.logp, expected, rtol=1e-6, atol=1e-6)
    with pytest.raises(GlassheadError, match="no mask token"):
        Runner(made, Line((1, 4, 5, 2), (), (), 0))


def test_kl_and_the_largest_move_are_those_of_the_distributions() -> None:
    made = native()
    line = line_for(made)
    ids, part = torch.tensor([line.ids]), Part("decoder.0.cross")
    with torch.inference_mode():
        clean = made.logits(ids, made.read([line.source]))[0]
        with made.listen((), edit_of(made, part)):
            other = made.logits(ids, made.read([line.source]))[0]
    [outcome] = Runner(made, line).run([frozenset({part})])
    kl = torch.nn.functional.kl_div(other.log_softmax(-1), clean.softmax(-1), reduction="none").sum(-1)
    torch.testing.assert_close(outcome.kl, kl)
    assert outcome.move == pytest.approx(float((clean - other).abs().max()))


def test_logits_that_move_far_are_as_exact() -> None:
    """A token that the whole model holds impossible may become the most probable."""
    module = make(dtype=torch.float64, share_embeddings=False)
    assert module.project is not None
    module.project.weight.mul_(60)
    made = Native(module)
    line, part = line_for(made), Part("decoder.1.ffn")
    [outcome] = Runner(made, line).run([frozenset({part})])
    assert outcome.move > 40
    torch.testing.assert_close(outcome.logp, log_p(made, line, edit_of(made, part)))


def test_several_parts_go_together() -> None:
    """Of both stacks, of several layers, and a token."""
    made = native()
    line = line_for(made)
    parts = [
        Part("encoder.2.self", 1),
        Part("encoder.1.ffn"),
        Part("decoder.1.self", 3),
        Part("decoder.cross", token=2),
    ]
    edit = {site: change for part in parts for site, change in edit_of(made, part).items()}
    few, all_of = Runner(made, line).run([frozenset(parts[2:]), frozenset(parts)])
    torch.testing.assert_close(all_of.logp, log_p(made, line, edit))
    some = {site: change for part in parts[2:] for site, change in edit_of(made, part).items()}
    torch.testing.assert_close(few.logp, log_p(made, line, some))


def test_a_source_of_one_token_can_be_hidden() -> None:
    made = native()
    line = Line((4,), (1, 5), (5, 8), 1)
    [outcome] = Runner(made, line).run([frozenset({Part("decoder.cross", token=0)})])
    assert outcome.logp.isfinite().all() and outcome.move > 0


def test_layers_before_the_first_edit_are_not_run() -> None:
    module = make(encoder_layers=3, decoder_layers=3)
    runner = Runner(Native(module), line_for(Native(module)))
    calls: list[str] = []
    for name, each in module.named_modules():
        if name.endswith("sublayer.query"):
            each.register_forward_hook(lambda *_, name=name: calls.append(name.split(".sublayer")[0]))
    runner.run([frozenset({Part("decoder.2.cross", 0)})])
    assert calls == ["decoder.layers.2.self", "decoder.layers.2.cross"]
    calls.clear()
    runner.run([frozenset({Part("encoder.1.self", 0)}), frozenset({Part("encoder.1.self", 2)})])
    assert [call for call in calls if call.startswith("encoder")] == ["encoder.layers.1.self", "encoder.layers.2.self"]
    assert len([call for call in calls if call.startswith("decoder")]) == 6


def test_the_module_is_left_as_it_was() -> None:
    """Also where a pass fails."""
    module = make()
    made = Native(module)
    before = {name: dict(each.__dict__) for name, each in module.named_modules()}
    runner = Runner(made, line_for(made))
    runner.run([frozenset({part}) for part in heads(made.anatomy)])
    assert {name: dict(each.__dict__) for name, each in module.named_modules()} == before
    part = Part("decoder.1.self", 0)
    handle = module.decoder.layers[1].register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        runner.run([frozenset({part})])
    handle.remove()
    assert all("forward" not in each.__dict__ and each.__dict__.get("tap") is None for each in module.modules())


@pytest.mark.parametrize("way", ["silently", "with an error"])
def test_a_layer_that_does_more_than_return_is_found_out(way: str) -> None:
    """Batches run in full then, and are right."""
    module = make(dtype=torch.float64)
    told: list[Tensor] = []
    made = Native(module)
    module.decoder.layers[0].get_submodule("ffn").register_forward_hook(lambda _m, _given, found: told.append(found))

    def also(_module: Any, given: tuple[Any, ...]) -> tuple[Any, ...]:
        more = told.pop() if told or way == "with an error" else torch.zeros_like(given[0])
        return (given[0] + more, *given[1:])

    module.decoder.layers[1].register_forward_pre_hook(also)
    line = line_for(made)
    parts = [Part("decoder.1.self", 0), Part("decoder.0.cross", 1)]
    runner = Runner(made, line)
    assert runner.kept.names
    outcomes = runner.run([frozenset({part}) for part in parts])
    assert not runner.kept.names
    for part, outcome in zip(parts, outcomes, strict=True):
        torch.testing.assert_close(outcome.logp, log_p(made, line, edit_of(made, part)))


def test_code_that_runs_rows_one_by_one_gets_them_one_by_one() -> None:
    """As `logits` of a module that knows no batch does."""
    tutorial = TUTORIALS["gpt"]
    module = tutorial.module().double()

    def one_by_one(target: Tensor) -> Tensor:
        return torch.cat([module(row[None])[0] for row in target])

    made = glasshead.subject(module, target=tutorial.target, logits=one_by_one, tokens=tutorial.tokens).model
    line = line_for(made)
    parts = heads(made.anatomy)
    for part, outcome in zip(parts, Runner(made, line).run([frozenset({part}) for part in parts]), strict=True):
        torch.testing.assert_close(outcome.logp, log_p(made, line, edit_of(made, part)), rtol=1e-6, atol=1e-6)


def test_rows_stay_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    made = native()
    sizes: list[int] = []
    logits = made.logits

    def noted(ids: Tensor, *rest: Any) -> Tensor:
        sizes.append(len(ids))
        return logits(ids, *rest)

    monkeypatch.setattr(made, "logits", noted)
    removals: list[Removal] = [frozenset({part}) for part in heads(made.anatomy)]
    whole = Runner(made, line_for(made)).run(removals)
    assert max(sizes) == len(removals) + 5  # and the line itself, at each layer
    sizes.clear()
    small = Runner(made, line_for(made), budget=30_000).run(removals)
    assert 1 < max(sizes) < 9
    for one, other in zip(whole, small, strict=True):
        torch.testing.assert_close(one.logp, other.logp)


def test_it_says_how_far_it_is_and_stops_when_asked() -> None:
    made = native()
    runner = Runner(made, line_for(made))
    removals: list[Removal] = [frozenset({part}) for part in heads(made.anatomy)]
    told: list[int] = []
    runner.run(removals, progress=told.append)
    assert told == sorted(set(told)) and told[-1] == len(removals) and len(told) > 3
    asked = iter([False, False, False, True])
    with pytest.raises(StoppedError):
        runner.run(removals, stop=lambda: next(asked))
    assert next(asked, None) is None, "asked once at the beginning, then between layers"
    assert len(runner.run(removals)) == len(removals)
