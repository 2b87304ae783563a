"""The check finds what is planted, in models as people write them, and finds nothing in what is sound."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.tiny import FAMILIES
from tests.core.adapters.torch_nn import tutorials
from tests.core.adapters.torch_nn.test_wrong_masks import WRONG
from tests.core.helpers import OPTIONS, subject
from tests.core.strangers import NAMES
from tests.core.strangers import subject as stranger
from tests.core.truth import suspects as S
from torch import Tensor

import glasshead
from glasshead import GlassheadError, Report
from glasshead.model import Transformer
from glasshead.truth.report import CheckFailedError, judge

EXAMPLES = 3
CLAIMS: dict[str, Any] = {"pad": S.PAD, "positions": "sinusoidal", "tied": [("embed.weight", "head.weight")]}


def report(model: Any, **more: Any) -> Report:
    given = {**CLAIMS, **({"cached": model.step} if isinstance(model, S.Gpt) else {}), **more}
    return glasshead.check(model, **{"examples": EXAMPLES, **given})


def bad(found: Report) -> set[str]:
    return {each.what for each in found.verdicts if each.word != "supported"}


# What is sound


@pytest.mark.parametrize(
    "kind", [S.Translator, S.ByEinsum, S.ByKernel, S.OtherMask, S.Gpt, S.Tagger], ids=lambda kind: kind.__name__
)
def test_a_sound_model_is_supported_throughout(kind: type[S.Base]) -> None:
    sizes = {"source_size": S.SIZE} if kind is S.Tagger else {}
    found = report(S.made(kind), **sizes)
    assert bad(found) <= ({"masked weights"} if kind is S.Tagger else set()), str(found)
    assert found.ok and found.worst == ("no reference" if kind is S.Tagger else "supported")
    found.raise_for_status()


@pytest.mark.parametrize("kind", [S.ByEinsum, S.ByKernel, S.OtherMask], ids=lambda kind: kind.__name__)
def test_the_changes_that_change_nothing_do_change_nothing(kind: type[S.Base]) -> None:
    source, target = torch.tensor([[3, 4, 5, S.PAD]]), torch.tensor([[1, 6, 7]])
    with torch.no_grad():
        assert torch.allclose(S.made(kind)(source, target), S.made(S.Translator)(source, target), atol=1e-5)


@pytest.mark.parametrize("name", ["english-french", "dates"])
def test_the_bundled_models_are_supported_throughout(name: str) -> None:
    found = glasshead.check(name, examples=2)
    assert bad(found) == set() and len(found.verdicts) == 20, str(found)
    assert found["positions"].found.startswith("source.position holds the paper's sinusoids")
    assert "share_embeddings" in found["tied weights"].found


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_shape_of_the_projects_own_is_supported(options: dict[str, Any]) -> None:
    found = glasshead.check(subject(**options), examples=2)
    assert found.ok and bad(found) == set(), str(found)


def test_a_decoder_that_says_it_has_no_mask_is_held_to_that(monkeypatch: pytest.MonkeyPatch) -> None:
    found = glasshead.check(subject(masked=False), examples=EXAMPLES)
    assert found.ok and found["later tokens"].word == "supported"
    assert found["later tokens"].found.endswith("Its configuration says masked=False: it has no mask.")
    lacking = {each.what for each in found.verdicts if each.word == "no reference"}
    assert {"growing target", "pads of the target", "cache splits", "masked weights", "cached = full"} <= lacking
    assert all("says masked=False" in each.found for each in found.verdicts if each.what in lacking)
    assert found["weights from q, k"].word == "supported"

    states = Transformer.states

    def with_a_mask(self: Any, *given: Any) -> Tensor:
        """The configuration says what is not so."""
        said, self.config = self.config, replace(self.config, masked=True)
        try:
            return states(self, *given)
        finally:
            self.config = said

    monkeypatch.setattr(Transformer, "states", with_a_mask)
    found = glasshead.check(subject(masked=False), examples=EXAMPLES)
    assert bad(found) >= {"later tokens"} and not found.ok
    assert found["later tokens"].found.endswith("but later tokens move nothing.")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_hugging_face_is_supported(family: str) -> None:
    module = FAMILIES[family].module()
    found = glasshead.check(module, examples=2)
    assert found.ok and bad(found) == set(), str(found)
    assert any(each.requires_grad for each in module.parameters()), "it is trained afterwards as before"


@pytest.mark.parametrize("name", NAMES)
def test_models_of_others_are_supported(name: str) -> None:
    found = glasshead.check(stranger(name), examples=2)
    # These four have no positions, but for t5's bias; nothing claims any.
    assert bad(found) <= {"order of tokens"} and found.ok, str(found)


@pytest.mark.parametrize("name", tutorials.TUTORIALS)
def test_tutorials_are_supported(name: str) -> None:
    tutorial = tutorials.TUTORIALS[name]
    found = glasshead.check(tutorial.subject(tutorial.module()), examples=2)
    if name == "two widths":  # it has no padding mask
        assert {each.what for each in found.verdicts if not each.ok} == {"pads of the source", "weights of pads"}
        return
    allowed = {"order of tokens", "attention seen", "masked weights"}
    if name == "alibi":  # its bias is made for a batch of one
        allowed.add("batch mates")
    assert found.ok and bad(found) <= allowed, str(found)


# What is not


def same(model: Any, source: list[int], target: list[int]) -> Tensor:
    ids = [torch.tensor([each]) for each in (source, target) if each]
    with torch.no_grad():
        return model(*ids)[0]


# Fault → the verdicts that are wrong, and what one of them says. `{…}` is of no account.
FAULTS: dict[type[S.Base], tuple[set[str], str, str]] = {
    S.OffByOne: (
        {"later tokens", "growing target", "masked weights"}, "later tokens",
        "A change reaches 2 positions back and no further: each layer's mask lets through a token or so too many",
    ),
    S.NoMask: ({"later tokens", "growing target", "masked weights"}, "later tokens", "the causal mask is missing"),
    S.Turned: (
        {"later tokens", "growing target", "masked weights"}, "masked weights", "query 0 looks at key 1",
    ),
    S.MaskedAfterSoftmax: (
        {"later tokens", "growing target", "rows sum to 1", "pads of the source", "pads of the target",
         "side of the pads"},
        "rows sum to 1", "a mask took weights away after softmax and the rest was not divided by its sum",
    ),
    S.SoftmaxOverQueries: (
        {"later tokens", "growing target", "rows sum to 1", "pads of the source", "pads of the target",
         "side of the pads"},
        "rows sum to 1", "softmax ran along another axis",
    ),
    S.FaintMask: (
        {"later tokens", "growing target", "masked weights", "pads of the source", "pads of the target",
         "side of the pads"},
        "masked weights", "weights that a mask is to hide are not 0",
    ),
    S.NoScale: ({"scale"}, "scale", "are q·k × 1, and not × 0.5, 1/√4: the scale is missing"),
    S.ScaledByTheModel: ({"scale"}, "scale", "are q·k × 0.25, and not × 0.5, 1/√4"),
    S.NoPads: ({"pads of the source", "side of the pads"}, "pads of the source", "when a pad stands after the source"),
    S.EncoderAlonePadded: (
        {"pads of the source", "side of the pads"}, "pads of the source", "does not reach every attention",
    ),
    S.AcrossTheBatch: ({"batch mates"}, "batch mates", "Something looks across the batch"),
    S.FromTheEnd: (
        {"growing target", "pads of the source", "pads of the target"}, "growing target",
        "positions are counted from the end",
    ),
    S.NaNs: ({"finite"}, "finite", "Softmax makes NaN of a row whose mask hides every key"),
    S.FunctionalDropout: ({"same twice", "everything else"}, "same twice", "F.dropout without training=self.training?"),
    S.OddTable: ({"positions"}, "positions", "pe does not hold the paper's sinusoids"),
    S.NoPositions: ({"order of tokens"}, "order of tokens", "does not know the order of the source"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_a_planted_fault_is_found_and_named(kind: type[S.Base]) -> None:
    wrong, what, said = FAULTS[kind]
    sick, sound = S.made(kind), S.made(S.Translator)
    torch.manual_seed(0)
    apart = same(sick, [3, 4, S.PAD], [1, 6, 7]) - same(sound, [3, 4, S.PAD], [1, 6, 7])
    assert not float(apart.abs().max()) < 1e-3, "the fault that is planted changes nothing"
    found = report(sick)
    assert bad(found) == wrong, str(found)
    assert said in found[what].found
    assert not found[what].ok and not found.ok
    with pytest.raises(CheckFailedError, match=what):
        found.raise_for_status()


def test_the_smallest_input_is_printed_and_shows_the_fault() -> None:
    sick = S.made(S.OffByOne)
    found = report(sick)["later tokens"]
    assert found.smallest == "source [1], target [1 1]"
    start = "source [1], target [1 1]: the logits at position 0 move by "
    assert found.found.startswith(start)
    moved = (same(sick, [1], [1, 2]) - same(sick, [1], [1, 1]))[0].abs().max()
    assert f"{start}{float(moved):.2g} when the token at position 1 changes to 2." in found.found


def test_an_attention_that_needs_two_tokens_to_leak_is_shrunk_to_two() -> None:
    """A leak from two positions ahead alone, of certain tokens alone: the smallest input has both."""

    class Odd(S.Gpt):
        def forward(self, target: Tensor) -> Tensor:
            found: Tensor = super().forward(target)
            later = torch.nn.functional.pad((target[:, 2:] == 7).float(), (0, min(2, target.shape[1])))
            return found + (later[:, : target.shape[1]] * (target == 5)).unsqueeze(-1) * found

    found = glasshead.check(S.made(Odd), target_size=9, pad=S.PAD, examples=200)["later tokens"]
    assert found.word == "silently wrong"
    assert found.smallest in ("target [5 1 7]", "target [5 1 1]")


# Left padding


def test_left_padding_breaks_absolute_positions_and_not_those_that_count_from_the_first_token() -> None:
    sick, sound = S.made(S.AbsolutePositions), S.made(S.Gpt)
    padded = [S.PAD, S.PAD, 3, 4]
    assert torch.allclose(same(sound, [], padded)[2:], same(sound, [], [3, 4]), atol=1e-5)
    assert float((same(sick, [], padded) - same(sound, [], padded))[2:].abs().max()) > 1e-2
    assert bad(report(sound, padding="left")) == set()
    found = report(sick, padding="left")
    assert bad(found) == {"side of the pads"}
    assert found["side of the pads"].found.startswith("target [1]: the logits at position 0 move by ")
    assert "when a pad stands before the target. Positions are absolute and count the pads" in (
        found["side of the pads"].found
    )
    told = report(sick)
    assert told.ok and told["side of the pads"].found.startswith("Pad at the right, and not at the left.")


# Caches


@pytest.mark.parametrize(
    ("kind", "what", "word", "said"),
    [
        (S.CropsTheFirst, "cache crop", "silently wrong", "read and taken back by crop("),
        (S.CountsOn, "cache crop", "error", "RuntimeError (The size of tensor"),
        (S.AlignedAtTheFirst, "cache splits", "silently wrong", "in cached passes of 1 + 1 tokens"),
        (S.StartsAgain, "cache splits", "silently wrong", "positions that begin again at 0"),
    ],
)
def test_a_wrong_cache_is_found(kind: type[S.Gpt], what: str, word: str, said: str) -> None:
    sick, sound = S.made(kind), S.made(S.Gpt)
    assert torch.equal(same(sick, [], [1, 2, 3]), same(sound, [], [1, 2, 3])), "the fault is in the cache alone"

    def stepped(model: Any) -> Tensor:
        _, past = model.step(torch.tensor([[1, 2]]), None)
        model.step(torch.tensor([[9, 8]]), past)
        past.crop(2)
        return model.step(torch.tensor([[3, 4]]), past)[0]

    with torch.no_grad():
        if word == "error":
            with pytest.raises(RuntimeError):
                stepped(sick)
        else:
            assert float((stepped(sick) - stepped(sound)).abs().max()) > 1e-3
    found = report(sick)
    assert bad(found) == {what}, str(found)
    assert found[what].word == word and said in found[what].found


# The module's own state


def test_dropout_that_was_left_on_is_found_and_left_as_it_was() -> None:
    module = S.made(S.Translator).train()
    module.encoder[0].eval()
    before = {path: each.training for path, each in module.named_modules()}
    found = report(module)
    assert bad(found) == {"same twice"}, "the rest is checked in evaluation mode"
    on = sum(isinstance(each, torch.nn.Dropout) and each.training for each in module.modules())
    said = f"Dropout is on in {on} modules, such as encoder.1.own.drop (p 0.1): call model.eval()."
    assert said in found["same twice"].found
    assert {path: each.training for path, each in module.named_modules()} == before
    torch.manual_seed(0)
    assert not torch.allclose(same(module, [3, 4], [1, 2]), same(module, [3, 4], [1, 2]))


def test_weights_that_are_no_longer_tied_are_found() -> None:
    sound = S.made(S.Translator)
    for by in (0.0, 0.01):
        sick = S.parted(sound, by)
        moved = float((same(sick, [3, 4], [1, 2]) - same(sound, [3, 4], [1, 2])).abs().max())
        assert (moved > 1e-3) == (by > 0)
        found = report(sick)
        assert bad(found) == {"tied weights"}
        assert ("which differ by up to 0.01" if by else "with the same numbers for now") in found["tied weights"].found
    assert "a tie that a copy or a load has parted" in report(S.parted(sound, 0.0), tied=())["tied weights"].found
    assert glasshead.check(sound, pad=0, examples=1)["tied weights"].found == "One tensor: embed.weight = head.weight."
    assert report(sound, tied=[("embed.wieght", "head.weight")])["tied weights"].word == "no reference"


def test_a_tie_that_the_configuration_claims_is_held_against_the_module() -> None:
    module = FAMILIES["llama"].module()
    assert not module.config.tie_word_embeddings
    module.lm_head.weight = module.model.embed_tokens.weight
    found = glasshead.check(module, examples=1)["tied weights"]
    assert found.word == "silently wrong" and "tie_word_embeddings says that they are two" in found.found


# Of a Model, by its sites


def lied(monkeypatch: pytest.MonkeyPatch, change: Callable[..., Any]) -> Report:
    monkeypatch.setattr("glasshead.model.attend", change)
    return glasshead.check(subject(), examples=2)


def test_a_models_sites_are_held_against_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from glasshead.attend import attend

    def unscaled(*given: Any, scale: float, **more: Any) -> Tensor:
        return attend(*given, scale=1.0, **more)

    def maskless(query: Tensor, key: Tensor, value: Tensor, mask: Any, **more: Any) -> Tensor:
        return attend(query, key, value, None, **more)

    assert bad(lied(monkeypatch, unscaled)) == {"weights from q, k"}
    assert {"masked weights", "weights of pads", "later tokens", "pads of the source"} <= bad(
        lied(monkeypatch, maskless)
    )


def test_a_norm_that_is_none_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from glasshead.model import LayerNorm

    real = LayerNorm.watch
    monkeypatch.setattr(LayerNorm, "watch", lambda self, x: self.tap("out", real(self, x) ** 2))
    assert "does not follow from its two steps" in glasshead.check(subject(), examples=1)["norms"].found


def test_positions_are_held_against_what_is_claimed() -> None:
    halves = subject(positions="halves")
    assert glasshead.check(halves, examples=1)["positions"].found.startswith(
        "source.position holds sinusoids in halves"
    )
    wrong = glasshead.check(halves, examples=1, positions="sinusoidal")["positions"]
    assert wrong.word == "silently wrong" and "sinusoidal positions are claimed" in wrong.found


@pytest.mark.parametrize("name", WRONG)
def test_wrong_masks_of_torchs_attention_are_found(name: str) -> None:
    module = tutorials.TUTORIALS["gpt"].module()
    module.mask = WRONG[name]
    found = glasshead.check(lambda target: module(target), target_size=len(tutorials.WORDS), pad=1, examples=4)
    assert {"later tokens", "masked weights", "steps = full"} <= bad(found), str(found)


def test_attention_across_the_batch_is_found_in_a_tutorials_model() -> None:
    """nn.Transformer made with the tokens first, and given the batch first: what most beginners meet."""
    module = tutorials.Translation().eval()

    def run(source: Tensor, target: Tensor) -> Tensor:
        x, y = module.src_tok_emb(source), module.tgt_tok_emb(target)
        return module.generator(module.transformer(x, y[:, : x.shape[1]])) if len(x) else x

    def call(source: Tensor, target: Tensor) -> Tensor:
        length = max(source.shape[1], target.shape[1])
        wide = [torch.nn.functional.pad(each, (0, length - each.shape[1]), value=1) for each in (source, target)]
        return run(*wide)[:, : target.shape[1]]

    found = glasshead.check(call, source_size=len(tutorials.WORDS), target_size=len(tutorials.MOTS), examples=4)
    assert found["batch mates"].word == "silently wrong"
    assert "batch_first=False" in found["batch mates"].found


# The words


def test_what_precision_explains_is_degraded() -> None:
    found = report(S.made(S.ByHalves).bfloat16())
    assert found.ok and found.worst == "degraded", str(found)
    assert "which is what bfloat16 leaves between two orders of arithmetic" in " ".join(
        each.found for each in found.verdicts
    )
    assert "as near to 1 as bfloat16 keeps weights" in found["rows sum to 1"].found
    assert bad(report(S.made(S.ByHalves))) == set()
    assert glasshead.check(subject(dtype=torch.bfloat16), examples=4).ok, "how much is left depends on the processor"


def test_the_rule_of_the_words() -> None:
    assert [judge(each, "float32") for each in (1e-6, 5e-5, 1e-3, float("nan"))] == [
        "supported", "degraded", "silently wrong", "silently wrong",
    ]  # fmt: skip
    assert judge(5e-5, "float32", same=True) == "silently wrong", "the same arithmetic leaves no such difference"
    assert judge(0.02, "bfloat16", same=True) == judge(0.02, "bfloat16") == "degraded"
    assert judge(0.1, "bfloat16") == "silently wrong"


def test_a_report_is_data() -> None:
    found = report(S.made(S.NoScale))
    told = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert told["ok"] is False and {each["word"] for each in told["verdicts"]} == {"supported", "silently wrong"}
    lines = str(found).splitlines()
    assert lines[0].startswith("NoScale: 1 silently wrong · 14 supported") and len(lines) == 1 + len(told["verdicts"])
    json.dumps(report(S.made(S.NaNs)).as_json(), allow_nan=False)


def test_the_same_seed_draws_the_same() -> None:
    sick = S.made(S.NoPads)
    assert report(sick, seed=3) == report(sick, seed=3)


# What can be checked


@cache
def sound() -> Any:
    return S.made(S.Translator)


def test_functions_of_all_forms_are_taken() -> None:
    model = copy.deepcopy(sound())
    forms: list[Any] = [model, model.forward, lambda source, target: model(source, target)]
    assert {str(report(form, name="it")) for form in forms} == {str(report(model, name="it"))}
    turned = report(lambda src, tgt: model(src.T, tgt.T).transpose(0, 1), batch_first=False)
    assert bad(turned) == set()
    assert not any(each.training for each in model.modules())


def test_a_model_that_fails_is_an_error_and_not_a_traceback() -> None:
    def run(source: Tensor, target: Tensor) -> Tensor:
        if target.shape[1] > 4:
            raise ValueError("no more than four")
        return torch.zeros(*target.shape, 5)

    found = glasshead.check(run, source_size=5, target_size=5)
    assert found["finite"].word == "error" and "ValueError (no more than four)" in found["finite"].found


def test_what_says_nothing_is_no_reference() -> None:
    found = glasshead.check(lambda source, target: torch.ones(*target.shape, 5), source_size=5, target_size=5)
    assert found.ok and found["later tokens"].word == "no reference"
    assert "moves no logits" in found["later tokens"].found


@pytest.mark.parametrize(
    ("model", "given", "said"),
    [
        (3, {}, "3 is no model"),
        (lambda source, target: target, {}, "How many tokens has the source? Give source_size="),
        (lambda source, target: target.float()[:, :1], {"source_size": 5, "target_size": 5}, "returned the shape"),
        (lambda source, target: "text", {"source_size": 5, "target_size": 5}, "and no tensor of logits"),
        (lambda a, b, c: a, {"source_size": 5}, "has 3 arguments"),
        (lambda target: target, {"padding": "middle"}, "it is 'right' or 'left'"),
        (lambda target: target, {"positions": "odd"}, "it is one of sinusoidal"),
        (lambda target: target, {"examples": 0}, "At least 1 example"),
        (lambda target: target, {"target_size": 4, "text": "a"}, "leave out text="),
        ("nothing-of-that-name", {}, "nothing-of-that-name"),
    ],
)
def test_mistakes_are_told_in_a_sentence(model: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(GlassheadError, match=said.replace("?", r"\?")):
        glasshead.check(model, **given)


def test_a_recording_runs_nothing(tmp_path: Any) -> None:
    line = subject().start("bird")
    line.step()
    with pytest.raises(GlassheadError, match="Open the model itself"):
        glasshead.check(line.save(tmp_path / "bird.safetensors"))
