"""`glasshead evaluate` against sacrebleu called on what `glasshead translate` says, and what it refuses."""

import gzip
import json
import os
import pty
import re
import shutil
from pathlib import Path

import pytest
import torch
from tests.cli.conftest import Glasshead, obeyed, strictly
from tests.conftest import HOSTILE, LINES
from tests.forking import server

PAIRS = list(zip(LINES[:3], LINES[3:], strict=True))
SILENT = "\x1b\x07\x9b\u202e"


@pytest.fixture
def pairs(here: Path) -> str:
    """A file of three pairs."""
    (here / "pairs.tsv").write_text("".join(f"{source}\t{target.upper()}\n" for source, target in PAIRS))
    return "pairs.tsv"


@pytest.fixture
def learned(tiny: Path, here: Path) -> str:
    """The tiny checkpoint, with a card that says that it was trained on a recipe."""
    folder = here / "checkpoints" / "learned"
    shutil.copytree(tiny, folder)
    content = json.loads((folder / "config.json").read_text())
    content["card"]["recipe"] = "reverse"
    (folder / "config.json").write_text(json.dumps(content))
    return "learned"


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """No translation is cut short: `translate` lets a model that finds no end go on to what it can take."""
    monkeypatch.setattr("glasshead.training.evaluate.MORE", 1000)


def told(text: str) -> dict[str, str]:
    """The figures of the plain output."""
    rows = (re.fullmatch(r"(.*?)  +(\S.*?)(?:  +\S.*)?", line) for line in text.splitlines())
    return {row[1]: row[2] for row in rows if row}


@pytest.mark.parametrize("beam", ["1", "3"])
def test_the_figures_are_those_of_sacrebleu(glasshead: Glasshead, pairs: str, endless: None, beam: str) -> None:
    from sacrebleu import BLEU, CHRF

    given = [glasshead("translate", "tiny", source, "--beam", beam).out.rstrip("\n") for source, _ in PAIRS]
    result = glasshead("evaluate", "tiny", "--pairs", pairs, "--beam", beam, "--json", "--output", "hypotheses.txt")
    assert (result.status, result.err) == (0, "")
    found = strictly(result.out)
    written = Path("hypotheses.txt").read_text(encoding="utf-8").splitlines()
    assert written == given
    expected = [target for _, target in PAIRS]
    references = [line.split("\t")[1] for line in Path(pairs).read_text(encoding="utf-8").splitlines()]
    assert references == [target.upper() for target in expected]
    assert found["bleu"] == pytest.approx(BLEU(lowercase=True).corpus_score(written, [references]).score)
    assert found["chrf"] == pytest.approx(CHRF(lowercase=True).corpus_score(written, [references]).score)
    assert {"case:lc" in signature for signature in found["signatures"].values()} == {True}
    assert found["sentences"] == 3
    assert found["exact_match"] == sum(map(str.__eq__, written, expected)) / 3
    assert found["sentences_per_second"] == pytest.approx(3 / found["seconds"])
    assert found["length_penalty"] == (None if beam == "1" else 0.6)
    assert found["files"] == ["pairs.tsv"]


def test_the_perplexity_is_that_of_the_model(tiny: Path, glasshead: Glasshead, pairs: str) -> None:
    from glasshead.checkpoints.load import load

    model, vocabulary, _ = load(tiny)
    losses = []
    for source, target in PAIRS:
        ids = [*vocabulary.target.encode(target), 2]
        with torch.no_grad():
            logits = model(torch.tensor([[*vocabulary.source.encode(source), 2]]), torch.tensor([[1, *ids[:-1]]]))
        losses.append(torch.nn.functional.cross_entropy(logits[0], torch.tensor(ids), reduction="none"))
    loss = torch.cat(losses).mean()
    found = strictly(glasshead("evaluate", "tiny", "--pairs", pairs, "--json").out)
    assert found["loss"] == pytest.approx(float(loss), rel=1e-5)
    assert found["perplexity"] == pytest.approx(float(loss.exp()), rel=1e-5)


def test_plain_and_json_say_the_same(glasshead: Glasshead, pairs: str) -> None:
    plain = glasshead("evaluate", "tiny", "--pairs", pairs)
    found = strictly(glasshead("evaluate", "tiny", "--pairs", pairs, "--json").out)
    assert plain.status == 0
    assert told(plain.out) | {"speed": ""} == {
        "checkpoint": "tiny",
        "sentences": "3",
        "BLEU": f"{found['bleu']:.2f}",
        "chrF": f"{found['chrf']:.2f}",
        "exact match": f"{100 * found['exact_match']:.2f} %",
        "perplexity": f"{found['perplexity']:.4g}",
        "loss": f"{found['loss']:.4f}",
        "length ratio": f"{found['length_ratio']:.3f}",
        "speed": "",
    }
    for signature in found["signatures"].values():
        assert signature in plain.out
    assert plain.out.splitlines()[-1] == "pairs.tsv: 3 pairs."


def test_pairs_come_in_many_forms(glasshead: Glasshead, here: Path, pairs: str) -> None:
    wanted = strictly(glasshead("evaluate", "tiny", "--pairs", pairs, "--json").out)
    (here / "s").write_text("".join(f"{source}\n" for source, _ in PAIRS))
    (here / "t").write_text("".join(f"{target}\n" for _, target in PAIRS))
    lines = [json.dumps({"en": source, "fr": target}) for source, target in PAIRS]
    (here / "p.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    for words in (
        ["--source", "s", "--target", "t"],
        ["--pairs", "p.jsonl.gz", "--source-column", "en", "--target-column", "fr"],
    ):
        found = strictly(glasshead("evaluate", "tiny", *words, "--json").out)
        changed = {"files", "seconds", "sentences_per_second"}
        assert {name: found[name] for name in wanted if name not in changed} == {
            name: wanted[name] for name in wanted if name not in changed
        }


def test_a_recipe_is_scored_on_its_unseen_sentences(learned: str, endless: None, glasshead: Glasshead) -> None:
    from glasshead.recipes import recipe

    result = glasshead("evaluate", learned, "--limit", "7", "--output", "given")
    assert (result.status, result.err) == (0, "")
    assert told(result.out)["sentences"] == "7"
    assert "unseen test sentences of the recipe reverse" in result.out
    sources = [source for source, _ in recipe("reverse").sample("test", 7)]
    lines = glasshead("translate", "tiny", stdin="\n".join(sources).encode()).out
    assert Path("given").read_text(encoding="utf-8") == lines


def test_nothing_is_left_out_in_silence(glasshead: Glasshead, here: Path) -> None:
    long = "the cat " * 60
    (here / "mixed.tsv").write_bytes(
        f"a dog\tun chien\n\tun chien\none column\n\xff\tx\n{long}\tle chat\nthe cat\tle chat\n".encode("latin-1")
    )
    words = ["evaluate", "tiny", "--pairs", "mixed.tsv"]
    refused = glasshead(*words)
    assert refused.status == 2
    assert refused.out == ""
    assert refused.err.startswith("mixed.tsv, line 3: ")
    plain = glasshead(*words, "--skip-bad", "--output", "out.txt")
    assert plain.status == 0
    figures = told(plain.out)
    assert (figures["sentences"], figures["too long"]) == ("3", "1")
    assert "3 of 6 pairs left out: 1 empty (line 2)" in plain.out.splitlines()[-1]
    assert Path("out.txt").read_text(encoding="utf-8").split("\n")[1] == "", "the long one is translated as nothing"
    found = strictly(glasshead(*words, "--skip-bad", "--json").out)
    assert found["too_long"] == 1
    assert sum(found["left_out"].values()) == 3
    assert strictly(glasshead(*words, "--skip-bad", "--json", "--limit", "1").out)["sentences"] == 1


def test_json_has_no_nan(glasshead: Glasshead, here: Path) -> None:
    (here / "long.tsv").write_text("the cat " * 60 + "\tle chat\n")
    found = strictly(glasshead("evaluate", "tiny", "--pairs", "long.tsv", "--json").out)
    assert found["perplexity"] is None
    assert found["loss"] is None
    assert found["bleu"] == 0


def test_a_hypothesis_is_one_line(glasshead: Glasshead, pairs: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glasshead.text.Codec.decode", lambda *_: "a\nb\r\nc\u2028d\x85e\n")
    assert glasshead("evaluate", "tiny", "--pairs", pairs, "--output", "out.txt").status == 0
    assert Path("out.txt").read_bytes() == b"a b c d e\n" * 3


def test_what_it_says_steers_no_terminal(hostile: Path, glasshead: Glasshead, here: Path) -> None:
    name = f"{SILENT}[red].tsv"
    (here / name).write_text("".join(f"{text}\t{text}\n" for text in HOSTILE))
    result = glasshead("evaluate", str(hostile), "--pairs", name)
    assert result.status == 0
    assert "[red].tsv" in result.out
    assert not obeyed(result.out)
    refused = glasshead("evaluate", str(hostile), "--pairs", name + "x")
    assert refused.status == 2
    assert not obeyed(refused.err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--pairs", "none.tsv"], "There is no file none.tsv"),
        (["--pairs", "."], "is a folder"),
        (["--pairs", "empty.tsv"], "empty"),
        (["--pairs", "blank.tsv"], "There is nothing to score on. blank.tsv: 2 of 2 pairs left out: 2 empty"),
        (["--pairs", "pairs.tsv", "--source", "pairs.tsv"], "choose one"),
        (["--source", "pairs.tsv"], "belong together"),
        (["--target", "pairs.tsv"], "belong together"),
        (["--source-column", "en"], "without --pairs"),
        (["--skip-bad"], "--skip-bad has no meaning"),
        (["--length-penalty", "1"], "--length-penalty has no meaning"),
        (["--pairs", "pairs.tsv", "--beam", "2", "--length-penalty", "nan"], "--length-penalty"),
        (["--pairs", "pairs.tsv", "--beam", "2", "--length-penalty", "11"], "--length-penalty"),
        (["--pairs", "pairs.tsv", "--beam", "0"], "--beam"),
        (["--pairs", "pairs.tsv", "--beam", "1" + "0" * 20], "wide: so many lines take"),
        (["--pairs", "pairs.tsv", "--beam", "99999999999", "--batch-tokens", "1" + "0" * 30], "--batch-tokens"),
        (["--pairs", "pairs.tsv", "--limit", "0"], "--limit"),
        (["--pairs", "pairs.tsv", "--batch-tokens", "0"], "--batch-tokens"),
        (["--pairs", "pairs.tsv", "--device", "abacus"], "abacus"),
        (["--pairs", "pairs.tsv", "--output", "nowhere/out.txt"], "nowhere/out.txt cannot be written: No such file"),
        (["--pairs", "pairs.tsv", "--output", "."], "not an ordinary file"),
        (["--pairs", "pairs.tsv", "--output", os.devnull], "not an ordinary file"),
        (["--pairs", "pairs.tsv", "--output", "pairs.tsv"], "would replace the pairs"),
        (["--pairs", "pairs.tsv", "--output", "loop"], "--output loop cannot be written"),
        ([], "On what shall tiny be scored? Its card names no recipe"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    glasshead: Glasshead, here: Path, pairs: str, words: list[str], said: str
) -> None:
    (here / "empty.tsv").touch()
    (here / "blank.tsv").write_text("\t\n \tx\n")
    (here / "loop").symlink_to("loop")
    before = {path: path.read_bytes() for path in here.iterdir() if path.is_file()}
    result = glasshead("evaluate", "tiny", *words)
    assert result.status == 2
    assert said in result.err
    assert result.out == ""
    assert {path: path.read_bytes() for path in here.iterdir() if path.is_file()} == before


def test_a_recipe_that_nobody_knows_is_told_of(learned: str, here: Path, glasshead: Glasshead) -> None:
    config = here / "checkpoints" / "learned" / "config.json"
    config.write_text(config.read_text().replace('"reverse"', '["\\u001b[2J"]'))
    result = glasshead("evaluate", learned)
    assert result.status == 2
    assert "none of our recipes" in result.err
    assert not obeyed(result.err)


def test_more_sentences_than_memory_are_refused(learned: str, glasshead: Glasshead, pairs: str) -> None:
    result = glasshead("evaluate", learned, "--limit", "1" + "0" * 20)
    assert result.status == 2 and "so many sentences take over 1,000 EB" in result.err
    assert glasshead("evaluate", "tiny", "--pairs", pairs, "--limit", "1" + "0" * 20, "--json").status == 0


def test_a_gpu_that_is_not_there_is_told_of_at_once(
    glasshead: Glasshead, pairs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("glasshead.checkpoints.load.load", lambda *_: pytest.fail("time is spent"))
    result = glasshead("evaluate", "tiny", "--pairs", pairs, "--device", "cuda")
    assert result.status == 2
    assert "cuda" in result.err


def test_an_older_file_stays_where_the_new_one_fails(glasshead: Glasshead, here: Path, pairs: str) -> None:
    (here / "out.txt").write_text("older")
    (here / "bad.tsv").write_text("a dog\tun chien\none column\n")
    assert glasshead("evaluate", "tiny", "--pairs", "bad.tsv", "--output", "out.txt").status == 2
    assert (here / "out.txt").read_text() == "older"
    (here / "link").symlink_to("out.txt")
    assert glasshead("evaluate", "tiny", "--pairs", pairs, "--output", "link").status == 0
    assert (here / "link").is_symlink()
    assert len((here / "out.txt").read_text(encoding="utf-8").splitlines()) == 3
    assert [path.name for path in here.iterdir() if path.name.startswith(".")] == []


def test_in_a_terminal_it_shows_how_far_it_is(here: Path, learned: str) -> None:
    ours, theirs = pty.openpty()
    process = server().start(
        "evaluate", learned, "--limit", "40", "--json", stdout=here / "told", stderr=theirs, cwd=here,
        first="from glasshead_tui.commands import progress; progress.SOON = 0.0",
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait() == 0
    found = strictly((here / "told").read_text())
    assert found["sentences"] == 40
    for what in ("drawing sentences of reverse", "reading the references", "translating", "40/40"):
        assert what in re.sub(r"\x1b\[[0-9;]*m", "", shown.decode())
    assert shown.rstrip().endswith(b"\x1b[2K"), "and takes it away"
