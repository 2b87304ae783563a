"""Beginning a run, continuing it, and refusals: every difference is reported, nothing is lost."""

from pathlib import Path

import pytest

from glasshead.errors import GlassheadError
from glasshead.training.begin import begin
from glasshead.training.run import Run
from glasshead.training.settings import read_settings, resolve

REVERSE = {"recipe": "reverse", "d_model": 32, "heads": 2}


def test_the_resolved_settings_are_kept_with_the_run(tmp_path: Path) -> None:
    settings = begin(tmp_path / "run", REVERSE, {"steps": 12})
    assert resolve({}, read_settings(tmp_path / "run" / "run.toml")) == settings
    assert (settings.steps, settings.d_model) == (12, 32)


def test_settings_for_files_are_chosen_by_their_size_and_kept(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("one\tun\n" * 20)
    notes: list[str] = []
    settings = begin(tmp_path / "run", {"pairs": str(pairs), "dropout": 0.2}, note=notes.append)
    assert (settings.d_model, settings.dropout, settings.steps) == (128, 0.2, 8000)
    assert len(notes) == 1 and "About 20 pairs are few" in notes[0] and "d_model 128" in notes[0]
    assert "dropout" not in notes[0].split("Chosen:")[1]
    assert resolve({}, read_settings(tmp_path / "run" / "run.toml")) == settings
    pairs.unlink()  # what was chosen is kept, and chosen no more
    assert begin(tmp_path / "run", {}, resume=True, note=notes.append) == settings and len(notes) == 1


def saved(folder: Path) -> None:
    """Pretend that a step was saved."""
    Run(folder).publish(5, lambda _: None)


def test_a_run_that_is_there_is_not_begun_again(tmp_path: Path) -> None:
    begin(tmp_path, REVERSE)
    saved(tmp_path)
    with pytest.raises(GlassheadError, match=r"There is a run in .*--resume to continue it.*--overwrite to remove it"):
        begin(tmp_path, REVERSE)


def test_overwriting_forgets_it(tmp_path: Path) -> None:
    begin(tmp_path, REVERSE)
    saved(tmp_path)
    (tmp_path / "metrics.jsonl").write_text("{}")
    assert begin(tmp_path, {**REVERSE, "seed": 4}, overwrite=True).seed == 4
    assert not (tmp_path / "metrics.jsonl").exists()


def test_going_on_needs_to_say_nothing_again(tmp_path: Path) -> None:
    settings = begin(tmp_path, REVERSE)
    assert begin(tmp_path, {}, resume=True) == settings  # nothing was saved yet, but what was said is known
    saved(tmp_path)
    assert begin(tmp_path, {}, resume=True) == settings
    assert begin(tmp_path, REVERSE, resume=True) == settings


def test_going_on_where_nothing_was_begun_begins(tmp_path: Path) -> None:
    assert begin(tmp_path / "new", REVERSE, resume=True) == resolve(REVERSE)


def test_more_steps_are_welcome_and_remembered(tmp_path: Path) -> None:
    begin(tmp_path, REVERSE)
    saved(tmp_path)
    assert begin(tmp_path, {"steps": 5000}, resume=True).steps == 5000
    assert read_settings(tmp_path / "run.toml")["steps"] == 5000


def test_another_model_is_refused_with_every_difference(tmp_path: Path) -> None:
    begin(tmp_path, REVERSE)
    saved(tmp_path)
    before = (tmp_path / "run.toml").read_bytes()
    with pytest.raises(GlassheadError) as raised:
        begin(tmp_path, {"recipe": "reverse", "d_model": 64, "seed": 1}, {"dropout": 0.3}, resume=True)
    lines = str(raised.value).splitlines()
    assert {line.strip() for line in lines[1:-1]} == {
        "d_model was 32 and is 64", "seed was 0 and is 1", "dropout was 0.1 and is 0.3",
    }  # fmt: skip
    assert (tmp_path / "run.toml").read_bytes() == before


def test_resume_and_overwrite_are_not_said_together(tmp_path: Path) -> None:
    with pytest.raises(GlassheadError, match="choose one of them"):
        begin(tmp_path, REVERSE, resume=True, overwrite=True)


def test_nothing_is_written_for_settings_that_make_no_sense(tmp_path: Path) -> None:
    with pytest.raises(GlassheadError):
        begin(tmp_path / "run", {**REVERSE, "steps": 0})
    assert not (tmp_path / "run").exists()


def test_a_run_that_has_saved_nothing_is_in_nobody_s_way(tmp_path: Path) -> None:
    begin(tmp_path, REVERSE)
    (tmp_path / "data").mkdir()
    assert begin(tmp_path, {**REVERSE, "seed": 3}).seed == 3
    assert read_settings(tmp_path / "run.toml")["seed"] == 3
    assert (tmp_path / "data").is_dir()  # preparing goes on, or finds that it is of something else


def test_a_damaged_pointer_does_not_keep_a_run_from_being_forgotten(tmp_path: Path) -> None:
    begin(tmp_path, REVERSE)
    saved(tmp_path)
    (tmp_path / "latest").write_text("checkpoints/step-99999999")
    with pytest.raises(GlassheadError, match="no checkpoint of this run"):
        begin(tmp_path, REVERSE, resume=True)
    begin(tmp_path, REVERSE, overwrite=True)
    assert Run(tmp_path).latest is None


def test_asked_only_for_refusals_it_writes_nothing(tmp_path: Path) -> None:
    begin(tmp_path / "new", REVERSE, writes=False)
    assert not (tmp_path / "new").exists()
    begin(tmp_path, REVERSE)
    saved(tmp_path)
    with pytest.raises(GlassheadError, match="There is a run"):
        begin(tmp_path, REVERSE, writes=False)


def test_another_process_of_the_training_neither_refuses_nor_writes(tmp_path: Path) -> None:
    (tmp_path / "foreign").touch()
    assert begin(tmp_path, REVERSE, leads=False) == resolve(REVERSE)
    assert [path.name for path in tmp_path.iterdir()] == ["foreign"]


def test_a_folder_whose_name_is_not_utf_8_is_refused_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / "x\udce9"
    for folder in (odd, odd / "run"):
        with pytest.raises(GlassheadError, match="not valid UTF-8"):
            begin(folder, REVERSE)
    assert list(tmp_path.iterdir()) == []
    odd.mkdir()
    monkeypatch.chdir(odd)
    with pytest.raises(GlassheadError, match="not valid UTF-8"):
        begin(Path(), REVERSE)
    begin(Path("run"), REVERSE)  # what is named from here on is as it should be
    assert Run(Path("run")).begun
