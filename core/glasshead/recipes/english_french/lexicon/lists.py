"""The short lists: names, places on the map, numbers, adverbs, times and measures."""

from __future__ import annotations

from .entries import words

MEN = words("paul pierre jean antoine lucas nicolas arthur david simon robert olivier martin victor alain oscar marc")
WOMEN = words("marie alice anne julie sophie claire emma lucie isabelle laura charlotte jeanne louise sarah monique")
CITIES = {name: name for name in words("paris lyon berlin madrid tokyo toulouse rome oxford amsterdam")} | {
    "london": "londres",
    "brussels": "bruxelles",
    "geneva": "genève",
    "lisbon": "lisbonne",
    "venice": "venise",
}
# English name → in or to the place, and from it, in French.
COUNTRIES = {
    "france": ("en france", "de france"),
    "italy": ("en italie", "de italie"),
    "spain": ("en espagne", "de espagne"),
    "germany": ("en allemagne", "de allemagne"),
    "england": ("en angleterre", "de angleterre"),
    "russia": ("en russie", "de russie"),
    "belgium": ("en belgique", "de belgique"),
    "switzerland": ("en suisse", "de suisse"),
    "greece": ("en grèce", "de grèce"),
    "china": ("en chine", "de chine"),
    "sweden": ("en suède", "de suède"),
    "japan": ("au japon", "du japon"),
    "canada": ("au canada", "du canada"),
    "mexico": ("au mexique", "du mexique"),
    "brazil": ("au brésil", "du brésil"),
    "portugal": ("au portugal", "du portugal"),
}
NUMBERS = {
    "two": "deux",
    "three": "trois",
    "four": "quatre",
    "five": "cinq",
    "six": "six",
    "seven": "sept",
    "eight": "*huit",
    "nine": "neuf",
    "ten": "dix",
    "eleven": "*onze",
    "twelve": "douze",
    "thirteen": "treize",
    "fourteen": "quatorze",
    "fifteen": "quinze",
    "sixteen": "seize",
    "seventeen": "dix-sept",
    "eighteen": "dix-huit",
    "nineteen": "dix-neuf",
    "twenty": "vingt",
    "thirty": "trente",
    "forty": "quarante",
    "fifty": "cinquante",
    "sixty": "soixante",
}

# Between subject and verb in English, after the conjugated verb in French; `True` if `not` may go with it.
MIDDLE = {
    "often": ("souvent", True),
    "always": ("toujours", True),
    "really": ("vraiment", True),
    "sometimes": ("parfois", False),
    "rarely": ("rarement", False),
    "also": ("aussi", False),
    "still": ("encore", False),
    "probably": ("probablement", False),
    "certainly": ("certainement", False),
    "generally": ("généralement", False),
}
MANNER = {
    "slowly": "lentement",
    "quickly": "rapidement",
    "gently": "doucement",
    "carefully": "soigneusement",
    "joyfully": "joyeusement",
    "sadly": "tristement",
    "politely": "poliment",
    "calmly": "calmement",
    "easily": "facilement",
    "patiently": "patiemment",
    "nervously": "nerveusement",
    "proudly": "fièrement",
    "silently": "silencieusement",
    "secretly": "secrètement",
    "seriously": "sérieusement",
    "bravely": "courageusement",
    "immediately": "immédiatement",
    "discreetly": "discrètement",
    "well": "bien",
    "badly": "mal",
}
WHERE = {
    "here": "ici",
    "there": "là-bas",
    "outside": "dehors",
    "upstairs": "en haut",
    "downstairs": "en bas",
    "everywhere": "partout",
    "together": "ensemble",
    "nearby": "tout près",
}
DEGREE = {
    "very": "très",
    "too": "trop",
    "so": "si",
    "quite": "assez",
    "rather": "plutôt",
    "extremely": "extrêmement",
    "particularly": "particulièrement",
}
SENTENCE = {
    "perhaps": "peut-être que",
    "suddenly": "soudain",
    "fortunately": "heureusement",
    "unfortunately": "malheureusement",
    "obviously": "évidemment",
}
PRESENT_TIME = {
    "now": "maintenant",
    "today": "aujourd'hui",
    "every day": "tous les jours",
    "every evening": "tous les soirs",
    "every morning": "tous les matins",
    "every week": "toutes les semaines",
    "every summer": "tous les étés",
    "on mondays": "le lundi",
    "on tuesdays": "le mardi",
    "on wednesdays": "le mercredi",
    "on thursdays": "le jeudi",
    "on fridays": "le vendredi",
    "on saturdays": "le samedi",
    "on sundays": "le dimanche",
    "in the morning": "le matin",
    "in the evening": "le soir",
    "in the afternoon": "l'après-midi",
    "at night": "la nuit",
    "in winter": "en hiver",
    "in summer": "en été",
    "in autumn": "en automne",
    "in spring": "au printemps",
}
PAST_TIME = {
    "yesterday": "hier",
    "this morning": "ce matin",
    "last week": "la semaine dernière",
    "last month": "le mois dernier",
    "last year": "l'année dernière",
    "last night": "la nuit dernière",
    "yesterday evening": "hier soir",
    "the day before yesterday": "avant-hier",
    "a long time ago": "il y a longtemps",
}
FUTURE_TIME = {
    "tomorrow": "demain",
    "soon": "bientôt",
    "tonight": "ce soir",
    "this afternoon": "cet après-midi",
    "next week": "la semaine prochaine",
    "next month": "le mois prochain",
    "next year": "l'année prochaine",
    "tomorrow morning": "demain matin",
    "the day after tomorrow": "après-demain",
    "one day": "un jour",
    "later": "plus tard",
}
MONTHS = {
    "january": "janvier",
    "february": "février",
    "april": "avril",
    "june": "juin",
    "july": "juillet",
    "august": "août",
    "september": "septembre",
    "october": "octobre",
    "november": "novembre",
    "december": "décembre",
}
DAYS = {
    "monday": "lundi",
    "tuesday": "mardi",
    "wednesday": "mercredi",
    "thursday": "jeudi",
    "friday": "vendredi",
    "saturday": "samedi",
    "sunday": "dimanche",
}
SPANS = {
    ("minute", "minutes"): ("minute", "minutes", True),
    ("hour", "hours"): ("heure", "heures", True),
    ("day", "days"): ("jour", "jours", False),
    ("week", "weeks"): ("semaine", "semaines", True),
    ("month", "months"): ("mois", "mois", False),
    ("year", "years"): ("an", "ans", False),
}
# to be + adjective in English, avoir + noun in French; `True` if "very" → "très" is possible.
AVOIR_STATES = {
    "hungry": "faim",
    "thirsty": "soif",
    "afraid": "peur",
    "sleepy": "sommeil",
    "right": "raison",
    "wrong": "tort",
}
NO_DEGREE = frozenset({"right", "wrong"})
MEASURES = {
    "drink": {
        ("glass", "glasses"): ("verre", "verres", False),
        ("cup", "cups"): ("tasse", "tasses", True),
        ("bottle", "bottles"): ("bouteille", "bouteilles", True),
        ("liter", "liters"): ("litre", "litres", False),
    },
    "food": {
        ("piece", "pieces"): ("morceau", "morceaux", False),
        ("kilo", "kilos"): ("kilo", "kilos", False),
        ("plate", "plates"): ("assiette", "assiettes", True),
    },
}
