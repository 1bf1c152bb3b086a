"""Numbers that belong to one person: telephone, insurance, bank, case, vehicle."""

from __future__ import annotations

from bordin.tapes.deidentification.pattern_checks import (
    is_address_of_network,
    is_bank_account,
    is_card_number,
    is_case_number,
    is_nhs_number,
    is_phone,
    is_spoken_number,
)
from bordin.tapes.deidentification.pattern_shape import Pattern, any_case, as_written, digit_run

PHONES: tuple[Pattern, ...] = (
    Pattern(
        "phone number with the code of its country",
        "phone",
        0.95,
        any_case(
            r"(?<![\w/.])(?:\+|00)\d{1,3}(?:[ .()/-]{1,2}\d{1,8}){1,7}(?!\w)|(?<![\w/.])\+\d{7,15}(?!\w)"
        ),
        ("it's +44 7700 900123", "on 0049 30 1234567", "+436641234567", "+1 (212) 555-0123"),
        ("plus 44", "+5 points, 10 more", "00 is a size"),
        is_phone,
    ),
    Pattern(
        "phone number",
        "phone",
        0.9,
        any_case(
            r"(?<![\w/.,-])\(?0\d{1,5}\)?(?:[ ./-]{1,2}\d{1,8}){1,6}(?!\w)|(?<![\w/.,-])0\d{7,12}(?!\w)"
            r"|(?<![\w/.,-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])\d{3}[ .-]\d{4}(?![\w-])"
        ),
        (
            "call 07700 900123.",
            "(020) 7946 0000",
            "ring 06 12 34 56 78",
            "030/1234567",
            "212-555-0123 is mine",
            "(212) 555-0123",
            "or 07700900123",
        ),
        (
            "from 10 to 4",
            "between 2.30 and 3.15",
            "in 2019 or 2020",
            "0.05 or 0.10",
            "03/04/1975",
            "at 07.30",
        ),
        is_phone,
    ),
    Pattern(
        "short phone number",
        "phone",
        0.6,
        any_case(r"(?<![\w/.,-])[2-9]\d\d-\d{4}(?![\w-])"),
        ("call 555-0123",),
        ("from 200-300", "2019-2020"),
    ),
    Pattern(
        "number to call",
        "phone",
        0.7,
        any_case(
            r"\b(?:(?:tele)?phone|mobile|cell|land ?line|extension|fax|call|ring|text|reach) ?(?:number|me|us|him|her|them)?"
            r"(?: is| was| on| at|:|,)? (?P<it>\d[\d -]{4,16}\d)(?![\w%])"
        ),
        ("my mobile number is 774 512", "ring me on 4881 3377"),
        ("call me at 10 to 4", "ring me at 2", "text me in 2020"),
        is_phone,
    ),
    Pattern(
        "number said digit by digit",
        "phone",
        0.8,
        any_case(rf"\b(?:plus )?{digit_run(4, 15)}\b"),
        (
            "oh seven seven double five",
            "oh seven seven double oh nine oh oh one two three",
            "two one two, five five five, oh one two three",
            "it's 0 7 7 0 0 9 0 0",
            "on 0-7-7-0-0-9-0-0-1-2-3",
        ),
        (
            "one two three four five six seven eight nine ten",
            "five four three two one",
            "1, 2, 3, 4, 5, 6, 7",
            "0 1 2 3 4 5 6 7 8 9 10",
            "in two three four, out two three four",
            "from two until four",
            "one or two, three, four maybe",
            "oh no one",
        ),
        is_spoken_number,
    ),
)

IDENTIFIERS: tuple[Pattern, ...] = (
    Pattern(
        "number with the check digit of the NHS",
        "identifier",
        0.92,
        any_case(r"(?<![\w-])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\w-])"),
        ("943 476 5919", "it is 9434765919"),
        ("943 476 5918", "1111111111"),
        is_nhs_number,
    ),
    Pattern(
        "social security number",
        "identifier",
        0.9,
        any_case(r"(?<![\w-])(?!000|666|9\d\d)\d{3}([- ])\d\d\1\d{4}(?![\w-])"),
        ("078-05-1120", "it is 078 05 1120"),
        ("2019-05-11", "10-20-30"),
    ),
    Pattern(
        "national insurance number",
        "identifier",
        0.9,
        as_written(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b"),
        ("AB 12 34 56 C", "AB123456C"),
        ("AB12 3456",),
    ),
    Pattern(
        "number of a payment card",
        "identifier",
        0.9,
        any_case(r"(?<![\w-])\d{4}(?:[ -]?\d{2,6}){2,4}(?![\w-])"),
        ("4111 1111 1111 1111",),
        ("4111 1111 1111 1112", "2019 2020 2021"),
        is_card_number,
    ),
    Pattern(
        "bank account (IBAN)",
        "identifier",
        0.95,
        as_written(r"\b[A-Z]{2}\d\d(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?\b"),
        ("GB82 WEST 1234 5698 7654 32", "DE89370400440532013000"),
        ("GB82 WEST 1234 5698 7654 33",),
        is_bank_account,
    ),
    Pattern(
        "number of a case, file or account",
        "identifier",
        0.8,
        any_case(
            r"\b(?:case|file|patient|hospital|chart|record|policy|claim|reference|account|passport|insurance|member"
            r"|membership|licen[cs]e|social security|student|staff|employee|badge|NHS|MRN|participant|customer)"
            r" ?(?:number|no\.?|id|ref\.?|#)(?: is| was|:|,)? "
            rf"?(?P<it>(?=[a-z/-]{{0,8}}\d)[a-z\d][a-z\d/-]{{2,24}}|{digit_run(3, 15)})(?![\w-])"
        ),
        (
            "my case number is AB-20417",
            "hospital no. 774512",
            "NHS number nine four three four",
            "passport number 533380006",
            "patient #4411",
        ),
        (
            "the case number is long",
            "in that case no. 2019 was bad",
            "the file is open",
            "in case one or two",
        ),
        is_case_number,
    ),
    Pattern(
        "code with its name",
        "identifier",
        0.65,
        any_case(
            r"\b(?:case|file|patient|chart|record|policy|claim|reference|passport|MRN|participant|flight)(?: is|:|,)? "
            r"(?P<it>[a-z]{1,4}[-/]?\d{3,12}(?:[-/]\d{1,8})?)(?![\w-])"
        ),
        ("the file AB-20417", "MRN A774512", "flight XY2490"),
        ("file 12", "the case of 2019", "a record A4 page"),
    ),
    Pattern(
        "registration of a vehicle",
        "identifier",
        0.65,
        as_written(r"\b[A-HJ-PR-Y]{2}\d\d ?[A-HJ-PR-Z]{3}\b"),
        ("a car with AB12 CDE",),
        ("TV20 ten", "PTSD 5"),
    ),
    Pattern(
        "address of a computer",
        "identifier",
        0.8,
        any_case(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\w)"),
        ("from 192.168.10.4.",),
        ("1.2.3", "300.1.1.1"),
        is_address_of_network,
    ),
    Pattern(
        "name on a social network",
        "identifier",
        0.7,
        any_case(r"(?<![\w.])@[a-z_][\w.]{2,40}"),
        ("follow me, @anna_kay_81",),
        ("meet @ ten", "write to a@example.org"),
    ),
    Pattern(
        "long number",
        "identifier",
        0.55,
        any_case(r"(?<![\w.,-])[1-9]\d{6,19}(?![\w-]|[.,]\d)"),
        ("it says 48813377",),
        ("1,000,000 times", "in 2019", "about 100000", "3.1415926535"),
    ),
)

POSTCODES: tuple[Pattern, ...] = (
    Pattern(
        "post code of the United Kingdom",
        "postcode",
        0.85,
        as_written(r"\b(?:GIR 0AA|[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2})\b"),
        ("at SW1A 1AA now", "M1 1AE", "EC1A1BB"),
        ("GP 2 days", "in A4 2 times", "CD4 3rd"),
    ),
    Pattern(
        "post code of Canada",
        "postcode",
        0.85,
        as_written(r"\b[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z][ -]?\d[ABCEGHJ-NPRSTV-Z]\d\b"),
        ("K1A 0B1",),
        ("B12 2B4", "B6 and B12"),
    ),
    Pattern(
        "ZIP code with its state",
        "postcode",
        0.8,
        as_written(
            r"\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]"
            r"|UT|V[AT]|W[AIVY]),? (?P<it>\d{5}(?:-\d{4})?)\b"
        ),
        ("Springfield, IL 62701", "CA 90210-1234"),
        ("I have 10000 reasons", "OK 100 times"),
    ),
    Pattern(
        "ZIP code with four more digits",
        "postcode",
        0.7,
        as_written(r"(?<![\w-])\d{5}-\d{4}(?![\w-])"),
        ("90210-1234 it is",),
        ("10000-20000 steps",),
    ),
    Pattern(
        "post code, named as one",
        "postcode",
        0.75,
        any_case(
            r"\b(?:post ?code|postal code|zip(?: code)?|PLZ)(?: is| was|:|,)? "
            rf"(?P<it>(?=[a-z]{{0,3}}-?\d)[a-z\d-]{{3,9}}(?: \d[a-z]{{2}})?\b|{digit_run(4, 6)}\b)"
        ),
        ("my zip code is 62701", "postcode: 10115", "zip nine oh two one oh", "my postcode is se1 2ab"),
        ("I forgot the post code", "the post code is wrong", "zip it up"),
    ),
    Pattern(
        "post code with its country",
        "postcode",
        0.7,
        as_written(r"\b(?:D|A|CH|F|NL|B|L|DK|S|PL)-\d{4,5}\b"),
        ("D-10115 Berlin", "CH-8001"),
        ("B-12", "A-1"),
    ),
)
