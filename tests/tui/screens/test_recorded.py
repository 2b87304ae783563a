"""Recordings under the explorer: every key is answered, no pane fails, and what needs the model says so."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tests.cli.conftest import obeyed
from tests.conftest import HOSTILE
from tests.core.recordings import walked
from tests.core.strangers import Opens
from tests.tui.conftest import Explore, Explorer
from tests.tui.screens.test_strangers import LOOKING, PANES, press, press_every_key
from textual.widgets import Static

from glasshead.found import find
from glasshead.traces.header import KEY, load_header
from glasshead_tui.cli import run
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.sum import SumPane
from glasshead_tui.panes.explore.tokens import TokensPane
from glasshead_tui.panes.explore.truth import TruthPane
from glasshead_tui.screens.save import suggest

TEXT = "abcadc"


def shown(explorer: Explorer, pane: type[Any]) -> str:
    """What a pane shows, on one line."""
    if pane is AttentionPane:
        widget: Any = explorer.screen.query_one(AttentionPane)._notes
    else:
        widget = explorer.screen.query_one(pane)
    return " ".join("".join(segment.text for segment in line).strip() for line in widget._lines)


def hint(explorer: Explorer) -> str:
    """The line below the question."""
    return str(explorer.app.screen.query_one("#hint", Static).content)


@pytest.mark.parametrize(
    ("kind", "size", "keep"),
    [
        ("t5", (80, 24), ["*"]),
        ("the paper", (120, 36), ["decoder.1.*", "*.cross.weights"]),
    ],
)
async def test_every_key_is_answered(
    explore: Explore, kind: str, size: tuple[int, int], keep: list[str], tmp_path: Path, noticed: list[str]
) -> None:
    path = walked(kind, 4, keep=keep).save(tmp_path / "line.safetensors")
    async with explore(size=size, checkpoint=find(path), text=TEXT) as explorer:
        assert f"recording of {'letters' if kind == 'the paper' else kind}   made 20" in explorer.text
        await press(explorer, "space", "space", "space", "b")
        await explorer.step(2)
        for pane in "mauvocASVFP":
            await press(explorer, pane, "l")
            drawn: list[Any] = [explorer.screen.query_one(each) for each in PANES]
            for each in drawn:
                each.as_rows()
                assert each.as_text() is not None
        await press(explorer, *LOOKING)
        if kind == "the paper":  # of which not everything was recorded
            await press_every_key(explorer)
        await press(explorer, "end")
        await explorer.until(lambda: explorer.moment.done and "checking" not in explorer.text)
        assert "✗" not in explorer.text and explorer.moment.step == 4
        assert "the recording ends" in explorer.text
        await press(explorer, "i")
        assert explorer.on_top and "Open the model itself to read another text." in noticed[-1]
        await press(explorer, "w")
        assert explorer.on_top and "already: copy its file" in noticed[-1]


async def test_an_encoder_alone_is_read(explore: Explore, tmp_path: Path) -> None:
    path = walked("bert").save(tmp_path / "line.safetensors")
    async with explore(checkpoint=find(path), text=TEXT) as explorer:
        await press(explorer, "space", "end", "j", "l")
        assert "this model reads, and writes no text" in explorer.text and "recording ends" not in explorer.text
        assert explorer.screen.query_one(SumPane).as_rows()


async def test_another_token_is_refused_and_the_taken_one_is_a_step(
    explore: Explore, tmp_path: Path, noticed: list[str]
) -> None:
    line = walked("gpt", 3)
    path = line.save(tmp_path / "line.safetensors")
    async with explore(checkpoint=find(path), text=TEXT) as explorer:
        await press(explorer, "enter")
        await explorer.until(lambda: not explorer.on_top)
        await press(explorer, "j", "enter")  # the line was walked along the first candidate here
        await explorer.until(lambda: bool(noticed))
        assert "another token was taken here" in noticed[-1] and explorer.moment.step == 0
        await press(explorer, "enter")
        await explorer.until(lambda: not explorer.on_top)
        await press(explorer, "enter")
        await explorer.step(1)
        assert explorer.moment.tokens == tuple(line.tokens[: len(explorer.moment.tokens)])
        await press(explorer, "end")
        await explorer.step(3)
        assert explorer.moment.candidates and "the recording ends" in shown(explorer, TokensPane)
        await press(explorer, "enter")
        assert explorer.on_top and "Open the model itself to take another token." in noticed[-1]


async def test_what_was_not_recorded_is_told_where_it_would_stand(explore: Explore, tmp_path: Path) -> None:
    path = walked("the paper", 4, keep=["decoder.*.cross.weights"]).save(tmp_path / "line.safetensors")
    async with explore(checkpoint=find(path), text=TEXT) as explorer:
        assert explorer.screen._looking.prefix == "decoder.1.cross", "it begins with the last layer, which there is"
        explorer.screen._look(layer=0, head=0)
        await explorer.until(lambda: "decoder.0.cross.q was not recorded" in shown(explorer, SumPane))
        assert "how it came about was not recorded" in shown(explorer, AttentionPane)
        assert explorer.screen.query_one(SumPane).as_rows() == []
        assert "empty: not recorded" in explorer.text
        trace = explorer.moment.trace
        matrix = explorer.screen.query_one(AttentionPane).as_rows()
        assert [row[1:] for row in matrix[1:]] == [tuple(row) for row in trace["decoder.0.cross.weights"][0].tolist()]
        await press(explorer, "s")
        await explorer.until(lambda: "decoder.0.cross.scores was not recorded" in shown(explorer, AttentionPane))
        assert explorer.screen.query_one(AttentionPane).as_rows() == []
        await press(explorer, "s", "s", "t")
        await explorer.until(lambda: "encoder.0.self.weights was not recorded" in shown(explorer, AttentionPane))
        assert "encoder 0" in explorer.text and "decoder 0" not in explorer.text, "no title of another attention"
        await press(explorer, "t", "t")
        await explorer.until(lambda: "how it came about" in shown(explorer, AttentionPane))
    t5 = walked("t5", 4).save(tmp_path / "t5.safetensors")
    async with explore(checkpoint=find(t5), text=TEXT) as explorer:
        explorer.screen._look(kind="self", layer=0, head=0)
        await press(explorer, "s")
        await explorer.until(
            lambda: "what is above the diagonal of decoder.0.self.scores" in shown(explorer, AttentionPane)
        )


async def test_the_truth_says_what_was_measured_when(explore: Explore, tmp_path: Path) -> None:
    line = walked("t5", 4)
    for path, measured in (
        (line.save(tmp_path / "line.safetensors"), True),
        (line.outlook.save(tmp_path / "trace.safetensors"), False),
    ):
        async with explore(checkpoint=find(path), text=TEXT) as explorer:
            rows = explorer.screen.query_one(TruthPane).as_rows()
            assert [str(row[0]).startswith("cached = full (recorded)") for row in rows].count(True) == measured
            assert not any(row[0] == "cached = full" for row in rows) and all(row[1] for row in rows[1:])


def spoil(path: Path) -> None:
    """Fill every text of a recording with what a terminal might obey."""
    hostile = "".join(HOSTILE)
    with safe_open(path, "pt") as file:
        told = json.loads(file.metadata()[KEY])
    for side in ("source", "target", "names"):
        for token in told[side]:
            token[1] = hostile + token[1]
    told["about"].update(name=hostile, text=hostile, changed=hostile, card={hostile: hostile})
    told.update(edited=[hostile], texts=[[0, hostile] for _ in told["texts"]], versions={"glasshead": hostile})
    save_file(load_file(path), path, {KEY: json.dumps(told)})


async def test_a_hostile_recording_is_shown_and_not_obeyed(
    explore: Explore, tmp_path: Path, noticed: list[str]
) -> None:
    path = walked("t5", 3, keep=["*.weights"]).save(tmp_path / "line.safetensors")
    spoil(path)
    async with explore(checkpoint=find(path), text=None) as explorer:
        await explorer.step(0)
        await press(explorer, "space", "s", "w", "i", "u", "o", "enter")
        await explorer.until(lambda: not explorer.on_top)
        for text in (explorer.text, *noticed):
            assert not obeyed(text) and "\x1b" not in text and "\u202e" not in text and "\x9b" not in text
        assert "␛[2J" in explorer.text and noticed


@pytest.mark.parametrize(
    "words", [["{}"], ["trace", "{}"], ["trace", "{}", "--format", "tsv"], ["translate", "{}", "x"]]
)
def test_a_hostile_recording_is_written_and_not_obeyed(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = walked("t5", 3).save(tmp_path / "line.safetensors")
    spoil(path)
    monkeypatch.setattr("sys.stdin", None)
    run([word.format(path) for word in words])
    out, err = capsys.readouterr()
    assert out + err and not obeyed(out + err) and "\x1b" not in out + err and "\u202e" not in out + err


async def test_the_lab_says_that_it_needs_the_model(explore: Explore, tmp_path: Path, noticed: list[str]) -> None:
    from glasshead.lab.page import Try

    path = walked("the paper", 2).save(tmp_path / "line.safetensors")
    async with explore(checkpoint=find(path), text=TEXT) as explorer:
        before = explorer.moment
        explorer.screen.attempt(Try(sentence="What is seen.", edits=("*.scores = unscaled",)))
        await explorer.until(lambda: bool(noticed))
        assert "Open the model itself" in noticed[-1] and explorer.moment is before


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_the_line_is_saved_from_the_explorer(
    explore: Explore, size: tuple[int, int], tmp_path: Path, noticed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with explore(size=size, checkpoint=Opens("t5"), text=TEXT) as explorer:
        await press(explorer, "space", "space")
        await explorer.step(2)
        await press(explorer, "w")
        await explorer.until(lambda: not explorer.on_top)
        assert "abcadc.safetensors" in explorer.text
        await press(explorer, "enter")
        await explorer.until(lambda: explorer.on_top)
        header = load_header(Path("abcadc.safetensors"))
        assert len(header.target) == len(explorer.moment.tokens) and header.about.text == TEXT
        assert noticed[-1].endswith("To open it: glasshead abcadc.safetensors")
        written = Path("abcadc.safetensors").stat().st_mtime_ns
        await press(explorer, "w")
        await explorer.until(lambda: not explorer.on_top)
        await press(explorer, "enter")
        await explorer.until(lambda: "Enter once more overwrites it" in hint(explorer))
        assert Path("abcadc.safetensors").stat().st_mtime_ns == written
        await press(explorer, "enter")
        await explorer.until(lambda: explorer.on_top)
        assert Path("abcadc.safetensors").stat().st_mtime_ns > written
        await press(explorer, "w", "x", "enter")  # typing replaces the name
        await explorer.until(lambda: "does not end in .safetensors" in hint(explorer))
        await press(explorer, "escape")
        assert explorer.moment.step == 2


def test_a_name_is_made_of_the_text() -> None:
    assert suggest("The black cat, n° 7!") == "the-black-cat-n-7.safetensors"
    assert suggest("/etc/../x\x1b[2J\0") == "etc-x-2j.safetensors"
    assert suggest("") == suggest("…") == "recording.safetensors"
    assert len(suggest("a" * 500)) == 40 + len(".safetensors")
