"""Voices put into groups: planted people are found again, few or many, near or far, whatever the order."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bordin.tapes.engines import speaker_clusters
from bordin.tapes.engines.speaker_clusters import match_voices, spectral_groups, unit_rows, voices

DIMENSIONS = 64


def people(likeness: float, n: int, seed: int = 0) -> np.ndarray:
    """Return n unit vectors with the given cosine between any two."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(DIMENSIONS, n + 1)))[0].T
    return np.sqrt(likeness) * axes[0] + np.sqrt(1 - likeness) * axes[1:]


def planted(
    shares: tuple[int, ...], *, likeness: float, noise: float, odd: int = 0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vectors, seconds and who speaks; -1 for odd stretches: mixtures of two, and laughter."""
    rng = np.random.default_rng(seed + 1)
    centers = people(likeness, len(shares), seed)
    who = np.repeat(np.arange(len(shares)), shares)
    vectors = centers[who] + rng.normal(0, noise / np.sqrt(DIMENSIONS), (len(who), DIMENSIONS))
    strange = [
        centers.mean(axis=0) + rng.normal(0, 0.1, DIMENSIONS) if i % 2 else rng.normal(0, 1, DIMENSIONS)
        for i in range(odd)
    ]
    vectors = np.vstack([vectors, *(s[None] for s in strange)])
    seconds = rng.uniform(0.5, 6.0, len(vectors))
    seconds[len(who) :] = rng.uniform(0.5, 1.5, odd)
    order = rng.permutation(len(vectors))
    return vectors[order], seconds[order], np.concatenate([who, np.full(odd, -1)])[order]


def right(found: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of stretches whose speaker is right, names apart, odd stretches apart."""
    found, truth = found[truth >= 0], truth[truth >= 0]
    names = range(int(truth.max()) + 1)
    labels = range(max(int(found.max()) + 1, len(names)))
    return max(float(np.mean(np.array(given)[truth] == found)) for given in permutations(labels, len(names)))


CASES = [
    # shares, likeness of the voices, noise within a voice, odd stretches
    ((60, 60), 0.2, 0.8, 0),
    ((60, 60), 0.6, 0.6, 0),
    ((160, 20), 0.6, 0.5, 0),
    ((160, 20), 0.6, 0.5, 8),
    ((190, 10), 0.3, 0.5, 8),
    ((90, 60), 0.7, 0.5, 12),
    ((80, 50, 30), 0.4, 0.5, 4),
    ((3, 2), 0.3, 0.3, 0),
]


@pytest.mark.parametrize(("shares", "likeness", "noise", "odd"), CASES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_people_are_found(shares, likeness, noise, odd, seed):
    vectors, seconds, truth = planted(shares, likeness=likeness, noise=noise, odd=odd, seed=seed)
    # Who speaks little is found by the voice that the groups give, though some of the groups' rows are wrong.
    found = spectral_groups(vectors, len(shares))
    assert right(found, truth) >= (0.97 if min(shares) > 0.2 * max(shares) else 0.85)
    centers = voices(vectors, seconds, len(shares))
    assert centers.shape == (len(shares), DIMENSIONS)
    assert np.linalg.norm(centers, axis=1) == pytest.approx(1.0)
    nearest = np.argmax(unit_rows(vectors) @ centers.T, axis=1)
    assert right(nearest, truth) >= 0.99


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_number_of_people_is_found_out(n, seed):
    vectors, seconds, truth = planted((40,) * n, likeness=0.3, noise=0.5, seed=seed)
    found = spectral_groups(vectors, 0)
    assert len(set(found)) == n
    assert right(found, truth) == 1.0
    assert len(voices(vectors, seconds, 0)) == n


def test_one_group_holds_all():
    vectors, seconds, _ = planted((20, 20), likeness=0.1, noise=0.3)
    assert set(spectral_groups(vectors, 1)) == {0}
    assert voices(vectors, seconds, 1).shape == (1, DIMENSIONS)


@pytest.mark.parametrize("n", [1, 2])
def test_fewer_stretches_than_people_stand_for_themselves(n):
    vectors = people(0.2, 2)[:n]
    assert spectral_groups(vectors, 2).tolist() == list(range(n))
    assert voices(vectors, np.ones(n), 2) == pytest.approx(vectors)


@given(st.randoms(use_true_random=False), st.sampled_from([0, 2, 3]))
def test_the_order_of_rows_does_not_matter_nor_chance(chance, groups):
    vectors, _, _ = planted((30, 12, 9), likeness=0.4, noise=0.5, odd=3)
    order = list(range(len(vectors)))
    chance.shuffle(order)
    found = spectral_groups(vectors, groups)
    again = spectral_groups(vectors, groups)
    mixed = spectral_groups(vectors[order], groups)
    assert again.tolist() == found.tolist()
    same = found[order][:, None] == found[order][None, :]
    assert np.array_equal(mixed[:, None] == mixed[None, :], same)


def test_the_length_of_vectors_does_not_matter():
    vectors, _, _ = planted((30, 12), likeness=0.4, noise=0.5)
    scaled = vectors * np.linspace(0.1, 9, len(vectors))[:, None]
    assert spectral_groups(scaled, 2).tolist() == spectral_groups(vectors, 2).tolist()


def test_long_stretches_weigh_most():
    """A short stretch in the wrong place moves a voice little."""
    vectors, seconds, truth = planted((30, 30), likeness=0.3, noise=0.3)
    centers = voices(vectors, np.where(truth == 0, 20.0, seconds), 2)
    only = unit_rows(vectors[truth == 0].mean(axis=0)[None])[0]
    assert max(centers @ only) > 0.999


def test_of_many_stretches_the_longest_speak_for_the_rest(monkeypatch):
    vectors, seconds, truth = planted((300, 60), likeness=0.4, noise=0.4)
    seen = []
    plain = speaker_clusters.spectral_groups
    monkeypatch.setattr(speaker_clusters, "LARGEST_SAMPLE", 80)
    monkeypatch.setattr(speaker_clusters, "spectral_groups", lambda v, g: seen.append(len(v)) or plain(v, g))
    centers = voices(vectors, seconds, 2)
    assert seen == [80]
    assert right(np.argmax(unit_rows(vectors) @ centers.T, axis=1), truth) >= 0.99


def test_a_row_of_zeros_stays_and_breaks_nothing():
    assert unit_rows(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist() == [[0, 0], [0.6, 0.8]]
    vectors, seconds, truth = planted((20, 20), likeness=0.2, noise=0.3)
    vectors[0] = 0.0
    assert right(spectral_groups(vectors, 2)[1:], truth[1:]) == 1.0
    assert np.isfinite(voices(vectors, seconds, 2)).all()


def test_stretches_that_are_all_alike_break_nothing():
    found = spectral_groups(np.ones((20, 4)), 2)
    assert len(found) == 20
    assert np.isfinite(voices(np.ones((20, 4)), np.ones(20), 2)).all()


# ---------------------------------------------------------------- voices of one window


@pytest.mark.parametrize(
    ("similarity", "chosen"),
    [
        ([[0.9, 0.1]], [0]),
        ([[0.9, 0.8], [0.9, 0.1]], [1, 0]),
        ([[0.9, 0.8], [0.1, 0.2], [0.7, 0.9]], [0, -1, 1]),
        ([[np.nan, np.nan], [0.7, 0.2]], [1, 0]),
        ([[0.9], [0.8]], [0, -1]),
        ([[0.2, 0.3, 0.9, 0.1]], [2]),
    ],
)
def test_no_two_voices_of_a_window_get_the_same_speaker(similarity, chosen):
    assert match_voices(np.array(similarity)).tolist() == chosen


@given(
    st.integers(1, 3), st.integers(1, 4), st.lists(st.floats(-1, 1), min_size=12, max_size=12, unique=True)
)
def test_the_match_is_the_best_of_all(m, k, numbers):
    similarity = np.array(numbers[: m * k]).reshape(m, k)
    chosen = match_voices(similarity)
    named = [c for c in chosen if c >= 0]
    assert len(named) == len(set(named)) == min(m, k)
    best = max(
        sum(similarity[i, j] for i, j in enumerate(order) if j >= 0)
        for order in permutations([*range(k), *[-1] * max(0, m - k)], m)
    )
    assert sum(similarity[i, j] for i, j in enumerate(chosen) if j >= 0) == pytest.approx(best)
