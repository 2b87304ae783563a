"""One clause in both languages: word order, agreement, negation, pronouns.

A `Clause` holds the meaning (actor, action, object, time, polarity); `english` and `french` write it. Nothing here is
random: the same clause always gives the same two sentences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from . import english as en
from . import french as fr
from .french import IL, NOUS
from .lexicon import Verb

Tense = Literal["present", "progressive", "past", "was doing", "future", "going to", "can", "must", "would like"]
Negation = Literal["", "not", "never", "no longer", "nothing", "nobody", "only", "subject"]


@dataclass(frozen=True, slots=True)
class NounPhrase:
    """A noun phrase in both languages; `fr` is not yet joined (see `french.spell`).

    `en_negated`, `fr_negated`: its form as the object of a negated verb, where `some bread` turns into `any bread` and
    `du pain` into `de pain`. `person` counts je, tu, il, nous, vous, ils from 0.
    """

    en: str
    fr: str
    feminine: bool = False
    person: int = IL
    en_negated: str = ""
    fr_negated: str = ""

    @property
    def plural(self) -> bool:
        return self.person >= NOUS


@dataclass(frozen=True, slots=True)
class Pronoun:
    """A personal pronoun as an object: him → le (direct), lui (to him), lui (with him)."""

    en: str
    direct: str
    dative: str
    strong: str
    feminine: bool = False
    plural: bool = False

    def after(self, preposition: str) -> str:
        return f"{preposition} {self.strong}"


I_SUBJECT = NounPhrase("i", "je", person=fr.JE)
YOU = NounPhrase("you", "vous", person=fr.VOUS)
HE = NounPhrase("he", "il")
SHE = NounPhrase("she", "elle", feminine=True)
IT = NounPhrase("it", "il")
WE = NounPhrase("we", "nous", person=fr.NOUS)
THEY = NounPhrase("they", "ils", person=fr.ILS)
SOMEONE = NounPhrase("someone", "quelqu'un")
EVERYONE = NounPhrase("everyone", "tout le monde")
NOBODY = NounPhrase("nobody", "personne")

ME = Pronoun("me", "me", "me", "moi")
YOU_OBJECT = Pronoun("you", "vous", "vous", "vous", plural=True)
HIM = Pronoun("him", "le", "lui", "lui")
HER = Pronoun("her", "la", "lui", "elle", feminine=True)
IT_OBJECT = Pronoun("it", "le", "", "")
US = Pronoun("us", "nous", "nous", "nous", plural=True)
THEM = Pronoun("them", "les", "leur", "eux", plural=True)

SOMETHING = NounPhrase("something", "quelque chose")


@dataclass(slots=True)
class Clause:
    """The meaning of a clause.

    `tail` and `predicate` are (English, French) pairs. `preceding` is the gender and number of an object that stands
    before the verb in French (in a relative clause or a question); the participle agrees with it.
    """

    subject: NounPhrase
    verb: Verb
    tense: Tense = "present"
    negation: Negation = ""
    middle: tuple[str, str] | None = None
    control: Verb | None = None
    direct: NounPhrase | Pronoun | None = None
    dative: NounPhrase | Pronoun | None = None
    receiver_first: bool = False
    predicate: tuple[str, str] | None = None
    manner: tuple[str, str] | None = None
    tail: tuple[str, str] | None = None
    time: tuple[str, str] | None = None
    preceding: tuple[bool, bool] | None = None
    contracted: bool = False


# ---------------------------------------------------------------------------------------------------------------
# English
# ---------------------------------------------------------------------------------------------------------------

BE_PRESENT = ("am", "", "is", "are", "are", "are")
BE_PAST = ("was", "", "was", "were", "were", "were")
MODALS = {"future": "will", "can": "can", "must": "must", "would like": "would"}
BEFORE_VERB = {"never": "never", "no longer": "no longer", "only": "only"}


def english(clause: Clause, question: str | None = None) -> str:
    """Write the clause in English. `question` puts the auxiliary before the subject; it may hold `where`, `why`…"""
    auxiliary, rest = _english_verb(clause, question is not None)
    words = [clause.subject.en, *rest, *_english_objects(clause)]
    if question is None:
        words.insert(1, auxiliary)
    else:
        words[:0] = question, auxiliary
    return " ".join(word for word in words if word)


def english_after_subject(clause: Clause) -> str:
    """Write the clause without its subject, to follow `who` and `that`."""
    auxiliary, rest = _english_verb(clause, False)
    return " ".join(word for word in (auxiliary, *rest, *_english_objects(clause)) if word)


def english_imperative(clause: Clause) -> str:
    order = " ".join([clause.verb.en.lemma, *_english_objects(clause)])
    if clause.negation == "not":
        return ("don't " if clause.contracted else "do not ") + order
    return order


def _english_verb(clause: Clause, question: bool) -> tuple[str, list[str]]:
    """Return the auxiliary (or nothing) and the rest of the verb group, up to the particle."""
    main, tense, person = clause.verb.en, clause.tense, clause.subject.person
    first = clause.control.en if clause.control else main
    negated = clause.negation == "not"
    be = first.base == "be"
    if tense in MODALS:
        auxiliary, form = MODALS[tense], first.base
        if tense == "would like":
            form = f"like to {form}"
    elif tense in ("progressive", "going to", "was doing"):
        auxiliary = (BE_PAST if tense == "was doing" else BE_PRESENT)[person]
        form = f"going to {first.base}" if tense == "going to" else first.ing
    elif be:
        auxiliary, form = (BE_PAST if tense == "past" else BE_PRESENT)[person], ""
    elif negated or question:
        auxiliary = "did" if tense == "past" else "does" if person == fr.IL else "do"
        form = first.base
    else:
        auxiliary = ""
        form = first.past if tense == "past" else first.third if person == fr.IL else first.base
    words = []
    if negated:
        if clause.contracted and auxiliary in en.CONTRACTED:
            auxiliary = en.CONTRACTED[auxiliary]
        elif auxiliary == "can" and not question:
            auxiliary = "cannot"
        else:
            words.append("not")
    elif clause.negation in BEFORE_VERB:
        words.append(BEFORE_VERB[clause.negation])
    if clause.middle:
        words.append(clause.middle[0])
    if form:
        words.append(form)
    if first.particle:
        words.append(first.particle)
    if clause.control:
        words.append(main.lemma)
    return auxiliary, words


def _english_objects(clause: Clause) -> list[str]:
    direct, dative, negation = clause.direct, clause.dative, clause.negation
    words = []
    if clause.predicate:
        words.append(clause.predicate[0])
    thing = ""
    if isinstance(direct, Pronoun):
        thing = direct.en
    elif direct:
        negative = negation in ("not", "never", "no longer")
        thing = (direct.en_negated or direct.en) if negative else direct.en
    elif negation in ("nothing", "nobody"):
        thing = negation
    if dative and (clause.receiver_first or (isinstance(dative, Pronoun) and not isinstance(direct, Pronoun))):
        words += (dative.en, thing)
    else:
        if thing:
            words.append(thing)
        if dative:
            words.append(f"to {dative.en}")
    words += [part[0] for part in (clause.manner, clause.tail, clause.time) if part]
    return words


# ---------------------------------------------------------------------------------------------------------------
# French
# ---------------------------------------------------------------------------------------------------------------

SECOND_NEGATION = {"not": "pas", "never": "jamais", "no longer": "plus", "nothing": "rien"}
SHORT_ADVERBS = frozenset({"bien", "mal"})  # before the participle: il a bien dormi
SEMI_AUXILIARIES = {
    "going to": fr.conjugate("aller").present,
    "can": fr.conjugate("pouvoir").present,
    "must": fr.conjugate("devoir").present,
    "would like": fr.conjugate("vouloir").conditional,
}


def french(clause: Clause) -> str:
    """Write the clause in French, unjoined. A question is the same after `est-ce que`."""
    return f"{clause.subject.fr} {french_after_subject(clause)}"


def french_after_subject(clause: Clause) -> str:
    """Write the clause without its subject, to follow `qui`."""
    verb, tense, person, negation = clause.verb, clause.tense, clause.subject.person, clause.negation
    clitics, agreement = _clitics(clause)
    infinitives: list[str] = []
    first = verb
    if clause.control:
        first = clause.control
        linked = (clause.control.preposition, *clitics, verb.fr.infinitive)
        infinitives += [word for word in (clause.control.complement, *linked) if word]
        clitics = []
    participle = ""
    if tense in SEMI_AUXILIARIES:
        finite = SEMI_AUXILIARIES[tense][person]
        infinitives = [*clitics, first.fr.infinitive, *infinitives]
        clitics = []
    elif tense == "past" and not first.imperfect:
        finite = (fr.ETRE if first.fr.with_etre else fr.AVOIR).present[person]
        participle = _participle(clause, first, agreement)
    elif tense in ("past", "was doing"):
        finite = first.fr.imperfect[person]
    elif tense == "future":
        finite = first.fr.future[person]
    else:
        finite = first.fr.present[person]
    words = ["ne", *clitics, finite] if negation else [*clitics, finite]
    if negation in SECOND_NEGATION:
        words.append(SECOND_NEGATION[negation])
    if clause.middle:
        words.append(clause.middle[1])
    manner = clause.manner[1] if clause.manner else ""
    if participle:
        words += (manner, participle) if manner in SHORT_ADVERBS else (participle, manner)
        words += infinitives
    else:
        words += (*infinitives, manner)
    if verb.complement:
        words.append(verb.complement)
    if clause.predicate:
        words.append(clause.predicate[1])
    words += _french_objects(clause)
    words += [part[1] for part in (clause.tail, clause.time) if part]
    return " ".join(words)


def french_imperative(clause: Clause) -> str:
    """Write the vous-form: `fermez la porte`, `donnez-le-lui`, `ne le fermez pas`, `dépêchez-vous`."""
    verb = clause.verb.fr.present[fr.VOUS]
    clitics, _ = _clitics(replace(clause, subject=YOU))
    objects = _french_objects(clause)
    manner = [clause.manner[1]] if clause.manner else []
    rest = [part[1] for part in (clause.tail, clause.time) if part]
    if clause.negation == "not":
        return " ".join(["ne", *clitics, verb, "pas", *manner, *objects, *rest])
    order = sorted(clitics, key=lambda word: word not in ("le", "la", "les"))
    joined = "-".join([verb, *("moi" if word == "me" else word for word in order)])
    return " ".join([joined, *manner, *objects, *rest])


def _clitics(clause: Clause) -> tuple[list[str], tuple[bool, bool] | None]:
    """Order the pronouns before the verb as in French; return the agreement of a participle with avoir too."""
    verb, direct, dative = clause.verb, clause.direct, clause.dative
    clitics = [fr.REFLEXIVE[clause.subject.person]] if verb.fr.reflexive else []
    agreement = clause.preceding
    receiver = ""
    if isinstance(dative, Pronoun):
        receiver = dative.dative
    elif isinstance(direct, Pronoun) and verb.preposition == "à" and takes_dative(verb):
        receiver = direct.dative
    thing = ""
    if isinstance(direct, Pronoun) and not verb.preposition:
        thing = direct.direct
        agreement = (direct.feminine, direct.plural)
    pair = (thing, receiver) if receiver in ("lui", "leur") else (receiver, thing)
    clitics += [word for word in pair if word]
    return clitics, agreement


def takes_dative(verb: Verb) -> bool:
    """Tell whether a pronoun becomes lui or leur (il lui parle), not à lui (il pense à lui)."""
    return verb.fr.infinitive != "penser"


def _participle(clause: Clause, first: Verb, agreement: tuple[bool, bool] | None) -> str:
    if first.fr.with_etre:
        return first.fr.participle[fr.form(clause.subject.feminine, clause.subject.plural)]
    if agreement and first is clause.verb:
        return first.fr.participle[fr.form(*agreement)]
    return first.fr.participle[0]


def _french_objects(clause: Clause) -> list[str]:
    verb, direct, dative, negation = clause.verb, clause.direct, clause.dative, clause.negation
    words = []
    if isinstance(direct, Pronoun):
        if verb.preposition and not (verb.preposition == "à" and takes_dative(verb)):
            words.append(direct.after(verb.preposition))
    elif direct:
        if negation == "only":
            words.append("que")
        negative = negation in ("not", "never", "no longer")
        noun = (direct.fr_negated or direct.fr) if negative else direct.fr
        words.append(f"{verb.preposition} {noun}" if verb.preposition else noun)
    elif negation == "nobody":
        words.append("personne")
    if isinstance(dative, NounPhrase):
        words.append(f"à {dative.fr}")
    return words
