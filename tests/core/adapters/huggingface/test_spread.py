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
    subject, whole = glasshead.subject(module, tokenizer=names), glasshead.load(folder)
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


def test_a_folder_is_spread_over_what_there_is(folder: Path) -> None:
    subject, whole = glasshead.load(folder, spread=True), glasshead.load(folder)
    assert torch.equal(subject.start(TEXT).probabilities(), whole.start(TEXT).probabilities())
