"""Models whose layers no single place holds: the same numbers as of one that lies in memory."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.folders import save

import glasshead

TEXT = "the black cat is sleeping"


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / request.param
    save(request.param, folder)
    return folder


def spread(folder: Path, elsewhere: Path) -> Any:
    """Load a model with its layers and last norm on the disk, the rest in memory."""
    import transformers

    module: Any = transformers.AutoModelForCausalLM.from_pretrained(folder)
    first = dict(module.base_model.named_children())
    base = module.base_model_prefix
    places = {
        f"{base}.{name}": "disk" if hasattr(part, "__len__") or "n" in name[-4:] else "cpu"
        for name, part in first.items()
    }
    return transformers.AutoModelForCausalLM.from_pretrained(
        folder, device_map={**places, "lm_head": "cpu"}, offload_folder=elsewhere
    ).eval()


def test_every_value_is_the_same_wherever_the_weights_lie(folder: Path, tmp_path: Path) -> None:
    import transformers

    module = spread(folder, tmp_path)
    assert {"cpu", "meta"} == {parameter.device.type for parameter in module.parameters()}
    names: Any = transformers.AutoTokenizer.from_pretrained(folder)
    subject, whole = glasshead.subject(module, tokenizer=names, capture="all"), glasshead.load(folder)
    assert subject.anatomy.sites == whole.anatomy.sites
    assert subject.anatomy.facts[-1] == "float32 on the CPU and disk"
    site = f"{subject.anatomy.norms[1].site}.norm.normed"
    for edit in ({}, {site: torch.zeros_like}):
        found, expected = subject.start(TEXT, edit=edit), whole.start(TEXT, edit=edit)
        for _ in range(3):
            assert found.step() == expected.step()
        for each in expected.trace.sites:
            assert torch.equal(found.trace[each], expected.trace[each]), each
    assert found.cache_error() < 1e-4


def test_of_a_model_that_lies_in_several_places_one_layer_is_captured(folder: Path, tmp_path: Path) -> None:
    """It holds the values of one, and every number is that of the whole."""
    import transformers

    names: Any = transformers.AutoTokenizer.from_pretrained(folder)
    subject, whole = glasshead.subject(spread(folder, tmp_path), tokenizer=names), glasshead.load(folder)
    assert subject.facts[2] == "captures the shown layer" and "captures the shown layer" not in whole.facts
    found, expected = subject.start(TEXT), whole.start(TEXT)
    for layer in (0, 0, 1):
        assert found.step().id == expected.step().id
        for site in expected.outlook.find(f"decoder.{layer}.*"):
            assert close(found.outlook[site], expected.outlook[site]), site
    [layers] = whole.anatomy.layers
    outside = sum(row["logits"].nbytes + row["target.embed"].nbytes for row in expected.rows.record.rows)
    assert found.bytes < 1.3 * (expected.bytes - outside) / layers + outside
    for site in expected.outlook.sites:
        assert close(found.outlook[site], expected.outlook[site]), site


def close(one: torch.Tensor, other: torch.Tensor) -> bool:
    seen = other.isfinite()
    return torch.equal(seen, one.isfinite()) and torch.allclose(one[seen], other[seen], atol=1e-5)


def test_a_folder_is_spread_over_what_there_is(folder: Path) -> None:
    subject, whole = glasshead.load(folder, spread=True), glasshead.load(folder)
    assert torch.equal(subject.start(TEXT).probabilities(), whole.start(TEXT).probabilities())
