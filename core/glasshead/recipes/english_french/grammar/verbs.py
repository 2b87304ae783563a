"""The verbs, sorted by their companions, and the few with their own sentences (to be, to go)."""

from __future__ import annotations

from dataclasses import replace

from .. import english as en
from .. import french as fr
from .. import lexicon as lex
from ..lexicon import Verb
from .nouns import AMONG, BEING_KINDS, HUMAN_KINDS

VERBS = lex.ALL_VERBS
TRANSITIVE = [verb for verb in VERBS if verb.object and not verb.preposition and not verb.complement]
PERSONAL = [verb for verb in TRANSITIVE if {noun.kind for noun in AMONG[verb.object]} & HUMAN_KINDS]
INANIMATE = [verb for verb in TRANSITIVE if not {noun.kind for noun in AMONG[verb.object]} <= BEING_KINDS]
TRANSITIVE_BY_NOUN: dict[str, list[Verb]] = {noun.en[0]: [] for noun in lex.ALL_NOUNS}
for _verb_with_object in TRANSITIVE:
    for _object in {id(noun): noun for noun in AMONG[_verb_with_object.object]}.values():
        TRANSITIVE_BY_NOUN[_object.en[0]].append(_verb_with_object)
ORDERS = [
    verb
    for verb in VERBS
    if (verb.subject == "human" and not verb.state and verb.en.base not in ("fail", "faint", "get", "snore", "blush"))
    or verb.en.lemma == "get up"
]
HUMAN_INTRANSITIVE = [
    verb
    for verb in VERBS
    if verb.subject in ("human", "being") and not verb.object and verb.en.base not in ("die", "grow")
]
PLACE_INTRANSITIVE = [
    verb
    for verb in HUMAN_INTRANSITIVE
    if verb.en.base in ("sleep", "work", "sing", "dance", "play", "rest", "stroll", "eat", "pray")
]
HUMAN_VERBS = [verb for verb in VERBS if verb.subject in ("human", "being")]
BEING_VERBS = [verb for verb in VERBS if verb.subject == "being"]


def _verb(english_text: str, french_text: str) -> Verb:
    return Verb(en.verb(english_text), fr.conjugate(french_text), "", "", "", False, "", False, False)


BE = Verb(
    en.EnglishVerb("be", "is", "was", "being"), fr.conjugate("être"), "", "", "", False, "", state=True, imperfect=True
)
BE_WITH_AVOIR = replace(BE, fr=fr.conjugate("avoir"))
HAVE = Verb(
    en.EnglishVerb("have", "has", "had", "having"),
    fr.conjugate("avoir"),
    "",
    "",
    "",
    False,
    "",
    state=True,
    imperfect=True,
)
LIVE = replace(_verb("live", "habiter"), state=True, imperfect=True)
GO = _verb("go/went", "aller")
COME = _verb("come/came", "venir")
RETURN = _verb("return", "retourner")
STAY = _verb("stay", "rester")
BECOME = _verb("become/became", "devenir")
SEEM = replace(_verb("seem", "sembler"), state=True, imperfect=True)
THAT_VERBS = [replace(_verb(english_text, french_text), state=True) for english_text, french_text in lex.THAT.items()]
WEATHER = [_verb(english_text, french_text) for english_text, french_text in lex.WEATHER.items()]
