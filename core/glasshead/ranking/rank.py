"""Rank: the parts of a model by what its output loses without each of them.

    knockout    the part's output is 0, or its mean over the texts; of a token: nobody may look at it
    keep-only   of the heads of one attention only this one stays (Michel et al. 2019, table 2)
    patch       in a run on a corrupted text, the part gives what it gave on the text itself

Beside the effect of a part stands the placebo: the same edit of as many others of the same layer, with its mean and
spread. A layer has few heads, so they are not drawn at random but all taken, each in turn: for a head that is taken out
the other heads of its layer, for one that is kept alone each other one kept alone. A whole sub-layer has no other in
its layer: there it is the same sub-layer of the other layers, and for a token each other token. An effect that is no
larger than theirs says nothing of the part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from glasshead.analysis.measures import Sight, Trait, measured
from glasshead.anatomy import Anatomy
from glasshead.decoding.protocols import Model
from glasshead.errors import GlassheadError, StoppedError
from glasshead.ranking.lines import LONGEST, Line, line_of, numbered, words
from glasshead.ranking.parts import OF, Fills, Of, Part, Removal, heads, layers, siblings, tokens
from glasshead.ranking.passes import BUDGET, Outcome, Runner
from glasshead.ranking.results import METHODS, Asked, Effect, Instead, Method, Placebo, Ranking

if TYPE_CHECKING:
    from glasshead.subjects import Subject

LEAST = 1e-3
"""Least difference of log-probability between a text and the corrupted one, in nats, of which shares are taken."""

Progress = Callable[[int, int], None]
"""Called with the number of runs that are done, and of all."""


def rank(
    subject: "Subject",
    texts: Sequence[str],
    targets: Sequence[str | None] | None = None,
    *,
    by: Asked | None = None,
    method: Method = "knockout",
    of: Of = "heads",
    instead: Instead = "zero",
    corrupted: str | None = None,
    longest: int = LONGEST,
    budget: int = BUDGET,
    resume: bool = True,
    progress: Progress = lambda _done, _of: None,
    stop: Callable[[], bool] = lambda: False,
) -> Ranking:
    """Rank the parts of a model by what becomes of targets without them.

    targets: one for each text; None, or none at all, for what the model itself writes, greedily · by: one token, in
    place of the loss of all · instead: what comes in the place of a part that is knocked out · corrupted: with `patch`,
    a text with as many tokens · longest: most tokens of a target that the model writes itself · budget: bytes of a
    batch · resume: whether a batch may begin at a layer · stop: asked between batches.

    Raises GlassheadError for wishes that do not go together and texts that do not fit; StoppedError if `stop` says so.
    """
    _check(texts, by, method, of, instead, corrupted)
    given = targets or [None] * len(texts)
    lines: list[Line] = []
    for text, target in zip(texts, given, strict=True):
        with numbered(len(lines) + 1, len(texts)):
            lines.append(line_of(subject, text, target, longest=longest))
    if by is not None:
        lines = [lines[0].at(by.step, by.id)]
    return _rank(subject, lines, by, method, of, instead, corrupted, budget, resume, progress, stop)


def rank_line(
    subject: "Subject",
    line: Line,
    *,
    progress: Progress = lambda _done, _of: None,
    stop: Callable[[], bool] = lambda: False,
) -> Ranking:
    """Rank the heads of a model by what becomes of the labels of a line without each. As `rank`."""
    return _rank(subject, [line], None, "knockout", "heads", "zero", None, BUDGET, True, progress, stop)


def _rank(
    subject: "Subject", lines: Sequence[Line], by: Asked | None, method: Method, of: Of, instead: Instead,
    corrupted: str | None, budget: int, resume: bool, progress: Progress, stop: Callable[[], bool],
) -> Ranking:  # fmt: skip
    anatomy = subject.anatomy
    parts = parts_of(anatomy, of, lines[0])
    removals = [_removal(part, parts, method) for part in parts]
    sites = _values(parts)
    fills = means(subject.model, lines, sites, stop=stop) if instead == "mean" else {}
    keep = [f"{prefix}.{name}" for prefix in _attentions(parts) for name in ("weights", "masked")]
    keep = [site for site in keep if site in anatomy.sites]
    runs: list[_Run] = []
    for number, line in enumerate(lines):

        def tell(count: int, done: int = number * len(removals)) -> None:
            progress(done + count, len(lines) * len(removals))

        if stop():
            raise StoppedError
        runner = clean = Runner(subject.model, line, keep=[*keep, *(sites if corrupted else ())], budget=budget,
                                resume=resume)  # fmt: skip
        if corrupted is not None:
            fills = {site: clean.clean.values[site] for site in sites}
            runner = Runner(subject.model, _corrupted(subject, line, corrupted), budget=budget, resume=resume)
            _differ(clean, runner)
        outcomes = runner.run(removals, fills, progress=tell, stop=stop)
        seen = {prefix: sight(subject, clean, prefix) for prefix in _attentions(parts)} if keep else {}
        passes = clean.passes + (runner.passes if runner is not clean else 0)
        runs.append(_Run(outcomes, runner.whole.logp, clean.whole.logp, runner.tolerance, seen, passes))
    effects = [_effect([run.outcomes[place] for run in runs], runs, method) for place in range(len(parts))]
    traits = _traits(runs)
    found = []
    for place, (part, effect) in enumerate(zip(parts, effects, strict=True)):
        like = [effects[parts.index(each)] for each in siblings(part, parts)]
        outcomes = [run.outcomes[place] for run in runs]
        found.append(
            Effect(
                part=part, effect=effect, placebo=Placebo.of(like),
                kl=float(torch.cat([each.kl for each in outcomes]).mean()), move=max(each.move for each in outcomes),
                moved=any(each.move > run.tolerance for each, run in zip(outcomes, runs, strict=True)),
                traits=traits.get(part, {}),
            )
        )  # fmt: skip
    whole = torch.cat([run.before for run in runs])
    return Ranking(
        effects=tuple(sorted(found, key=lambda each: -each.effect)), method=method, of=of, by=by,
        loss=-float(whole.mean()), texts=len(lines), tokens=len(whole), passes=sum(run.passes for run in runs),
    )  # fmt: skip


@dataclass(frozen=True)
class _Run:
    """What is left of the runs of one text."""

    outcomes: list[Outcome]
    before: Tensor
    """Log-probability of each label with all parts; of the corrupted text, with a patch."""
    clean: Tensor
    """That of the text itself."""
    tolerance: float
    seen: dict[str, Sight]
    passes: int


def _check(
    texts: Sequence[str], by: Asked | None, method: Method, of: Of, instead: Instead, corrupted: str | None
) -> None:
    """Raise GlassheadError for wishes that do not go together."""
    if not texts:
        raise GlassheadError("There is no text to rank by: give one.")
    if method not in METHODS or of not in OF:
        raise GlassheadError(f"Methods are {', '.join(METHODS)}; what can be ranked is {', '.join(OF)}.")
    alone = {"one token": by is not None, "sources": of == "sources", "patch": method == "patch"}
    for what, wished in alone.items():
        if wished and len(texts) > 1:
            raise GlassheadError(f"A ranking by {what} needs one text, and there are {len(texts)}.")
    if (corrupted is None) == (method == "patch"):
        raise GlassheadError("A corrupted text belongs to the method patch, and patch needs one: give both or neither.")
    if of != "heads" and method == "keep-only":
        raise GlassheadError("keep-only keeps one head of a layer: it ranks heads, nothing else.")
    if of == "sources" and (method != "knockout" or instead != "zero"):
        raise GlassheadError("A token is hidden, and nothing comes in its place: rank sources by knockout.")
    if instead == "mean" and method == "patch":
        raise GlassheadError("A patch gives what the part gave on the text itself: there is no mean in it.")


def parts_of(anatomy: Anatomy, of: Of, line: Line) -> tuple[Part, ...]:
    """List the parts that can be ranked on a line: of a model that writes nothing those of its encoder."""
    if of == "sources":
        return tokens(anatomy, source=len(line.source), prompt=line.prompt)
    found = heads(anatomy) if of == "heads" else layers(anatomy)
    writes = bool(line.ids)
    return tuple(part for part in found if writes or part.prefix.startswith("encoder."))


def _removal(part: Part, parts: Sequence[Part], method: Method) -> Removal:
    """Return what is removed, or patched, for a part."""
    return frozenset(siblings(part, parts)) if method == "keep-only" else frozenset({part})


def _attentions(parts: Sequence[Part]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.prefix for part in parts if part.head is not None))


def _values(parts: Sequence[Part]) -> list[str]:
    """List the sites whose values come in the place of those of parts."""
    return list(dict.fromkeys(f"{part.prefix}.{'out' if part.head is None else 'heads'}" for part in parts))


def means(
    model: Model, lines: Sequence[Line], sites: Sequence[str], *, stop: Callable[[], bool] = lambda: False
) -> Fills:
    """Average values over all positions of all lines: h q d → h 1 d, q m → 1 m."""
    totals: dict[str, Tensor] = {}
    counts = dict.fromkeys(sites, 0)
    for line in lines:
        if stop():
            raise StoppedError
        for site, value in Runner(model, line, keep=sites, resume=False).clean.values.items():
            total = value.double().sum(-2, keepdim=True)
            totals[site] = totals[site] + total if site in totals else total
            counts[site] += value.shape[-2]
    return {site: total / counts[site] for site, total in totals.items()}


def _corrupted(subject: "Subject", line: Line, text: str) -> Line:
    """Make the line of the corrupted text, with the target of the text itself.

    Raises GlassheadError for another number of tokens: a value of one position can be given only to the same position.
    """
    prompt = subject.model.prompt(subject.vocabulary.source.encode(text))
    source, start = prompt.source, prompt.start
    (given, wanted) = (len(source), len(line.source)) if line.source else (len(start), line.prompt)
    if given != wanted:
        raise GlassheadError(
            f"The corrupted text has {given} tokens and the text {wanted}: give one with as many, so that every "
            "position has its counterpart."
        )
    return Line(source, (*start, *line.ids[line.prompt :]), line.labels, line.prompt)


def _differ(clean: Runner, corrupted: Runner) -> None:
    """Raise GlassheadError if the corrupted text changes nothing that could be recovered."""
    difference = float(clean.whole.logp.sum() - corrupted.whole.logp.sum())
    if abs(difference) < LEAST:
        raise GlassheadError(
            f"The corrupted text changes the log-probability by {difference:.1g} only: there is nothing to recover. "
            "Give one that the target does not follow from."
        )


def _effect(outcomes: Sequence[Outcome], runs: Sequence[_Run], method: Method) -> float:
    """Compute the effect of one part over all texts."""
    after = torch.cat([outcome.logp for outcome in outcomes])
    before = torch.cat([run.before for run in runs])
    if method == "patch":
        return float((after.sum() - before.sum()) / (runs[0].clean.sum() - before.sum()))
    return float((before - after).mean())


def sight(subject: "Subject", runner: Runner, prefix: str, made: Tensor | None = None) -> Sight:
    """Take the weights of one attention of a run that kept them. made: as in `Sight`, between encoder and decoder."""
    kind = subject.anatomy.kind_at(prefix)
    source, target = words(subject, runner.line)
    sides = {"source": source, "target": target}
    weights, masked = (runner.clean.values[f"{prefix}.{name}"].cpu() for name in ("weights", "masked"))
    ends = frozenset(subject.model.ends)
    own = kind.kind == "self"
    looks = masked > -torch.inf
    return Sight(weights, looks, sides[kind.queries], sides[kind.keys], own, ends, None if own else made)


def _traits(runs: Sequence[_Run]) -> dict[Part, dict[str, Trait]]:
    """Measure what each head looks at, over all texts."""
    return {
        Part(prefix, head): traits
        for prefix in runs[0].seen
        for head, traits in enumerate(measured([run.seen[prefix] for run in runs]))
    }
