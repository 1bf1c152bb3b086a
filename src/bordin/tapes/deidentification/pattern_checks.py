"""Second looks at what a pattern found: check digits, calendar, counting aloud."""

from __future__ import annotations

import re
from itertools import pairwise

_DIGITS = {
    "zero": 0,
    "nought": 0,
    "naught": 0,
    "oh": 0,
    "o": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
}
_TIMES = {"double": 2, "triple": 3, "treble": 3}


def digits(text: str) -> list[int]:
    """Return the digits of a text, figures and words: ``double five`` gives two fives."""
    found: list[int] = []
    times = 1
    for word in re.findall(r"[a-z]+|\d", text.lower()):
        if word in _TIMES:
            times = _TIMES[word]
            continue
        if word.isdigit():
            found += [int(word)] * times
        elif word in _DIGITS:
            found += [_DIGITS[word]] * times
        times = 1
    return found


def counts(numbers: list[int]) -> bool:
    """Say whether somebody counts up or down, as in an exercise; ten is heard as one and nought."""
    if numbers[-2:] == [1, 0] and len(numbers) > 2:
        numbers = [*numbers[:-2], 10] if numbers[-3] == 9 else numbers
    steps = {b - a for a, b in pairwise(numbers)}
    return steps in ({1}, {-1})


def is_spoken_number(text: str) -> bool:
    """Accept six to fifteen digits in a row that are no counting; five where they begin as a phone number."""
    found = digits(text)
    least = 5 if found[:1] == [0] or any(word in text.lower() for word in _TIMES) else 6
    return least <= len(found) <= 15 and not counts(found)


def is_phone(text: str) -> bool:
    """Accept as many digits as telephone numbers have, unless somebody counts or the figures are a date."""
    found = digits(text)
    if re.fullmatch(r"\d{1,2}([./-])\d{1,2}\1\d{2,4}", text.strip(".")) and is_date(text):
        return False
    return 6 <= len(found) <= 15 and not counts(found)


def is_nhs_number(text: str) -> bool:
    """Accept ten digits with the check digit of the NHS (modulus 11)."""
    found = digits(text)
    if len(found) != 10 or len(set(found)) == 1:
        return False
    rest = 11 - sum(d * w for d, w in zip(found, range(10, 1, -1), strict=False)) % 11
    return found[9] == (0 if rest == 11 else rest)


def is_card_number(text: str) -> bool:
    """Accept 13 to 19 digits with the check digit of payment cards (Luhn, ISO/IEC 7812-1)."""
    found = digits(text)[::-1]
    total = sum(d if i % 2 == 0 else sum(divmod(2 * d, 10)) for i, d in enumerate(found))
    return 13 <= len(found) <= 19 and len(set(found)) > 1 and total % 10 == 0


def is_bank_account(text: str) -> bool:
    """Accept an IBAN with its check digits (ISO 7064, modulus 97)."""
    plain = re.sub(r"[^A-Z0-9]", "", text.upper())
    moved = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def is_date(text: str) -> bool:
    """Accept three numbers that are a day, a month and a year in some order."""
    parts = re.findall(r"\d+", text)
    if len(parts) != 3:
        return False
    first, second, third = (int(p) for p in parts)
    if len(parts[0]) == 4:
        return 1 <= second <= 12 and 1 <= third <= 31
    return (1 <= first <= 31 and 1 <= second <= 12) or (1 <= first <= 12 and 1 <= second <= 31)


def is_address_of_network(text: str) -> bool:
    """Accept four numbers up to 255."""
    parts = re.findall(r"\d+", text)
    return len(parts) == 4 and all(int(p) <= 255 for p in parts)


def is_case_number(text: str) -> bool:
    """Accept what holds a figure and is no year, or at least three spoken digits."""
    if re.fullmatch(r"(?:19|20)\d\d", text):
        return False
    return any(c.isdigit() for c in text) or len(digits(text)) >= 3
