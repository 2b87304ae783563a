"""Ways of opening a model: what contradicts itself is refused before anything is looked for."""

from typing import Any

import pytest
import torch

import glasshead
from glasshead import GlassheadError
from glasshead.opening import AS_IT_IS, Opening


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"device": "toaster"}, "no device 'toaster'; there are auto, cpu"),
        ({"dtype": "int8"}, "no precision 'int8'; there are auto, float32"),
        ({"chat": True, "ids": True}, "--chat and --ids are two ways"),
        ({"spread": True, "device": "cuda"}, "--device and --device-map are two ways"),
    ],
)
def test_contradictions_are_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        Opening(**given)


def test_what_was_given_is_known() -> None:
    assert AS_IT_IS.given == () and Opening(to="fr", ids=True).given == ("to", "ids")


@pytest.mark.parametrize(
    ("given", "option"), [({"to": "fr"}, "--to"), ({"source": "en"}, "--from"), ({"chat": True}, "--chat")]
)
def test_a_model_of_one_pair_of_languages_has_no_others(given: dict[str, Any], option: str) -> None:
    with pytest.raises(GlassheadError, match=f"knows the one pair of languages.*leave out {option}"):
        glasshead.load("dates", **given)


def test_ids_are_read_as_they_are() -> None:
    usual, bare = glasshead.load("dates"), glasshead.load("dates", ids=True)
    ids = [token.id for token in usual.encode("may 5")]
    text = ",".join(map(str, ids))
    assert bare.encode(text) == usual.encode("may 5")
    assert bare.limit == (usual.limit or 0) + 1  # the end token is one of them
    one, other = usual.start("may 5"), bare.start(text)
    assert torch.equal(one.probabilities(), other.probabilities())
    assert bare.translate(text) == usual.translate("may 5")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_another_precision_computes_about_the_same(dtype: Any) -> None:
    usual, less = glasshead.load("dates"), glasshead.load("dates", dtype=dtype)
    assert less.anatomy.precision == dtype and dtype in less.anatomy.facts[-1]
    one, other = (subject.start("may 5").probabilities() for subject in (usual, less))
    assert not torch.equal(one, other.float())
    assert torch.allclose(one, other.float(), atol=0.05)


def test_a_device_that_is_not_there_is_named() -> None:
    if not torch.cuda.is_available():
        with pytest.raises(GlassheadError, match="--device cuda is not available"):
            glasshead.load("dates", device="cuda")
    assert glasshead.load("dates", device="auto").model.device.type in ("cpu", "cuda", "mps")
