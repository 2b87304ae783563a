"""Recordings: what is read is what was written, at every step and in every view, and damage is told in a sentence."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tests.core.recordings import KINDS, recorded, subject_of, walked
from tests.core.traces import fuzz
from torch import Tensor

from glasshead import GlassheadError, Stepper, Trace, checks
from glasshead.analysis.cell import cell
from glasshead.analysis.norms import norms
from glasshead.analysis.strongest import strongest
from glasshead.errors import ThereError
from glasshead.found import find, load
from glasshead.traces.chances import entropy
from glasshead.traces.file import Candidates
from glasshead.traces.header import KEY, load_header, steps_of
from glasshead.traces.plain import OddError, read, write


def same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same bits; NaN is itself."""
    return (
        one.shape == other.shape
        and one.dtype == other.dtype
        and torch.equal(one.nan_to_num(7.5), other.nan_to_num(7.5))
    )


def view(trace: Trace, show: Any) -> Any:
    """What a view gives, or that it needs the model."""
    try:
        return show(trace)
    except GlassheadError as error:
        assert trace.recorded and "Open the model itself to see it." in str(error)
        return None


def compare(trace: Trace, again: Trace) -> None:
    """Compare all that can be asked of a trace. What needs the model is refused, and is nothing that was captured."""
    assert again.sites == trace.sites and again.target == trace.target and again.source == trace.source
    assert again.anatomy == trace.anatomy and again.bytes == trace.bytes and again.kinds == trace.kinds
    for site in trace.sites:
        assert same(again.captured(site), trace.captured(site)), site
        whole = view(again, lambda seen, site=site: seen[site])
        if whole is None:  # the bias of later keys, which no step has computed
            assert trace.origin(site).startswith("recomputed"), site
            assert again.origin(site) == "captured; what is above the diagonal was not recorded"
        else:
            assert same(whole, trace[site]), site
            assert again.origin(site) == trace.origin(site)
    assert strongest(again) == strongest(trace)
    assert [(c.ok, c.value) for c in checks(again)] == [(c.ok, c.value) for c in checks(trace)]
    for kind in trace.kinds:
        for prefix in trace.anatomy.attentions(kind):
            assert again.axes(prefix) == trace.axes(prefix) and again.attending(prefix) == trace.attending(prefix)
            assert same(again.may_look(prefix), trace.may_look(prefix))
            if f"{prefix}.q" not in trace:
                continue
            one, other = trace.scores(prefix), again.scores(prefix)
            assert one is not None and other is not None and same(one, other)
            queries, keys = (len(tokens) for tokens in trace.axes(prefix))
            for query, key in {(0, 0), (queries - 1, 0), (queries - 1, keys - 1), (0, keys - 1)}:
                found = view(again, lambda seen, at=(prefix, 1, query, key): cell(seen, *at))
                if found is None:
                    assert trace.attending(prefix).biased and not bool(trace.may_look(prefix)[query, key])
                else:
                    assert repr(found) == repr(cell(trace, prefix, 1, query, key))
    for stack in {kind.stack for kind in trace.kinds}:
        for row in range(len(trace.tokens(stack))):
            assert repr(norms(again, stack, row)) == repr(norms(trace, stack, row))


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_and_view_comes_back_bit_for_bit(kind: str, tmp_path: Path) -> None:
    line = walked(kind)
    again = recorded(line, tmp_path / "line.safetensors")
    last = line.step_number
    assert again.limit == last
    for step in (*range(last + 1), last // 2):
        line.goto(step)
        again.goto(step)
        assert again.tokens == line.tokens and again.text == line.text and again.ids == line.ids
        assert again.candidates(24) == line.candidates(24) and again.entropy() == line.entropy()
        assert again.ended == line.ended and again.source == line.source
        if line.looks_ahead:
            assert same(again.probabilities(), line.probabilities())
            assert again.candidates(3) == line.candidates(24)[:3]
        compare(line.outlook, again.outlook)
        if line.trace.steps:
            compare(line.trace, again.trace)
    if line.verifiable:
        line.goto(last)
        assert again.verify() == line.verify()


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(KINDS), steps=st.integers(0, 7), back=st.integers(0, 7), keep=st.sampled_from(
        [["*"], ["*.weights"], ["logits"], ["decoder.*.self.scores", "*.self.[qkv]"], ["*.norm.*", "*.masked"]]
    ), budget=st.sampled_from([1 << 28, 20_000, 3_000]),
)  # fmt: skip
def test_whatever_was_captured_is_there_again(
    kind: str, steps: int, back: int, keep: list[str], budget: int, tmp_path: Path
) -> None:
    known = subject_of(kind).anatomy.sites
    keep = [glob for glob in keep if any(Path(site).match(glob) for site in known)] or ["*"]
    line = walked(kind, steps, keep=keep, budget=budget)
    place = tmp_path / "line.safetensors"
    place.unlink(missing_ok=True)
    end = line.step_number
    line.goto(max(0, end - back))  # the whole line is saved, wherever it stands
    again = recorded(line, place)
    line.goto(end)
    again.goto(end)
    assert again.tokens == line.tokens
    trace, seen = line.outlook, again.outlook
    assert set(seen.sites) == set(trace.sites) - trace.dropped
    for site in seen.sites:
        assert same(seen.captured(site), trace.captured(site)), site
    for site in trace.dropped:
        with pytest.raises(GlassheadError, match="was not recorded"):
            seen[site]
    for site in set(known) - set(trace.sites):
        with pytest.raises(GlassheadError, match="was not recorded"):
            seen[site]


def test_a_trace_is_saved_as_far_as_it_goes(tmp_path: Path) -> None:
    line = walked("gpt", 4)
    line.goto(2)
    for name, trace, tokens in (("trace", line.trace, 9), ("outlook", line.outlook, 9)):
        again = load(trace.save(tmp_path / f"{name}.safetensors")).start("abcadc")
        again.goto(99)
        assert len(again.tokens) == tokens and again.step_number == 2 and again.tokens == line.tokens
        compare(trace, again.outlook)
        assert again.cut and again.done and bool(again.candidates()) == (name == "outlook")
        assert not again.verifiable, "a trace is frozen: it does not run the model"


def test_a_trace_without_a_row_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(GlassheadError, match="nothing to record before the first step"):
        walked("t5", 0).trace.save(tmp_path / "line.safetensors")
    assert not list(tmp_path.iterdir())


def test_rows_that_look_at_later_keys_keep_their_width(tmp_path: Path) -> None:
    def opened(masked: Tensor) -> Tensor:
        return masked.masked_fill(masked.isneginf(), 0.0)

    line = subject_of("gpt").start("abcadc", edit={"decoder.1.self.masked": opened})
    line.step()
    line.goto(0)
    again = recorded(line, tmp_path / "line.safetensors")
    compare(line.outlook, again.outlook)
    assert again.outlook["decoder.1.self.weights"].triu(1).any()
    header = load_header(tmp_path / "line.safetensors")
    assert header.edited == ("decoder.1.self.masked",) and set(header.widths) == {
        "decoder.1.self.masked", "decoder.1.self.weights"
    }  # fmt: skip
    assert "edited at decoder.1.self.masked" in load(tmp_path / "line.safetensors").facts


@pytest.mark.parametrize("kind", ["t5", "half"])
def test_the_file_is_readable_by_anyone(kind: str, tmp_path: Path) -> None:
    """The layout that the module describes, read with the library of the format alone."""
    line = walked(kind)
    path = line.save(tmp_path / "line.safetensors")
    trace = line.outlook
    with safe_open(path, "pt") as file:
        told = json.loads(file.metadata()[KEY])
        rows = told["rows"]
        assert [text for _, text in told["source"]] == [token.text for token in line.source]
        cross = file.get_tensor("decoder.1.cross.weights")
        assert torch.equal(cross.float(), trace["decoder.1.cross.weights"])
        packed = file.get_tensor("decoder.1.self.weights")
        full = torch.zeros(packed.shape[0], rows, rows, dtype=packed.dtype)
        full[:, torch.ones(rows, rows).tril().bool()] = packed
        assert torch.equal(full.float(), trace["decoder.1.self.weights"])
        assert packed.dtype == line.rows.record.rows[0]["decoder.1.self.weights"].dtype
        logits = file.get_tensor("logits")
        best = logits.sort(dim=-1, descending=True, stable=True).indices[:, :24]
        assert torch.equal(file.get_tensor("candidates/ids"), best.int())
        assert torch.equal(file.get_tensor("candidates/probabilities"), logits.float().softmax(-1).gather(1, best))


def test_entropy_is_that_of_a_distribution() -> None:
    assert entropy(torch.zeros(16)) == pytest.approx(4.0)
    assert entropy(torch.tensor([0.0, -torch.inf])) == 0.0
    logits = torch.randn(50, generator=torch.Generator().manual_seed(0))
    assert entropy(logits) == pytest.approx(
        float(torch.distributions.Categorical(logits=logits.double()).entropy()) / torch.tensor(2.0).log().item(), 1e-6
    )
    assert Candidates.of([logits]).entropy.tolist() == [entropy(logits)]


@given(st.lists(st.text(max_size=8), max_size=6))
def test_texts_come_back_from_their_differences(texts: list[str]) -> None:
    text, found = "", []
    for kept, added in steps_of(texts):
        text = text[:kept] + added
        found.append(text)
    assert found == texts
    if all(longer.startswith(short) for short, longer in pairwise(texts)):
        assert sum(len(added) for _, added in steps_of(texts)) == max(map(len, texts), default=0)


def test_writing_replaces_nothing_unasked_and_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = walked("gpt", 1)
    place = tmp_path / "line.safetensors"
    line.save(place)
    before = place.read_bytes()
    with pytest.raises(ThereError, match="is there already"):
        line.save(place)
    line.step()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("glasshead.traces.file.flush", full)
        with pytest.raises(GlassheadError, match="cannot be written: No space left"):
            line.save(place, overwrite=True)
    assert place.read_bytes() == before and list(tmp_path.iterdir()) == [place]
    line.save(place, overwrite=True)
    assert len(load_header(place).target) == len(line.tokens)
    assert place.stat().st_mode & 0o777 == 0o666 & ~(lambda mask: os.umask(mask) or mask)(os.umask(0))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("line.bin", "does not end in .safetensors"),
        ("", "An empty name does not end"),
        ("nowhere/line.safetensors", "There is no folder to write nowhere/line.safetensors in"),
        ("a\0b.safetensors", "NUL"),
        ("x" * 9000 + ".safetensors", "xxx…xxx.*cannot be written: File name too long"),
        ("folder.safetensors", "is a folder"),
    ],
)
def test_a_name_that_cannot_be_written_is_told(
    name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(GlassheadError, match=said):
        walked("gpt", 1).save(name)


def test_a_line_that_captures_nothing_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(GlassheadError, match="nothing was captured"):
        walked("gpt", 1, keep=None).save(tmp_path / "line.safetensors")


def test_finding_and_checking_cost_no_torch(tmp_path: Path) -> None:
    path = walked("t5").save(tmp_path / "line.safetensors")
    script = f"""
import sys
from glasshead.found import find
found = find({str(path)!r})
found.check()
assert found.title == "recording of t5" and found.limit == 6
assert not {{"torch", "transformers", "tokenizers"}} & set(sys.modules), sorted(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def harmed(path: Path, change: Any) -> None:
    """Write the file again with another header; `change` alters its JSON value in place, or returns the new text."""
    tensors = load_file(path)
    with safe_open(path, "pt") as file:
        told = json.loads(file.metadata()[KEY])
    new = change(told)
    save_file(tensors, path, {KEY: new if isinstance(new, str) else json.dumps(told)})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return walked("t5").save(tmp_path / "line.safetensors")


def told(path: Path) -> str:
    """The one sentence with which a damaged file is refused, by every door."""
    with pytest.raises(GlassheadError) as refused:
        load(path)
    sentence = str(refused.value)
    assert str(path) in sentence and len(sentence) < 600 and "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda header: "{", "its header is not that of a recording"),
        (lambda header: "[" * 100_000, "its header is not that of a recording"),
        (lambda header: header.update(format="gguf"), "its header is not that of a recording"),
        (lambda header: header.update(version=2), "format version 2; this program reads version 1"),
        (lambda header: header.pop("anatomy"), "anatomy is missing"),
        (lambda header: header.update(color=1), "color is not known"),
        (lambda header: header["source"].pop(), "does not fit"),
        (lambda header: header["target"].pop(), "rows should be"),
        (lambda header: header["target"][0].pop(), r"target\[0\] is .*; it should be a list of 3"),
        (lambda header: header["target"][-1].__setitem__(2, 7.0), "probabilities of 0 … 1"),
        (lambda header: header["target"][-1].__setitem__(0, 29), "ids below 29"),
        (lambda header: header.update(prompt=9), "prompt should be"),
        (lambda header: header.update(rows=3), "rows should be"),
        (lambda header: header.update(rows=True), "rows is True; it should be a whole number"),
        (lambda header: header.update(texts=[]), "texts should be"),
        (lambda header: header["texts"].__setitem__(1, [99, "x"]), "differences of texts"),
        (lambda header: header["names"].pop(), "its candidates do not fit"),
        (lambda header: header["order"].append("logits"), "order should be"),
        (lambda header: header["order"].append("decoder.9.self.q"), "order should be"),
        (lambda header: header["order"].remove("logits"), "its tensors are not those of its header, logits"),
        (lambda header: header.update(dropped=["logits"]), "dropped should be"),
        (lambda header: header.update(widths={"decoder.0.self.weights": [1, 2]}), "widths should be"),
        (lambda header: header.update(widths={"decoder.0.self.weights": [6] * 6}), "does not fit"),
        (lambda header: header.update(made="yesterday"), "made should be a time with its zone"),
        (lambda header: header.update(made="2026-01-01T00:00:00"), "a time with its zone"),
        (lambda header: header.update(measured=[0.0, 1.5]), r"measured\[1\] is 1.5"),
        (lambda header: header.update(size=0), "size should be at least 1"),
        (lambda header: header["anatomy"].update(kinds=[]), "anatomy.kinds should be"),
        (lambda header: header["anatomy"]["kinds"][0].update(layers=10**9), "layers with their arithmetic"),
        (lambda header: header["anatomy"]["kinds"][0].update(heads=10**9), "heads that share"),
        (lambda header: header["anatomy"]["kinds"][1].update(key_heads=3), "heads that share"),
        (lambda header: header["anatomy"]["kinds"][1].update(heads=8, key_heads=8), "does not fit"),
        (lambda header: header["anatomy"]["kinds"][0].update(keys="target"), "an encoder that reads the source"),
        (lambda header: header["anatomy"]["kinds"][0].update(keys="left"), "source or target"),
        (lambda header: header["anatomy"]["attending"].pop("decoder.2.cross"), "decoder.2.cross should be there"),
        (lambda header: header["anatomy"]["attending"]["decoder.2.cross"].update(scale=float("inf")), "finite scales"),
        (lambda header: header["anatomy"]["attending"]["decoder.2.cross"].update(cap=0.0), "caps above 0"),
        (lambda header: header["anatomy"].update(sites=["a..b"]), "is not the name of a site"),
        (lambda header: header["anatomy"].update(sites=["a.\x1b[2J"]), "plain names of sites"),
        (lambda header: header["anatomy"]["norms"][0].update(site="decoder.0.\u202ex"), "plain names of sites"),
        (lambda header: header["anatomy"].update(remarks=["\x1b[2J"]), "printable words"),
        (lambda header: header["anatomy"]["kinds"][0].update(label="\x9b31m"), "printable words"),
        (lambda header: header["about"].update(name=""), "about.name should be"),
        (lambda header: header["about"].update(name="x" * 100_001), "a text of at most"),
    ],
)  # fmt: skip
def test_each_field_is_checked(change: Any, said: str, path: Path) -> None:
    harmed(path, change)
    sentence = told(path)
    assert re.search(said, sentence), sentence


def test_each_tensor_is_checked(path: Path) -> None:
    tensors = load_file(path)
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    changes: list[tuple[str, Callable[[Tensor], Tensor]]] = [
        ("decoder.0.cross.weights", lambda value: value[:, :, :-1]),
        ("decoder.0.self.weights", lambda value: value[:, :-1]),
        ("decoder.0.self.q", lambda value: value[..., :-1]),
        ("decoder.0.self.heads", lambda value: value[..., :-1]),
        ("encoder.0.self.k", lambda value: value[:2]),
        ("logits", lambda value: value[:, :-1]),
        ("logits", lambda value: value.int()),
        ("decoder.0.self.norm.out", lambda value: value[0]),
        ("candidates/ids", lambda value: value.long()),
        ("candidates/ids", lambda value: value[:-1]),
        ("candidates/entropy", lambda value: value.float()),
        ("candidates/probabilities", lambda value: value[:, :2]),
    ]
    for name, change in changes:
        save_file({**tensors, name: change(tensors[name]).contiguous()}, path, metadata)
        assert "is damaged" in told(path), name
    save_file({**tensors, "more": tensors["logits"].clone()}, path, metadata)
    assert "more for one" in told(path)


def test_another_file_is_told_from_a_recording(path: Path, tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    save_file({"a.weight": torch.zeros(3)}, weights)
    assert f"no recording. To open a model, give its folder: glasshead explore {tmp_path}" in told(weights)
    content = path.read_bytes()
    cut = tmp_path / "cut.safetensors"
    for length in (0, 5, 8, 100, len(content) // 2, len(content) - 1):
        cut.write_bytes(content[:length])
        assert "truncated or not a safetensors file" in told(cut)
    cut.write_bytes((1 << 40).to_bytes(8, "little") + content[8:])
    assert "truncated or not a safetensors file" in told(cut)
    cut.write_bytes(((64 << 20) + 1).to_bytes(8, "little"))
    os.truncate(cut, 70 << 20)
    assert "has a header of 67,108,865 bytes; at most 67,108,864 are read" in told(cut)
    assert "There is no file" in told(tmp_path / "nowhere.safetensors")
    os.mkfifo(tmp_path / "pipe.safetensors")
    assert "a pipe" in told(tmp_path / "pipe.safetensors")
    plain = tmp_path / "named as one likes"
    plain.write_bytes(content)
    assert load(plain).name == "recording of t5", "its content tells what it is"
    with pytest.raises(GlassheadError, match="is a file; a checkpoint is a folder"):
        plain.write_bytes(b"hello")
        find(plain)


def test_copies_each_harmed_in_another_way_are_answered_by_a_sentence(tmp_path: Path) -> None:
    files = [walked(kind, 3).save(tmp_path / f"{at}.safetensors") for at, kind in enumerate(fuzz.KINDS)]
    answers = []
    for number in range(30):
        done, answer = fuzz.fuzz(files[number % len(files)], tmp_path, 1, number, forked=False)
        assert answer == "opened" or "copy.safetensors" in answer, done
        answers.append(answer)
    assert 0 < answers.count("opened") < 15, "some harm does no harm"
    fuzz.fuzz(files[0], tmp_path, 1, 0)  # with little memory, too


def test_what_a_recording_says_of_itself(path: Path) -> None:
    line = walked("t5")
    header = load_header(path)
    assert (header.about.name, header.about.text, header.about.ids) == ("t5", "abcadc", (3, 4, 5, 3, 6, 5))
    assert header.about.card == {"examples": ["abcabd"]} and header.prompt == 1 and header.limits == (20, 24)
    assert header.versions["torch"] == str(torch.__version__) and header.budget == line.outlook.budget
    assert replace(header, anatomy=line.outlook.anatomy) == header
    assert [header.text_after(step) for step in range(6)] == [
        line.rows.model and subject_of("t5").vocabulary.target.decode(line.ids[: 1 + step]) for step in range(6)
    ]


def test_plain_values_are_those_of_their_types(path: Path) -> None:
    anatomy = load_header(path).anatomy
    again = read(type(anatomy), json.loads(json.dumps(write(anatomy))))
    assert again == anatomy and isinstance(again.kinds, tuple)
    for value, kind in (("1", int), (1.0, int), (True, int), (1, bool), (1, str), (1 << 63, int), ("x", float)):
        with pytest.raises(OddError):
            read(kind, value, "x")
    assert read(float, 1, "x") == 1.0 and read(int | None, None, "x") is None


def test_a_recording_is_not_recorded_again(path: Path, tmp_path: Path) -> None:
    again: Stepper = load(path).start("abcadc")
    for thing in (again, again.outlook):
        with pytest.raises(GlassheadError, match="This is a recording of t5 already: copy its file"):
            thing.save(tmp_path / "other.safetensors")
