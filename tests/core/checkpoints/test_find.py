"""Names, folders and runs: which checkpoint a name opens, and why it opens none."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import glasshead
from glasshead import GlassheadError, available
from glasshead.checkpoints.find import find_folder, locate, neighbours
from glasshead.checkpoints.format import describe


def test_names_and_folders(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny, tmp_path / "checkpoints" / "mine")
    shutil.copytree(tiny, tmp_path / "elsewhere" / "yours")
    (tmp_path / "checkpoints" / "broken").mkdir()
    (tmp_path / "checkpoints" / "foreign").mkdir()
    (tmp_path / "checkpoints" / "foreign" / "config.json").write_text("{}")
    assert find_folder("mine").resolve() == tmp_path / "checkpoints" / "mine"
    assert find_folder("elsewhere/yours").resolve() == tmp_path / "elsewhere" / "yours"
    assert find_folder(tmp_path / "elsewhere" / "yours") == tmp_path / "elsewhere" / "yours"
    listed = {each.name: each for each in available()}
    assert "mine" in listed
    assert not {"broken", "foreign", "yours"} & set(listed)
    mine = listed["mine"]
    assert mine.bytes == sum(file.stat().st_size for file in tiny.iterdir())
    assert mine.config["d_model"] == 32
    assert mine.card == describe(tiny)["card"] == json.loads((tiny / "config.json").read_text())["card"]
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    assert find_folder("~/yours") == tmp_path / "elsewhere" / "yours"


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("mime", ["'mime'", "mine", "glasshead checkpoints"]),
        ("MINE", ["mine"]),
        ("", ["empty"]),
        ("  ", ["empty"]),
        ("a\0b", ["NUL"]),
        ("no/such/folder", ["no/such/folder"]),
        ("./mine", ["./mine"]),
        ("~nosuchperson/x", ["~nosuchperson/x"]),
        ("a" * 300, ["aaaa"]),
        ("x/" + "a" * 300, ["aaaa"]),
        ("file.txt", ["file.txt", "is a file", "config.json"]),
        ("empty", ["empty", "config.json"]),
        (".", ["config.json"]),
        ("\udcff", ["not valid UTF-8"]),
    ],
)
def test_a_name_that_opens_nothing(
    name: str, named: list[str], tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny, tmp_path / "checkpoints" / "mine")
    (tmp_path / "file.txt").write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(GlassheadError) as caught:
        find_folder(name)
    assert all(part in str(caught.value) for part in named), caught.value


@pytest.fixture
def run(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run that has saved twice and goes on, in ./checkpoints."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "checkpoints" / "mine"
    for step in ("step-00000010", "step-00000020"):
        shutil.copytree(tiny, folder / "checkpoints" / step)
    (folder / "run.toml").write_text("steps = 100\n")
    (folder / "latest").write_text("checkpoints/step-00000020\n")
    return folder


def test_a_run_opens_as_its_newest_checkpoint_and_is_called_by_its_name(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = run / "checkpoints" / "step-00000020"
    for name in ("mine", run, str(run), "checkpoints/mine", "./checkpoints/mine/"):
        assert find_folder(name).resolve() == newest
        assert locate(name)[1] == "mine"
        assert glasshead.load(name).name == "mine"
    [listed] = [each for each in available() if each.name == "mine"]
    assert listed.folder.resolve() == newest
    assert listed.bytes == sum(file.stat().st_size for file in newest.iterdir())
    assert listed.config == describe(newest)["config"]

    (run / "latest").write_text("checkpoints/step-00000010")  # no end of line
    assert find_folder("mine").name == "step-00000010"
    assert locate(newest) == (newest, "step-00000020"), "one of its checkpoints is one like any other"
    (tmp_path / "link").symlink_to(run)
    assert find_folder("link").resolve() == run / "checkpoints" / "step-00000010"
    monkeypatch.chdir(run)
    assert locate(".")[1] == "mine"

    for file in newest.iterdir():  # the end of the training
        shutil.copy(file, run)
    assert find_folder(run) == run


def test_the_neighbours_of_a_checkpoint_are_the_others_of_its_run(run: Path) -> None:
    first, newest = (run / "checkpoints" / f"step-000000{number}" for number in (10, 20))
    assert neighbours(newest) == [first] and neighbours(first) == [newest]
    (run / "checkpoints" / "step-00000030").mkdir()  # not whole
    (newest / "config.json").unlink()
    assert neighbours(first) == []
    assert neighbours(run / "nowhere" / "step") == []


def test_a_run_that_has_not_saved_yet_says_so(run: Path) -> None:
    (run / "latest").unlink()
    shutil.rmtree(run / "checkpoints")
    for name in ("mine", run):
        with pytest.raises(GlassheadError, match=r"mine has not saved a checkpoint yet"):
            find_folder(name)
    assert "mine" not in {each.name for each in available()}


@pytest.mark.parametrize(
    ("latest", "told"),
    [
        (b"", "damaged"),
        (b"\n", "damaged"),
        (b"  \n", "damaged"),
        (b"checkpoints/step-00000020\ncheckpoints/step-00000010\n", "damaged"),
        (b"checkpoints/step-00000020\x00", "damaged"),
        (b"checkpoints/\xff", "damaged"),
        (b"\x1b[2Jcheckpoints", "damaged"),
        ("\u202echeckpoints".encode(), "damaged"),
        (b"a" * 5000, "damaged"),
        (b"x/" * 10_000_000, "damaged"),
        (b"checkpoints/" + b"a" * 300, "mine"),
        (b"..", "does not lie in"),
        (b".", "does not lie in"),
        (b"checkpoints/..", "does not lie in"),
        (b"../../elsewhere", "does not lie in"),
        (b"checkpoints/../../../elsewhere", "does not lie in"),
        (b"link", "does not lie in"),
        (b"circle", "no checkpoint there"),
        (b"/etc", "does not lie in"),
        (b"~", "no checkpoint there"),
        (b"checkpoints", "no checkpoint there"),
        (b"checkpoints/step-00000030", "no checkpoint there"),
        (b"latest/step", "no checkpoint there"),
    ],
)
def test_a_latest_that_leads_astray_is_refused(latest: bytes, told: str, run: Path, tiny: Path) -> None:
    shutil.copytree(tiny, run.parent.parent / "elsewhere")
    (run / "link").symlink_to(run.parent.parent / "elsewhere")
    (run / "circle").symlink_to(run / "circle")
    (run / "latest").write_bytes(latest)
    for name in ("mine", run):
        with pytest.raises(GlassheadError) as caught:
            find_folder(name)
        assert told in str(caught.value) and len(str(caught.value)) < 1000
    assert "mine" not in {each.name for each in available()}


def test_an_absolute_latest_is_refused_wherever_it_leads(run: Path) -> None:
    (run / "latest").write_text(str(run / "checkpoints" / "step-00000020"))
    with pytest.raises(GlassheadError, match="does not lie in"):
        find_folder(run)


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "dangling link", "circle"])
def test_a_latest_that_is_no_file_is_refused(kind: str, run: Path) -> None:
    latest = run / "latest"
    latest.unlink()
    if kind == "folder":
        latest.mkdir()
    elif kind == "pipe":
        os.mkfifo(latest)
    else:
        latest.symlink_to({"device": Path("/dev/zero"), "dangling link": run / "nothing", "circle": latest}[kind])
    with pytest.raises(GlassheadError, match="is not a file with the name"):
        find_folder(run)
    assert "mine" not in {each.name for each in available()}


def test_finding_and_listing_cost_no_torch(tiny: Path) -> None:
    code = (
        "import sys, glasshead\n"
        "from glasshead.checkpoints.find import available, find_folder\n"
        "from glasshead.checkpoints.format import describe\n"
        f"describe(find_folder({str(tiny)!r})); available(); glasshead.available()\n"
        "try: find_folder('engish')\n"
        "except glasshead.GlassheadError: pass\n"
        "else: raise SystemExit('found')\n"
        "print([name for name in ('torch', 'tokenizers', 'safetensors', 'numpy', 'textual') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def written(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.mark.parametrize(
    ("lies", "name", "named"),
    [
        ("models/a/config.json", "models", ["but holds some, 'a'", "glasshead explore models/a"]),
        ("weights/pytorch_model.bin", "weights", ["holds 'pytorch_model.bin', but no config.json"]),
        ("weights/model.safetensors", "weights", ["holds 'model.safetensors', but no config.json"]),
        ("state.pt", "state.pt", ["is a pickle", "save_pretrained", "glasshead.explore(model, …)"]),
        ("small.gguf", "small.gguf", ["quantised", "gguf_file"]),
        ("there", "facebook/bart-base", ["no folder facebook/bart-base", "hf download facebook/bart-base"]),
        ("notes/a.txt", "notes", ["holds no model"]),
    ],
)
def test_what_lies_there_instead_is_described(
    lies: str, name: str, named: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / lies)
    with pytest.raises(GlassheadError) as told:
        locate(name)
    assert all(part in str(told.value) for part in named)


def test_many_models_in_a_folder_are_counted(tmp_path: Path) -> None:
    for number in range(8):
        written(tmp_path / f"m{number}" / "config.json")
    with pytest.raises(GlassheadError, match="'m4' and 3 more: open one"):
        locate(tmp_path)
