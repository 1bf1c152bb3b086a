"""Where somebody is reached: e-mail, the web, streets."""

from __future__ import annotations

from bordin.tapes.deidentification.pattern_shape import (
    DOMAIN_END,
    UNITS,
    Pattern,
    any_case,
    as_written,
)

_SPOKEN_END = r"(?:com|org|net|edu|gov|info|io|de|fr|nl|ch|eu|ie|ca|(?:co|ac|org|nhs|gov)[. ](?:dot )?uk|uk)"
_LETTERS = r"(?:\b\w ){0,20}"
_PROVIDER = "(?:gmail|googlemail|hotmail|outlook|yahoo|icloud|live|aol|gmx|proton(?:mail)?|btinternet|virginmedia|nhs)"
_STREET = "(?:Street|Road|Lane|Avenue|Ave|Crescent|Terrace|Boulevard|Blvd|Highway|Mews"
_STREET_MORE = (
    f"{_STREET}|St|Rd|Drive|Close|Court|Square|Place|Way|Gardens|Grove|Hill|Park|Row|Walk|Parkway|Green)"
)
_NUMBER_WORDS = (
    "[Oo]ne|[Tt]wo|[Tt]hree|[Ff]our|[Ff]ive|[Ss]ix|[Ss]even|[Ee]ight|[Nn]ine|[Tt]en|[Ee]leven|[Tt]welve|[Tt]hirteen"
    "|[Ff]ourteen|[Ff]ifteen|[Ss]ixteen|[Ss]eventeen|[Ee]ighteen|[Nn]ineteen|[Tt]wenty|[Tt]hirty|[Ff]orty|[Ff]ifty"
    "|[Ss]ixty|[Ss]eventy|[Ee]ighty|[Nn]inety"
)

ADDRESSES: tuple[Pattern, ...] = (
    Pattern(
        "e-mail address",
        "email",
        0.95,
        any_case(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"),
        ("write to anna.k@example.org please", "it's a_b+c@mail.example.co.uk."),
        ("meet me @ ten", "we met at ten"),
    ),
    Pattern(
        "e-mail address as spoken",
        "email",
        0.85,
        any_case(
            rf"{_LETTERS}\b\w{{1,40}}(?: (?:dot|underscore|dash|hyphen) \w{{1,40}}){{0,4}}"
            rf" at \w{{1,40}}(?: (?:dot|dash|hyphen) \w{{1,40}}){{0,3}} dot {_SPOKEN_END}\b"
        ),
        (
            "it is anna dot kay at example dot com",
            "a n n a at example dot co dot uk",
            "smith_j at gmail dot com",
        ),
        ("look at the dot on the wall", "we met at the dot"),
    ),
    Pattern(
        "e-mail address, half spoken",
        "email",
        0.85,
        any_case(
            rf"{_LETTERS}\b[\w.+-]{{1,64}}(?: dot \w{{1,40}}){{0,3}} at {_PROVIDER}(?:\.[a-z]{{2,5}}){{1,2}}\b"
        ),
        ("anna.kay at gmail.com", "it's anna dot kay at hotmail.co.uk"),
        ("I work at Sky. Coming home late", "I looked at it on Yahoo"),
    ),
    Pattern(
        "web address",
        "url",
        0.9,
        any_case(
            rf"(?:https?://|\bwww\.)[^\s▮]{{2,200}}|(?<![@\w])(?:[\w-]{{1,63}}\.){{1,3}}{DOMAIN_END}(?:/[^\s▮]{{1,200}})?\b(?!@)"
        ),
        ("see https://example.org/a?b=1", "www.example.com", "on example.co.uk they say"),
        ("I went home.at ten", "etc. and so on", "fine.it was"),
    ),
    Pattern(
        "web address as spoken",
        "url",
        0.6,
        any_case(
            rf"(?:\bw ?w ?w dot )?\b\w{{1,40}}(?: (?:dot|dash|hyphen) \w{{1,40}}){{0,3}} dot {_SPOKEN_END}\b"
        ),
        ("I found it on worry help dot com", "w w w dot example dot org"),
        ("the dot is there", "connect the dots"),
    ),
    Pattern(
        "street address",
        "address",
        0.85,
        as_written(
            rf"\b(?:[Nn]umber )?(?:\d{{1,4}}[A-Za-z]?|(?:{_NUMBER_WORDS})(?:[ -](?:{_NUMBER_WORDS}))?),?"
            rf" (?:[A-Z][\w'-]{{1,30}} ){{1,3}}{_STREET_MORE}\b"
        ),
        (
            "I live at 12 Green Lane",
            "221b Baker Street",
            "at twelve Saint Mary Road",
            "number 4 Acacia Avenue",
        ),
        ("a 10 minute Drive", "10 Days of Hill walking", "a ten minute walk", "two Lanes"),
    ),
    Pattern(
        "street address in small letters",
        "address",
        0.5,
        as_written(
            rf"\b\d{{1,4}}[a-z]? (?!(?:{UNITS}|of|on|in|the|and|or)\b)[a-z'-]{{3,20}} {_STREET.lower()})\b"
        ),
        ("i live at 12 green lane", "14 acacia avenue"),
        ("a 2 way street", "10 minute lane", "3 people on the street", "2 of the street"),
    ),
    Pattern(
        "name of a street",
        "address",
        0.6,
        as_written(
            r"(?<=[a-z,] )(?!(?:High|Main) )(?:[A-Z][\w'-]{1,30} ){1,2}(?:Street|Road|Lane|Avenue|Crescent|Terrace)\b"
        ),
        ("we moved to Green Lane", "on Upper Acacia Road"),
        ("The Street is loud", "on the road", "down the High Street"),
    ),
    Pattern(
        "street address, German or French form",
        "address",
        0.75,
        as_written(
            r"\b[A-ZÄÖÜ][\wäöüß-]{2,30}(?:straße|strasse|str\.|weg|platz|gasse|allee) \d{1,4}[a-z]?\b"
            r"|\b\d{1,4}(?: bis)?,? (?:rue|avenue|boulevard|place) (?:de |du |des |de la )?[A-ZÉÈ][\w'-]{1,30}\b"
        ),
        ("Lindenstraße 4", "Bergweg 12a", "12 rue de Rivoli"),
        ("Norweg is", "weg 4"),
    ),
    Pattern(
        "post box",
        "address",
        0.8,
        any_case(r"\bP\.?O\.? ?Box \d{1,6}\b"),
        ("PO Box 123",),
        ("the box 12",),
    ),
)
