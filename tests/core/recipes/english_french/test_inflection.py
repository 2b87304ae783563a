"""Single words: conjugation, plurals and agreement, as a grammar book has them."""

from __future__ import annotations

import pytest

from glasshead.recipes.english_french import english, french

PRESENT = {
    "parler": "parle parles parle parlons parlez parlent",
    "manger": "mange manges mange mangeons mangez mangent",
    "commencer": "commence commences commence commençons commencez commencent",
    "lancer": "lance lances lance lançons lancez lancent",
    "appeler": "appelle appelles appelle appelons appelez appellent",
    "acheter": "achète achètes achète achetons achetez achètent",
    "se lever": "lève lèves lève levons levez lèvent",
    "se promener": "promène promènes promène promenons promenez promènent",
    "espérer": "espère espères espère espérons espérez espèrent",
    "préférer": "préfère préfères préfère préférons préférez préfèrent",
    "protéger": "protège protèges protège protégeons protégez protègent",
    "nettoyer": "nettoie nettoies nettoie nettoyons nettoyez nettoient",
    "s'ennuyer": "ennuie ennuies ennuie ennuyons ennuyez ennuient",
    "essayer": "essaie essaies essaie essayons essayez essaient",
    "envoyer": "envoie envoies envoie envoyons envoyez envoient",
    "étudier": "étudie étudies étudie étudions étudiez étudient",
    "finir": "finis finis finit finissons finissez finissent",
    "choisir": "choisis choisis choisit choisissons choisissez choisissent",
    "vendre": "vends vends vend vendons vendez vendent",
    "répondre": "réponds réponds répond répondons répondez répondent",
    "prendre": "prends prends prend prenons prenez prennent",
    "apprendre": "apprends apprends apprend apprenons apprenez apprennent",
    "mordre": "mords mords mord mordons mordez mordent",
    "interrompre": "interromps interromps interrompt interrompons interrompez interrompent",
    "dormir": "dors dors dort dormons dormez dorment",
    "mentir": "mens mens ment mentons mentez mentent",
    "ouvrir": "ouvre ouvres ouvre ouvrons ouvrez ouvrent",
    "cueillir": "cueille cueilles cueille cueillons cueillez cueillent",
    "courir": "cours cours court courons courez courent",
    "mourir": "meurs meurs meurt mourons mourez meurent",
    "venir": "viens viens vient venons venez viennent",
    "se souvenir": "souviens souviens souvient souvenons souvenez souviennent",
    "voir": "vois vois voit voyons voyez voient",
    "recevoir": "reçois reçois reçoit recevons recevez reçoivent",
    "devoir": "dois dois doit devons devez doivent",
    "pouvoir": "peux peux peut pouvons pouvez peuvent",
    "vouloir": "veux veux veut voulons voulez veulent",
    "lire": "lis lis lit lisons lisez lisent",
    "écrire": "écris écris écrit écrivons écrivez écrivent",
    "décrire": "décris décris décrit décrivons décrivez décrivent",
    "dire": "dis dis dit disons dites disent",
    "rire": "ris ris rit rions riez rient",
    "sourire": "souris souris sourit sourions souriez sourient",
    "boire": "bois bois boit buvons buvez boivent",
    "croire": "crois crois croit croyons croyez croient",
    "conduire": "conduis conduis conduit conduisons conduisez conduisent",
    "connaître": "connais connais connaît connaissons connaissez connaissent",
    "peindre": "peins peins peint peignons peignez peignent",
    "se plaindre": "plains plains plaint plaignons plaignez plaignent",
    "suivre": "suis suis suit suivons suivez suivent",
    "résoudre": "résous résous résout résolvons résolvez résolvent",
    "aller": "vais vas va allons allez vont",
    "être": "suis es est sommes êtes sont",
    "avoir": "ai as a avons avez ont",
}


@pytest.mark.parametrize("infinitive", PRESENT)
def test_present(infinitive: str) -> None:
    assert french.conjugate(infinitive).present == tuple(PRESENT[infinitive].split())


@pytest.mark.parametrize(
    ("infinitive", "je", "vous"),
    [
        ("parler", "parlerai", "parlerez"),
        ("manger", "mangerai", "mangerez"),
        ("acheter", "achèterai", "achèterez"),
        ("appeler", "appellerai", "appellerez"),
        ("préférer", "préférerai", "préférerez"),
        ("nettoyer", "nettoierai", "nettoierez"),
        ("envoyer", "enverrai", "enverrez"),
        ("finir", "finirai", "finirez"),
        ("vendre", "vendrai", "vendrez"),
        ("aller", "irai", "irez"),
        ("être", "serai", "serez"),
        ("avoir", "aurai", "aurez"),
        ("voir", "verrai", "verrez"),
        ("revenir", "reviendrai", "reviendrez"),
        ("pouvoir", "pourrai", "pourrez"),
        ("vouloir", "voudrai", "voudrez"),
        ("courir", "courrai", "courrez"),
        ("mourir", "mourrai", "mourrez"),
        ("cueillir", "cueillerai", "cueillerez"),
        ("recevoir", "recevrai", "recevrez"),
        ("boire", "boirai", "boirez"),
        ("pleuvoir", "pleuvrai", "pleuvrez"),
    ],
)
def test_future(infinitive: str, je: str, vous: str) -> None:
    future = french.conjugate(infinitive).future
    assert (future[french.JE], future[french.VOUS]) == (je, vous)


@pytest.mark.parametrize(
    ("infinitive", "je", "nous"),
    [
        ("manger", "mangeais", "mangions"),
        ("commencer", "commençais", "commencions"),
        ("étudier", "étudiais", "étudiions"),
        ("finir", "finissais", "finissions"),
        ("être", "étais", "étions"),
        ("boire", "buvais", "buvions"),
        ("peindre", "peignais", "peignions"),
        ("voir", "voyais", "voyions"),
        ("acheter", "achetais", "achetions"),
        ("protéger", "protégeais", "protégions"),
    ],
)
def test_imperfect(infinitive: str, je: str, nous: str) -> None:
    imperfect = french.conjugate(infinitive).imperfect
    assert (imperfect[french.JE], imperfect[french.NOUS]) == (je, nous)


@pytest.mark.parametrize(
    ("infinitive", "forms"),
    [
        ("prendre", "pris prise pris prises"),
        ("ouvrir", "ouvert ouverte ouverts ouvertes"),
        ("lire", "lu lue lus lues"),
        ("écrire", "écrit écrite écrits écrites"),
        ("devoir", "dû due dus dues"),
        ("résoudre", "résolu résolue résolus résolues"),
        ("mourir", "mort morte morts mortes"),
        ("peindre", "peint peinte peints peintes"),
        ("venir", "venu venue venus venues"),
        ("boire", "bu bue bus bues"),
        ("vivre", "vécu vécue vécus vécues"),
        ("recevoir", "reçu reçue reçus reçues"),
    ],
)
def test_participle(infinitive: str, forms: str) -> None:
    assert french.conjugate(infinitive).participle == tuple(forms.split())


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(ValueError, match="moudrez"):
        french.conjugate("moudrez")


@pytest.mark.parametrize(
    ("singular", "plural"),
    [
        ("chat", "chats"),
        ("cheval", "chevaux"),
        ("journal", "journaux"),
        ("œil", "yeux"),
        ("genou", "genoux"),
        ("clou", "clous"),
        ("bijou", "bijoux"),
        ("gâteau", "gâteaux"),
        ("neveu", "neveux"),
        ("nez", "nez"),
        ("souris", "souris"),
        ("travail", "travaux"),
        ("portail", "portails"),
        ("monsieur", "messieurs"),
        ("pomme de terre", "pommes de terre"),
        ("salle de bains", "salles de bains"),
        ("carte postale", "cartes postales"),
        ("dessin animé", "dessins animés"),
        ("appareil photo", "appareils photo"),
        ("grand-père", "grands-pères"),
    ],
)
def test_french_plurals(singular: str, plural: str) -> None:
    assert french.plural(singular) == plural


@pytest.mark.parametrize(
    "forms",
    [
        "petit petite petits petites",
        "grand grande grands grandes",
        "beau belle beaux belles",
        "vieux vieille vieux vieilles",
        "nouveau nouvelle nouveaux nouvelles",
        "bon bonne bons bonnes",
        "gros grosse gros grosses",
        "long longue longs longues",
        "blanc blanche blancs blanches",
        "heureux heureuse heureux heureuses",
        "jaloux jalouse jaloux jalouses",
        "doux douce doux douces",
        "fou folle fous folles",
        "mou molle mous molles",
        "frais fraîche frais fraîches",
        "sec sèche secs sèches",
        "cher chère chers chères",
        "léger légère légers légères",
        "cruel cruelle cruels cruelles",
        "italien italienne italiens italiennes",
        "gentil gentille gentils gentilles",
        "royal royale royaux royales",
        "original originale originaux originales",
        "inquiet inquiète inquiets inquiètes",
        "bleu bleue bleus bleues",
        "grec grecque grecs grecques",
        "public publique publics publiques",
        "faux fausse faux fausses",
        "épais épaisse épais épaisses",
        "jeune jeune jeunes jeunes",
        "mûr mûre mûrs mûres",
    ],
)
def test_agreement_of_adjectives(forms: str) -> None:
    assert french.agree(forms.split()[0]) == tuple(forms.split())


@pytest.mark.parametrize(
    ("base", "past", "ing", "third"),
    [
        ("sleep/slept", "slept", "sleeping", "sleeps"),
        ("swim/swam/swimming", "swam", "swimming", "swims"),
        ("carry", "carried", "carrying", "carries"),
        ("play", "played", "playing", "plays"),
        ("watch", "watched", "watching", "watches"),
        ("dance", "danced", "dancing", "dances"),
        ("go/went", "went", "going", "goes"),
    ],
)
def test_english_verbs(base: str, past: str, ing: str, third: str) -> None:
    forms = english.verb(base)
    assert (forms.past, forms.ing, forms.third) == (past, ing, third)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("cat", "a"), ("apple", "an"), ("honest man", "an"), ("useful tool", "a"), ("hour", "an"), ("university", "a")],
)
def test_a_or_an(word: str, expected: str) -> None:
    assert english.article(word) == expected


@pytest.mark.parametrize(
    ("adjective", "expected"),
    [
        ("small", "smaller"),
        ("big", "bigger"),
        ("happy", "happier"),
        ("simple", "simpler"),
        ("new", "newer"),
        ("weak", "weaker"),
        ("thin", "thinner"),
        ("dry", "drier"),
        ("clear", "clearer"),
    ],
)
def test_comparatives(adjective: str, expected: str) -> None:
    assert english.comparative(adjective) == expected
