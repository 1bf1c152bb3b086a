"""Whose voice is it: speaker embeddings put into groups."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]

# Eigenvectors of more rows take too long; the longest stretches speak for the rest.
LARGEST_SAMPLE = 1_000
MOST_SPEAKERS = 8


def unit_rows(vectors: FloatArray) -> FloatArray:
    """Scale each row to length one.

    Parameters
    ----------
    vectors : ndarray (n, d)

    Returns
    -------
    ndarray (n, d)
        A row of zeros stays as it is.
    """
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(length > 0, length, 1.0)


def spectral_groups(vectors: FloatArray, groups: int) -> IntArray:
    """Group vectors by spectral clustering of their cosine similarities.

    The similarities of each row are cut to its nearest neighbors, which keeps a few odd stretches
    (overlap, laughter, a cough) from becoming a group of their own, as they do in agglomeration.
    `groups` = 0 takes the number from the largest gap between eigenvalues.

    Parameters
    ----------
    vectors : ndarray (n, d)
        Embeddings of stretches with one voice each.
    groups : int
        How many speakers; 0 to find out (at most 8).

    Returns
    -------
    ndarray of int (n,)
        Group of each row, numbered from 0.

    Notes
    -----
    Normalized cut on the pruned similarity graph; von Luxburg (2007), doi:10.1007/s11222-007-9033-z.
    """
    n = len(vectors)
    if n <= max(groups, 1):
        return np.arange(n)
    if groups == 1:
        return np.zeros(n, dtype=np.int64)
    unit = unit_rows(vectors)
    similar = (unit @ unit.T + 1.0) / 2.0
    neighbors = min(n - 1, max(10, round(0.2 * n)))
    # Each row keeps its nearest neighbors; the rest weighs a hundredth, so that no row stands alone.
    cut = np.partition(similar, n - 1 - neighbors, axis=1)[:, n - 1 - neighbors]
    graph = np.where(similar >= cut[:, None], similar, 0.01 * similar)
    graph = (graph + graph.T) / 2.0
    np.fill_diagonal(graph, 0.0)
    root = 1.0 / np.sqrt(graph.sum(axis=1))
    values, parts = np.linalg.eigh(np.eye(n) - root[:, None] * graph * root[None, :])
    if groups == 0:
        groups = int(np.argmax(np.diff(values[: MOST_SPEAKERS + 1])[:MOST_SPEAKERS])) + 1
        if groups == 1:
            return np.zeros(n, dtype=np.int64)
    return _nearest_centers(unit_rows(parts[:, :groups]), groups)


def _nearest_centers(points: FloatArray, groups: int, rounds: int = 50) -> IntArray:
    """Group points by Lloyd's rounds from centers that lie far apart; the same points give the same groups."""
    chosen = [int(np.argmax(np.linalg.norm(points - points.mean(axis=0), axis=1)))]
    while len(chosen) < groups:
        away = np.min([np.linalg.norm(points - points[c], axis=1) for c in chosen], axis=0)
        chosen.append(int(np.argmax(away)))
    centers = points[chosen]
    found = np.full(len(points), -1)
    for _ in range(rounds):
        distance = np.linalg.norm(points[:, None, :] - centers[None, :, :], axis=2)
        nearest = np.argmin(distance, axis=1)
        if np.array_equal(nearest, found):
            break
        found = nearest
        centers = np.stack(
            [points[found == g].mean(axis=0) if (found == g).any() else centers[g] for g in range(groups)]
        )
    return found


def voices(vectors: FloatArray, seconds: FloatArray, groups: int) -> FloatArray:
    """Find one typical vector for each speaker.

    Parameters
    ----------
    vectors : ndarray (n, d)
        Embeddings of stretches with one voice each.
    seconds : ndarray (n,)
        How long each stretch is; long ones are more certain.
    groups : int
        How many speakers; 0 to find out.

    Returns
    -------
    ndarray (k, d)
        Unit vectors.
    """
    longest = np.sort(np.argsort(-seconds, kind="stable")[:LARGEST_SAMPLE])
    unit = unit_rows(vectors[longest])
    found = spectral_groups(unit, groups)
    k = int(found.max()) + 1
    centers = unit_rows(np.stack([_weighted(unit, seconds[longest], found == g) for g in range(k)]))
    # Two rounds over all stretches let the short ones speak too, with their weight.
    everyone = unit_rows(vectors)
    for _ in range(2):
        nearest = np.argmax(everyone @ centers.T, axis=1)
        centers = unit_rows(
            np.stack(
                [
                    _weighted(everyone, seconds, nearest == g) if (nearest == g).any() else centers[g]
                    for g in range(k)
                ]
            )
        )
    return centers


def _weighted(unit: FloatArray, seconds: FloatArray, chosen: npt.NDArray[np.bool_]) -> FloatArray:
    mean: FloatArray = (unit[chosen] * seconds[chosen, None]).sum(axis=0)
    return mean


def match_voices(similarity: FloatArray) -> IntArray:
    """Give each local voice of one window a speaker, no two the same where that can be.

    Parameters
    ----------
    similarity : ndarray (m, k)
        Local voices by speakers; NaN rows know nothing.

    Returns
    -------
    ndarray of int (m,)
        Speaker of each local voice; -1 where there are more local voices than speakers.
    """
    m, k = similarity.shape
    known = np.nan_to_num(similarity, nan=0.0)
    best, chosen = -np.inf, np.full(m, -1)
    places = [*range(k), *([-1] * max(0, m - k))]
    for order in set(permutations(places, m)):
        total = sum(known[i, j] for i, j in enumerate(order) if j >= 0)
        if total > best + 1e-12:
            best, chosen = total, np.array(order)
    return chosen
