"""The adjectives, by the nouns that they fit. A leading ^ puts one before the noun in French; a + marks -er/-ier."""

from __future__ import annotations

from .entries import Adjective, read_adjective, read_entries
from .nouns import ANIMALS, PLACES

ADJECTIVES = {
    "general": """
        ^+small: petit, ^+old: vieux, ^beautiful: beau, ^+pretty: joli, strange: étrange, ^bad: mauvais, ^good: bon,
        magnificent: magnifique, ordinary: ordinaire, +ugly: laid
    """,
    "size": "^+big: grand, ^new: nouveau, huge: énorme, tiny: minuscule",
    "color": """
        +black: noir, +white: blanc, +red: rouge, +green: vert, +blue: bleu, yellow: jaune, gray: gris, brown: marron,
        pink: rose, purple: violet
    """,
    "human": """
        ^+young: jeune, ^+tall: grand, +happy: heureux, +sad: triste, tired: fatigué, +angry: fâché, +rich: riche,
        +poor: pauvre, intelligent: intelligent, stupid: stupide, ^+kind: gentil, +brave: courageux, shy: timide,
        +proud: fier, jealous: jaloux, curious: curieux, famous: célèbre, honest: honnête, polite: poli,
        +lazy: paresseux, serious: sérieux, nervous: nerveux, +strong: fort, +weak: faible, +sick: malade,
        blind: aveugle, deaf: sourd, +crazy: fou, +calm: calme, worried: inquiet, +busy: occupé,
        elegant: élégant, generous: généreux, selfish: égoïste, stubborn: têtu, +cruel: cruel, loyal: fidèle,
        modest: modeste, silent: silencieux, ambitious: ambitieux, +lonely: solitaire, careful: prudent,
        bald: chauve, blond: blond, disappointed: déçu, satisfied: satisfait
    """,
    "nationality": """
        french: français, english: anglais, american: américain, italian: italien, german: allemand,
        spanish: espagnol, russian: russe, chinese: chinois, japanese: japonais, canadian: canadien, belgian: belge,
        greek: grec, portuguese: portugais, dutch: *hollandais
    """,
    "animal": """
        wild: sauvage, +fierce: féroce, +gentle: doux, +fast: rapide, +slow: lent, dangerous: dangereux, ^+fat: gros,
        clever: rusé, nimble: agile
    """,
    "thing": """
        +heavy: lourd, +light: léger, broken: cassé, +dirty: sale, expensive: cher, useful: utile, useless: inutile,
        round: rond, flat: plat, fragile: fragile, solid: solide, rare: rare, precious: précieux, +shiny: brillant,
        wet: mouillé, +dry: sec, +hard: dur, +soft: mou, +thick: épais, +thin: mince, +short: court, ^+long: long,
        modern: moderne
    """,
    "material": "golden: doré, wooden: en bois, plastic: en plastique",
    "cloth": "comfortable: confortable, leather: en cuir, woolen: en laine",
    "state": """
        ready: prêt, asleep: endormi, awake: réveillé, alone: seul, late: en retard, absent: absent, glad: content,
        furious: furieux
    """,
    "food": """
        +sweet: sucré, +salty: salé, bitter: amer, delicious: délicieux, +fresh: frais, +hot: chaud, +cold: froid,
        excellent: excellent, +spicy: épicé, +tasty: savoureux
    """,
    "drink": "icy: glacé",
    "waters": "+deep: profond, polluted: pollué",
    "fruit": "ripe: mûr, raw: cru, rotten: pourri",
    "place": """
        ^vast: vaste, +noisy: bruyant, quiet: tranquille, empty: vide, +dark: sombre, +bright: lumineux, public: public,
        private: privé, royal: royal, medieval: médiéval, ^+wide: large, +narrow: étroit, ^+high: *haut,
        mysterious: mystérieux
    """,
    "idea": """
        interesting: intéressant, boring: ennuyeux, +funny: drôle, +easy: facile, difficult: difficile,
        important: important, +simple: simple, complicated: compliqué, impossible: impossible, possible: possible,
        +clear: clair, original: original, absurd: absurde, ^false: faux, terrible: terrible, necessary: nécessaire
    """,
}
ADJECTIVES_OF: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("profession", "people"), ("general", "human", "human", "human", "nationality")),
    **dict.fromkeys(("family", "parent"), ("human", "human", "human", "nationality")),
    **dict.fromkeys(ANIMALS, ("general", "size", "color", "animal", "animal")),
    **dict.fromkeys(("food", "ingredient"), ("food",)),
    "drink": ("beverage", "beverage", "drink"),
    "dish": ("general", "food"),
    "fruit": ("general", "juicy", "fruit", "fruit", "color"),
    **dict.fromkeys(("text", "show"), ("general", "size", "idea", "idea", "nationality")),
    **dict.fromkeys(("thing", "furniture", "container"), ("general", "size", "color", "thing", "thing", "material")),
    "clothes": ("general", "size", "color", "color", "wearable", "wearable", "cloth"),
    **dict.fromkeys(("machine", "vehicle", "instrument", "fixture", "opening"), ("general", "size", "color", "thing")),
    **dict.fromkeys(("plant", "body"), ("looks", "color")),
    "nature": ("looks", "size"),
    "waters": ("looks", "waters", "watery", "size"),
    "sky": ("beauty",),
    "abstract": ("beauty",),
    "game": ("beauty",),
    **dict.fromkeys(("idea", "sound"), ("general", "size", "idea", "idea", "idea")),
    **dict.fromkeys(PLACES, ("general", "size", "place", "place", "place")),
}

ADJECTIVE_LISTS: dict[str, list[Adjective]] = {
    kind: [read_adjective(en, fr) for en, fr in read_entries(text)] for kind, text in ADJECTIVES.items()
}
ADJECTIVE_BY_NAME = {entry.en: entry for listed in ADJECTIVE_LISTS.values() for entry in listed}
ADJECTIVE_LISTS |= {
    name: [ADJECTIVE_BY_NAME[word] for word in words.split()]
    for name, words in {
        "beauty": "beautiful magnificent strange",
        "looks": "small old beautiful pretty strange magnificent ugly",
        "watery": "dangerous calm wide cold quiet",
        "beverage": "delicious cold hot excellent bitter sweet",
        "juicy": "delicious fresh excellent bitter sweet tasty",
        "wearable": "dirty wet dry expensive thick thin short long light heavy soft",
    }.items()
}
