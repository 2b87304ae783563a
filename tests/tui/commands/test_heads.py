"""`glasshead heads`: its table, rows and JSON against each other and against the library, and what it refuses."""

import os
import pty
from pathlib import Path

import pytest
from rich.cells import cell_len
from tests.cli.conftest import Glasshead, obeyed, strictly
from tests.conftest import LINES

import glasshead as library
from glasshead.ranking.measure import align_heads, measure_heads
from glasshead.ranking.rank import rank
from glasshead.ranking.results import Placebo
from glasshead.recipes import recipe
from glasshead_tui.drawing.ranking import write_placebo

TEXT = ("--text", "the black cat", "--longest", "6")


def test_the_numbers_are_those_of_the_library(tiny: Path, glasshead: Glasshead) -> None:
    found = strictly(glasshead("heads", "tiny", *TEXT, "--json").out)
    ranking = rank(library.load(tiny), ["the black cat"], longest=6)
    assert found["loss"] == pytest.approx(ranking.loss) and found["tokens"] == 6 and found["by"] == "loss"
    assert len(found["effects"]) == 24
    for row, effect in zip(found["effects"], ranking.effects, strict=True):
        stack, layer, kind = effect.part.prefix.split(".")
        assert (row["part"], row["layer"]) == ("cross" if kind == "cross" else f"{stack} {kind}", int(layer))
        assert row["head"] == effect.part.head and row["effect"] == pytest.approx(effect.effect)
        assert effect.placebo is not None and row["placebo"] == pytest.approx(effect.placebo.mean)
        assert row["measures"]["entropy"] == pytest.approx(effect.traits["entropy"].value)


@pytest.mark.parametrize("options", [(), ("--of", "layers"), ("--of", "sources"), ("--method", "keep-only"),
                                     ("--with", "mean"), ("--by", "token=@2")])  # fmt: skip
def test_table_rows_and_json_say_the_same(glasshead: Glasshead, options: tuple[str, ...]) -> None:
    table = glasshead("heads", "tiny", *TEXT, *options)
    assert (table.status, table.err) == (0, "")
    lines = table.out.splitlines()
    assert max(map(cell_len, lines)) <= 80
    found = strictly(glasshead("heads", "tiny", *TEXT, *options, "--json").out)["effects"]
    header, *rows = glasshead("heads", "tiny", *TEXT, *options, "--tsv").out.splitlines()
    assert len(rows) == len(found)
    for row, same in zip(rows, found, strict=True):
        cells = dict(zip(header.split("\t"), row.split("\t"), strict=True))
        assert float(cells["effect"]) == same["effect"] and float(cells["move"]) == same["move"]
    first = lines.index(next(line for line in lines if line.startswith("part"))) + 1
    shown = lines[first : first + min(20, len(found))]
    effects = [line[27:35].strip().replace("−", "-") for line in shown]
    for text, same in zip(effects, found, strict=False):
        assert (
            text == "nothing" if not same["moved"] else float(text) == pytest.approx(same["effect"], rel=0.06, abs=6e-5)
        )


def test_a_patch(glasshead: Glasshead) -> None:
    words = ("heads", "tiny", *TEXT, "--method", "patch")
    found = strictly(glasshead(*words, "--corrupted", "the small cat", "--json").out)
    assert found["effect"].startswith("share") and len(found["effects"]) == 24
    other = glasshead(*words, "--corrupted", "a dog")
    assert other.status == 2 and "as many" in other.err


def test_options_that_would_do_nothing_are_refused(glasshead: Glasshead) -> None:
    for words, told in (
        (("--seed", "1"), "--seed has no meaning without --why"),
        (("--why", "chat/chien", "--tsv"), "--why finds sets, and no table"),
    ):
        result = glasshead("heads", "tiny", *TEXT, *words)
        assert (result.status, result.out) == (2, "") and told in result.err


def test_pairs_have_their_targets(glasshead: Glasshead, here: Path, tiny: Path) -> None:
    pairs = list(zip(LINES[:3], LINES[3:], strict=True))
    (here / "pairs.tsv").write_text("".join(f"{one}\t{other}\n" for one, other in pairs))
    found = strictly(glasshead("heads", "tiny", "--pairs", "pairs.tsv", "--limit", "2", "--json").out)
    ranking = rank(library.load(tiny), LINES[:2], LINES[3:5])
    assert found["texts"] == 2 and found["tokens"] == ranking.tokens
    assert found["loss"] == pytest.approx(ranking.loss)
    assert "2 texts" in glasshead("heads", "tiny", "--pairs", "pairs.tsv", "--limit", "2").out


def test_pairs_are_read_by_their_columns_and_bad_ones_are_named_or_left_out(glasshead: Glasshead, here: Path) -> None:
    text, target = LINES[0], LINES[3]
    (here / "pairs.csv").write_text(f"fr,en\n{target},{text}\n,{text}\n{target},{text}\n")
    columns = ("--source-column", "en", "--target-column", "fr")
    found = glasshead("heads", "tiny", "--pairs", "pairs.csv", *columns, "--json")
    alone = glasshead("heads", "tiny", "--text", text, "--forced", target, "--json")
    assert strictly(found.out)["texts"] == 2 and "1 of 3 pairs left out: 1 empty (line 3)" in found.err
    assert strictly(found.out)["loss"] == pytest.approx(strictly(alone.out)["loss"])
    (here / "bad.tsv").write_text(f"{text}\n{text}\t{target}\n{text}\t{'le chat ' * 300}\n")
    refused = glasshead("heads", "tiny", "--pairs", "bad.tsv")
    assert refused.status == 2 and "bad.tsv, line 1: there is one column" in refused.err and "--skip-bad" in refused.err
    for look in ((), ("--sort", "first")):
        refused = glasshead("heads", "tiny", "--pairs", "bad.tsv", "--skip-bad", *look)
        assert refused.status == 2 and "Text 2 of 2: The text to follow has" in refused.err


def test_a_token_is_found_by_its_name(glasshead: Glasshead, tiny: Path) -> None:
    subject = library.load(tiny)
    words = ("heads", "tiny", "--text", "the black cat", "--forced", "le chat noir")
    found = strictly(glasshead(*words, "--by", "token=chat", "--json").out)
    ids = [*subject.vocabulary.target.encode("le chat noir"), 2]
    assert found["by"]["id"] == ids[found["by"]["step"] - 1] and found["tokens"] == 1
    assert "at step" in glasshead(*words, "--by", "token=chat").out
    missing = glasshead(*words, "--by", "token=dort")
    assert missing.status == 2 and "say at which step" in missing.err
    assert strictly(glasshead(*words, "--by", "token=dort@1", "--json").out)["by"]["step"] == 1


def test_why_names_a_set_and_its_placebo(glasshead: Glasshead, tiny: Path) -> None:
    subject = library.load(tiny)
    line = subject.start("the black cat", keep=None)
    one, other = line.candidates(2)
    words = ("heads", "tiny", *TEXT, "--why", f"{one.text}/{other.text}@1")
    plain = glasshead(*words)
    assert (plain.status, plain.err) == (0, "") and max(map(cell_len, plain.out.splitlines())) <= 80
    found = strictly(glasshead(*words, "--json").out)
    assert found["chosen"]["id"] == one.id and found["rival"]["id"] == other.id
    assert found["found"] and found["margin_without"] < 0
    assert all(f"{part['part']}[head={part['head']}]" in plain.out for part in found["parts"])
    assert (
        "smallest set found" in plain.out and f"{found['random_flips']} of {found['random_sets']} random" in plain.out
    )
    assert write_placebo(Placebo(found["random_margin"], found["random_margin_spread"], 20)) in plain.out


def test_heads_are_sorted_by_what_they_look_at(glasshead: Glasshead, tiny: Path) -> None:
    words = ("heads", "tiny", *TEXT, "--sort", "previous")
    found = strictly(glasshead(*words, "--json").out)
    there = [
        each for each in measure_heads(library.load(tiny), ["the black cat"], longest=6) if "previous" in each.traits
    ]
    values = sorted((each.traits["previous"].value for each in there), reverse=True)
    assert [row["measures"]["previous"] for row in found["heads"]] == pytest.approx(values) and len(values) == 16
    assert found["formula"] == "mean of w[i, i − 1]"
    table = glasshead(*words, "--top", "3").out.splitlines()
    assert max(map(cell_len, table)) <= 80 and "13 more" in table[-1]
    assert [float(line.split()[-3]) for line in table[-4:-1]] == pytest.approx(values[:3], abs=1e-3)
    assert [line.split()[0] for line in table[-4:-1]] == ["1", "2", "3"]
    header, first, *_ = glasshead(*words, "--tsv").out.splitlines()
    cells = dict(zip(header.split("\t"), first.split("\t"), strict=True))
    assert float(cells["previous"]) == pytest.approx(values[0])


def test_an_alignment_is_measured_on_pairs_of_a_recipe(glasshead: Glasshead, tiny: Path) -> None:
    made = recipe("english-french")
    assert made.gold is not None
    words = ("heads", "tiny", "--alignment", "--recipe", "english-french", "--limit", "4", "--seed", "3")
    found = strictly(glasshead(*words, "--json").out)
    expected = align_heads(library.load(tiny), made.sample("test", 4, 3), made.gold)
    assert len(found["heads"]) == len(expected) == 10 and found["pairs"] == 4
    linked, written = expected[0].linked, expected[0].written
    assert (found["known"], found["words"]) == (linked, written) and 0 < linked < written
    for row, each in zip(found["heads"], expected, strict=True):
        assert (row["layer"], row["head"]) == (int(each.part.prefix[8]), each.part.head)
        assert row["aer_read"] == pytest.approx(each.counts["read"].error_rate)
        assert row["aer_chosen"] == pytest.approx(each.counts["chosen"].error_rate)
    table = glasshead(*words).out
    assert f"known       {linked} of {written} target words: " in table
    assert max(map(cell_len, table.splitlines())) <= 80 and "left out" in table and " mean " in table
    header, *rows = glasshead(*words, "--tsv").out.splitlines()
    assert header.split("\t")[:2] == ["layer", "head"] and len(rows) == 10


def test_the_first_example_is_read_without_a_text(glasshead: Glasshead) -> None:
    assert glasshead("heads", "tiny", "--longest", "3", "--top", "1").out.splitlines()[1].startswith("target ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--text", "a dog", "--pairs", "x.tsv"), "choose one"),
        (("--limit", "3"), "no meaning without --pairs"),
        (("--skip-bad",), "no meaning without --pairs"),
        (("--json", "--tsv"), "choose one"),
        (("--by", "tokens"), "--by is loss"),
        (("--by", "token="), "--by is loss"),
        (("--why", "le"), "--why is two tokens"),
        (("--why", "le/la", "--method", "keep-only"), "goes with --text"),
        (("--method", "patch"), "give both or neither"),
        (("--text", "  "), "empty"),
        (("--pairs", "missing.tsv"), "missing.tsv"),
        (("--by", "token=@99",), "no step 99"),
        (("--by", "token=le@-1",), "'-1' in 'le@-1' is no step"),
        (("--sort", "previus"), "previous"),
        (("--sort", "aligned read"), "no head of tiny has the measure aligned with the word read"),
        (("--sort", "aligned with the word chosen"), "no head of tiny"),
        (("--sort", "alignment"), "is called 'aligned read' now: aligned with the word read"),
        (("--sort", "first", "--of", "layers"), "take nothing out"),
        (("--sort", "first", "--alignment"), "choose one"),
        (("--alignment",), "give one with --recipe"),
        (("--recipe", "dates"), "no meaning without --alignment"),
        (("--alignment", "--text", "a dog"), "needs pairs"),
    ],
)  # fmt: skip
def test_mistakes_are_sentences(glasshead: Glasshead, words: tuple[str, ...], said: str) -> None:
    found = glasshead("heads", "tiny", *words)
    assert (found.status, found.out) == (2, "") and said.lower() in found.err.lower() and "Traceback" not in found.err


def test_no_token_steers_the_terminal(glasshead: Glasshead, hostile: Path) -> None:
    for options in ((), ("--of", "sources"), ("--tsv", "--of", "sources")):
        found = glasshead("heads", str(hostile), "--text", "\x1b[2J x", "--longest", "4", *options)
        assert found.status == 0 and obeyed(found.out) == []


def test_an_interrupt_ends_with_130_and_no_traceback(fork: Glasshead, here: Path) -> None:
    (here / "many.tsv").write_text("the black cat is sleeping\tle chat noir dort\n" * 20)
    first = (
        "import os, signal\n"
        "from glasshead.ranking import passes\n"
        "run = passes.Runner.run\n"
        "def interrupted(*given, **named):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return run(*given, **named)\n"
        "passes.Runner.run = interrupted\n"
    )
    ended = fork("heads", "tiny", "--pairs", "many.tsv", "--limit", "20", first=first)
    assert (ended.status, ended.out, ended.err) == (130, "", "")


def test_progress_is_shown_in_a_terminal_alone(fork: Glasshead, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    master, slave = pty.openpty()
    first = "from glasshead_tui.commands import progress; progress.SOON = 0.0"
    done = fork("heads", "tiny", *TEXT, stderr=slave, first=first)
    os.close(slave)
    shown = os.read(master, 65536)
    os.close(master)
    assert done.status == 0 and b"runs" in shown and b"24/24" in shown
    assert "part" in done.out and "\x1b" not in done.out
