"""The best one-to-one assignment of rows to columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt


def best_assignment(gain: npt.ArrayLike) -> tuple[tuple[int, int], ...]:
    """Pair rows with columns, each at most once, so that the sum of gains is the largest.

    Parameters
    ----------
    gain : array_like (n, m)
        What a pair is worth; not negative. A pair that is worth nothing is not made.

    Returns
    -------
    tuple of (row, column)
        By row.

    References
    ----------
    Kuhn (1955), doi:10.1002/nav.3800020109; as shortest augmenting paths, in n³ steps: Jonker and
    Volgenant (1987), doi:10.1007/BF02278710.

    Notes
    -----
    Validated against scipy 1.17.1 ``optimize.linear_sum_assignment`` on
    ``tests/reference/tapes/accuracy_assignment.json``, and against trying all orders in the tests.
    """
    worth = np.asarray(gain, dtype=float)
    if worth.ndim != 2 or 0 in worth.shape:
        return ()
    n = max(worth.shape)
    cost = np.zeros((n, n))
    cost[: worth.shape[0], : worth.shape[1]] = -worth
    row_of = _row_of_column(cost)
    pairs = ((row, column) for column, row in enumerate(row_of))
    return tuple(
        sorted((r, c) for r, c in pairs if r < worth.shape[0] and c < worth.shape[1] and worth[r, c] > 0)
    )


def _row_of_column(cost: npt.NDArray[np.floating[Any]]) -> list[int]:
    """Return, for a square cost, the row that each column gets at the lowest total cost."""
    n = len(cost)
    row_price, column_price = [0.0] * n, [0.0] * n
    row_of: list[int] = [-1] * n
    for row in range(n):
        # Grow a tree of cheapest paths from the row until it reaches a free column.
        distance, before, done = [math.inf] * n, [-1] * n, [False] * n
        column, from_row = -1, row
        reached: list[int] = []
        while True:
            lowest, nearest = math.inf, -1
            for j in range(n):
                if done[j]:
                    continue
                step = float(cost[from_row, j]) - row_price[from_row] - column_price[j]
                if step < distance[j]:
                    distance[j], before[j] = step, column
                if distance[j] < lowest:
                    lowest, nearest = distance[j], j
            # Prices move with the tree, so that paths inside it stay free of cost.
            row_price[row] += lowest
            for j in reached:
                row_price[row_of[j]] += lowest
                column_price[j] -= lowest
            for j in range(n):
                if not done[j]:
                    distance[j] -= lowest
            column = nearest
            done[column] = True
            if row_of[column] == -1:
                break
            reached.append(column)
            from_row = row_of[column]
        while column != -1:
            previous = before[column]
            row_of[column] = row if previous == -1 else row_of[previous]
            column = previous
    return row_of
