"""What a machine has no room for is refused before anything is made, with the largest value that it has room for."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from glasshead import machine
from glasshead.errors import GlassheadError
from glasshead.model import Transformer
from glasshead.training.begin import begin
from glasshead.training.loop import shape
from glasshead.training.settings import TYPES, Settings, read_settings, resolve
from glasshead.training.sizes import check_sizes, count_bytes, count_parameters

SMALL: dict[str, Any] = {
    "recipe": "reverse",
    "d_model": 32,
    "heads": 2,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "d_ff": 64,
}
HELD = {
    "d_model", "d_ff", "encoder_layers", "decoder_layers", "vocab_size", "max_length", "batch_tokens", "eval_size",
    "generate",
}  # fmt: skip
"""Settings that take memory, or room on the disk."""
FREE = {
    "steps", "accumulate", "warmup", "average", "patience", "save_every", "eval_every", "probes", "heads", "valid_size",
    "seed",
}  # fmt: skip
"""Settings that take time alone, or that what there is bounds: the pairs, the sentences, the width."""


@pytest.fixture(autouse=True)
def small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory", lambda: 10**9)
    monkeypatch.setattr(machine, "disk", lambda _: 10**9)
    monkeypatch.setattr(machine, "accelerated", lambda: False)


@pytest.mark.parametrize("norm", ["pre", "post"])
@pytest.mark.parametrize("positions", ["sinusoidal", "learned"])
@pytest.mark.parametrize("vocabulary", ["joint", "separate"])
def test_parameters_are_those_of_the_model(norm: str, positions: str, vocabulary: str) -> None:
    settings = resolve(
        {
            **SMALL, "encoder_layers": 3, "decoder_layers": 2, "max_length": 50, "vocab_size": 300, "norm": norm,
            "positions": positions, "vocabulary": vocabulary,
        }
    )  # fmt: skip
    model = Transformer(shape(settings, 300, None if vocabulary == "joint" else 300))
    assert count_parameters(vars(settings)) == sum(each.numel() for each in model.parameters())


def test_every_whole_number_is_known() -> None:
    """A new setting must be put on one of the two lists: does it take memory?"""
    assert {name for name, kind in TYPES.items() if kind is int} == HELD | FREE


@pytest.mark.parametrize("value", [10**11, 10**20, 10**400], ids=["large", "beyond 64 bits", "400 digits"])
@pytest.mark.parametrize("name", sorted(HELD))
def test_what_has_no_room_is_refused_before_anything_is_made(tmp_path: Path, name: str, value: int) -> None:
    with pytest.raises(GlassheadError, match=f"^--{name.replace('_', '-')} is .*: .* take") as error:
        begin(tmp_path / "run", {**SMALL, name: value})
    assert not (tmp_path / "run").exists()
    assert "1 GB" in str(error.value) and len(str(error.value)) < 300
    most = int(str(error.value).split("at most ")[1].rstrip(".").replace(",", ""))
    begin(tmp_path / "fits", {**SMALL, name: most})
    with pytest.raises(GlassheadError, match=f"may be at most {most:,}"):
        begin(tmp_path / "run", {**SMALL, name: most + SMALL["heads"]})


def test_both_stacks_are_named_by_the_option_that_sets_both(tmp_path: Path) -> None:
    with pytest.raises(GlassheadError, match=r"^--layers is 1,000,000,000: such a training takes \d+ TB or more"):
        begin(tmp_path / "run", {**SMALL, "encoder_layers": 10**9, "decoder_layers": 10**9})


def test_where_no_one_setting_is_to_blame_all_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        GlassheadError, match=r"Too large: such a training takes .*Give smaller values of --d-model, --d-ff"
    ):
        begin(tmp_path / "run", {**SMALL, "d_model": 10**9, "d_ff": 10**12})


def test_a_gpu_has_a_memory_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = resolve({**SMALL, "d_ff": 500_000, "heads": 1})
    assert count_bytes(vars(settings)) > 10**9 > count_bytes(vars(settings), made=True)
    with pytest.raises(GlassheadError, match="--d-ff is 500,000"):
        check_sizes(settings, tmp_path)
    check_sizes(replace(settings, device="cuda"), tmp_path)
    monkeypatch.setattr(machine, "accelerated", lambda: True)
    check_sizes(settings, tmp_path)


def test_pairs_that_are_made_already_need_no_more_room(tmp_path: Path) -> None:
    settings = resolve({**SMALL, "generate": 10**8})
    with pytest.raises(GlassheadError, match=r"--generate is 100,000,000: so many pairs take 5\.6 GB"):
        check_sizes(settings, tmp_path)
    (tmp_path / "data").mkdir()
    check_sizes(settings, tmp_path)


def test_the_seed_is_one_that_generators_take() -> None:
    assert Settings(recipe="reverse", seed=2**63 - 1).seed == 2**63 - 1
    with pytest.raises(GlassheadError, match="seed is 9,223,372,036,854,775,808; it must be at most 9,223"):
        Settings(recipe="reverse", seed=2**63)


@pytest.mark.parametrize("name", [each.name for each in fields(Settings) if TYPES[each.name] is float])
def test_numbers_beyond_all_bounds_in_a_file_are_told(tmp_path: Path, name: str) -> None:
    section: Any = next(each.metadata["section"] for each in fields(Settings) if each.name == name)
    path = tmp_path / "it.toml"
    for digits in (400, 5000):
        path.write_text(f"[{section}]\n{name} = 1{'0' * digits}\n")
        with pytest.raises(GlassheadError, match=name if digits == 400 else "is not TOML") as error:
            read_settings(path)
        assert len(str(error.value)) < 300
