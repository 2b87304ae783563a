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
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from string import Formatter

from glasshead.recipes.base import Pair, Recipe
from glasshead.recipes.links import Gold, Link, Span, words

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


@dataclass(frozen=True, slots=True)
class Style:
    """One way to write a date: a template whose fields begin with `year`, `month`, `day` or `weekday`."""

    template: str

    def __call__(self, day: date) -> str:
        """Write a date."""
        return self.template.format_map(_fields(day))

    def parts(self, day: date) -> dict[str, Span]:
        """Tell where in its text the year, the month and the day stand."""
        found: dict[str, Span] = {}
        at, fields = 0, _fields(day)
        for text, name, form, _ in Formatter().parse(self.template):
            at += len(text)
            if name:
                end = at + len(format(fields[name], form or ""))
                found[name.partition("_")[0]] = at, end
                at = end
        return found


def _fields(day: date) -> dict[str, int | str]:
    """List all that a style may write of a date."""
    return {
        "day": day.day, "day_ordinal": ordinal(day.day), "day_words": ORDINALS[day.day - 1],
        "month": month(day), "month_short": short(day), "month_number": day.month,
        "year": day.year, "year_two": day.year % 100, "year_words": year_in_words(day.year),
        "weekday": weekday(day), "weekday_short": weekday(day)[:3],
    }  # fmt: skip


STYLES: tuple[Style, ...] = (
    Style("the {day_ordinal} of {month} {year}"),
    Style("the {day_ordinal} of {month}, {year}"),
    Style("{day} {month} {year}"),
    Style("{day} {month_short} {year}"),
    Style("{day} {month_short}. {year}"),
    Style("{day_ordinal} {month} {year}"),
    Style("{day} {month_short} '{year_two:02}"),
    Style("{day}-{month_short}-{year}"),
    Style("{month} {day}, {year}"),
    Style("{month} {day_ordinal}, {year}"),
    Style("{month_short} {day}, {year}"),
    Style("{month_short} {day} {year}"),
    Style("{month} the {day_ordinal}, {year}"),
    Style("{weekday} the {day_ordinal} of {month} {year}"),
    Style("{weekday}, {month} {day}, {year}"),
    Style("{weekday} {day} {month} {year}"),
    Style("{weekday_short}, {day} {month_short} {year}"),
    Style("{day:02}/{month_number:02}/{year}"),
    Style("{day:02}/{month_number:02}/{year_two:02}"),
    Style("{day}/{month_number}/{year}"),
    Style("{day}/{month_number}/{year_two:02}"),
    Style("{day}.{month_number}.{year}"),
    Style("{day:02}.{month_number:02}.{year_two:02}"),
    Style("{day:02}-{month_number:02}-{year}"),
    Style("{year}.{month_number:02}.{day:02}"),
    Style("{year}/{month_number:02}/{day:02}"),
    Style("{year}-{month_number:02}-{day:02}"),
    Style("{year}{month_number:02}{day:02}"),
    Style("{year}, {month} {day}"),
    Style("the {day_words} of {month}, {year}"),
    Style("the {day_words} of {month} {year_words}"),
    Style("{month} {day_words}, {year_words}"),
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


PLACES = {"year": (0, 4), "month": (5, 7), "day": (8, 10)}
"""Where the parts of a date stand in YYYY-MM-DD."""


def links(source: str, target: str) -> tuple[Link, ...]:
    """Link the digits of a date to the part of the source that they say; none for a pair that no style writes."""
    try:
        day = date.fromisoformat(target)
    except ValueError:
        return ()
    for parts in _readings(source, day):
        return tuple(link for name, span in parts.items() for link in _digits(source, span, name, day))
    return ()


def _readings(source: str, day: date) -> Iterator[dict[str, Span]]:
    """Yield where year, month and day stand in a source that means this day."""
    for style in STYLES:
        if style(day) == source:
            yield {name: span for name, span in style.parts(day).items() if name in PLACES}
    year = len(source) - 4, len(source)
    if source == f"the last day of {month(day)} {day.year}":
        yield {"month": (16, 16 + len(month(day))), "year": year}
    name = NAMED.get((day.month, day.day), "")
    if name and source in (f"{name} {day.year}", f"{name}, {day.year}"):
        yield {"month": (0, len(name)), "day": (0, len(name)), "year": year}


def _digits(source: str, span: Span, name: str, day: date) -> Iterator[Link]:
    """Yield the links of one part: digit by digit from the right where it is written in digits, else as a whole.

    A 0 in front that the source does not write comes from the whole part; of a year of two digits the century, which
    nobody wrote, has no link. Of a year in words the century makes the first two digits, and the rest the others.
    """
    first, last = PLACES[name]
    start, end = span
    text = source[start:end]
    digits = len(text) - len(text.lstrip("0123456789"))
    if digits:
        for back in range(1, last - first + 1):
            if back <= digits:
                at = start + digits - back
                yield Link((at, at + 1), (last - back, last - back + 1))
            elif name != "year":
                yield Link((start, start + digits), (last - back, last - back + 1))
        return
    halves = [(span, (first, last))]
    if name == "year":
        century = len("two thousand") if 2000 <= day.year < 2010 else text.index(" ")
        rest = text[century:].removeprefix(" and").strip()
        halves = [((start, start + century), (first, first + 2)), ((end - len(rest), end), (first + 2, last))]
        halves = halves if rest else [(span, (first, last))]
    for (here, there), (one, other) in halves:
        for part in words(source[here:there]):
            for at in range(one, other):
                yield Link((here + part[0], here + part[1]), (at, at + 1))


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
    gold=Gold(
        links=links,
        lacks='the hyphens, the century of a year of two digits, and the day of "the last day of …"',
    ),
    vocab_size=420,
    lowercase=True,
    model={"d_model": 128, "heads": 4, "d_ff": 512, "encoder_layers": 2, "decoder_layers": 2, "max_length": 64},
    training={"steps": 3000, "batch_tokens": 2048, "warmup": 800, "average": 5, "save_every": 100, "eval_every": 500},
)
