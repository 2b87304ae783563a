"""A session in a file: all its lines with their tokens, edits and names, as JSON. Reopening decodes them again.

Nothing in it is run, and nothing is a number of the model: those come from the model, when a line is looked at. Of what
stands beside the present line it keeps the pinned head, the line that it is compared with, or where the other model is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from glasshead.decoding.stepper import Stepper
from glasshead.edits.language import parse
from glasshead.edits.ledger import Ledger
from glasshead.errors import GlassheadError, brief
from glasshead.files import read_plain, replace_text
from glasshead.session.editing import edit_line
from glasshead.session.picking import as_data, from_data
from glasshead.session.references import References
from glasshead.session.session import Session
from glasshead.session.standing import Standing
from glasshead.session.stops import Stops, check_head, name_head, parse_head, parse_stop
from glasshead.session.tree import GivenUp
from glasshead.switches import Entry

FORMAT = "glasshead session 1"
LARGEST = 16 << 20
"""Bytes of a file at most."""
MOST = 4096
"""Lines of a session that is opened at most: each is decoded again."""
FIELDS: dict[str, type | tuple[type, ...]] = {
    "branch": int, "family": int, "parent": (int, type(None)), "cause": str, "fork": int, "text": str,
    "truncate": bool, "name": str, "folded": bool, "ids": list, "original": list, "edits": list,
}  # fmt: skip


def write_session(session: Session, path: str | Path) -> Path:
    """Write all lines of a session; return the path. Raises GlassheadError if that cannot be done."""
    path = Path(path)
    before = [{"branch": branch, "step": step, "edits": _edits(ledger)} for branch, step, ledger in session.before]
    lines = [_line(each) for each in session.standings]
    about = {"format": FORMAT, "model": session.subject.name, "here": session.standing.branch,
             "before": before, "lines": lines, "stops": _stops(session.stops),
             "given_up": _given_up(session.given_up), "other": session.other,
             "pinned": None if session.pinned is None else name_head(*session.pinned),
             "beside": None if session.guest is None else session.guest.place}  # fmt: skip
    try:
        replace_text(path, json.dumps(about, indent=1) + "\n")
    except OSError as error:
        raise GlassheadError(f"{path} cannot be written: {error.strerror}.") from None
    return path


def read_session(session: Session, path: str | Path) -> str | None:
    """Bring back the lines of a file, and stand where it stood.

    Returns what opens the model that stood beside the line, a name, a folder or a recording: it may take a while, and
    is left to the caller (`open_guest`). None if there was none. Raises GlassheadError, and changes nothing, for a file
    that is none, or of another model.
    """
    about = _read(Path(path))
    if about["model"] != session.subject.name:
        raise GlassheadError(f"{path} is a session with {brief(about['model'])}, not with {session.subject.name}.")
    try:
        given_up = _read_given_up(about.get("given_up", ()))
        standings = _standings(session, about["lines"])
        before = [(each["branch"], each["step"], _ledger(each["edits"])) for each in about["before"]]
        stops = Stops(tuple(Entry(parse_stop(each["stop"]), bool(each["on"])) for each in about.get("stops", ())))
        pinned = _read_head(session, about.get("pinned"))
        beside, other = about.get("beside"), about.get("other")
        if not (isinstance(beside, str | None) and isinstance(other, int | None)):
            raise TypeError(f"{brief(beside if isinstance(other, int | None) else other)} cannot stand beside a line")
        session.restore(standings, about["here"], before, given_up)
        session.stops, session.pinned = stops, pinned
        if any(each.branch == other != about["here"] for each in standings):
            session.compare_with(other)
    except (KeyError, TypeError, IndexError) as error:
        raise GlassheadError(
            f"{path} is damaged: something in it is missing or of another kind ({brief(error)}); take an earlier copy."
        ) from None
    except GlassheadError as error:
        raise GlassheadError(f"{path}: {error}") from None
    return beside or None


def _read(path: Path) -> dict[str, Any]:
    try:
        data = read_plain(path, LARGEST)
    except OSError as error:
        raise GlassheadError(f"{path} cannot be read: {error.strerror or error}.") from None
    try:
        about = json.loads(data)
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise GlassheadError(f"{path} is no session of glasshead: such a file begins with its format, {FORMAT!r}.")
    lines = about.get("lines")
    good = isinstance(lines, list) and lines and all(map(_is_line, lines))
    before = isinstance(about.get("before"), list) and all(map(_is_place, about["before"]))
    if not good or not before or not isinstance(about.get("here"), int) or not isinstance(about.get("model"), str):
        raise GlassheadError(f"{path} is damaged: a line of it lacks what belongs to one.")
    if isinstance(lines, list) and len(lines) > MOST:
        raise GlassheadError(f"{path} has {len(lines):,} lines; a session of at most {MOST:,} is opened.")
    return about


def _is_line(line: object) -> bool:
    if not isinstance(line, dict) or not all(isinstance(line.get(name), kind) for name, kind in FIELDS.items()):
        return False
    return all(isinstance(token, int) for token in (*line["ids"], *line["original"])) and _are_edits(line["edits"])


def _is_place(place: object) -> bool:
    if not isinstance(place, dict) or not all(isinstance(place.get(name), int) for name in ("branch", "step")):
        return False
    return place["step"] >= 0 and _are_edits(place.get("edits"))


def _are_edits(edits: object) -> bool:
    return isinstance(edits, list) and all(
        isinstance(edit, dict) and isinstance(edit.get("edit"), str) and isinstance(edit.get("on"), bool)
        for edit in edits
    )


def _edits(ledger: Ledger) -> list[dict[str, Any]]:
    return [{"edit": str(entry.item), "on": entry.on} for entry in ledger.entries]


def _stops(stops: Stops) -> list[dict[str, Any]]:
    return [{"stop": str(entry.item), "on": entry.on} for entry in stops.entries]


def _given_up(lines: Mapping[int, Sequence[GivenUp]]) -> list[dict[str, Any]]:
    return [{"branch": branch, **asdict(each)} for branch, found in lines.items() for each in found]


def _read_given_up(lines: Sequence[Mapping[str, Any]]) -> dict[int, tuple[GivenUp, ...]]:
    """Read the lines that beam searches gave up, by the branch that each began from; an older file has none."""
    found: dict[int, tuple[GivenUp, ...]] = {}
    for each in lines:
        made = GivenUp(each["text"], each["step"], each["why"])
        if not isinstance(made.step, int) or not all(isinstance(said, str) for said in (made.text, made.why)):
            raise TypeError(f"{each!r} is no line that was given up")
        found[each["branch"]] = (*found.get(each["branch"], ()), made)
    return found


def _ledger(edits: list[dict[str, Any]]) -> Ledger:
    return Ledger(tuple(Entry(parse(each["edit"]), each["on"]) for each in edits))


def _line(at: Standing) -> dict[str, Any]:
    base = at.line if at.base is None else at.base
    return {
        "branch": at.branch, "family": at.family, "parent": at.parent, "cause": at.cause, "fork": at.fork,
        "text": at.text, "truncate": at.truncate, "name": at.name, "folded": at.folded,
        "ids": at.line.ids[len(at.line.ids) - at.line.step_number :],
        "original": base.ids[len(base.ids) - base.step_number :],
        "edits": _edits(at.ledger), "rules": as_data(at.line.pick),
    }  # fmt: skip


def _read_head(session: Session, text: object) -> tuple[str, int] | None:
    """Read the pinned head; an older file has none. Raises GlassheadError for one that the model does not have."""
    if text is None:
        return None
    prefix, head = parse_head(str(text))
    check_head(prefix, head, session.subject.anatomy)
    return prefix, head


def _standings(session: Session, lines: Sequence[dict[str, Any]]) -> list[Standing]:
    """Make the lines, not yet in the tree. An edit may take values from a line that was made before it."""
    made: dict[int, Standing] = {}

    def line_of(branch: int) -> Stepper:
        if branch not in made:
            raise GlassheadError(f"There is no line {branch}.")
        return made[branch].line

    references = References(session.subject, lines=line_of)
    for line in lines:
        made[line["branch"]] = _standing(session, line, references)
    return list(made.values())


def _standing(session: Session, line: dict[str, Any], references: References) -> Standing:
    ledger, pick = _ledger(line["edits"]), from_data(line.get("rules", ()), session.subject.model.size)
    base = session.subject.start(line["text"], truncate=line["truncate"], keep=session.keep, pick=pick)
    for token in line["original"]:
        base.choose(token)
    made = base
    if ledger.entries:
        start = base.branch()
        start.goto(0)
        made = edit_line(start, ledger, references)
        for token in line["ids"]:
            made.choose(token)
    return Standing(
        line=made, number=0, text=line["text"], truncate=line["truncate"], ledger=ledger,
        base=None if made is base else base, branch=line["branch"], family=line["family"], parent=line["parent"],
        cause=line["cause"], fork=line["fork"], name=line["name"], folded=line["folded"],
    )  # fmt: skip
