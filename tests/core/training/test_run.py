"""A run's folder: a checkpoint is there whole or not at all, whatever happens while it is written."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from glasshead.errors import GlassheadError
from glasshead.training.run import Run, step_name


def publish(run: Run, step: int, content: str = "x") -> Path:
    def write(folder: Path) -> None:
        (folder / "content").write_text(content)

    return run.publish(step, write)


def test_the_newest_is_named_and_whole(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.latest is None and run.saved() == {}
    publish(run, 5)
    publish(run, 10, "ten")
    assert run.latest is not None and run.latest == tmp_path / "checkpoints" / step_name(10)
    assert (run.latest / "content").read_text() == "ten"
    assert list(run.saved()) == [5, 10]
    publish(run, 10, "again")
    assert run.latest is not None and (run.latest / "content").read_text() == "again"


def test_names_of_steps_sort_as_the_steps_do() -> None:
    steps = [1, 9, 10, 999, 12_345_678, 99_999_999]
    assert sorted(map(step_name, steps)) == [step_name(step) for step in steps]


def test_a_failure_while_writing_leaves_the_old_one(tmp_path: Path) -> None:
    run = Run(tmp_path)
    publish(run, 5, "five")

    def fail(folder: Path) -> None:
        (folder / "half").write_text("ha")
        raise OSError(28, "No space left on device")

    with pytest.raises(GlassheadError, match=r"step 10 could not be written .*No space left.*saved at step 5 is whole"):
        run.publish(10, fail)
    assert run.latest is not None and (run.latest / "content").read_text() == "five"
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == [step_name(5)]


def test_what_a_killed_process_left_is_tidied(tmp_path: Path) -> None:
    run = Run(tmp_path)
    publish(run, 5)
    part = tmp_path / "checkpoints" / f".{step_name(10)}.part"
    part.mkdir()
    (part / "half").write_text("ha")
    run.tidy()
    assert list(run.saved()) == [5] and not part.exists()


def test_pruning_keeps_what_is_needed(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for step in (1, 2, 3):
        (publish(run, step) / "training").mkdir()
        for name in ("adam.safetensors", "parameters.safetensors"):
            (run.saved()[step] / "training" / name).write_text("x")
    run.prune({2, 3}, 3)
    assert list(run.saved()) == [2, 3]
    assert not (run.saved()[2] / "training" / "adam.safetensors").exists()
    assert (run.saved()[2] / "training" / "parameters.safetensors").exists()
    assert (run.saved()[3] / "training" / "adam.safetensors").exists()


@pytest.mark.parametrize("name", ["checkpoints/step-00000009", "../outside", "/etc", "checkpoints/..", ""])
def test_a_latest_that_names_something_else_is_told(name: str, tmp_path: Path) -> None:
    (tmp_path / "latest").write_text(name)
    with pytest.raises(GlassheadError, match=r"names .*, which is no checkpoint of this run"):
        _ = Run(tmp_path).latest


def test_two_processes_do_not_train_into_one_folder(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from glasshead.training.run import Run\n"
        f"with Run(Path({str(tmp_path)!r})).locked(): print('locked', flush=True); sys.stdin.read()"
    )
    run = Run(tmp_path)
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"locked\n"
        with pytest.raises(GlassheadError, match="Another process is training"), run.locked():
            pytest.fail("the lock was given twice")
        other.kill()  # nobody gives it back, and yet it is free
        other.wait()
    with run.locked():
        pass


def listed(folder: Path) -> dict[str, bytes]:
    """Map every file of a folder to its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "name",
    ["thesis.txt", "checkpoints/mine/model.safetensors", "data/corpus.tsv", "wandb/x", "latest", "metrics.jsonl"],
)
@pytest.mark.parametrize("overwrite", [True, False])
def test_a_folder_that_holds_something_else_is_refused_and_left_alone(
    name: str, overwrite: bool, tmp_path: Path
) -> None:
    """Also if it is called as something of a run is: without settings there is no run."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("do not touch")
    before = listed(tmp_path)
    with pytest.raises(GlassheadError, match="holds something else"):
        Run(tmp_path).check(overwrite=overwrite)
    assert listed(tmp_path) == before


def test_a_folder_that_is_no_place_for_a_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(GlassheadError, match="is a file"):
        Run(tmp_path / "file").check()
    with pytest.raises(GlassheadError, match="cannot be written to"):
        Run(tmp_path / "file" / "below").ready()
    with pytest.raises(GlassheadError, match="NUL"):
        Run(Path("a\0b")).check()
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "config.json").write_text("{}")
    with pytest.raises(GlassheadError, match="holds a checkpoint already"):
        Run(tmp_path / "checkpoint").check()
    Run(tmp_path / "checkpoint").check(overwrite=True)


def test_what_a_killed_process_left_of_a_file_is_in_nobody_s_way(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for name in (".run.toml.999.part", "run.toml", "data/.progress.json.7.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("half")
        run.check()
    run.tidy()
    assert list(listed(tmp_path)) == ["run.toml"]


def test_clearing_a_run_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    run = Run(tmp_path)
    publish(run, 5)
    for name in ("run.toml", "metrics.jsonl", "config.json", "notes.txt"):
        (tmp_path / name).write_text("x")
    run.clear()
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt"}


def test_every_file_is_flushed_before_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("os.fsync", lambda number: told.append(str(Path(f"/proc/self/fd/{number}").readlink())))
    run = Run(tmp_path)
    publish(run, 5)
    names = [Path(path).name for path in told]
    part = f".{step_name(5)}.part"
    assert names.index("content") < names.index(part) < names.index("checkpoints")
    assert names.index("checkpoints") < next(place for place, name in enumerate(names) if name.startswith(".latest"))


@pytest.mark.parametrize("name", ["checkpoints", "data", "probes", "tensorboard"])
def test_a_run_is_forgotten_although_a_part_of_it_was_moved_and_linked(name: str, tmp_path: Path) -> None:
    run, elsewhere = Run(tmp_path / "run"), tmp_path / "large disk"
    publish(run, 5)
    run.settings.write_text("")
    (run.folder / name).mkdir(exist_ok=True)
    (run.folder / name).rename(elsewhere)
    (elsewhere / "mine").write_text("kept")
    (run.folder / name).symlink_to(elsewhere)
    run.clear()
    assert list(run.folder.iterdir()) == []
    assert (elsewhere / "mine").read_text() == "kept", "what a link leads to may be more than this run's"
    publish(run, 10)
    assert list(run.saved()) == [10]


def test_a_checkpoint_that_was_moved_and_linked_is_replaced_and_pruned(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    for step in (5, 10):
        place = publish(run, step)
        place.rename(tmp_path / str(step))
        place.symlink_to(tmp_path / str(step))
    publish(run, 10, "again")
    assert (tmp_path / "10" / "content").read_text() == "x"
    run.prune({10}, 10)
    assert list(run.saved()) == [10] and (tmp_path / "5").is_dir()


def test_what_cannot_be_removed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tmp_path)
    publish(run, 5)
    content = tmp_path / "checkpoints" / step_name(5) / "content"

    def closed(name: object, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(content))

    monkeypatch.setattr(shutil, "rmtree", closed)  # a folder's mode would not keep root out
    with pytest.raises(GlassheadError, match=r"step-00000005/content cannot be removed: Permission denied"):
        run.clear()
