"""Every kind of edit changes what it must and nothing else: against the numpy model with the change written by hand."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from tests.core.edits.ways import at_once, compiled, nothing, run, splits
from tests.core.helpers import make
from tests.core.reference import Array, Edit, transform
from torch import Tensor

from glasshead.adapters.native import Native
from glasshead.edits.edit import Origin
from glasshead.errors import GlassheadError

SOURCE, TARGET = [4, 9, 7, 11, 2], [1, 5, 12, 8, 20]
TEXTS = {"a": ([6, 6, 21, 3, 2], [1, 14, 4, 4, 9]), "short": ([8, 2], [1, 19])}
"""What other decodes have read and written."""
SHAPES: dict[str, dict[str, Any]] = {
    "post": {"attention_bias": True},
    "pre": {"norm": "pre", "positions": "learned"},
    "free": {"d_k": 5, "d_v": 3, "d_encoder": 10, "share_embeddings": False, "window": 5},
}
Values = dict[str, Array]
Hand = Callable[["Scene"], Mapping[str, Edit]]


class Scene:
    """A model, with the values of its line and of other decodes, all by the numpy model."""

    def __init__(self, **options: Any) -> None:
        self.module = make(**options)
        self.model = Native(self.module)
        self.thorough = "attention_bias" in options
        self.own: Values = transform(self.module, SOURCE, TARGET)
        self.texts: dict[str, Values] = {text: transform(self.module, *ids) for text, ids in TEXTS.items()}
        self.kept: Values = {}

    def reference(self, origin: Origin, site: str) -> Tensor:
        values = self.own if origin == Origin() else self.texts[origin.text or "a"]
        return torch.from_numpy(values[site]).float()

    def keep(self, name: str) -> Edit:
        """Note a value for another place."""

        def note(x: Array) -> Array:
            self.kept[name] = x.copy()
            return x

        return note

    def give(self, name: str, *index: Any) -> Edit:
        """Put a noted value in place of a part."""

        def change(x: Array) -> Array:
            x[index] = self.kept[name][index]
            return x

        return change


def put(value: Any, *index: Any) -> Edit:
    """Put a number, or an array of the part's shape, in place of a part."""

    def change(x: Array) -> Array:
        x[index] = value
        return x

    return change


def times(factor: float, *index: Any) -> Edit:
    def change(x: Array) -> Array:
        x[index] *= factor
        return x

    return change


def plus(added: Any, *index: Any) -> Edit:
    def change(x: Array) -> Array:
        x[index] += added
        return x

    return change


def exchange(one: int, other: int, *index: Any) -> Edit:
    def change(x: Array) -> Array:
        x[(one, *index)], x[(other, *index)] = x[(other, *index)].copy(), x[(one, *index)].copy()
        return x

    return change


def renormalised(number: float, heads: Any, rows: Any, key: int) -> Edit:
    """One weight of each chosen row; the rest is scaled. A row whose only key it is stays."""

    def change(x: Array) -> Array:
        for head in np.arange(len(x))[heads]:
            for row in np.arange(x.shape[1])[rows]:
                rest = x[head, row].sum() - x[head, row, key]
                if x[head, row, key] > 0 and rest > 0:
                    x[head, row] *= (1 - number) / rest
                    x[head, row, key] = number
        return x

    return change


def uniform(*index: Any) -> Edit:
    def change(x: Array) -> Array:
        even = (x > 0) / (x > 0).sum(-1, keepdims=True)
        x[index] = even[index]
        return x

    return change


def near(reach: int, masked: Array) -> Array:
    q, k = np.indices(masked.shape[1:])
    return np.where(abs(q - k) > reach, -np.inf, masked)


def both(change: Callable[[str], Mapping[str, Edit]], *prefixes: str) -> dict[str, Edit]:
    return {site: edit for prefix in prefixes for site, edit in change(prefix).items()}


ALL = slice(None)
SELVES = [f"{stack}.{layer}.self" for stack in ("encoder", "decoder") for layer in (0, 1)]
CROSSES = ["decoder.0.cross", "decoder.1.cross"]


def layers_out(*layers: str, rows: Any = ALL) -> Hand:
    """Leave out layers: what came in goes on."""

    def hand(scene: Scene) -> dict[str, Edit]:
        found: dict[str, Edit] = {}
        for layer in layers:
            stack, number = layer.split(".")
            parts = ("self", "ffn") if stack == "encoder" else ("self", "cross", "ffn")
            if scene.module.config.norm == "pre":
                found |= {f"{layer}.{part}.out": put(0, rows) for part in parts}
                continue
            side = "source" if stack == "encoder" else "target"
            before = f"{side}.sum" if number == "0" else f"{stack}.{int(number) - 1}.ffn.norm.out"
            noted = scene.keep(before)
            found[before] = then(found[before], noted) if before in found else noted
            found[f"{layer}.ffn.norm.out"] = scene.give(before, rows)
        return found

    return hand


def then(*edits: Edit) -> Edit:
    def change(x: Array) -> Array:
        for edit in edits:
            x = edit(x)
        return x

    return change


def copied(source: str, site: str, *index: Any) -> Hand:
    return lambda scene: {source: scene.keep(source), site: scene.give(source, *index)}


def fixed(hand: Callable[[], Mapping[str, Edit]]) -> Hand:
    return lambda _scene: hand()


def mean(values: Array) -> Array:
    """Over the rows, which come second to last."""
    found: Array = values.mean(-2, keepdims=True)
    return found


CASES: dict[str, Hand] = {
    "decoder.1.cross.heads[head=3] = 0": fixed(lambda: {"decoder.1.cross.heads": put(0, 3)}),
    "decoder.0.self.heads[head=1 2, query=2-] *= -1.5": fixed(
        lambda: {"decoder.0.self.heads": times(-1.5, slice(1, 3), slice(2, None))}
    ),
    "encoder.1.self.heads[head=0, unit=1-2] = 0.7": fixed(
        lambda: {"encoder.1.self.heads": put(0.7, 0, ALL, slice(1, 3))}
    ),
    "decoder.1.ffn.active[unit=3 5, query=1] *= 3": fixed(lambda: {"decoder.1.ffn.active": times(3, 1, [3, 5])}),
    "decoder.0.ffn.hidden[query=2-3] = 0.5": fixed(lambda: {"decoder.0.ffn.hidden": put(0.5, slice(2, 4))}),
    "logits[unit=7] = -inf": fixed(lambda: {"logits": put(-np.inf, ALL, 7)}),
    "source.embed[query=2] = 0": fixed(lambda: {"source.embed": put(0, 2)}),
    "target.position[query=2] = 0": fixed(lambda: {"target.position": put(0, 2)}),
    "*.position = 0": fixed(lambda: {"source.position": put(0), "target.position": put(0)}),
    "encoder.out[query=1, unit=0-3] *= 2": fixed(lambda: {"encoder.out": times(2, 1, slice(0, 4))}),
    "decoder.*.cross.weights[head=1, query=2, key=3] = 0.9 renormalised": fixed(
        lambda: both(lambda at: {f"{at}.weights": renormalised(0.9, [1], [2], 3)}, *CROSSES)
    ),
    "decoder.0.self.weights[key=1] = 0.25 renormalised": fixed(
        lambda: {"decoder.0.self.weights": renormalised(0.25, ALL, ALL, 1)}
    ),
    "encoder.0.self.weights = uniform": fixed(lambda: {"encoder.0.self.weights": uniform()}),
    "decoder.1.self.weights[head=2] = uniform": fixed(lambda: {"decoder.1.self.weights": uniform(2)}),
    "decoder.1.cross.weights[query=1, key=2] = 0.8": fixed(lambda: {"decoder.1.cross.weights": put(0.8, ALL, 1, 2)}),
    "decoder.0.self.weights[head=1] *= 0.5": fixed(lambda: {"decoder.0.self.weights": times(0.5, 1)}),
    "decoder.0.self.scores[head=0, query=3] *= 2": fixed(lambda: {"decoder.0.self.scores": times(2, 0, 3)}),
    "decoder.0.cross.scores[key=1] = -2": fixed(lambda: {"decoder.0.cross.scores": put(-2, ALL, ALL, 1)}),
    "decoder.*.cross.masked[key=2] = hidden": fixed(
        lambda: both(lambda at: {f"{at}.masked": put(-np.inf, ALL, ALL, 2)}, *CROSSES)
    ),
    "encoder.*.self.masked[key=2, query=0-1] = hidden": fixed(
        lambda: both(lambda at: {f"{at}.masked": put(-np.inf, ALL, slice(0, 2), 2)}, *SELVES[:2])
    ),
    "decoder.0.self.masked[query=1] = hidden": fixed(lambda: {"decoder.0.self.masked": put(-np.inf, ALL, 1)}),
    "decoder.*.self.masked *= 0.5": fixed(lambda: both(lambda at: {f"{at}.masked": times(0.5)}, *SELVES[2:])),
    "decoder.*.self.masked = window 1": fixed(
        lambda: both(lambda at: {f"{at}.masked": lambda x: near(1, x)}, *SELVES[2:])
    ),
    "*.scores = unscaled": lambda scene: both(
        lambda at: {f"{at}.scores": times(scene.own[f"{at}.q"].shape[-1] ** 0.5)}, *SELVES, *CROSSES
    ),
    "decoder.0.cross.resid = out": copied("decoder.0.cross.out", "decoder.0.cross.resid"),
    "encoder.1.ffn.resid[query=3] = out": copied("encoder.1.ffn.out", "encoder.1.ffn.resid", 3),
    "decoder.1.self.q[head=1] = decoder.0.self.q": copied("decoder.0.self.q", "decoder.1.self.q", 1),
    "decoder.1.ffn = skipped": fixed(lambda: {"decoder.1.ffn.out": put(0)}),
    "*.cross[query=2-] = skipped": fixed(lambda: both(lambda at: {f"{at}.out": put(0, slice(2, None))}, *CROSSES)),
    "encoder.0.self[query=1] = skipped": fixed(lambda: {"encoder.0.self.out": put(0, 1)}),
    "encoder.1 = skipped": layers_out("encoder.1"),
    "encoder.* = skipped": layers_out("encoder.0", "encoder.1"),
    "decoder.0 = skipped": layers_out("decoder.0"),
    "decoder.1[query=2 3] = skipped": layers_out("decoder.1", rows=[2, 3]),
    "decoder.* = skipped": layers_out("decoder.0", "decoder.1"),
    "decoder.0.self.norm.mean = at 1": lambda scene: {
        "decoder.0.self.norm.mean": put(scene.own["decoder.0.self.norm.mean"][1])
    },
    "decoder.1.ffn.norm.var[query=2-] = at 0": lambda scene: {
        "decoder.1.ffn.norm.var": put(scene.own["decoder.1.ffn.norm.var"][0], slice(2, None))
    },
    "encoder.0.self.norm.normed[unit=0] = 0": fixed(lambda: {"encoder.0.self.norm.normed": put(0, ALL, 0)}),
    "decoder.1.cross.out[query=3] = at 1": lambda scene: {
        "decoder.1.cross.out": put(scene.own["decoder.1.cross.out"][1], 3)
    },
    "decoder.1.self.heads[head=0 2] = swapped": fixed(lambda: {"decoder.1.self.heads": exchange(0, 2)}),
    "decoder.0.cross.q[head=1 3, query=2] = swapped": fixed(lambda: {"decoder.0.cross.q": exchange(1, 3, 2)}),
    "decoder.0.cross.k[head=0 1, key=2] = swapped": fixed(lambda: {"decoder.0.cross.k": exchange(0, 1, 2)}),
    "decoder.0.self.v[key=1, head=2] = 0": fixed(lambda: {"decoder.0.self.v": put(0, 2, 1)}),
    "decoder.1.cross.heads[head=1] = mean": lambda scene: {
        "decoder.1.cross.heads": put(mean(scene.own["decoder.1.cross.heads"])[1], 1)
    },
    'decoder.0.self.k = mean of "short"': lambda scene: {
        "decoder.0.self.k": put(mean(scene.texts["short"]["decoder.0.self.k"]))
    },
    'decoder.1.ffn.norm.var = mean of "a"': lambda scene: {
        "decoder.1.ffn.norm.var": put(scene.texts["a"]["decoder.1.ffn.norm.var"].mean())
    },
    'decoder.0.cross.heads[head=2] = from "a"': lambda scene: {
        "decoder.0.cross.heads": put(scene.texts["a"]["decoder.0.cross.heads"][2], 2)
    },
    'decoder.1.self.out = from "short"': lambda scene: {
        "decoder.1.self.out": put(scene.texts["short"]["decoder.1.self.out"], slice(0, 2))
    },
    'encoder.out[query=1-2] = from "a"': lambda scene: {
        "encoder.out": put(scene.texts["a"]["encoder.out"][1:3], slice(1, 3))
    },
    'decoder.0.self.k[key=1-] = from "a"': lambda scene: {
        "decoder.0.self.k": put(scene.texts["a"]["decoder.0.self.k"][:, 1:], ALL, slice(1, None))
    },
    'decoder.1.self.weights[head=0] = from "a"': lambda scene: {
        "decoder.1.self.weights": put(scene.texts["a"]["decoder.1.self.weights"][0], 0)
    },
    'decoder.0.self.scores = from "short"': lambda scene: {
        "decoder.0.self.scores": put(scene.texts["short"]["decoder.0.self.scores"], ALL, slice(0, 2), slice(0, 2))
    },
    'decoder.1.cross.weights = from "a"': lambda scene: {
        "decoder.1.cross.weights": put(scene.texts["a"]["decoder.1.cross.weights"])
    },
    "decoder.1.cross.heads = from the line itself": lambda scene: {
        "decoder.1.cross.heads": put(scene.own["decoder.1.cross.heads"])
    },
    'encoder.out += 2 * ("a" - "short")': lambda scene: {
        "encoder.out": plus(2 * (mean(scene.texts["a"]["encoder.out"]) - mean(scene.texts["short"]["encoder.out"])))
    },
    'decoder.0.self.resid[query=2-] += -0.5 * ("short" - the line itself)': lambda scene: {
        "decoder.0.self.resid": plus(
            -0.5 * (mean(scene.texts["short"]["decoder.0.self.resid"]) - mean(scene.own["decoder.0.self.resid"])),
            slice(2, None),
        )
    },
}


@pytest.fixture(scope="module", params=SHAPES)
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(**SHAPES[str(request.param)])


def close(found: Tensor, expected: Array) -> bool:
    finite = np.isfinite(expected)
    size = max(1.0, np.abs(expected[finite]).max())
    assert (torch.isfinite(found).numpy() == finite).all()
    return bool((np.abs(found.double().numpy()[finite] - expected[finite]) <= 2e-4 * size).all())


@pytest.mark.parametrize("text", CASES)
def test_an_edit_does_what_it_says_at_once_and_in_steps(scene: Scene, text: str) -> None:
    expected = transform(scene.module, SOURCE, TARGET, CASES[text](scene))["logits"]
    changes = compiled(scene.model, [text], scene.reference)
    assert close(at_once(scene.model, changes, SOURCE, TARGET), expected)
    for passes in splits(TARGET) if scene.thorough else ([TARGET[:2], TARGET[2:]], [[token] for token in TARGET]):
        assert close(run(scene.model, changes, SOURCE, passes), expected), passes
    assert not np.allclose(expected, scene.own["logits"]) or "from the line itself" in text, "the edit does nothing"


@pytest.mark.parametrize("text", CASES)
def test_rows_before_the_first_one_stay_as_they_are(scene: Scene, text: str) -> None:
    changes = compiled(scene.model, [text], scene.reference)
    if changes.first_row is None:
        assert text.startswith(("encoder", "source", "*."))
        return
    expected = transform(scene.module, SOURCE, TARGET, CASES[text](scene))
    first = changes.first_row
    for site in ("encoder.out", *(name for name in expected if name.startswith("decoder.1.") and ".norm." in name)):
        rows = len(SOURCE) if site == "encoder.out" else first
        assert np.array_equal(expected[site][:rows], scene.own[site][:rows]), site


LOOKING_AHEAD: dict[str, Hand] = {
    "decoder.*.self.masked[query=0-2, key=3] = revealed": lambda scene: {
        **{f"{at}.scores": scene.keep(at) for at in SELVES[2:]},
        **{f"{at}.masked": scene.give(at, ALL, slice(0, 3), 3) for at in SELVES[2:]},
    },
    "decoder.1.self.masked = revealed": lambda scene: {
        "decoder.1.self.scores": scene.keep("all"), "decoder.1.self.masked": scene.give("all"),
    },
    "decoder.0.self.weights[query=1, key=4] = 0.3": fixed(lambda: {"decoder.0.self.weights": put(0.3, ALL, 1, 4)}),
    "decoder.0.self.masked[head=2] = 0": fixed(lambda: {"decoder.0.self.masked": put(0, 2)}),
}  # fmt: skip


@pytest.mark.parametrize("text", LOOKING_AHEAD)
def test_an_edit_that_looks_ahead_changes_earlier_rows_when_later_tokens_come(scene: Scene, text: str) -> None:
    expected = transform(scene.module, SOURCE, TARGET, LOOKING_AHEAD[text](scene))["logits"]
    changes = compiled(scene.model, [text], scene.reference)
    assert not changes.anatomy(scene.model.anatomy).lasting and changes.first_row == 0
    assert close(at_once(scene.model, changes, SOURCE, TARGET), expected)
    for passes in splits(TARGET):  # the newest pass knows all tokens
        last = len(passes[-1])
        assert close(run(scene.model, changes, SOURCE, passes)[-last:], expected[-last:])


def test_a_cell_that_is_not_ahead_costs_no_pass_over_all(scene: Scene) -> None:
    for text in ("decoder.0.self.weights[query=2-, key=0-2] = 0.3", "decoder.0.self.weights = 0"):
        assert compiled(scene.model, [text]).anatomy(scene.model.anatomy).lasting


def test_edits_are_applied_in_their_order_and_copies_come_last(scene: Scene) -> None:
    for texts, hand in {
        ("decoder.0.self.out *= 2", "decoder.0.self.out[query=1] = 1"): {
            "decoder.0.self.out": then(times(2), put(1, 1))
        },
        ("decoder.0.self.out[query=1] = 1", "decoder.0.self.out *= 2"): {
            "decoder.0.self.out": then(put(1, 1), times(2))
        },
        ("decoder.1.ffn.out = decoder.0.self.out", "decoder.0.self.out *= 2"): {
            "decoder.0.self.out": then(times(2), scene.keep("out")), "decoder.1.ffn.out": scene.give("out"),
        },
        ("decoder.0.self.weights[head=1] = uniform", "decoder.0.self.masked[key=1] = hidden"): {
            "decoder.0.self.masked": put(-np.inf, ALL, ALL, 1), "decoder.0.self.weights": uniform(1),
        },
    }.items():  # fmt: skip
        expected = transform(scene.module, SOURCE, TARGET, hand)["logits"]
        changes = compiled(scene.model, texts)
        for passes in ([TARGET], [[token] for token in TARGET]):
            assert close(run(scene.model, changes, SOURCE, passes), expected)


def test_a_weight_of_a_row_without_a_rest_is_shared_out_evenly() -> None:
    scene = Scene()
    texts = [
        "decoder.0.cross.masked[query=1, key=1-] = hidden",
        "decoder.0.cross.weights[query=1, key=0] = 0.4 renormalised",
    ]
    expected = transform(
        scene.module, SOURCE, TARGET, {"decoder.0.cross.masked": put(-np.inf, ALL, 1, slice(1, None))}
    )["logits"]
    assert close(at_once(scene.model, compiled(scene.model, texts), SOURCE, TARGET), expected), "there is no other key"
    texts = [
        "decoder.0.cross.scores[query=1, key=0] = 1000",
        "decoder.0.cross.weights[query=1, key=0] = 0.4 renormalised",
    ]
    expected = transform(scene.module, SOURCE, TARGET, {"decoder.0.cross.weights": put([0.4, *[0.15] * 4], ALL, 1)})[
        "logits"
    ]
    assert close(at_once(scene.model, compiled(scene.model, texts), SOURCE, TARGET), expected)


def test_weights_stay_rows_that_sum_to_one_and_look_at_nothing_hidden() -> None:
    scene = Scene()
    texts = [
        "decoder.*.self.weights[key=2 3] = 0.5 renormalised",
        "decoder.*.cross.weights[head=1, key=0] = 0 renormalised",
    ]
    changes = compiled(scene.model, texts)
    with scene.model.listen(["*.weights"], changes) as seen:
        scene.model.logits(torch.tensor([TARGET]), scene.model.read([SOURCE]))
    for layer in (0, 1):
        own, cross = seen[f"decoder.{layer}.self.weights"][0], seen[f"decoder.{layer}.cross.weights"][0]
        assert torch.allclose(own.sum(-1), torch.ones(4, 5)) and torch.allclose(cross.sum(-1), torch.ones(4, 5))
        assert not own.triu(1).any() and not cross[1, :, 0].any()
        assert torch.allclose(own[:, 4, 2:4], torch.full((4, 2), 0.5))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("decoder.1.crss.heads = 0", "Did you mean decoder.1.cross"),
        ("decoder.9.cross.heads = 0", "no site of this model"),
        ("decoder.1.cross.heads[head=4] = 0", "has the heads 0 to 3; there is no head 4"),
        ("decoder.1.cross.heads[head=2-9] = 0", "there is no head 9"),
        ("decoder.1.cross.heads[key=4] = 0", "have no axis of keys; theirs are head, query, unit"),
        ("decoder.1.ffn.out[head=1] = 0", "have no axis of heads"),
        ("decoder.1.cross.heads = uniform", "this is for decoder.1.cross.weights"),
        ("decoder.1.cross.weights = hidden", "this is for decoder.1.cross.masked"),
        ("decoder.1.cross.heads = unscaled", "this is for decoder.1.cross.scores"),
        ("decoder.1.cross.heads = -inf", "a value is a finite number"),
        ("logits = inf", "−∞ is for"),
        ("decoder.1.cross.heads *= inf", "finite"),
        ("decoder.1.cross.heads = -1e39", "a number goes up to 3.4e+38"),
        ("decoder.1.cross.heads *= 1e39", "a number goes up to 3.4e+38"),
        ("decoder.1.cross.norm.var *= -1", "not negative"),
        ("decoder.1.cross.norm.var = -1", "not negative"),
        ('decoder.1.cross.norm.var += ("a" - "b")', "not negative"),
        ("decoder.1.cross.weights = 0.5 renormalised", "say which keys"),
        ("decoder.1.cross.weights[key=1] = 1.5 renormalised", "from 0 to 1"),
        ("decoder.1.cross.weights = mean", "Use decoder.1.cross.heads"),
        ("decoder.1.cross.scores = at 3", "Use decoder.1.cross.heads"),
        ("decoder.1.cross.heads[head=1] = swapped", "two heads are swapped"),
        ("decoder.1.cross.heads[head=1-3] = swapped", "two heads are swapped"),
        ("decoder.1.cross.heads[head=1-] = swapped", "two heads are swapped"),
        ("decoder.1.cross.out = heads", "does not fit"),
        ("decoder.1.cross.out = out", "does not fit"),
        ("decoder.1.cross.out = encoder.out", "does not fit"),
        ("decoder.1.cross.out = nonsense.out", "there is no site 'nonsense.out'"),
        ("decoder.1.crss = skipped", "Did you mean decoder.1.cross"),
        ("decoder.1.cross[head=1] = skipped", "only query= can choose"),
        ("decoder.1.cross.heads[unit=1-] = skipped", "only query= can choose"),
    ],
)
def test_what_does_not_fit_the_model_is_refused_in_a_sentence(text: str, told: str) -> None:
    with pytest.raises(GlassheadError) as error:
        compiled(Native(make()), [text], nothing)
    assert told in str(error.value)


def test_a_long_edit_is_quoted_by_its_ends() -> None:
    heads = " ".join(map(str, range(9000)))
    for text in (f"decoder.1.cross.heads[head={heads}] = 0", "a" * 9000 + " = 0", "x.*.y = 0"):
        with pytest.raises(GlassheadError) as error:
            compiled(Native(make()), [text], nothing)
        assert len(str(error.value)) < 700


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("decoder.0.ffn.out[unit=16] = 0", "the numbers 0 to 15"),
        ("decoder.0.ffn.out = decoder.1.ffn.out", "is computed later"),
        ("decoder.0.cross.weights[key=0-4] = 0.5 renormalised", "more than all of the weight"),
        ('decoder.1.cross.weights = from "short"', "2 keys, here they have 5"),
    ],
)
def test_what_does_not_fit_the_line_is_refused_in_a_sentence(text: str, told: str) -> None:
    scene = Scene()
    with pytest.raises(GlassheadError) as error:
        run(scene.model, compiled(scene.model, [text], scene.reference), SOURCE, [TARGET])
    assert told in str(error.value)


def test_a_copy_of_another_width_is_refused() -> None:
    model = Native(make(d_k=5, d_v=3))
    with pytest.raises(GlassheadError, match=r"decoder.0.cross.q is 4 × 5 × 5, decoder.0.cross.heads is 4 × 5 × 3"):
        run(model, compiled(model, ["decoder.0.cross.heads = q"]), SOURCE, [TARGET])


@pytest.mark.parametrize("text", ['{} = from "a"', '{} = mean of "a"', '{} += 2 * ("a" - "short")'])
def test_values_of_a_model_of_another_shape_are_refused(text: str) -> None:
    scene, other = Scene(), Scene(d_model=24)
    for site, told in (("decoder.0.cross.heads", "has 6 where this model has 4"), ("encoder.out", "has 24 where")):
        with pytest.raises(GlassheadError, match=told):
            run(scene.model, compiled(scene.model, [text.format(site)], other.reference), SOURCE, [TARGET])


def test_a_position_that_the_line_does_not_have_is_refused() -> None:
    scene = Scene()
    with pytest.raises(GlassheadError, match="there is no position 5"):
        compiled(scene.model, ["decoder.0.ffn.out = at 5"], scene.reference)
