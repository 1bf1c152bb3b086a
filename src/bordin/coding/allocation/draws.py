"""Random draws that are the same on every computer and with every version of numpy.

Only the raw 64-bit numbers of PCG64 are used, seeded through ``SeedSequence``: numpy promises that these streams
never change, which it does not promise of the methods of ``Generator``. Orders and choices are made of them here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

T = TypeVar("T")

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits without look-alikes: no 0 and o, no 1, i and l."""

ID_LENGTH = 10


class Draws:
    """A stream of draws that a seed and a few numbers decide.

    Parameters
    ----------
    seed : int
        0 or more.
    *parts : int
        What the stream is for, so that no two uses share one.
    """

    def __init__(self, seed: int, *parts: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, *parts]))

    def keys(self, n: int) -> npt.NDArray[np.uint64]:
        """Draw `n` whole numbers below 2 ** 64."""
        drawn: npt.NDArray[np.uint64] = self._bits.random_raw(n)
        return drawn

    def order(self, n: int) -> list[int]:
        """Draw an order of 0 to n - 1: each is as likely as any other."""
        return [int(i) for i in np.argsort(self.keys(n), kind="stable")]

    def shuffled(self, things: Sequence[T]) -> list[T]:
        """Return the things in a drawn order."""
        return [things[i] for i in self.order(len(things))]

    def below(self, n: int) -> int:
        """Draw one whole number of 0 to n - 1, without favoring any."""
        limit = 2**64 - 2**64 % n
        while True:
            drawn = int(self._bits.random_raw())
            if drawn < limit:
                return drawn % n

    def ids(self, n: int, taken: frozenset[str] = frozenset()) -> list[str]:
        """Draw `n` opaque ids that differ from each other and from those taken."""
        found: list[str] = []
        seen = set(taken)
        limit = 2**64 - 2**64 % len(ALPHABET)
        drawn: list[int] = []
        while len(found) < n:
            # Never more than are needed, so that the stream stands where single draws would have left it.
            drawn += [k for k in self.keys(ID_LENGTH * (n - len(found)) - len(drawn)).tolist() if k < limit]
            whole = len(drawn) // ID_LENGTH * ID_LENGTH
            letters = "".join(ALPHABET[k % len(ALPHABET)] for k in drawn[:whole])
            for i in range(0, whole, ID_LENGTH):
                made = letters[i : i + ID_LENGTH]
                if made not in seen:
                    seen.add(made)
                    found.append(made)
            drawn = drawn[whole:]
        return found
