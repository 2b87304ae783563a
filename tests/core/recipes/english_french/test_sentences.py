"""Noun phrases, clauses and questions, against French and English as a teacher would write them."""

from __future__ import annotations

import pytest
from tests.core.recipes.english_french.words import name, noun

from glasshead.recipes.english_french import clause, french, grammar, lexicon, phrase
from glasshead.recipes.english_french.clause import Clause, NounPhrase


def verb(lemma: str, object_of: str = "") -> lexicon.Verb:
    """A verb of the lexicon by its English lemma, the one that takes such an object when there are several."""
    known = [*lexicon.ALL_VERBS, grammar.GO, grammar.BE, grammar.HAVE, *lexicon.ALL_CONTROL]
    found = [entry for entry in known if entry.en.lemma == lemma]
    return next((entry for entry in found if object_of in entry.object.split(", ")), found[0])


def said(sentence: Clause) -> tuple[str, str]:
    return clause.english(sentence), french.spell(clause.french(sentence))


def test_the_first_example() -> None:
    black_cat = noun("cat", phrase.THE, "black")
    assert said(Clause(black_cat, verb("sleep"), "progressive")) == (
        "the black cat is sleeping",
        "le chat noir dort",
    )


def test_the_second_example() -> None:
    sentence = Clause(
        noun("cat", phrase.THE, "black"), verb("see"), "present", "not", direct=noun("house", phrase.THE, "small")
    )
    assert said(sentence) == (
        "the black cat does not see the small house",
        "le chat noir ne voit pas la petite maison",
    )


@pytest.mark.parametrize(
    ("built", "english_text", "french_text"),
    [
        (noun("man", phrase.A, "old"), "an old man", "un vieil homme"),
        (noun("tree", phrase.THE, "beautiful"), "the beautiful tree", "le bel arbre"),
        (noun("hotel", phrase.MY, "new"), "my new hotel", "mon nouvel hôtel"),
        (noun("cat", phrase.A, "old"), "an old cat", "un vieux chat"),
        (noun("hero", phrase.THE, "beautiful"), "the beautiful hero", "le beau héros"),
        (noun("tree", phrase.THE, "beautiful", many=True), "the beautiful trees", "les beaux arbres"),
        (noun("school", phrase.MY), "my school", "mon école"),
        (noun("school", phrase.MY, "small"), "my small school", "ma petite école"),
        (noun("idea", phrase.HER), "her idea", "son idée"),
        (noun("axe", phrase.HIS), "his axe", "sa hache"),
        (noun("man", phrase.THIS), "this man", "cet homme"),
        (noun("hero", phrase.THIS), "this hero", "ce héros"),
        (noun("tree", phrase.THAT, "old"), "that old tree", "ce vieil arbre"),
        (noun("eye", phrase.THESE, many=True), "these eyes", "ces yeux"),
        (noun("hero"), "the hero", "le héros"),
        (noun("heroine"), "the heroine", "l'héroïne"),
        (noun("bean"), "the bean", "le haricot"),
        (noun("hatred"), "the hatred", "la haine"),
        (noun("man"), "the man", "l'homme"),
        (noun("yogurt"), "the yogurt", "le yaourt"),
        (noun("bread", phrase.SOME_MASS), "some bread", "du pain"),
        (noun("meat", phrase.SOME_MASS), "some meat", "de la viande"),
        (noun("water", phrase.SOME_MASS), "some water", "de l'eau"),
        (noun("cat", phrase.SOME, many=True), "some cats", "des chats"),
        (noun("cat", phrase.SOME, "small", many=True), "some small cats", "de petits chats"),
        (noun("cat", phrase.SOME, "black", many=True), "some black cats", "des chats noirs"),
        (noun("flower", phrase.THE, "small", "red"), "the small red flower", "la petite fleur rouge"),
        (noun("horse", phrase.NUMERALS[0], many=True), "two horses", "deux chevaux"),
        (noun("apple", phrase.MANY, many=True), "many apples", "beaucoup de pommes"),
        (noun("olive", phrase.MANY, many=True), "many olives", "beaucoup d'olives"),
        (noun("girl", phrase.ALL_THE, many=True), "all the girls", "toutes les filles"),
        (noun("shirt", phrase.THE, "brown", many=True), "the brown shirts", "les chemises marron"),
        (noun("egg", phrase.THE_OTHER), "the other egg", "l'autre œuf"),
    ],
)
def test_noun_phrases(built: NounPhrase, english_text: str, french_text: str) -> None:
    assert (built.en, french.spell(built.fr)) == (english_text, french_text)


def test_owners() -> None:
    teacher = noun("teacher")
    books = phrase.noun_phrase(lexicon.BY_NAME["book"], adjectives=(lexicon.ADJECTIVE_BY_NAME["old"],), owner=teacher)
    assert (books.en, french.spell(books.fr)) == ("the teacher's old book", "le vieux livre du professeur")
    room = phrase.noun_phrase(lexicon.BY_NAME["room"], owner=noun("child", many=True))
    assert (room.en, french.spell(room.fr)) == ("the children's room", "la pièce des enfants")
    car = phrase.noun_phrase(lexicon.BY_NAME["car"], owner=name("alice"))
    assert (car.en, french.spell(car.fr)) == ("alice's car", "la voiture d'alice")
    hat = phrase.noun_phrase(lexicon.BY_NAME["hat"], owner=noun("cousin", phrase.MY, many=True))
    assert (hat.en, french.spell(hat.fr)) == ("my cousins' hat", "le chapeau de mes cousins")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("à Le marché", "au marché"),
        ("à Les enfants", "aux enfants"),
        ("à Le hôtel", "à l'hôtel"),
        ("à La gare", "à la gare"),
        ("de Le chat", "du chat"),
        ("de Les chats", "des chats"),
        ("de Le *héros", "du héros"),
        ("de Le *haricot", "du haricot"),
        ("de le voir", "de le voir"),
        ("à les voir", "à les voir"),
        ("je ai faim", "j'ai faim"),
        ("je ne le ai pas vu", "je ne l'ai pas vu"),
        ("il ne y a pas de eau", "il n'y a pas d'eau"),
        ("parce que il dort", "parce qu'il dort"),
        ("si il pleut", "s'il pleut"),
        ("si elle dort", "si elle dort"),
        ("si ils dorment", "s'ils dorment"),
        ("il se est levé", "il s'est levé"),
        ("ce est un chat", "c'est un chat"),
        ("plus de *huit *hiboux", "plus de huit hiboux"),
        ("il me le a donné", "il me l'a donné"),
    ],
)
def test_joining_words(words: str, expected: str) -> None:
    assert french.spell(words) == expected


PAUL, MARIE = name("paul"), name("marie")


HIM, HER, IT, THEM, ME, US = (clause.HIM, clause.HER, clause.IT_OBJECT, clause.THEM, clause.ME, clause.US)


BOOK, LETTER, CHILD = noun("book"), noun("letter"), noun("child")


@pytest.mark.parametrize(
    ("sentence", "english_text", "french_text"),
    [
        (Clause(MARIE, verb("arrive"), "past"), "marie arrived", "marie est arrivée"),
        (Clause(PAUL, verb("fall"), "past", "not"), "paul did not fall", "paul n'est pas tombé"),
        (Clause(clause.WE, verb("come back"), "past"), "we came back", "nous sommes revenus"),
        (
            Clause(noun("girl", many=True), verb("get up"), "past"),
            "the girls got up",
            "les filles se sont levées",
        ),
        (Clause(clause.I_SUBJECT, verb("get up"), "future"), "i will get up", "je me lèverai"),
        (Clause(clause.YOU, verb("rest"), "past", "not"), "you did not rest", "vous ne vous êtes pas reposés"),
        (Clause(MARIE, verb("see"), "past", direct=HER), "marie saw her", "marie l'a vue"),
        (Clause(PAUL, verb("take"), "past", direct=THEM), "paul took them", "paul les a pris"),
        (
            Clause(PAUL, verb("buy"), "past", preceding=(True, False)),
            "paul bought",
            "paul a achetée",
        ),
        (Clause(PAUL, verb("see"), "past", direct=noun("house")), "paul saw the house", "paul a vu la maison"),
        (Clause(PAUL, verb("see"), "present", direct=ME), "paul sees me", "paul me voit"),
        (
            Clause(clause.HE, verb("give"), "present", direct=IT, dative=THEM),
            "he gives it to them",
            "il le leur donne",
        ),
        (Clause(clause.HE, verb("give"), "present", direct=IT, dative=ME), "he gives it to me", "il me le donne"),
        (
            Clause(clause.HE, verb("give"), "past", "not", direct=THEM, dative=HIM),
            "he did not give them to him",
            "il ne les lui a pas donnés",
        ),
        (
            Clause(PAUL, verb("give"), "present", direct=BOOK, dative=CHILD),
            "paul gives the book to the child",
            "paul donne le livre à l'enfant",
        ),
        (
            Clause(PAUL, verb("give"), "past", direct=LETTER, dative=HER),
            "paul gave her the letter",
            "paul lui a donné la lettre",
        ),
        (
            Clause(PAUL, verb("give"), "present", direct=BOOK, dative=CHILD, receiver_first=True),
            "paul gives the child the book",
            "paul donne le livre à l'enfant",
        ),
        (
            Clause(PAUL, verb("see"), "present", control=verb("want to"), direct=HIM),
            "paul wants to see him",
            "paul veut le voir",
        ),
        (
            Clause(PAUL, verb("see"), "past", "not", control=verb("try to"), direct=HER),
            "paul did not try to see her",
            "paul n'a pas essayé de la voir",
        ),
        (
            Clause(clause.WE, verb("get up"), "can", "not"),
            "we cannot get up",
            "nous ne pouvons pas nous lever",
        ),
        (
            Clause(clause.I_SUBJECT, verb("buy"), "would like", direct=noun("bread", phrase.SOME_MASS)),
            "i would like to buy some bread",
            "je voudrais acheter du pain",
        ),
        (
            Clause(PAUL, verb("eat", "edible"), "present", "not", direct=noun("bread", phrase.SOME_MASS)),
            "paul does not eat any bread",
            "paul ne mange pas de pain",
        ),
        (
            Clause(PAUL, verb("drink"), "future", "never", direct=noun("water", phrase.SOME_MASS)),
            "paul will never drink any water",
            "paul ne boira jamais d'eau",
        ),
        (
            Clause(PAUL, grammar.HAVE, "present", "not", direct=noun("dog", phrase.A)),
            "paul does not have a dog",
            "paul n'a pas de chien",
        ),
        (
            Clause(PAUL, verb("eat", "edible"), "past", "only", direct=noun("bread", phrase.SOME_MASS)),
            "paul only ate some bread",
            "paul n'a mangé que du pain",
        ),
        (Clause(PAUL, verb("see"), "past", "nothing"), "paul saw nothing", "paul n'a rien vu"),
        (Clause(PAUL, verb("see"), "past", "nobody"), "paul saw nobody", "paul n'a vu personne"),
        (
            Clause(clause.NOBODY, verb("sleep"), "past", "subject"),
            "nobody slept",
            "personne n'a dormi",
        ),
        (
            Clause(PAUL, verb("play", "instrument"), "present", direct=noun("guitar")),
            "paul plays the guitar",
            "paul joue de la guitare",
        ),
        (
            Clause(PAUL, verb("play", "game"), "present", direct=noun("tennis", phrase.GENERIC)),
            "paul plays tennis",
            "paul joue au tennis",
        ),
        (
            Clause(PAUL, verb("like"), "present", direct=noun("cat", phrase.GENERIC, many=True)),
            "paul likes cats",
            "paul aime les chats",
        ),
        (Clause(PAUL, verb("phone"), "present", direct=THEM), "paul phones them", "paul leur téléphone"),
        (Clause(PAUL, verb("think about"), "present", direct=THEM), "paul thinks about them", "paul pense à eux"),
        (Clause(PAUL, verb("need"), "present", direct=HER), "paul needs her", "paul a besoin d'elle"),
        (
            Clause(PAUL, verb("look for"), "progressive", direct=noun("hamster", phrase.MY)),
            "paul is looking for my hamster",
            "paul cherche mon hamster",
        ),
        (
            Clause(PAUL, verb("sleep"), "past", manner=("well", "bien"), time=("yesterday", "hier")),
            "paul slept well yesterday",
            "paul a bien dormi hier",
        ),
        (
            Clause(PAUL, verb("sleep"), "past", "not", middle=("often", "souvent")),
            "paul did not often sleep",
            "paul n'a pas souvent dormi",
        ),
        (Clause(clause.THEY, verb("sleep"), "was doing"), "they were sleeping", "ils dormaient"),
        (Clause(clause.THEY, verb("sleep"), "going to"), "they are going to sleep", "ils vont dormir"),
        (
            Clause(PAUL, grammar.GO, "past", tail=("to the market", "à Le marché")),
            *("paul went to the market", "paul est allé au marché"),
        ),
    ],
)
def test_clauses(sentence: Clause, english_text: str, french_text: str) -> None:
    assert said(sentence) == (english_text, french_text)


def test_contracted_negation_changes_only_the_english() -> None:
    sentence = Clause(PAUL, verb("sleep"), "present", "not", contracted=True)
    assert said(sentence) == ("paul doesn't sleep", "paul ne dort pas")


@pytest.mark.parametrize(
    ("sentence", "english_text", "french_text"),
    [
        (Clause(clause.YOU, verb("close"), direct=noun("door")), "close the door", "fermez la porte"),
        (Clause(clause.YOU, verb("close"), "present", "not", direct=IT), "do not close it", "ne le fermez pas"),
        (Clause(clause.YOU, verb("give"), direct=IT, dative=HIM), "give it to him", "donnez-le-lui"),
        (Clause(clause.YOU, verb("give"), direct=IT, dative=ME), "give it to me", "donnez-le-moi"),
        (Clause(clause.YOU, verb("give"), direct=BOOK, dative=US), "give us the book", "donnez-nous le livre"),
        (Clause(clause.YOU, verb("get up")), "get up", "levez-vous"),
    ],
)
def test_imperatives(sentence: Clause, english_text: str, french_text: str) -> None:
    assert clause.english_imperative(sentence) == english_text
    assert french.spell(clause.french_imperative(sentence)) == french_text


def test_questions() -> None:
    sentence = Clause(noun("cat"), verb("sleep"), "present")
    assert clause.english(sentence, "") == "does the cat sleep"
    assert clause.english(sentence, "where") == "where does the cat sleep"
    assert french.spell("est-ce que " + clause.french(Clause(clause.SHE, verb("sleep")))) == "est-ce qu'elle dort"
