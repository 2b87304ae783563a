"""The residual stream, the lens and the attribution, each against another way of computing it."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.tiny import BERT, Tiny
from tests.core.adapters.huggingface.tiny import FAMILIES as TABLE
from tests.core.adapters.torch_nn.tutorials import TUTORIALS
from tests.core.analysis.lines import NATIVE, foreign, native, strange
from tests.core.helpers import restless
from torch import Tensor, nn
from torch.nn import functional as F

from glasshead import GlassheadError, Session, Stepper, Trace
from glasshead.adapters.huggingface import families
from glasshead.analysis.account import account
from glasshead.analysis.attribution import Attribution, attribute
from glasshead.analysis.feed_forward import units
from glasshead.analysis.lens import lens
from glasshead.analysis.stream import Stream, stream

HEADED = {
    **{name: name for name in ("bert", "roberta", "electra", "distilbert", "modernbert", "nomic_bert")},
    "electra of two widths": replace(TABLE["electra"], values={**BERT, "embedding_size": 10}),
    "esm": Tiny("EsmForMaskedLM", "EsmConfig", {**BERT, "mask_token_id": 4, "position_embedding_type": "rotary"}),
    "bert, a decoder": "bert, a decoder",
}
"""Models whose head is more than a matrix."""
LAST = ("final_norm", "encoder.emb_layer_norm_after")
"""Where a body has the norm after all layers."""
FAMILIES = ("marian", "mbart", "t5", "umt5", "gpt2", "gpt_neox", "llama", "gemma2", "granite", "olmo2", "whisper")


def followed(trace: Trace, row: int = -1) -> Stream:
    """The stream of the decoder at a row."""
    return stream(trace, "decoder", row % trace.steps)


def split(trace: Trace, seen: Stream, token: int, rival: int | None = None) -> Attribution:
    """The attribution of a token's logit."""
    return attribute(trace, seen, lens(trace, seen), token, rival)


@pytest.mark.parametrize("name", NATIVE)
def test_sizes_and_cosines_are_those_of_what_was_captured(name: str) -> None:
    trace = native(name).outlook
    for stack, parts in (("encoder", ("self", "ffn")), ("decoder", ("self", "cross", "ffn"))):
        row = 2
        seen = stream(trace, stack, row)
        side = "source" if stack == "encoder" else "target"
        before = trace[f"{side}.sum"][row].double()
        assert [step.site for step in seen.steps] == [f"{stack}.{layer}.{part}" for layer in (0, 1) for part in parts]
        for step in seen.steps:
            out = trace[f"{step.site}.out"][row].double()
            assert step.size == pytest.approx(float(out.square().sum().sqrt()))
            assert step.cosine == pytest.approx(float(F.cosine_similarity(out, before, dim=0)), abs=1e-6)
            post = f"{step.site}.norm.out" if "pre" not in name else f"{step.site}.resid"
            before = trace[post][row].double()
            assert step.after is not None and torch.equal(step.after, before)


@pytest.mark.parametrize("name", NATIVE)
def test_the_lens_of_every_stage_is_the_models_own_arithmetic_and_ends_in_its_candidates(name: str) -> None:
    line = native(name)
    trace, model = line.outlook, restless(3, **NATIVE[name]).native
    seen = followed(trace)
    found = account(trace, "decoder", trace.steps - 1)
    streams = torch.stack([seen.start, *(step.after for step in seen.steps if step.after is not None)]).float()
    with torch.no_grad():
        wanted = F.linear(streams if model.decoder.norm is None else model.decoder.norm(streams), model.projection)
        wanted = wanted if model.bias is None else wanted + model.bias
    for read, logits in zip(found.read, wanted, strict=True):
        best = logits.softmax(-1).topk(5)
        assert [token.id for token in read] == best.indices.tolist()
        assert [token.probability for token in read] == pytest.approx(best.values.tolist(), abs=1e-5)
    own = line.candidates(5)
    assert [token.id for token in found.read[-1]] == [token.id for token in own]
    assert [token.probability for token in found.read[-1]] == pytest.approx([t.probability for t in own], abs=1e-6)


def direct(model: Any, trace: Trace, seen: Stream, token: int) -> dict[str, Tensor]:
    """The gradient of a logit by what each sub-layer adds: the stream run once more in another way, by autograd.

    What sub-layers add is held, and so is every norm's variance: only the residual path and the means are left.
    """
    adds = {step.site: step.adds.clone().requires_grad_() for step in seen.steps}

    def norm(module: Any, prefix: str, x: Tensor) -> Tensor:
        spread = (float(trace[f"{prefix}.var"][seen.row]) + module.eps) ** 0.5
        return (x - x.mean()) / spread * module.gain.double() + module.bias.double()

    x = seen.start.clone().requires_grad_()
    adds["start"] = x
    for number, layer in enumerate(model.decoder.layers):
        for part in ("self", "cross", "ffn"):
            block, site = getattr(layer, part), f"decoder.{number}.{part}"
            x = x + adds[site] if model.config.residual else adds[site]
            x = x if block.pre else norm(block.norm, f"{site}.norm", x)
    x = x if model.decoder.norm is None else norm(model.decoder.norm, "decoder.norm", x)
    logit = x @ model.projection[token].double()
    logit.backward()
    none = torch.zeros_like(seen.start)
    return {site: none if value.grad is None else value.grad for site, value in adds.items()}


@pytest.mark.parametrize("name", NATIVE)
def test_shares_are_gradients_along_the_direct_path_and_sum_to_the_logit(name: str) -> None:
    line = native(name)
    trace = line.outlook
    model: Any = restless(3, **NATIVE[name]).native
    seen, token = followed(trace), line.candidates(2)[1].id
    found = split(trace, seen, token)
    assert found.logit == pytest.approx(float(trace["logits"][-1, token]), abs=1e-5)
    assert sum(share.amount for share in found.shares if share.name != "rest") == pytest.approx(found.logit, abs=1e-4)
    path = direct(model, trace, seen, token)
    for step in seen.steps:
        if step.site.endswith("ffn"):
            bias = model.get_submodule(step.site.replace("decoder.", "decoder.layers.") + ".sublayer.outer").bias
            assert found.at(step.site) == pytest.approx(float(path[step.site] @ (step.adds - bias)), abs=1e-6)
            continue
        output = model.get_submodule(step.site.replace("decoder.", "decoder.layers.") + ".sublayer.output")
        values = trace[f"{step.site}.heads"][:, -1]
        slices = output.weight.double().T.split(values.shape[-1])
        wanted = [float(value.double() @ each @ path[step.site]) for value, each in zip(values, slices, strict=True)]
        if model.config.residual or step is seen.steps[-1]:
            assert found.heads(step.site) == pytest.approx(wanted, abs=1e-6)
    of_start = sum(share.amount for share in found.shares if share.name in ("embedding", "position"))
    assert of_start == pytest.approx(float(path["start"] @ seen.start), abs=1e-6)


def test_a_difference_of_two_logits_is_the_difference_of_their_shares() -> None:
    trace = native("the paper").outlook
    seen = followed(trace, 1)
    one, other, both = split(trace, seen, 5), split(trace, seen, 9), split(trace, seen, 5, 9)
    for a, b, c in zip(one.shares[:-1], other.shares[:-1], both.shares[:-1], strict=True):
        assert a.name == c.name and a.amount - b.amount == pytest.approx(c.amount, abs=1e-6)
    assert both.logit == pytest.approx(float(trace["logits"][1, 5] - trace["logits"][1, 9]), abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_models_of_hugging_face_are_followed_to_their_logits(family: str) -> None:
    line, _ = foreign(family)
    trace = line.outlook
    seen = followed(trace)
    found = account(trace, "decoder", trace.steps - 1)
    assert found.asked is not None and found.attribution is not None, found.why
    own = line.candidates(5)
    assert [token.id for token in found.read[-1]] == [token.id for token in own]
    assert [token.probability for token in found.read[-1]] == pytest.approx([t.probability for t in own], abs=1e-5)
    shares = found.attribution
    logit = float(trace["logits"][-1, found.asked.token.id])
    if shares.capped:
        assert family == "gemma2"
        logit = 30 * float(torch.atanh(torch.tensor(logit / 30)))
    assert shares.logit == pytest.approx(logit, abs=1e-5)
    size = max(abs(share.amount) for share in shares.shares)
    assert sum(each.amount for each in shares.shares if each.name != "rest") == pytest.approx(
        logit, abs=1e-5 * max(1, size)
    )
    heads = trace.anatomy.kind("decoder", "self").heads
    assert all(len(shares.heads(step.site)) == heads for step in seen.steps if step.site.endswith("self"))


def test_what_may_not_be_chosen_is_no_candidate_of_the_lens() -> None:
    line, _ = foreign("marian")
    best = line.candidates(1)[0].id
    line.rows._logits[-1] = line.rows._logits[-1].index_fill(0, torch.tensor([best]), -torch.inf)
    again = line.branch()
    found = account(again.outlook, "decoder", again.outlook.steps - 1)
    own = again.candidates(5)
    assert best not in [token.id for token in own] == [token.id for token in found.read[-1]]
    assert [token.probability for token in found.read[-1]] == pytest.approx([t.probability for t in own], abs=1e-5)


def test_what_a_head_of_gpt2_adds_is_its_slice_of_the_projection_through_the_last_norm() -> None:
    line, module = foreign("gpt2")
    trace = line.outlook
    token = line.candidates(1)[0].id
    found = split(trace, followed(trace), token)
    last, final = module.transformer.h[-1].attn.c_proj, module.transformer.ln_f
    spread = (trace["decoder.norm.var"][-1] + final.eps).sqrt()
    for head, value in enumerate(trace["decoder.1.self.heads"][:, -1]):
        added = value @ last.weight[head * 4 : head * 4 + 4]
        wanted = (added - added.mean()) / spread * final.weight @ module.lm_head.weight[token]
        assert found.heads("decoder.1.self")[head] == pytest.approx(float(wanted), abs=1e-6)


def test_half_precision_is_followed_as_exactly_as_it_is() -> None:
    line, _ = foreign("llama", dtype=torch.bfloat16)
    found = account(line.outlook, "decoder", line.outlook.steps - 1)
    assert found.attribution is not None, found.why
    assert [token.id for token in found.read[-1]][:1] == [token.id for token in line.candidates(1)]
    without = sum(share.amount for share in found.attribution.shares if share.name != "rest")
    assert without == pytest.approx(found.attribution.logit, abs=0.1)
    assert found.attribution.sum == pytest.approx(found.attribution.logit)


def through_the_model(module: Any, streams: Tensor) -> Tensor:
    """The logits that a model gives when its body returns these streams: n m → n v. Runs the model itself."""

    def put(_module: Any, _given: Any, found: Any) -> Any:
        found["last_hidden_state"] = streams.unsqueeze(0)
        return found

    handle = module.base_model.register_forward_hook(put)
    try:
        return module(input_ids=torch.full((1, len(streams)), 5)).logits[0]
    finally:
        handle.remove()


def test_a_layer_beside_another_that_is_not_shown_gives_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = followed(foreign("gpt_neox")[0].outlook)
    known = families.FAMILIES["gpt_neox"]
    blocks = tuple(replace(block, output=block.output * (block.part != "ffn")) for block in known.stacks[0].blocks)
    monkeypatch.setitem(
        families.FAMILIES, "gpt_neox", replace(known, stacks=(replace(known.stacks[0], blocks=blocks),))
    )
    trace = foreign("gpt_neox")[0].outlook
    assert "decoder.0.ffn.out" not in trace
    for step, shown in zip(followed(trace).steps, whole.steps, strict=True):
        assert torch.allclose(step.adds, shown.adds, atol=1e-6)


@pytest.mark.parametrize("name", HEADED)
def test_the_lens_of_a_model_with_a_head_is_that_head_at_every_stage(name: str) -> None:
    line, module = foreign(HEADED[name])
    trace, stack = line.outlook, "decoder" if "decoder" in name else "encoder"
    found = account(trace, stack, 1)
    seen, shares = found.stream, found.attribution
    assert shares is not None and found.asked is not None and shares.headed and not found.bare, found.why
    streams = torch.stack([seen.start, *(step.after for step in seen.steps if step.after is not None)]).float()
    last = next((each for path, each in module.base_model.named_modules() if path in LAST), nn.Identity())
    with torch.no_grad():
        wanted = through_the_model(module, last(streams))
        own = module(input_ids=torch.tensor([[token.id for token in trace.tokens(stack)]])).logits
    for read, logits in zip(found.read, wanted, strict=True):
        assert [token.id for token in read] == logits.topk(5).indices.tolist()
        best = logits.softmax(-1).topk(5).values
        assert [token.probability for token in read] == pytest.approx(best.tolist(), abs=1e-5)
    again = lens(trace, seen).unembedding.logits(seen.end.unsqueeze(0))[0]
    assert torch.allclose(again, own[0, 1], atol=1e-4) and torch.allclose(wanted[-1], own[0, 1], atol=1e-4)
    assert shares.logit == pytest.approx(float(own[0, 1, found.asked.token.id]), abs=1e-5)


def test_shares_through_a_head_are_gradients_with_its_variance_and_its_ratios_held() -> None:
    line, module = foreign("bert")
    trace = line.outlook
    found = account(trace, "encoder", 1)
    seen, head = found.stream, module.cls.predictions.transform.double()
    assert found.asked is not None and found.attribution is not None
    last = module.bert.encoder.layer[-1].output
    end = seen.end.clone().requires_grad_()
    z = head.dense(end)
    active = z * (F.gelu(z) / z).detach()
    spread = (active.var(correction=0) + head.LayerNorm.eps).sqrt().detach()
    normed = (active - active.mean()) / spread * head.LayerNorm.weight + head.LayerNorm.bias
    (normed @ module.cls.predictions.decoder.weight[found.asked.token.id].double()).backward()
    assert end.grad is not None
    step = seen.steps[-1]
    variance = float(trace[f"{step.site}.norm.var"][1]) + last.LayerNorm.eps
    written = step.adds - last.dense.bias.double()
    written = (written - written.mean()) / variance**0.5 * last.LayerNorm.weight.double()
    assert found.attribution.at(step.site) == pytest.approx(float(end.grad @ written), abs=1e-6)
    without = sum(share.amount for share in found.attribution.shares if share.name != "rest")
    assert without == pytest.approx(found.attribution.logit, abs=1e-5)
    assert not any(unit.writes for unit in units(trace, step.site, 1, 3, tokens=3).units)


def test_a_head_whose_activation_is_not_0_at_0_keeps_its_lens_and_splits_nothing() -> None:
    line, _ = foreign(replace(TABLE["bert"], values={**BERT, "hidden_act": "sigmoid"}))
    found = account(line.outlook, "encoder", 1)
    assert all(found.read) and found.attribution is None and "is not 0 at 0" in found.why


@pytest.mark.parametrize("name", ["gpt", "gemma", "t5"])
def test_a_model_that_tells_its_maps_is_followed_and_one_that_does_not_says_so(name: str) -> None:
    told = account((line := strange(name, telling=True)).outlook, "decoder", 2)
    assert told.attribution is not None, told.why
    without = sum(share.amount for share in told.attribution.shares if share.name != "rest")
    assert without == pytest.approx(
        float(line.outlook["logits"][2, told.asked.token.id if told.asked else 0]), abs=1e-4
    )
    silent = account(strange(name, telling=False).outlook, "decoder", 2)
    assert silent.why == "This model does not say its output matrix: there is no lens."
    assert [step.size for step in silent.stream.steps] == [step.size for step in told.stream.steps]


def test_an_encoder_that_a_decoder_reads_predicts_nothing() -> None:
    found = account(native("the paper").outlook, "encoder", 0)
    assert found.why == "The rows of this encoder predict no token: the decoder reads them."
    assert found.stream.steps and not any(found.read)


def test_a_muted_head_adds_nothing_and_the_sum_is_still_the_logit() -> None:
    line = restless(3).start(
        "abcadc", edit={"decoder.1.cross.heads": lambda value: value * (torch.arange(4) != 2).view(1, 4, 1, 1)}
    )
    line.step()
    trace = line.outlook
    found = split(trace, followed(trace), 5)
    assert found.heads("decoder.1.cross")[2] == 0 != found.heads("decoder.1.cross")[1]
    assert found.shares[-1].amount == pytest.approx(0, abs=1e-5)
    silenced = restless(3).start("abcadc", edit={"decoder.1.cross.out": lambda value: value * 0})
    found = split(silenced.outlook, followed(silenced.outlook), 5)
    assert found.at("decoder.1.cross") == 0 and not found.heads("decoder.1.cross")
    assert found.sum == pytest.approx(found.logit)
    changed = restless(3).start("abcadc", edit={"logits": lambda value: value * 2})
    with pytest.raises(GlassheadError, match="an edit"):
        lens(changed.outlook, followed(changed.outlook))


@pytest.mark.parametrize(
    "edit", ["decoder.1.ffn = skipped", "decoder.0.cross.resid = out", "decoder.1.self.norm.mean = 1"]
)
def test_whatever_is_edited_the_shares_and_the_rest_sum_to_the_logit(edit: str) -> None:
    session = Session(restless(3))
    session.begin("abcadc", edits=[edit])
    for _ in session.walk(2):
        pass
    trace = session.moment.trace
    found = account(trace, "decoder", trace.steps - 1)
    assert found.attribution is not None, found.why
    assert found.attribution.sum == pytest.approx(
        float(trace["logits"][-1, found.asked.token.id if found.asked else 0])
    )


def test_what_the_memory_budget_let_go_is_recomputed_and_said() -> None:
    tight, free = (restless(3).start("abcadc", budget=budget) for budget in (1, 1 << 20))
    for line in (tight, free):
        line.goto(3)
    one, other = account(tight.outlook, "decoder", 2), account(free.outlook, "decoder", 2)
    assert one.stream.again and not other.stream.again
    assert one.attribution is not None and other.attribution is not None
    for a, b in zip(one.attribution.shares, other.attribution.shares, strict=True):
        assert a.name == b.name and a.amount == pytest.approx(b.amount, abs=1e-5)


def test_the_token_that_was_taken_is_asked_about_and_another_can_be() -> None:
    line = native("the paper")
    trace, third = line.outlook, line.candidates(3)[2].id
    row = trace.steps - 1
    assert account(trace, "decoder", row, taken=third).asked.token.id == third  # type: ignore[union-attr]
    asked = account(trace, "decoder", row, 2, against=True).asked
    assert asked is not None and asked.rival is not None
    assert (asked.token.id, asked.rival.id) == (line.candidates(1)[0].id, third)


def test_a_recording_shows_sizes_and_says_what_it_lacks(tmp_path: Any) -> None:
    from tests.core.recordings import recorded, walked

    again: Stepper = recorded(walked("the paper"), tmp_path / "line.safetensors")
    again.goto(3)
    found = account(again.outlook, "decoder", 2)
    assert "without the output matrix" in found.why and found.stream.steps[0].size > 0


@pytest.mark.parametrize("name", ["translation", "gpt"])
def test_a_live_module_of_torch_is_followed_to_its_logits(name: str) -> None:
    subject = TUTORIALS[name].subject(TUTORIALS[name].module())
    line = subject.start(subject.first_sentence)
    for _ in range(2):
        line.step()
    trace = line.outlook
    found = account(trace, "decoder", trace.steps - 1)
    assert found.attribution is not None and found.asked is not None, found.why
    assert [token.id for token in found.read[-1]] == [token.id for token in line.candidates(5)]
    without = sum(share.amount for share in found.attribution.shares if share.name != "rest")
    assert without == pytest.approx(float(trace["logits"][-1, found.asked.token.id]), abs=1e-4)
    assert len(found.attribution.heads("decoder.0.self")) == trace.anatomy.kind("decoder", "self").heads
