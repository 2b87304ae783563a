"""Settings by the size of a corpus: whatever is given stays, and what depends on it fits."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.errors import GlassheadError
from glasshead.training.settings import Settings, resolve
from glasshead.training.suited import FEW, MANY, ROWS, SNAPSHOTS, choose, suit

OWN = {"pairs": "pairs.tsv"}
GIVEN: dict[str, st.SearchStrategy[Any]] = {
    "d_model": st.sampled_from([8, 64, 512]),
    "heads": st.sampled_from([1, 2, 4, 8]),
    "encoder_layers": st.integers(1, 6),
    "d_ff": st.integers(1, 4096),
    "dropout": st.floats(0, 0.9),
    "factor": st.floats(0.1, 5),
    "warmup": st.integers(1, 10_000),
    "schedule": st.sampled_from(["noam", "cosine", "constant"]),
    "steps": st.integers(1, 100_000),
    "average": st.integers(1, 30),
    "patience": st.integers(0, 9),
}


@given(pairs=st.integers(0, 10_000_000), given=st.fixed_dictionaries({}, optional=GIVEN))
def test_whatever_is_given_is_kept_and_the_rest_makes_a_training(pairs: int, given: dict[str, Any]) -> None:
    chosen = choose(pairs, given)
    assert not chosen.keys() & given.keys()
    settings = resolve({**OWN, **chosen, **given})
    if settings.d_model % settings.heads:  # only what is given can be at odds with itself
        assert {"d_model", "heads"} & given.keys()


@pytest.mark.parametrize(
    ("pairs", "row"), [(0, "few"), (FEW - 1, "few"), (FEW, "some"), (MANY - 1, "some"), (MANY, "many")]
)
def test_more_pairs_want_less_dropout(pairs: int, row: str) -> None:
    assert choose(pairs, {}).items() >= ROWS[row].items()
    assert ROWS["few"]["dropout"] > ROWS["some"]["dropout"] > ROWS["many"]["dropout"]


@given(steps=st.integers(4000, 40_000))
def test_the_average_reaches_over_an_eighth_of_the_steps(steps: int) -> None:
    chosen = choose(0, {"steps": steps})
    assert steps / 8 - SNAPSHOTS <= chosen["average"] * chosen["save_every"] <= steps / 8


def test_a_shape_or_a_rate_that_is_given_is_completed_by_the_defaults() -> None:
    usual = Settings(**OWN)  # type: ignore[arg-type]
    by_shape = resolve({**OWN, **choose(0, {"d_ff": 99}), "d_ff": 99})
    assert (by_shape.d_model, by_shape.encoder_layers, by_shape.factor) == (usual.d_model, 3, usual.factor)
    by_rate = resolve({**OWN, **choose(0, {"schedule": "cosine"}), "schedule": "cosine"})
    assert (by_rate.d_model, by_rate.warmup) == (128, usual.warmup)


def test_nothing_is_chosen_for_a_recipe_or_where_everything_is_given(tmp_path: Path) -> None:
    assert suit(resolve({"recipe": "reverse"}), {"recipe": "reverse"}) is None
    settings = resolve({"pairs": str(tmp_path / "none.tsv")})
    assert suit(settings, vars(settings)) is None  # nor is the file looked at
    with pytest.raises(GlassheadError, match="There is no file"):
        suit(settings, {})


@pytest.mark.parametrize(("suffix", "count"), [("", 70_000), (".gz", 70_000)])
def test_pairs_are_counted_in_any_file(suffix: str, count: int, tmp_path: Path) -> None:
    import gzip

    path = tmp_path / f"train.en{suffix}"
    (gzip.open if suffix else open)(path, "wb").write(b"a line\n" * count)
    found = suit(resolve({"source": str(path), "target": str(path)}), {})
    assert found is not None and found.sentence.startswith(
        f"About {count:,} pairs want some dropout. Chosen: dropout 0.2"
    )
    path.write_bytes(path.read_bytes()[: 3 * len(path.read_bytes()) // 4])  # damage is a matter of the preparation
    assert suit(resolve({"source": str(path), "target": str(path)}), {}) is not None
