"""`glasshead trace` against the same model run once over the whole target, and its three formats against each other."""

import math
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.cli.conftest import Glasshead, obeyed, strictly
from tests.core.adapters.huggingface.folders import save
from tests.tui.spelling import spell

TEXT = "the black cat"


def number(value: float | str) -> float:
    return float(value)


def flat(values: Any) -> list[Any]:
    return [each for value in values for each in flat(value)] if isinstance(values, list) else [values]


@pytest.fixture
def told(glasshead: Glasshead) -> Any:
    """Everything, as JSON, of five steps."""
    result = glasshead("trace", "tiny", TEXT, "--keep", "*", "--steps", "5", "--format", "json")
    assert (result.status, result.err) == (0, "")
    assert result.out.isascii()
    return strictly(result.out)


def test_the_numbers_are_those_of_one_pass_without_a_cache(tiny: Path, told: Any) -> None:
    from glasshead.checkpoints.load import load
    from glasshead.tap import listen

    model, vocabulary, _ = load(tiny)
    source = torch.tensor([[*vocabulary.source.encode(TEXT), vocabulary.source.EOS]])
    target = torch.tensor([[token["id"] for token in told["target"]]])
    with torch.no_grad(), listen(model) as seen:
        model(source, target)
    assert set(told["sites"]) == set(seen)
    for site, entry in told["sites"].items():
        expected = seen[site][0].reshape(entry["shape"])
        given = torch.tensor([number(value) for value in flat(entry["values"])]).reshape(entry["shape"])
        torch.testing.assert_close(given, expected, rtol=1e-4, atol=1e-5, msg=partial("{}: {}".format, site))


def test_the_axes_fit_the_shapes(told: Any) -> None:
    rows, keys = {"encoder": 4, "source": 4}, len(told["source"])
    assert keys == 4 and len(told["target"]) == len(told["produced"]) == 5
    for site, entry in told["sites"].items():
        width = {"h": 4, "d": 8, "m": 32, "f": 64, "q": rows.get(site.split(".")[0], 5)}
        width["k"] = 5 if site.startswith("decoder") and ".self." in site else 4
        width["v"] = entry["shape"][-1]
        assert entry["shape"] == [width[letter] for letter in entry["axes"].split()], site


def test_what_may_not_be_looked_at_is_minus_infinity(told: Any) -> None:
    for head in told["sites"]["decoder.0.self.masked"]["values"]:
        for query, row in enumerate(head):
            assert [value == "-inf" for value in row] == [key > query for key in range(5)]
    for head in told["sites"]["decoder.0.self.weights"]["values"]:
        for query, row in enumerate(head):
            assert math.isclose(sum(row), 1, rel_tol=1e-6)
            assert row[query + 1 :] == [0] * (4 - query)


def test_the_target_is_what_was_asked_from_and_the_rest_what_came(told: Any) -> None:
    assert told["target"][0]["text"] == "▸" and told["source"][-1]["text"] == "■"
    assert [token["id"] for token in told["target"][1:]] == [token["id"] for token in told["produced"][:-1]]
    logits = torch.tensor(told["sites"]["logits"]["values"])
    for row, token in zip(torch.softmax(logits, -1), told["produced"], strict=True):
        assert int(row.argmax()) == token["id"]
        assert math.isclose(float(row[token["id"]]), token["probability"], rel_tol=1e-5)


def test_tsv_holds_the_same_numbers(glasshead: Glasshead, told: Any) -> None:
    result = glasshead("trace", "tiny", TEXT, "--keep", "*", "--steps", "5", "--format", "tsv")
    head, *rows = [line.split("\t") for line in result.out.splitlines()]
    assert head == ["site", "head", "row", "row_token", "column", "column_token", "value"]
    for site, _, row, row_token, column, column_token, _ in rows:
        side = "source" if site.startswith(("encoder", "source")) else "target"
        if site.endswith((".cross.k", ".cross.v")):
            side = "source"
        assert row_token == told[side][int(row)]["text"]
        if column_token:
            side = "source" if site.startswith("encoder") or ".cross." in site else "target"
            assert column_token == told[side][int(column)]["text"]
    for site, entry in told["sites"].items():
        assert [number(row[-1]) for row in rows if row[0] == site] == [number(value) for value in flat(entry["values"])]


def test_the_table_shows_the_same_numbers(glasshead: Glasshead, told: Any) -> None:
    result = glasshead(
        "trace", "tiny", TEXT, "--keep", "encoder.1.self.weights", "--keep", "*.ffn.norm.mean", "--steps", "5"
    )
    for site in ("encoder.1.self.weights", "decoder.1.ffn.norm.mean"):
        part = result.out.split(f"\n{site} ")[1].split("\n\n")[0]
        cells = [cell for line in part.splitlines() for cell in line.split() if "." in cell and cell[-1].isdigit()]
        assert cells == [f"{value:.4f}" for value in flat(told["sites"][site]["values"])]
    assert "decoder.0.self" not in result.out


def test_scores_above_the_diagonal_need_no_other_site_to_be_asked_for(glasshead: Glasshead, told: Any) -> None:
    result = glasshead("trace", "tiny", TEXT, "--keep", "decoder.0.self.scores", "--steps", "5", "--format", "json")
    alone = strictly(result.out)
    assert list(alone["sites"]) == ["decoder.0.self.scores"]
    assert alone["sites"] == {"decoder.0.self.scores": told["sites"]["decoder.0.self.scores"]}


def test_without_a_wish_it_shows_the_cross_attention(glasshead: Glasshead) -> None:
    shown = strictly(glasshead("trace", "tiny", TEXT, "--format", "json").out)
    assert list(shown["sites"]) == ["decoder.0.cross.weights", "decoder.1.cross.weights"]


def test_each_side_has_its_own_names_and_an_unknown_word_is_seen(twofold: Path, glasshead: Glasshead) -> None:
    from glasshead.text import Codec

    reads, writes = (Codec.load(twofold / name) for name in ("source-tokenizer.json", "tokenizer.json"))
    text = "the black zebra"
    words = ("trace", str(twofold), text, "--keep", "decoder.1.cross.weights", "--steps", "4", "--format")
    told = strictly(glasshead(*words, "json").out)
    assert [token["text"] for token in told["source"]] == ["the", "black", "<unk>", "■"]
    assert [token["id"] for token in told["source"]] == [*reads.encode(text), Codec.EOS]
    names = [writes.name(token["id"]) for token in told["produced"]]
    assert [token["text"] for token in told["produced"]] == spell(["<s>", *names])[1:]
    assert told["text"] == writes.decode([token["id"] for token in told["produced"]])
    rows = [line.split("\t") for line in glasshead(*words, "tsv").out.splitlines()[1:]]
    assert [row[5] for row in rows[:4]] == ["the", "black", "<unk>", "■"]
    assert "<unk>" in glasshead(*words, "table").out


@pytest.mark.parametrize("form", ["table", "tsv", "json"])
def test_tokens_that_look_like_commands_are_shown(hostile: Path, glasshead: Glasshead, form: str) -> None:
    text = "\x1b[2J \u202etxt [red]"
    result = glasshead(
        "trace", str(hostile), text, "--keep", "encoder.0.self.weights", "--format", form, "--steps", "3"
    )
    assert result.status == 0
    assert not obeyed(result.out)
    if form == "tsv":
        assert {line.count("\t") for line in result.out.splitlines()} == {6}
    if form == "json":
        source = strictly(result.out)["source"]
        assert any("\x1b" in token["text"] for token in source), "JSON keeps the token as it is"


def test_a_model_without_an_encoder_shows_what_it_has(glasshead: Glasshead, tmp_path: Path) -> None:
    save("llama", tmp_path / "llama")
    told = glasshead("trace", str(tmp_path / "llama"), "the black cat", "--steps", "1").out
    assert "decoder.2.self.weights   h q k   4 × " in told and "source" not in told


@pytest.mark.parametrize("form", ["table", "tsv", "json"])
def test_a_recording_gives_the_numbers_of_its_model(form: str, glasshead: Glasshead) -> None:
    words = ("--keep", "*.cross.*", "--keep", "encoder.1.self.scores", "--format", form)
    live = glasshead("trace", "tiny", TEXT, "--steps", "5", *words)
    saved = glasshead("trace", "tiny", TEXT, "--steps", "5", *words[:4], "--save", "cat.safetensors")
    assert (saved.status, saved.err) == (0, "")
    assert saved.out.startswith("5 steps at ") and saved.out.endswith("To open them: glasshead cat.safetensors\n")
    for text in ([], [TEXT]):
        again = glasshead("trace", "cat.safetensors", *text, *words)
        assert (again.status, again.err) == (0, "")
        if form == "tsv":
            assert again.out == live.out
        elif form == "json":
            told = strictly(again.out)
            made, version = told.pop("recording")
            assert made.startswith("made 20") and version.startswith("v")
            assert told == {**strictly(live.out), "checkpoint": "recording of tiny"}
        else:
            lines = again.out.splitlines()
            assert lines[0] == "checkpoint  recording of tiny" and lines[1].startswith("recording   made 20")
            assert lines[2:] == live.out.splitlines()[1:]
    fewer, live = (glasshead("trace", *what, *words, "--steps", "2") for what in (["cat.safetensors"], ["tiny", TEXT]))
    if form == "json":
        assert strictly(fewer.out)["sites"] == strictly(live.out)["sites"]
    else:
        assert fewer.out.splitlines()[8:] == live.out.splitlines()[8 if form == "tsv" else 7 :]


def test_what_is_saved_is_what_was_asked_for(glasshead: Glasshead) -> None:
    saved = glasshead("trace", "tiny", TEXT, "--steps", "2", "--keep", "*.cross.weights", "--save", "part.safetensors")
    assert saved.out.startswith("2 steps at 2 sites: ")
    shown = glasshead("trace", "part.safetensors", "--keep", "decoder.*")
    assert shown.status == 0 and "decoder.1.cross.weights" in shown.out and "decoder.1.cross.scores " not in shown.out
    assert "sites are left out. The first: This is a recording of tiny: " in shown.err
    none = glasshead("trace", "part.safetensors", "--keep", "encoder.*")
    assert none.status == 2 and "was not recorded. Open the model itself to see it." in none.err and none.out == ""
    odd = glasshead("trace", "part.safetensors", "--keep", "encodr.*")
    assert odd.status == 2 and "Nothing in recording of tiny is called 'encodr.*'" in odd.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trace", "tiny"), "Which sentence? Give one in quotes, after the checkpoint."),
        (("trace", "tiny", TEXT, "--save", "cat.bin"), "cat.bin does not end in .safetensors"),
        (
            ("trace", "tiny", TEXT, "--save", "no/cat.safetensors"),
            "There is no folder to write no/cat.safetensors in: make it first.",
        ),
        (
            ("trace", "tiny", TEXT, "--save", "cat.safetensors"),
            "is there already: give another name, or --overwrite it.",
        ),
        (("trace", "tiny", TEXT, "--save", "x.safetensors", "--format", "json"), "choose one"),
        (("trace", "tiny", TEXT, "--overwrite"), "--overwrite has no meaning without --save."),
        (("trace", "cat.safetensors", "a dog"), "Open the model itself to read another text."),
        (
            ("trace", "cat.safetensors", "--save", "x.safetensors"),
            "This is a recording of tiny already: copy its file.",
        ),
        (("cat.safetensors", "--text", "a dog"), "Open the model itself to read another text."),
        (("explore", "cat.safetensors", "--plain", "--text", "a dog"), "Open the model itself to read another text."),
        (("translate", "cat.safetensors", "a dog"), "Open the model itself to read another text."),
        (("translate", "cat.safetensors", TEXT, "--sample"), "Open the model itself to choose tokens in another way."),
        (("translate", "cat.safetensors", TEXT, "--beam", "2"), "Open the model itself to "),
        (("evaluate", "cat.safetensors"), "Open the model itself to "),
        (("lab", "attention", "--model", "cat.safetensors"), "Open the model itself to "),
        (("nowhere.safetensors",), "There is no file nowhere.safetensors."),
        (("explore", "checkpoints/tiny/model.safetensors"), "and no recording. To open a model, give its folder: "),
    ],
)
def test_what_a_recording_cannot_do_is_told(
    words: tuple[str, ...], said: str, glasshead: Glasshead, here: Path
) -> None:
    glasshead("trace", "tiny", TEXT, "--steps", "1", "--save", "cat.safetensors")
    told = glasshead(*words)
    assert told.status == 2 and said in told.err and len(told.err.splitlines()) == 1, told.err
    assert {path.name for path in here.iterdir()} == {"checkpoints", "cat.safetensors"}


def test_a_recording_is_opened_by_its_name_alone(glasshead: Glasshead) -> None:
    glasshead("trace", "tiny", TEXT, "--steps", "3", "--save", "cat.safetensors")
    told, live = glasshead("cat.safetensors"), glasshead("explore", "tiny", "--text", TEXT, "--steps", "3")
    assert told.status == 0
    first, made, *rest = told.out.splitlines()
    assert first.startswith("glasshead   recording of tiny") and made.startswith("recording   made 20")
    assert rest == live.out.splitlines()[1:]
    assert glasshead("translate", "cat.safetensors", TEXT).out.strip() == live.out.split("text        ")[1].strip()
    replaced = glasshead("trace", "tiny", "a dog", "--save", "cat.safetensors", "--overwrite")
    assert replaced.status == 0 and "a dog" not in glasshead("cat.safetensors").err
    assert "source      a dog ■" in glasshead("cat.safetensors").out
