"""Adverbs: a time that agrees with the tense, a manner, an adverb within the verb group."""

from __future__ import annotations

import random

from .. import english as en
from .. import lexicon as lex
from ..clause import Clause
from .chance import Words, pick

MIDDLE = [(english, french) for english, (french, _) in lex.MIDDLE.items()]
MIDDLE_NEGATED = [(english, french) for english, (french, negated) in lex.MIDDLE.items() if negated]
MANNER = list(lex.MANNER.items())
PRESENT_TIME = [pair for pair in lex.PRESENT_TIME.items() if pair[0] not in ("now", "today")]
NOW = [("now", "maintenant"), ("today", "aujourd'hui")]
PAST_TIME = list(lex.PAST_TIME.items())
FUTURE_TIME = list(lex.FUTURE_TIME.items())
MONTHS = list(lex.MONTHS.items())
DAYS = list(lex.DAYS.items())
NUMBERS = list(lex.NUMBERS.items())
HOURS = NUMBERS[:10]
SPANS = list(lex.SPANS.items())
FREQUENCY = frozenset({"often", "always", "sometimes", "rarely", "still", "generally"})


def manner_for(rng: random.Random, clause: Clause) -> Words:
    while True:
        manner = pick(rng, MANNER)
        compound = clause.control or clause.tense in ("going to", "can", "must", "would like")
        if not (compound and manner[1] in ("bien", "mal")):
            return manner


def add_middle(rng: random.Random, clause: Clause) -> None:
    options = MIDDLE_NEGATED if clause.negation else MIDDLE
    middle = pick(rng, options)
    if clause.tense in ("can", "must", "would like"):
        return
    if clause.tense == "past" and middle[0] in ("still", "generally"):
        return
    clause.middle = middle


def time_for(rng: random.Random, clause: Clause) -> Words | None:
    """Draw a time that agrees with the tense."""
    tense, chance = clause.tense, rng.random()
    if clause.negation in ("never", "no longer") or (clause.middle and clause.middle[0] in FREQUENCY):
        return None
    if tense == "present":
        return pick(rng, PRESENT_TIME) if not clause.middle and chance < 0.9 else None
    if tense == "progressive":
        return pick(rng, NOW)
    if tense in ("past", "was doing"):
        if (clause.control or clause.verb).imperfect:
            return pick(rng, PAST_TIME[:-1])
        if chance < 0.5:
            return pick(rng, PAST_TIME)
        if chance < 0.58:
            return pick(rng, NOW[1:])
        if chance < 0.74 and tense == "past":
            number, span, many = span_of(rng)
            return f"{number[0]} {span[0][many]} ago", f"il y a {number[1]} {span[1][many]}"
        if chance < 0.84 and tense == "past" and not clause.verb.object and not clause.negation:
            number, span, many = span_of(rng)
            return f"for {number[0]} {span[0][many]}", f"pendant {number[1]} {span[1][many]}"
        return clock(rng)
    if chance < 0.5:
        return pick(rng, FUTURE_TIME)
    if chance < 0.62:
        day = pick(rng, DAYS)
        return f"on {day[0]}", day[1]
    if chance < 0.78:
        month = pick(rng, MONTHS)
        return f"in {month[0]}", f"en {month[1]}"
    if chance < 0.88:
        number, span, many = span_of(rng)
        return f"in {number[0]} {span[0][many]}", f"dans {number[1]} {span[1][many]}"
    return clock(rng)


def clock(rng: random.Random) -> Words:
    chance = rng.random()
    if chance < 0.15:
        return "at noon", "à midi"
    if chance < 0.3:
        return "at midnight", "à minuit"
    hour = pick(rng, HOURS)
    return f"at {hour[0]} o'clock", f"à {hour[1]} heures"


def span_of(rng: random.Random) -> tuple[Words, tuple[Words, Words], int]:
    """Draw a number and a span of time: `(two, deux), (hour/hours, heure/heures), 1`."""
    names, (one, many, is_feminine) = pick(rng, SPANS)
    if rng.random() < 0.2:
        return (en.article(names[0]), "une" if is_feminine else "un"), (names, (one, many)), 0
    return pick(rng, NUMBERS), (names, (one, many)), 1
