"""What a check found is remembered while a folder is as it was; whatever else lies in the cache is ignored."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.adapters.huggingface.folders import save

import glasshead
from glasshead.adapters.huggingface.attention import Form
from glasshead.adapters.huggingface.faults import PROBLEMS, Fault, hidden, remarks
from glasshead.adapters.huggingface.folder import HuggingFolder
from glasshead.adapters.huggingface.memory import Passed, recall, remember

WEIGHTS = ["model.safetensors"]
NOTHING = Passed((), {})
PLACES = st.from_regex("[a-z0-9_.]*", fullmatch=True)
COUNTS, AMOUNTS = st.integers(1, 10**6), st.floats(1e-9, 1e9)
FORMS = st.builds(
    Form, heads=COUNTS, key_heads=COUNTS, width=COUNTS, scale=AMOUNTS, cap=st.none() | AMOUNTS, biased=st.booleans(),
    window=st.none() | COUNTS, causal=st.booleans(), times=COUNTS,
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, and an empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    save("gpt2", tmp_path / "gpt2")
    return tmp_path / "gpt2"


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The models that are checked."""
    from glasshead.adapters.huggingface import check

    models: list[Any] = []
    own = check.self_check

    def counted(model: Any) -> Any:
        models.append(model)
        return own(model)

    monkeypatch.setattr(check, "self_check", counted)
    return models


def test_a_folder_is_checked_once(folder: Path, checked: list[Any]) -> None:
    one, other = glasshead.load(folder), glasshead.load(folder)
    assert len(checked) == 1
    assert one.anatomy == other.anatomy


def heavier(folder: Path) -> None:
    """Other numbers in a file of the same size and, as far as the system tells, of the same time."""
    path = folder / WEIGHTS[0]
    state, content = path.stat(), bytearray(path.read_bytes())
    length = int.from_bytes(content[:8], "little")
    content[8 + length + 3] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


def newer(folder: Path) -> None:
    os.utime(folder / WEIGHTS[0], ns=(1, 1))


def configured(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "layer_norm_epsilon": 1e-4}))


@pytest.mark.parametrize("change", [heavier, newer, configured])
def test_a_changed_folder_is_checked_again(folder: Path, change: Callable[[Path], None], checked: list[Any]) -> None:
    glasshead.load(folder)
    change(folder)
    glasshead.load(folder)
    assert len(checked) == 2


def test_another_version_of_a_library_checks_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from glasshead.adapters.huggingface import memory

    remember(folder, WEIGHTS, NOTHING)
    assert recall(folder, WEIGHTS) == NOTHING
    monkeypatch.setattr(memory, "version", lambda name: "99")
    assert recall(folder, WEIGHTS) is None


@given(
    st.lists(
        st.builds(
            Fault,
            st.sampled_from(sorted(PROBLEMS)),
            PLACES,
            st.floats(allow_nan=False, allow_infinity=False),
        )
    ),
    st.dictionaries(PLACES, FORMS),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_found_is_given_back(folder: Path, faults: list[Fault], forms: dict[str, Form]) -> None:
    passed = Passed(tuple(faults), forms)
    remember(folder, WEIGHTS, passed)
    assert recall(folder, WEIGHTS) == passed


@given(st.one_of(st.binary(), st.sampled_from([
    b"[]", b"{}", b"null", b"[" * 100_000, b'{"of": 3}', b'{"of": "x", "faults": []}',
])))  # fmt: skip
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_cannot_be_read_or_is_foreign_is_ignored(folder: Path, content: bytes) -> None:
    remember(folder, WEIGHTS, NOTHING)
    [path] = (folder.parent / "cache").rglob("*.json")
    path.write_bytes(content)
    assert recall(folder, WEIGHTS) is None


@pytest.mark.parametrize(
    "faults",
    [
        [["no such thing", "decoder.0.self", 1.0]],
        [["norm", 3, 1.0]],
        [["norm"]],
        "norm",
        [["norm", "x", "y"]],
        [["norm", "\x1b[2J", 1.0]],
        [[["norm"], "x", 1.0]],
    ],
)
def test_faults_of_another_form_are_ignored(folder: Path, faults: Any) -> None:
    remember(folder, WEIGHTS, NOTHING)
    [path] = (folder.parent / "cache").rglob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "faults": faults}))
    assert recall(folder, WEIGHTS) is None


GOOD: dict[str, Any] = {
    "heads": 2, "key_heads": 1, "width": 4, "scale": 0.5, "cap": None, "biased": False, "window": None, "causal": True,
    "times": 1,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("heads", 0),
        ("heads", True),
        ("key_heads", 1.5),
        ("width", "4"),
        ("scale", float("nan")),
        ("scale", [1]),
        ("cap", -1.0),
        ("cap", float("inf")),
        ("biased", 1),
        ("window", -3),
        ("causal", None),
        ("times", 0),
    ],
)
def test_forms_of_another_form_are_ignored(folder: Path, change: str, value: Any) -> None:
    remember(folder, WEIGHTS, Passed((), {"decoder.0.self": Form(**GOOD)}))
    assert recall(folder, WEIGHTS) is not None
    rewrite(folder, {"decoder.0.self": list({**GOOD, change: value}.values())})
    assert recall(folder, WEIGHTS) is None


@pytest.mark.parametrize("forms", [[], None, 3, {"\x1b[2J": list(GOOD.values())}, {"decoder.0.self": [2]}, {"x": None}])
def test_forms_that_are_no_forms_are_ignored(folder: Path, forms: Any) -> None:
    remember(folder, WEIGHTS, NOTHING)
    rewrite(folder, forms)
    assert recall(folder, WEIGHTS) is None


def rewrite(folder: Path, forms: Any) -> None:
    """Put other forms into what is remembered of a folder."""
    [path] = (folder.parent / "cache").rglob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "forms": forms}))


@pytest.mark.parametrize("kind", ["gpt2", "t5", "whisper", "llama", "gemma2", "bert"])
def test_a_remembered_folder_is_opened_without_a_run_and_is_the_same(
    kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = folder.parent / f"{kind}-again"
    save(kind, other)
    one = HuggingFolder(other, kind).load()

    def run(*_: object, **__: object) -> None:
        raise AssertionError("the model was run")

    monkeypatch.setattr(torch.nn.Embedding, "forward", run)
    two = HuggingFolder(other, kind).load()
    assert (two.anatomy, two.forms) == (one.anatomy, one.forms)
    assert set(two.places.known) == set(one.places.known)


def test_without_a_place_nothing_is_remembered_and_all_is_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, checked: list[Any]
) -> None:
    (folder.parent / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "file"))
    for _ in range(2):
        assert glasshead.load(folder).anatomy.kinds
    assert len(checked) == 2


def test_what_is_hidden_is_said() -> None:
    faults = [
        Fault("norm", "decoder.0.self"), Fault("norm", "decoder.1.self.after"), Fault("out", "decoder.0.self"),
        Fault("uneven", "encoder.self"),
    ]  # fmt: skip
    known = [
        "encoder.0.self.q", "encoder.0.ffn.out", "decoder.0.self.q", "decoder.0.self.out", "decoder.0.self.norm.rms",
        "decoder.1.self.norm.out", "decoder.1.self.after_norm.out",
    ]  # fmt: skip
    assert hidden(faults, known) == {
        "encoder.0.self.q", "decoder.0.self.out", "decoder.0.self.norm.rms", "decoder.1.self.after_norm.out"
    }  # fmt: skip
    assert remarks(faults) == (
        "2 norms not shown: they are neither LayerNorm nor RMSNorm",
        "output of 1 attention not shown: it is not the heads through a projection",
        "encoder self-attention not shown: its layers differ in heads",
    )
