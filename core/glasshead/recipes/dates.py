"""dates: a date as people write it, in English, becomes the date of ISO 8601. "the 3rd of march 2021" → "2021-03-03".

The rules that make every source unambiguous:

- Years run from 1950 to 2049. Two digits of a year mean the one in that window: 50–99 are 1950–1999, 00–49 are
  2000–2049.
- Numbers alone are read **day first** ("03/04/21" is the 3rd of April), unless they begin with a year of four digits;
  then month and day follow ("2021.04.03", "20210403").
- A weekday, where there is one, is the right one.
- Named days are those with the same date every year, and "the last day of february 2020" knows leap years.
"""

import calendar
import random
from collections.abc import Callable
from datetime import date, timedelta

from glasshead.recipes.base import Pair, Recipe

FIRST = date(1950, 1, 1)
LAST = date(2049, 12, 31)
DAYS = (LAST - FIRST).days + 1

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth", "twentieth", "twenty-first", "twenty-second", "twenty-third",
    "twenty-fourth", "twenty-fifth", "twenty-sixth", "twenty-seventh", "twenty-eighth",
    "twenty-ninth", "thirtieth", "thirty-first",
)  # fmt: skip
NAMED = {
    (1, 1): "new year's day",
    (2, 14): "valentine's day",
    (4, 1): "april fools' day",
    (5, 1): "may day",
    (10, 31): "halloween",
    (12, 24): "christmas eve",
    (12, 25): "christmas day",
    (12, 31): "new year's eve",
}


def ordinal(day: int) -> str:
    """Write an ordinal: 1 → "1st", 2 → "2nd", 11 → "11th"."""
    if 11 <= day <= 13:
        return f"{day}th"
    return f"{day}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th') }"


def two_digits_in_words(number: int) -> str:
    """Write 0–99 in words: 7 → "seven", 42 → "forty-two"."""
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return f"{TENS[tens]}-{ONES[ones]}" if ones else TENS[tens]


def year_in_words(year: int) -> str:
    """Write a year in words: 1984 → "nineteen eighty-four", 2005 → "two thousand and five"."""
    if 2000 <= year < 2010:
        return "two thousand" if year == 2000 else f"two thousand and {ONES[year - 2000]}"
    century, rest = divmod(year, 100)
    return f"{two_digits_in_words(century)} {two_digits_in_words(rest)}"


def month(day: date) -> str:
    """Return the name of its month: "march"."""
    return MONTHS[day.month - 1]


def short(day: date) -> str:
    """Return the first three letters of its month: "mar"."""
    return month(day)[:3]


def weekday(day: date) -> str:
    """Return the name of its day of the week: "wednesday"."""
    return WEEKDAYS[day.weekday()]


STYLES: tuple[Callable[[date], str], ...] = (
    lambda day: f"the {ordinal(day.day)} of {month(day)} {day.year}",
    lambda day: f"the {ordinal(day.day)} of {month(day)}, {day.year}",
    lambda day: f"{day.day} {month(day)} {day.year}",
    lambda day: f"{day.day} {short(day)} {day.year}",
    lambda day: f"{day.day} {short(day)}. {day.year}",
    lambda day: f"{ordinal(day.day)} {month(day)} {day.year}",
    lambda day: f"{day.day} {short(day)} '{day.year % 100:02}",
    lambda day: f"{day.day}-{short(day)}-{day.year}",
    lambda day: f"{month(day)} {day.day}, {day.year}",
    lambda day: f"{month(day)} {ordinal(day.day)}, {day.year}",
    lambda day: f"{short(day)} {day.day}, {day.year}",
    lambda day: f"{short(day)} {day.day} {day.year}",
    lambda day: f"{month(day)} the {ordinal(day.day)}, {day.year}",
    lambda day: f"{weekday(day)} the {ordinal(day.day)} of {month(day)} {day.year}",
    lambda day: f"{weekday(day)}, {month(day)} {day.day}, {day.year}",
    lambda day: f"{weekday(day)} {day.day} {month(day)} {day.year}",
    lambda day: f"{weekday(day)[:3]}, {day.day} {short(day)} {day.year}",
    lambda day: f"{day.day:02}/{day.month:02}/{day.year}",
    lambda day: f"{day.day:02}/{day.month:02}/{day.year % 100:02}",
    lambda day: f"{day.day}/{day.month}/{day.year}",
    lambda day: f"{day.day}/{day.month}/{day.year % 100:02}",
    lambda day: f"{day.day}.{day.month}.{day.year}",
    lambda day: f"{day.day:02}.{day.month:02}.{day.year % 100:02}",
    lambda day: f"{day.day:02}-{day.month:02}-{day.year}",
    lambda day: f"{day.year}.{day.month:02}.{day.day:02}",
    lambda day: f"{day.year}/{day.month:02}/{day.day:02}",
    lambda day: f"{day.year}-{day.month:02}-{day.day:02}",
    lambda day: f"{day.year}{day.month:02}{day.day:02}",
    lambda day: f"{day.year}, {month(day)} {day.day}",
    lambda day: f"the {ORDINALS[day.day - 1]} of {month(day)}, {day.year}",
    lambda day: f"the {ORDINALS[day.day - 1]} of {month(day)} {year_in_words(day.year)}",
    lambda day: f"{month(day)} {ORDINALS[day.day - 1]}, {year_in_words(day.year)}",
)
"""Every style of a plain date. All are equally likely."""


def last_day(draw: random.Random) -> tuple[str, date]:
    """Draw the last day of a month: the one style without the day in the source."""
    year, number = draw.randint(FIRST.year, LAST.year), draw.randint(1, 12)
    day = date(year, number, calendar.monthrange(year, number)[1])
    return f"the last day of {month(day)} {year}", day


def named_day(draw: random.Random) -> tuple[str, date]:
    """Draw a day with a name and the same date every year."""
    number, name = draw.choice(tuple(NAMED.items()))
    day = date(draw.randint(FIRST.year, LAST.year), *number)
    return f"{name} {day.year}" if draw.random() < 0.5 else f"{name}, {day.year}", day


def generate(draw: random.Random) -> Pair:
    """Draw a pair: a date in some style, and the same date as YYYY-MM-DD."""
    kind = draw.random()
    if kind < 0.04:
        source, day = last_day(draw)
    elif kind < 0.07:
        source, day = named_day(draw)
    else:
        day = FIRST + timedelta(days=draw.randrange(DAYS))
        source = draw.choice(STYLES)(day)
    return source, day.isoformat()


RECIPE = Recipe(
    name="dates",
    summary="dates as people write them, as ISO 8601: the 3rd of march 2021 → 2021-03-03",
    generate=generate,
    examples=(
        "the 3rd of march 2021",
        "wednesday the 3rd of march 2021",
        "03/04/21",
        "march 3, 2021",
        "the last day of february 2020",
        "the twenty-first of june nineteen eighty-four",
        "christmas eve 1999",
    ),
    vocab_size=420,
    lowercase=True,
    model={"d_model": 128, "heads": 4, "d_ff": 512, "encoder_layers": 2, "decoder_layers": 2, "max_length": 64},
    training={"steps": 3000, "batch_tokens": 2048, "warmup": 800, "average": 5, "save_every": 100, "eval_every": 500},
)
