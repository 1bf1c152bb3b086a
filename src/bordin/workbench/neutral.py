"""Letters that stand for arms and other levels as long as the lead is blind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from string import ascii_uppercase

from django.conf import settings

from bordin.store.standing import rows


def letters(factor: str, levels: Iterable[str]) -> dict[str, str]:
    """Give each level of a factor a letter, in an order that tells nothing of its name.

    Parameters
    ----------
    factor : str
    levels : iterable of str

    Returns
    -------
    dict of str to str
        The same on every page of one record; what decides is random, and so is the order.
    """
    # With the server's key: the first fact alone stands in files that a lead may have.
    first = list(rows("SELECT hash FROM store_fact WHERE seq = 1"))
    salt = settings.SECRET_KEY + (first[0][0] if first else "")

    def key(level: str) -> str:
        return hashlib.sha256(f"{salt}\n{factor}\n{level}".encode()).hexdigest()

    ordered = sorted(set(levels), key=key)
    return {level: _letter(i) for i, level in enumerate(ordered)}


def _letter(i: int) -> str:
    """Return A to Z, then AA, AB and so on."""
    return ("" if i < 26 else _letter(i // 26 - 1)) + ascii_uppercase[i % 26]
