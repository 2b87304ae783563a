"""Gold of the recipes: hand-written sentences with the links that a person draws, and what holds of all pairs."""

import random

import pytest

from glasshead.recipes import names, recipe
from glasshead.recipes.dates import STYLES, generate
from glasshead.recipes.english_french.grammar.phrases import plain
from glasshead.recipes.english_french.lexicon import ALL_NOUNS
from glasshead.recipes.links import Gold, words


def gold(name: str) -> Gold:
    found = recipe(name).gold
    assert found is not None
    return found


def drawn(name: str, source: str, target: str) -> set[str]:
    """The links as text, `a→b`, a possible one with a question mark."""
    return {
        f"{source[slice(*link.source)]}→{target[slice(*link.target)]}{'' if link.sure else '?'}"
        for link in gold(name).links(source, target)
    }


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("the black cat is sleeping", "le chat noir dort", "the→le black→noir cat→chat sleeping→dort is→dort?"),
        (
            "the black cat does not see the small house",
            "le chat noir ne voit pas la petite maison",
            "the→le black→noir cat→chat does→voit? not→pas not→ne see→voit the→la small→petite house→maison",
        ),
        ("the teacher's old book", "le vieux livre du professeur", "teacher'→professeur the→du? old→vieux book→livre"),
        ("an honest man", "un homme honnête", "an→un honest→honnête man→homme"),
        ("the old man will come back tomorrow.", "le vieil homme reviendra demain.",
         "the→le old→vieil man→homme will→reviendra? come→reviendra back→reviendra? tomorrow→demain .→."),
        ("he sees a cat and she sees a dog", "il voit un chat et elle voit un chien",
         "he→il sees→voit a→un cat→chat and→et she→elle a→un dog→chien"),  # both in their order
        ("the red house's red door", "la porte rouge de la maison rouge",
         "house'→maison the→la door→porte"),  # what belongs is turned around
        ("she walks with her", "elle marche avec elle", "walks→marche with→avec"),  # which elle is she?
        ("nobody was very sad in front of the museum", "personne n'était très triste devant le musée",
         "nobody→personne nobody→n' was→était very→très sad→triste front→devant the→le museum→musée"),
        ("is he going to give them to us?", "est-ce qu'il va nous les donner ?",
         "he→il going→va give→donner going→donner? to→donner? them→les us→nous ?→?"),
        ("the cat that is tired is in the street", "le chat qui est fatigué est dans la rue",
         "the→le cat→chat is→est tired→fatigué is→est in→dans the→la street→rue"),
        ("there is a letter from paul", "il y a une lettre de paul",
         "there→il there→y? there→a? is→il? is→y? is→a? a→une letter→lettre from→de paul→paul"),
        ("he shows the watch", "il montre la montre", "he→il"),  # both are montre
        ("it is raining in japan", "il pleut au japon", "raining→pleut is→pleut? in→au japan→japon"),
        ("i do not need the rainbow", "je n'ai pas besoin de l'arc-en-ciel",
         "i→je do→besoin? not→pas not→n' need→besoin the→l' rainbow→arc rainbow→-? rainbow→en? rainbow→ciel?"),
        ("nobody sleeps", "quelqu'un dort", "sleeps→dort"),
        ("", "le chat", ""),
    ],
)  # fmt: skip
def test_english_and_french(source: str, target: str, expected: str) -> None:
    assert drawn("english-french", source, target) == set(expected.split())


def test_a_phrase_is_linked_at_its_noun() -> None:
    """Phrases that the grammar writes around a known noun: its head is linked with the head of the French one."""
    draw = random.Random(4)
    known = 0
    for _ in range(400):
        noun = draw.choice(ALL_NOUNS)
        phrase = plain(draw, noun)
        source, target = phrase.en, phrase.fr.replace("*", "").lower()
        found = gold("english-french").links(source, target)
        spoken = {(source[slice(*link.source)], target[slice(*link.target)]) for link in found if link.sure}
        for one, other in spoken:
            for number in (0, 1):
                if one == noun.en[number].split()[-1]:
                    heads = [each.fr[number] for each in (noun, noun.woman) if each]
                    assert other in {words_of(head.replace("*", ""))[0] for head in heads}
                    known += 1
    assert known > 300


def words_of(text: str) -> list[str]:
    return [text[first:last] for first, last in words(text)]


def test_words_are_those_of_the_vocabularies() -> None:
    assert words_of("l'arc-en-ciel, d'hier 03.") == [
        "l'", "arc", "-", "en", "-", "ciel", ",", "d'", "hier", "0", "3", "."
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("the 3rd of march 2021", "2021-03-03", "2→2 0→0 2→2 1→1 march→0 march→3 3→0 3→3"),
        ("14/7/89", "1989-07-14", "8→8 9→9 7→0 7→7 1→1 4→4"),
        ("20210403", "2021-04-03", "2→2 0→0 2→2 1→1 0→0 4→4 0→0 3→3"),
        ("the second of may nineteen eighty-four", "1984-05-02",
         "nineteen→1 nineteen→9 eighty→8 -→8 four→8 eighty→4 -→4 four→4 may→0 may→5 second→0 second→2"),
        ("may second, two thousand", "2000-05-02", "two→2 two→0 thousand→2 thousand→0 may→0 may→5 second→0 second→2"),
        ("may second, two thousand and five", "2005-05-02",
         "two→2 two→0 thousand→2 thousand→0 five→0 five→5 may→0 may→5 second→0 second→2"),
        ("the last day of february 2020", "2020-02-29", "2→2 0→0 february→0 february→2"),
        ("christmas eve 1999", "1999-12-24",
         "1→1 9→9 christmas→1 christmas→2 christmas→4 eve→1 eve→2 eve→4"),
        ("the 3rd of march 2021", "2021-03-04", ""),
        ("the 3rd of march 2021", "soon", ""),
    ],
)  # fmt: skip
def test_dates(source: str, target: str, expected: str) -> None:
    assert drawn("dates", source, target) == set(expected.split())


def test_a_digit_is_linked_with_its_own_place() -> None:
    """Day and month with the same digits are not mixed up."""
    source, target = "03/03/2003", "2003-03-03"
    found = {(link.source[0], link.target[0]) for link in gold("dates").links(source, target)}
    assert found == {(0, 8), (1, 9), (3, 5), (4, 6), (6, 0), (7, 1), (8, 2), (9, 3)}


def test_every_date_that_is_drawn_has_links_within_its_texts() -> None:
    draw = random.Random(1)
    for _ in range(300):
        source, target = generate(draw)
        found = gold("dates").links(source, target)
        assert found, source
        for link in found:
            assert source[slice(*link.source)].strip() and target[slice(*link.target)].isdecimal()
    assert len({style.template for style in STYLES}) == len(STYLES)


def test_letters_come_from_their_mirror_image() -> None:
    assert drawn("reverse", "abc", "cba") == {"c→c", "b→b", "a→a"}
    found = gold("reverse").links("hello", "olleh")
    assert [(link.source[0], link.target[0]) for link in found] == [(4, 0), (3, 1), (2, 2), (1, 3), (0, 4)]
    assert gold("reverse").links("hello", "oll") == ()


@pytest.mark.parametrize("name", names())
def test_links_never_leave_their_texts(name: str) -> None:
    for source, target in recipe(name).sample("test", 60, seed=3):
        for link in gold(name).links(source, target):
            for (first, last), text in ((link.source, source), (link.target, target)):
                assert 0 <= first < last <= len(text)
