"""The checkpoints that ship: every number that they show is what its neighbours say, and they do what they are for."""

from typing import Any

import pytest
import torch
from tests.core.helpers import OPTIONS, restless
from tests.core.neighbours import errors

import glasshead
from glasshead import Subject, checks
from glasshead.recipes import recipe
from glasshead.training.evaluate import score

BUNDLED = {"english-french": (60, 0.95), "dates": (200, 0.97)}
"""Sentences to try, and the least share that must come out right to the last character."""
SEED = 20_170_612


@pytest.fixture(scope="module", params=BUNDLED)
def bundled(request: pytest.FixtureRequest) -> Subject:
    return glasshead.load(request.param)


def test_every_site_follows_from_its_neighbours(bundled: Subject) -> None:
    for text in recipe(bundled.name).examples[:2]:
        line = bundled.start(text)
        while not line.done:
            line.step()
        wrong = {site: error for site, error in errors(bundled.native, line.trace).items() if error > 2e-5}
        assert wrong == {}
        assert set(errors(bundled.native, line.trace)) == set(line.trace.sites)
        assert all(check.ok for check in checks(line.trace, line.cache_error())), checks(line.trace)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_so_does_every_site_of_any_other_kind_of_model(options: dict[str, Any]) -> None:
    """This makes the test above one that can be trusted, and it holds for arbitrary weights too."""
    sub = restless(71, **options)
    line = sub.start("attend")
    for _ in range(6):
        line.step()
    found = errors(sub.native, line.outlook)
    assert set(found) == set(line.outlook.sites)
    assert {site: error for site, error in found.items() if error > 2e-5} == {}


def test_a_wrong_number_would_be_found() -> None:
    sub = restless(72)
    line = sub.start("attend")
    for _ in range(4):
        line.step()
    trace = line.outlook
    for site in trace.sites:
        truth = trace[site]
        wrong = truth.clone().flatten()
        spot = wrong.isneginf().logical_not().nonzero()[-1]
        wrong[spot] += 0.01 * max(1.0, float(truth[~truth.isneginf()].abs().max()))
        wrong = wrong.view(truth.shape)
        trace._gathered[site] = wrong
        assert max(errors(sub.native, trace).values()) > 1e-4, site
        trace._gathered[site] = truth


@torch.inference_mode()
def together(subject: Subject, texts: list[str]) -> list[str]:
    """Greedy decoding of many sources at once, padded, and without a cache: no part of the package's own decoding."""
    model, codec = subject.native, subject.codecs.target
    found: list[str] = []
    for start in range(0, len(texts), 50):
        sources = [[*codec.encode(text), codec.EOS] for text in texts[start : start + 50]]
        source = torch.zeros(len(sources), max(map(len, sources)), dtype=torch.long)
        for row, ids in enumerate(sources):
            source[row, : len(ids)] = torch.tensor(ids)
        mask = model.padding_mask(source)
        memory = model.encode(source, mask)
        target = torch.full((len(sources), 1), codec.BOS)
        most = min(model.config.max_length, 2 * source.shape[1] + 10)  # a longer one is wrong anyway
        while target.shape[1] < most and not (target == codec.EOS).any(1).all():
            target = torch.cat([target, model.decode(target, memory, mask)[:, -1:].argmax(-1)], 1)
        rows = (row[: row.index(codec.EOS)] if codec.EOS in row else row for row in target[:, 1:].tolist())
        found.extend(codec.decode(row) for row in rows)
    return found


def test_it_does_what_it_is_for(bundled: Subject) -> None:
    count, least = BUNDLED[bundled.name]
    pairs = recipe(bundled.name).sample("test", count, SEED)
    assert len(pairs) == count
    given = together(bundled, [source for source, _ in pairs])
    wrong = [(s, t, g) for (s, t), g in zip(pairs, given, strict=True) if bundled.codecs.target.normalize(t) != g]
    right = 1 - len(wrong) / count
    assert right >= least, wrong
    assert right == pytest.approx(bundled.card["test"]["exact_match"], abs=0.05), "as its card says"
    for (source, _), text in list(zip(pairs, given, strict=True))[:5]:
        assert bundled.translate(source) == text
    scores = score(bundled.native, bundled.codecs, pairs[:20])
    assert [sample.given for sample in scores.samples] == given[:20]


def test_its_card_tells_where_it_comes_from(bundled: Subject) -> None:
    assert bundled.card["recipe"] == bundled.name
    assert bundled.folder is not None
    assert (bundled.folder / "README.md").read_text(encoding="utf-8").startswith(f"# {bundled.name}")
