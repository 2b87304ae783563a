"""Trace: what it holds, how it is addressed, and what becomes of it when memory is short."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from tests.core.helpers import OPTIONS, counted, gap, ids, make, plain, restless, subject
from tests.core.reference import may_look, transform

from glasshead import GlassheadError, Stepper, checks, listen, sites
from glasshead.analysis.cell import cell
from glasshead.site import KEYED, SQUARE, Site
from glasshead.traces.shown import NotYetError, passes_put_off

TEXT = "glass"


def native(line: Any) -> Any:
    """The Transformer that a line decodes with."""
    return line.rows.model.module


def walked(sub: Any, steps: int = 6, **options: Any) -> Stepper:
    line: Stepper = sub.start(TEXT, **options)
    for _ in range(steps):
        line.step()
    return line


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_every_site_as_the_formulas_have_it_for_the_whole_at_once(options: dict[str, Any]) -> None:
    line = walked(restless(61, torch.float64, **options))
    trace = line.outlook
    wanted = transform(native(line), [token.id for token in line.source], line.ids)
    assert set(trace.sites) == set(wanted)
    assert {site: e for site, value in wanted.items() if (e := gap(trace[site], value)) > 2e-5} == {}
    assert all(trace[site].dtype == torch.float32 for site in trace.sites)


def test_rows_are_the_steps_taken_and_the_outlook_has_one_more() -> None:
    line = restless(62).start(TEXT)
    for n in range(7):
        assert line.trace.steps == n
        assert line.outlook.steps == n + 1
        assert [t.id for t in line.outlook.target] == line.ids
        assert [t.id for t in line.trace.target] == line.ids[:-1]
        for trace in (line.trace, line.outlook):
            for site in trace.sites:
                if site.startswith("decoder.") and not site.endswith((".cross.k", ".cross.v")):
                    axis = 1 if trace[site].dim() == 3 else 0
                    assert trace[site].shape[axis] == trace.steps, site
        line.step()


@pytest.mark.parametrize("batch", [1, 6], ids=["step by step", "a prompt at once"])
def test_one_row_of_a_site_is_that_row_of_the_whole(batch: int) -> None:
    line = walked(restless(62), 6)
    if batch > 1:
        line.forget_rows()
    for row in (0, 4, 6):
        fresh = line.branch().outlook  # nothing is gathered yet
        for site in fresh.sites:
            if Site.parse(site).name in (*SQUARE, *KEYED) or (site.split(".")[0] in ("encoder", "source") and row > 5):
                continue
            found = fresh.at(site, row)
            whole = line.outlook[site]
            assert torch.equal(found, whole[:, row] if Site.parse(site).axes.startswith("h") else whole[row]), site


def test_rows_of_what_was_let_go_are_recomputed_together_and_only_once() -> None:
    sub = restless(62)
    whole, small = walked(sub, 6).outlook, walked(sub, 6, budget=1).outlook
    sites = [site for site in whole.sites if Site.parse(site).name not in (*SQUARE, *KEYED)]
    with counted(sub.native) as calls:
        assert small.prepare(sites, 3) and not whole.prepare(sites, 3)
        for site in sites:
            heads = Site.parse(site).axes.startswith("h")
            assert gap(small.at(site, 3), whole[site][:, 3] if heads else whole[site][3]) < 2e-5, site
        assert calls == {"encode": 1, "decode": 1}


def test_what_was_let_go_can_be_put_off() -> None:
    sub = restless(62)
    whole, small = walked(sub, 6).outlook, walked(sub, 6, budget=1).outlook

    def needed(look: Callable[[], object]) -> NotYetError:
        with passes_put_off(), pytest.raises(NotYetError) as need:
            look()
        return need.value

    for site in ("decoder.1.self.weights", "decoder.0.cross.scores", "decoder.1.ffn.active", "logits"):
        need = needed(lambda site=site: small[site])  # type: ignore[misc]
        assert not small.at_hand(site)
        need.compute()
        with passes_put_off():
            assert small.at_hand(site) and gap(small[site], whole[site]) < 2e-5
            assert gap(small.row(site, 3), whole.row(site, 3)) < 2e-5
    for prefix in ("decoder.0.self", "encoder.1.self"):
        needed(lambda prefix=prefix: small.hides(prefix)).compute()  # type: ignore[misc]
        with passes_put_off():
            assert small.hides_at_hand(prefix)
            assert torch.equal(small.hides(prefix), whole[f"{prefix}.masked"] == -torch.inf)
    needed(lambda: small["decoder.0.self.weights"]).compute()
    with passes_put_off():  # the same pass has found them
        assert torch.equal(small.hides("decoder.0.self"), whole.hides("decoder.0.self"))
    with counted(sub.native) as calls:
        needed(lambda: cell(small, "decoder.0.self", 1, 4, 2)).compute()
        assert calls == {"encode": 1, "decode": 1}, "all of a row in one pass"


def test_the_row_of_the_outlook_is_what_the_candidates_come_from() -> None:
    line = walked(restless(62))
    p = torch.softmax(line.outlook["logits"][-1], -1)
    assert [t.id for t in line.candidates(5)] == p.topk(5).indices.tolist()
    assert [t.probability for t in line.candidates(5)] == pytest.approx(p.topk(5).values.tolist())
    for n, token in enumerate(line.tokens[1:]):
        assert int(line.trace["logits"][n].argmax()) == token.id


@pytest.mark.parametrize("window", [None, 3])
def test_three_faces_of_the_triangle(window: int | None) -> None:
    line = walked(restless(63, window=window), 7)
    trace = line.outlook
    looks = torch.from_numpy(may_look(8, 8, causal=True, window=window))
    assert torch.equal(trace.may_look("decoder.1.self"), looks)
    model: Any = native(line)
    with torch.no_grad(), listen(model) as seen:
        model(torch.tensor([[t.id for t in line.source]]), ids(*line.ids))
    for layer in range(2):
        scores, masked, weights = (trace[f"decoder.{layer}.self.{name}"] for name in ("scores", "masked", "weights"))
        assert torch.equal(masked.isneginf(), ~looks.expand(4, 8, 8)), "−∞ exactly where one may not look"
        assert (weights[:, ~looks] == 0).all(), "exactly zero there"
        assert (weights[:, looks] > 0).all()
        assert torch.equal(masked[:, looks], scores[:, looks])
        assert gap(scores, plain(seen[f"decoder.{layer}.self.scores"])) < 2e-5, "also of what the mask hides"
        assert not scores.isinf().any()


def test_one_step_and_one_token_are_no_special_case() -> None:
    line = subject(make(64)).start("a")
    trace = line.outlook
    assert trace["decoder.0.self.weights"].shape == (4, 1, 1)
    assert (trace["decoder.0.self.weights"] == 1).all()
    assert trace["decoder.0.self.norm.mean"].shape == (1,)
    assert trace["encoder.0.self.norm.var"].shape == (2,)
    assert trace["logits"].shape == (1, 29)
    assert line.trace.steps == 0


def test_before_the_first_step_there_is_an_encoder_only() -> None:
    line = subject(make(64)).start(TEXT)
    trace = line.trace
    assert trace.steps == 0
    assert trace.sites
    assert all(site.startswith(("source.", "encoder.")) for site in trace.sites)
    assert "encoder.out" in trace
    assert "logits" not in trace
    assert all(check.ok for check in checks(trace))
    with pytest.raises(GlassheadError, match="logits"):
        trace["logits"]


def test_what_is_named_can_be_found() -> None:
    trace = walked(restless(65)).outlook
    model = restless(65).native
    with listen(model) as seen:
        model(ids(3, 2), ids(1))
    assert trace.sites == list(seen), "all of them, in the order in which they are computed"
    assert set(seen) == set(sites(model))
    assert trace.find("decoder.*.cross.weights") == ["decoder.0.cross.weights", "decoder.1.cross.weights"]
    assert trace.find("*.norm.mean") == [site for site in trace.sites if site.endswith(".norm.mean")]
    assert len(trace.find("*.norm.mean")) == 2 * 2 + 2 * 3
    assert trace.find("nothing") == []
    assert trace.find("[") == []
    assert "decoder.0.self.q" in trace
    for foreign in ("decoder.0.self", "decoder.2.self.q", "", None, 3, ("decoder.0.self.q",)):
        assert foreign not in trace
    assert [k.label for k in trace.kinds] == ["encoder self", "decoder self (masked)", "encoder–decoder"]
    assert trace.axes("decoder.0.cross") == (trace.target, trace.source)
    assert trace.axes("encoder.0.self") == (trace.source, trace.source)


@pytest.mark.parametrize(
    ("site", "near"),
    [
        ("decoder.0.self.wieghts", "decoder.0.self.weights"),
        ("decoder.7.cross.q", "decoder."),
        ("Logits", "logits"),
        ("", ""),
    ],
)
def test_a_site_that_is_not_there_is_told_with_its_neighbours(site: str, near: str) -> None:
    with pytest.raises(GlassheadError) as caught:
        walked(restless(65)).trace[site]
    assert repr(site) in str(caught.value)
    assert near in str(caught.value)


def test_only_what_was_asked_for_is_kept() -> None:
    line = walked(restless(66), keep=["decoder.*.cross.weights", "encoder.out"])
    assert set(line.trace.sites) == {"encoder.out", "decoder.0.cross.weights", "decoder.1.cross.weights"}
    whole = walked(restless(66)).trace
    for site in line.trace.sites:
        assert gap(line.trace[site], whole[site]) < 1e-5
    with pytest.raises(GlassheadError, match="No site of this model"):
        restless(66).start(TEXT, keep=["decoder.*.corss.weights"])


def test_scores_can_be_kept_alone() -> None:
    line = walked(restless(66), keep=["decoder.*.self.scores"])
    whole = walked(restless(66)).trace
    for site in line.trace.sites:
        assert gap(line.trace[site], whole[site]) < 1e-5
    assert "recomputed" in line.trace.origin("decoder.0.self.scores")


def test_origin_tells_the_truth() -> None:
    trace = walked(restless(66)).trace
    assert trace.origin("decoder.0.cross.weights") == "captured"
    assert "q·k" in trace.origin("decoder.1.self.scores")
    assert trace.origin("encoder.1.self.scores") == "captured"


@pytest.mark.parametrize("budget", [60_000, 30_000, 9_000, 1])
def test_a_trace_stays_within_its_budget_and_still_has_all(budget: int) -> None:
    sub = restless(67)
    line, free = sub.start(TEXT, budget=budget), sub.start(TEXT)
    for _ in range(14):
        assert line.rows.record.bytes <= budget
        line.step()
        free.step()
    trace, whole = line.trace, free.trace
    assert trace.sites == whole.sites
    recomputed = [site for site in trace.sites if trace.origin(site).startswith("recomputed")]
    assert recomputed
    assert (budget > 1) == (len(recomputed) < len(trace.sites))
    largest = max(whole[site].numel() * 4 for site in whole.sites)
    for site in whole.sites:
        assert gap(trace[site], whole[site]) < 2e-5, site
        assert trace.bytes <= budget + 2 * largest, "what is looked at comes and goes"
    assert line.cache_error() < 1e-5


def test_what_grows_with_the_square_goes_first() -> None:
    line = walked(restless(67), 12, budget=60_000)
    gone = {site for site in line.trace.sites if line.trace.origin(site).startswith("recomputed")}
    squares = {site for site in line.trace.sites if site.endswith((".scores", ".masked", ".weights"))}
    assert gone
    assert squares <= gone or gone <= squares


def test_an_encoder_that_was_let_go_can_be_seen_before_the_first_step() -> None:
    sub = restless(67)
    tight, free = sub.start(TEXT, budget=1), sub.start(TEXT)
    assert tight.trace.steps == 0
    assert set(tight.trace.sites) == set(free.trace.sites)
    for site in free.trace.sites:
        assert gap(tight.trace[site], free.trace[site]) < 1e-5


def test_what_is_recomputed_has_the_edits_of_its_line() -> None:
    sub = restless(68)
    edit = {"decoder.0.self.weights": lambda value: value * 0.5, "encoder.1.ffn.out": lambda value: value + 1}
    tight, free = walked(sub, edit=edit, budget=1), walked(sub, edit=edit)
    assert tight.ids == free.ids
    for site in free.trace.sites:
        assert gap(tight.trace[site], free.trace[site]) < 2e-5, site


def test_a_trace_of_the_past_recomputes_the_past() -> None:
    sub = restless(68)
    line = walked(sub, 5, budget=1)
    past = line.trace
    line.goto(2)
    line.choose(9)
    line.step()
    fresh = walked(sub, 5).trace
    for site in ("decoder.1.self.weights", "logits", "decoder.0.cross.scores"):
        assert gap(past[site], fresh[site]) < 2e-5


def test_looking_runs_no_model_unless_it_was_let_go() -> None:
    sub = restless(69)
    line, tight = walked(sub), walked(sub, budget=1)
    with counted(sub.native) as calls:
        trace = line.trace
        for site in trace.sites:
            trace[site]
        assert calls == {"encode": 0, "decode": 0}
        tight.trace["decoder.0.self.weights"]
        tight.trace["decoder.0.self.weights"]
        assert calls == {"encode": 1, "decode": 1}, "and only once for the one that is looked at"


def test_bytes_count_what_is_held() -> None:
    line = walked(restless(69), keep=["decoder.0.cross.weights", "encoder.out"])
    assert line.trace.bytes == 6 * (4 * 6) * 4 + 6 * 16 * 4
    assert line.rows.record.bytes == line.trace.bytes
    line.goto(2)
    line.choose(9)
    assert line.rows.record.bytes == 3 * (4 * 6) * 4 + 6 * 16 * 4, "the future that was dropped is not counted"


def test_a_row_holds_on_to_no_more_than_itself() -> None:
    line = walked(restless(69), 12, keep=["decoder.*.self.[kv]"])
    for row in line.rows.record.rows:
        for site, value in row.items():
            assert value.untyped_storage().nbytes() == value.numel() * 4, site


def test_a_branch_shares_memory_but_not_its_future() -> None:
    line = walked(restless(69))
    other = line.branch()
    other.choose(5)
    other.step()
    assert line.trace.steps == 6
    assert other.trace.steps == 8
    assert line.rows.record.bytes < other.rows.record.bytes
    before = line.trace["decoder.0.self.weights"]
    assert gap(other.trace["decoder.0.self.weights"][:, :6, :6], before) == 0
    assert np.all(other.trace["decoder.0.self.weights"].numpy()[:, :6, 6:] == 0)
