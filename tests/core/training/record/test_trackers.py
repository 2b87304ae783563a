"""TensorBoard and W&B, offline, by what is in their files afterwards; and trackers that fail."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from accelerate import Accelerator
from accelerate.tracking import GeneralTracker
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tests.played import Sample, evaluated, started, update

from glasshead.errors import GlassheadError
from glasshead.training.events import Prepared
from glasshead.training.record import trackers
from glasshead.training.record.trackers import Trackers
from glasshead.training.settings import Settings


@pytest.fixture
def accelerator() -> Iterator[Accelerator]:
    """An accelerator as the engine makes one: it knows of no trackers."""
    yield Accelerator(cpu=True)


def asked(**changes: Any) -> Settings:
    return Settings(recipe="reverse", steps=2000, **changes)


def written(folder: Path) -> EventAccumulator:
    """Read back TensorBoard's records of a run."""
    found = EventAccumulator(str(folder / "tensorboard"), purge_orphaned_data=True)
    found.Reload()
    return found


def scalars(folder: Path, name: str) -> list[tuple[int, float]]:
    return [(each.step, each.value) for each in written(folder).Scalars(name)]


def text(folder: Path, name: str) -> list[str]:
    tensors = written(folder).Tensors(f"{name}/text_summary")
    return [each.tensor_proto.string_val[0].decode() for each in tensors]


def test_tensorboard_has_every_figure(tmp_path: Path, accelerator: Accelerator) -> None:
    samples = (Sample("a\nb", "c", "c"), Sample("<b>", "*d*", "e"))
    with Trackers(accelerator, tmp_path, asked(tensorboard=True)) as told:
        told.hear(Prepared(("nothing that a tracker shows",)))
        told.hear(started())
        for step in range(1, 6):
            told.hear(update(step, pace=0.25))
            if step == 3:
                told.hear(evaluated(3, samples=samples))
        told.hear(evaluated(5, "test"))
    for name, value in (
        ("train/loss", lambda step: update(step).loss),
        ("train/perplexity", lambda step: update(step).perplexity),
        ("train/learning_rate", lambda _: 5e-4),
        ("train/gradient_norm", lambda _: 0.75),
        ("train/mfu", lambda _: 0.31),
        ("train/tokens_per_second", lambda _: 4000),
    ):
        found = scalars(tmp_path, name)
        assert [step for step, _ in found] == [1, 2, 3, 4, 5]
        assert [told for _, told in found] == pytest.approx([value(step) for step in range(1, 6)], rel=1e-6)
    for step, held in ((3, "validation"), (5, "test")):
        scores = evaluated(step, held).scores
        for name in ("perplexity", "loss", "exact", "bleu", "chrf"):
            [(at, found_value)] = scalars(tmp_path, f"{held}/{name}")
            assert at == step and found_value == pytest.approx(getattr(scores, name), rel=1e-6)
    assert text(tmp_path, "validation/samples") == ["    ✓ a b → c\n    ✗ <b> → e (expected: *d*)"]
    [settings] = text(tmp_path, "settings")
    assert "    recipe = reverse\n" in settings and "    steps = 2000\n" in settings
    assert [path.name for path in tmp_path.iterdir()] == ["tensorboard"]
    assert all(path.is_file() for path in (tmp_path / "tensorboard").iterdir())


def test_after_a_resume_tensorboard_shows_one_course(tmp_path: Path) -> None:
    """Killed at step 9 and resumed from step 4: what was logged beyond is shown no more."""
    for first, last, loss in ((0, 9, 1.0), (4, 12, 2.0)):
        with Trackers(Accelerator(cpu=True), tmp_path, asked(tensorboard=True)) as told:
            told.hear(started(step=first))
            for step in range(first + 1, last + 1):
                told.hear(update(step, loss=loss, first=first + 1))
    found = scalars(tmp_path, "train/loss")
    assert found == [(step, 1.0 if step <= 4 else 2.0) for step in range(1, 13)]
    assert len(text(tmp_path, "settings")) == 2


OFFLINE = """
import sys
import time
from pathlib import Path
from accelerate import Accelerator
from tests.core.training.record.test_trackers import asked
from tests.played import evaluated, started, update
from glasshead.training.record.trackers import Trackers

for first, last in ((0, 3), (2, 5)):
    with Trackers(Accelerator(cpu=True), Path(sys.argv[1]), asked(tracker="wandb")) as told:
        told.hear(started(step=first))
        for step in range(first + 1, last + 1):
            told.hear(update(step))
        told.hear(evaluated(last))
    if last < 5:
        time.sleep(1.1)  # a sitting's folder is named by its second
"""


def records(path: Path) -> Iterator[Any]:
    """The records of a W&B file: LevelDB's log format, each a message of its protocol."""
    from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]

    data, at, whole = path.read_bytes(), 7, b""
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:  # a header never crosses a block's end
            at += 32768 - at % 32768
            continue
        size, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        whole += data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4):  # whole, or the last part
            yield Record.FromString(whole)
            whole = b""


def test_wandb_works_offline_under_one_id(tmp_path: Path) -> None:
    run, home = tmp_path / "my run", tmp_path / "home"
    run.mkdir()
    home.mkdir()
    here = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    env = {**here, "WANDB_MODE": "offline", "HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[4])}
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, str(run)], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "" and "wandb" not in done.stderr
    name = (run / "wandb" / "id").read_text().strip()
    sittings = sorted((run / "wandb").glob(f"offline-run-*/run-{name}.wandb"))
    assert len(sittings) == 2
    for path, steps in zip(sittings, ([1, 2, 3], [3, 4, 5]), strict=True):
        found = list(records(path))
        [made] = [record.run for record in found if record.HasField("run")][-1:]
        assert (made.run_id, made.project, made.display_name) == (name, "glasshead", "my run")
        rows = [record.history for record in found if record.HasField("history")]
        values = [{(item.key or item.nested_key[0]): json.loads(item.value_json) for item in row.item} for row in rows]
        assert [row["_step"] for row in values] == steps
        assert [row["train/loss"] for row in values] == pytest.approx([update(step).loss for step in steps])
        assert values[-1]["validation/bleu"] == pytest.approx(evaluated(steps[-1]).scores.bleu)
        assert "✓ the black cat → le chat noir" in values[-1]["validation/samples"]


class Broken(GeneralTracker):
    """A tracker whose network goes away after two steps."""

    name = "broken"
    requires_logging_directory = False

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at, self.finished = at, False

    @property
    def tracker(self) -> None:
        return None

    def log(self, values: dict[str, Any], step: int | None = None, **_: Any) -> None:
        if step == self.at:
            raise ConnectionError("the network is gone")

    def finish(self) -> None:
        self.finished = True
        if self.at == 0:
            raise TimeoutError("it took too long")


def test_a_tracker_that_fails_is_given_up_with_one_warning(tmp_path: Path, accelerator: Accelerator) -> None:
    warned: list[str] = []
    broken, late = Broken(at=2), Broken(at=0)
    with Trackers(accelerator, tmp_path, asked(tensorboard=True), warn=warned.append) as told:
        told.hear(started())
        told._open += [broken, late]
        for step in range(1, 6):
            told.hear(update(step))
        [sentence] = warned
        assert "broken has failed" in sentence and "the network is gone" in sentence and "metrics.jsonl" in sentence
    assert not broken.finished and late.finished
    assert len(warned) == 2 and "it took too long" in warned[1]
    assert [step for step, _ in scalars(tmp_path, "train/loss")] == [1, 2, 3, 4, 5]


def test_a_folder_that_cannot_be_written_to_is_told_before_the_training(
    tmp_path: Path, accelerator: Accelerator
) -> None:
    (tmp_path / "tensorboard").write_text("in the way")
    told = Trackers(accelerator, tmp_path, asked(tensorboard=True))
    with told, pytest.raises(GlassheadError, match=r"tensorboard could not be opened.*Leave it out"):
        told.hear(started())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"tensorboard": True}, r"--tensorboard needs the package .*: pip install 'glasshead\[tensorboard\]'"),
        ({"tracker": "wandb"}, r"--tracker wandb needs the package .*: pip install 'glasshead\[wandb\]'"),
    ],
)
def test_a_package_that_is_missing_is_named(
    settings: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(GlassheadError, match=sentence):
        trackers.check(asked(**settings))
    trackers.check(asked())


def test_wandb_without_an_account_is_refused_and_asks_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from glasshead.training.record import trackers; from glasshead.training.settings import Settings\n"
        "try: trackers.check(Settings(recipe='reverse', tracker='wandb'))\n"
        "except Exception as error: print(error)\n"
        "sys.exit('torch' in sys.modules)"
    )
    here = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**here, "HOME": str(tmp_path), "NETRC": str(tmp_path / "none")},
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "no API key" in done.stdout and "WANDB_MODE=offline" in done.stdout


def test_processes_that_do_not_write_open_nothing(
    tmp_path: Path, accelerator: Accelerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Accelerator, "is_main_process", property(lambda _: False))
    with Trackers(accelerator, tmp_path, asked(tensorboard=True, tracker="wandb")) as told:
        told.hear(started())
        told.hear(update(1))
    assert list(tmp_path.iterdir()) == []
