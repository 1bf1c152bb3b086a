"""Dates of one day, dates of birth, and ages over 89. A weekday or a duration alone identifies nobody."""

from __future__ import annotations

from bordin.tapes.deidentification.pattern_checks import is_date
from bordin.tapes.deidentification.pattern_shape import (
    ONES,
    TEENS,
    TENS,
    UNITS,
    Pattern,
    any_case,
    as_written,
)

_LONG = "January|February|March|April|May|June|July|August|September|October|November|December"
# "may", "march" and "mar" are ordinary words too: by themselves they are months only with a capital.
_MONTH = (
    "(?:January|February|April|June|July|August|September|October|November|December|Jan|Feb|Apr|Jun|Jul|Aug|Sept?"
    "|Oct|Nov|Dec|(?-i:May|March|Mar))"
)
_ANY_MONTH = f"(?:{_LONG}|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
_FIGURE = r"(?:0?[1-9]|[12]\d|3[01])"
_ORDINAL_FIGURE = rf"(?:{_FIGURE}(?:st|nd|rd|th))"
_ORDINAL_ONES = "(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
_ORDINAL_WORD = (
    f"(?:{_ORDINAL_ONES}|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth"
    f"|nineteenth|twentieth|thirtieth|(?:twenty|thirty)[ -]{_ORDINAL_ONES})"
)
_BELOW_100 = rf"(?:{TENS}(?:[ -]{ONES})?|{TEENS}|(?:oh|o)[ -]{ONES})"
_YEAR = (
    rf"(?:(?:1[89]|20)\d\d|nineteen[ -](?:hundred|{_BELOW_100})"
    rf"|two thousand(?: (?:and )?(?:{_BELOW_100}|{ONES}))?|twenty[ -]{_BELOW_100})"
)
_OLD = r"(?:9\d|1[01]\d)"
_OLD_WORDS = rf"(?:ninety(?:[ -]{ONES})?|(?:a|one) hundred(?: and (?:{ONES}|{TEENS}))?)"
_PEOPLE = (
    "(?:I|he|she|they|mother|father|mum|mom|mam|dad|gran|granny|grandma|grandmother|grandad|grandpa|grandfather"
    "|nan|nana|aunt|auntie|uncle|who|husband|wife)"
)
_NO_AGE = (
    rf"(?! ?(?:%|\.\d|{UNITS}|kilos?|kg|pounds?|degrees|stone|quid|euros?|dollars?|cm|out|on the|over)(?!\w))"
)

DATES: tuple[Pattern, ...] = (
    Pattern(
        "date in figures",
        "date",
        0.93,
        any_case(
            r"(?<![\w./-])(?:\d{1,2}/\d{1,2}/(?:\d{4}|\d\d)|\d{1,2}\.\d{1,2}\.(?:(?:19|20)\d\d|\d\d)"
            r"|\d{1,2}-\d{1,2}-(?:19|20)\d\d|(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2})(?![\w/-])"
        ),
        ("born 03/04/1975", "on 3.4.75.", "2019-11-30", "12-31-1999"),
        ("24/7", "9/11", "3/4 of it", "10-15-20 minutes", "version 1.2.3", "7/8/9 of ten", "99/99/1999"),
        is_date,
    ),
    Pattern(
        "day and month",
        "date",
        0.85,
        any_case(
            rf"\b(?:(?:{_ORDINAL_FIGURE}|{_FIGURE}|{_ORDINAL_WORD}) of {_ANY_MONTH}|{_ORDINAL_FIGURE} {_MONTH}"
            rf"|{_MONTH} (?:the )?(?:{_ORDINAL_FIGURE}|{_ORDINAL_WORD})|(?:may|march) {_ORDINAL_FIGURE})\b"
            rf"(?:,? {_YEAR}\b)?"
        ),
        (
            "the 3rd of March 1975",
            "on the twenty-third of June nineteen seventy five",
            "March the third",
            "the fourth of July",
            "May 3rd, 2001",
            "on the 2nd May",
            "on the 5th of may",
        ),
        (
            "first of all",
            "the first of the month",
            "in the second session in March",
            "the third may be worse",
            "I may second that",
            "last Tuesday",
            "the 3rd may be fine",
        ),
    ),
    Pattern(
        "day and month without an ending",
        "date",
        0.8,
        as_written(
            rf"\b{_FIGURE} {_ANY_MONTH}\.?(?:,? (?:18|19|20)\d\d)?(?!\w)"
            rf"|\b{_ANY_MONTH}\.? {_FIGURE}(?:,? (?:18|19|20)\d\d)?(?!\w| ?%| {UNITS}\b)"
        ),
        ("on 3 March 1975", "since 12 May", "on March 3, 1975", "Sept. 9"),
        ("I may 2 or 3 times", "we march 10 miles", "in March 10 people came", "at 10 may be"),
    ),
    Pattern(
        "month and year",
        "date",
        0.7,
        any_case(rf"\b{_MONTH},? (?:of )?{_YEAR}\b"),
        ("in March 1975", "since June of nineteen ninety nine", "in July twenty twelve"),
        ("in March", "last May", "I may two thousand times"),
    ),
    Pattern(
        "year of birth",
        "date",
        0.6,
        any_case(rf"\b(?:born|birth|birthday)\b(?: was| is)?(?: in)?(?: the year)? (?P<it>{_YEAR})\b"),
        ("I was born in 1975", "born nineteen fifty two", "year of birth 1980"),
        ("born in the spring", "born two weeks early", "since 2019"),
    ),
)

AGES: tuple[Pattern, ...] = (
    Pattern(
        "age over 89",
        "age",
        0.8,
        any_case(rf"\b(?:{_OLD}|{_OLD_WORDS})[ -](?:years? old|years?-old|years of age)\b"),
        ("a 91-year-old man", "she is ninety two years old", "a hundred and two years old"),
        ("89 years old", "ninety minutes", "a hundred years ago"),
    ),
    Pattern(
        "age over 89, named as one",
        "age",
        0.75,
        any_case(
            rf"\b(?:aged|at the age of|age of|turned|turning|turns) (?P<it>{_OLD}|{_OLD_WORDS})\b{_NO_AGE}"
        ),
        ("aged 94", "he turned ninety-three"),
        ("turned 90 degrees", "aged 45", "it turns 95 percent"),
    ),
    Pattern(
        "age over 89, said of somebody",
        "age",
        0.6,
        any_case(
            rf"\b{_PEOPLE}(?:'s|'m|'re| is| was| am| are| will be| would be| would have been)"
            rf"(?: about| now| nearly| almost| only)? (?P<it>{_OLD}|ninety(?:[ -]{ONES})?)\b{_NO_AGE}"
        ),
        ("my mum is 92 and lives alone", "he was ninety four when he died", "she's 101"),
        (
            "I was 92 kilos",
            "he is 95 percent sure",
            "it is 95",
            "she was 45",
            "I'm 99% sure",
            "I was 90 minutes late",
        ),
    ),
)
