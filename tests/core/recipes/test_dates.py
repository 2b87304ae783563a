"""dates: every source read by an independent parser, written from the rules alone, gives its target."""

import re
from datetime import date, datetime
from itertools import islice

import pytest

from glasshead.recipes import recipe
from glasshead.recipes.dates import (
    DAYS,
    FIRST,
    LAST,
    NAMED,
    ORDINALS,
    STYLES,
    last_day,
    ordinal,
    two_digits_in_words,
    year_in_words,
)

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
UNITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
UNITS += ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
IRREGULAR = {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12}


def number(word: str) -> int | None:
    """A cardinal or ordinal in words below 100, or None."""
    if "-" in word:
        tens, ones = (number(part) for part in word.split("-"))
        return None if tens is None or ones is None else tens + ones
    if word in IRREGULAR:
        return IRREGULAR[word]
    plain = re.sub(r"ieth$", "y", word)
    plain = plain if plain in TENS or plain in UNITS else re.sub(r"th$", "", plain)
    return TENS.get(plain, UNITS.index(plain) if plain in UNITS else None)


def full(year: int, digits: int) -> int:
    """Two digits mean the year within 1950–2049."""
    if digits > 2:
        return year
    return next(candidate for candidate in (1900 + year, 2000 + year) if 1950 <= candidate <= 2049)


def read(text: str) -> tuple[date, int | None]:
    """A date, and the weekday (Monday 0) that the text claims, if any."""
    year: int | None
    month: int | None
    day: int | None
    if found := re.fullmatch(r"(\d{4})[./-]?(\d\d)[./-]?(\d\d)", text):
        year, month, day = map(int, found.groups())
        return date(year, month, day), None
    if found := re.fullmatch(r"(\d\d?)([./-])(\d\d?)\2(\d{4}|\d\d)", text):
        day, month, year = int(found[1]), int(found[3]), full(int(found[4]), len(found[4]))
        return date(year, month, day), None
    plain = re.sub(r"-(?=\d)|(?<=\d)-", " ", text)  # 3-mar-2021, but twenty-one
    words = re.findall(r"'?\d+|[a-z]+(?:-[a-z]+)*", re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", plain))
    weekday = month = day = year = None
    spelled: list[int] = []
    for word in words:
        if word[:3] in MONTHS and number(word) is None:
            month = MONTHS.index(word[:3]) + 1
        elif word[:3] in WEEKDAYS and (word.endswith("day") or len(word) == 3):
            weekday = WEEKDAYS.index(word[:3])
        elif word.startswith("'"):
            year = full(int(word[1:]), 2)
        elif word.isdigit() and len(word) == 4:
            year = int(word)
        elif word.isdigit():
            day = int(word)
        elif word == "thousand":
            spelled = [spelled[0] * 10, 0]  # two thousand: the century is 20
        elif word not in ("the", "of", "and") and (value := number(word)) is not None:
            if day is None and (word in IRREGULAR or word.split("-")[-1] in IRREGULAR or word.endswith("th")):
                day = value
            else:
                spelled.append(value)
    if year is None:
        year = spelled[0] * 100 + sum(spelled[1:])
    assert month is not None and day is not None, text
    return date(year, month, day), weekday


EVERY_DAY = [date.fromordinal(FIRST.toordinal() + offset) for offset in range(0, DAYS, 37)]


@pytest.mark.parametrize("style", range(len(STYLES)))
def test_every_style_reads_back_as_its_date(style: int) -> None:
    for day in EVERY_DAY:
        text = STYLES[style](day)
        found, weekday = read(text)
        assert found == day, text
        assert weekday in (None, day.weekday()), text


def test_no_two_dates_are_ever_written_alike() -> None:
    meaning: dict[str, date] = {}
    for day in (date.fromordinal(FIRST.toordinal() + offset) for offset in range(DAYS)):
        for style in STYLES[::3] if day.day > 12 else STYLES:
            text = style(day)
            assert meaning.setdefault(text, day) == day, text


def test_targets_are_iso_and_in_the_century() -> None:
    for source, target in islice(recipe("dates").pairs("train", 0), 3000):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", target), source
        assert FIRST <= date.fromisoformat(target) <= LAST
        assert source == source.lower().strip()


def test_known_dates() -> None:
    day = date(2021, 3, 3)
    written = {style(day) for style in STYLES}
    assert {
        "the 3rd of march 2021",
        "03/03/21",
        "march 3, 2021",
        "3 mar 2021",
        "wednesday the 3rd of march 2021",
        "2021.03.03",
        "the third of march, 2021",
        "the third of march twenty twenty-one",
    } <= written
    assert datetime.strptime("01/02/2003", "%d/%m/%Y").date() == read("01/02/2003")[0]  # day first


def test_words_of_numbers() -> None:
    assert [ordinal(day) for day in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 30, 31)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "23rd", "30th", "31st"]
    )
    assert [number(word) for word in ORDINALS] == list(range(1, 32))
    assert all(number(two_digits_in_words(value)) == value for value in range(100))
    assert year_in_words(1984) == "nineteen eighty-four"
    assert year_in_words(2000) == "two thousand"
    assert year_in_words(2005) == "two thousand and five"
    assert year_in_words(2040) == "twenty forty"


def test_the_last_day_of_a_month_is_followed_by_the_first_of_the_next() -> None:
    import random

    draw = random.Random(0)
    for _ in range(500):
        text, day = last_day(draw)
        assert date.fromordinal(day.toordinal() + 1).day == 1
        assert text.endswith(f"{day:%B %Y}".lower())


def test_named_days_exist_in_every_year() -> None:
    for month, day in NAMED:
        assert date(1999, month, day)
