"""The six figures of accuracy, with their intervals, from sums over blocks or tapes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bordin.estimate import Estimate, Interval
from bordin.resampling import bca_limits, generators, left_out, multiplicities
from bordin.tapes.accuracy.intervals import BLOCK_SECONDS, FloatArray
from bordin.tapes.accuracy.tape_sums import SUMS, TapeSums

LEVEL = 0.95
LEAST_UNITS = 5
# Below it a 95% interval held in 85 to 90 of 100 simulated samples (docs/explanation/transcript-accuracy.md).
FEW_UNITS = 10
# Sums of times carry rounding of the last bit.
_NOTHING = 1e-9

# Numerators over a denominator.
_RATIOS = {
    "der": (("missed", "false_alarm", "confusion"), "speech"),
    "confusion": (("confusion",), "speech"),
    "missed": (("missed",), "speech"),
    "false_alarm": (("false_alarm",), "speech"),
    "wer": (("substitutions", "deletions", "insertions"), "words"),
    "wrong_speaker": (("wrong",), "aligned"),
}
METHODS = {
    "der": "missed, false alarm and confusion over speech of the reference, overlap scored",
    "confusion": "speech of the reference given to another speaker",
    "missed": "speech of the reference that was not found",
    "false_alarm": "speech that is not in the reference, over its speech",
    "wer": "substitutions, deletions and insertions over words of the reference",
    "wrong_speaker": "aligned words whose speaker, after mapping, is not the reference's",
}


def accuracy_figures(tapes: Sequence[TapeSums], resamples: int, seed: int) -> dict[str, Estimate]:
    """Make the six figures of one tape or of several together.

    Parameters
    ----------
    tapes : sequence of TapeSums
    resamples, seed : int
        Of the bootstrap: over tapes where there are 5 or more, else over their blocks.

    Returns
    -------
    dict of str to Estimate
        In the order in which they are reported.

    Raises
    ------
    AnalysisError
        When the seed is negative.
    """
    unit = "tapes" if len(tapes) >= LEAST_UNITS else "blocks"
    sums = [t.sums for t in tapes]
    units = np.stack([s.sum(axis=0) for s in sums]) if unit == "tapes" else np.concatenate(sums)
    value = _ratios(units.sum(axis=0))
    weights = multiplicities(generators(seed, 1)[0], len(units), resamples)
    limits = bca_limits(_ratios(weights @ units), value, _ratios(left_out(len(units)) @ units), LEVEL)
    total = dict(zip(SUMS, units.sum(axis=0).tolist(), strict=True))
    what = f"{len(units)} {unit if len(units) > 1 else 'block'}"
    what += f" of about {BLOCK_SECONDS:g} s" if unit == "blocks" else ""
    turns = sum(t.turns for t in tapes)
    n = {"speech": turns, "words": int(total["words"]), "aligned": int(total["aligned"])}
    made = {}
    for k, (name, (parts, whole)) in enumerate(_RATIOS.items()):
        reason = _undefined(name, total[whole], tapes)
        if reason is not None:
            made[name] = Estimate.without_value(name, n[whole], reason, METHODS[name])
            continue
        interval, notes = None, []
        if len(units) < LEAST_UNITS:
            notes.append(f"no interval: {what} (at least {LEAST_UNITS} are needed); correct more")
        elif sum(total[p] for p in parts) < _NOTHING:
            notes.append(
                f"no interval: no such error in {what}, which does not mean that there is none elsewhere"
            )
        else:
            interval = Interval(
                float(limits.low[k]),
                float(limits.high[k]),
                LEVEL,
                f"{limits.method[k]} bootstrap over {what}",
            )
            if len(units) < FEW_UNITS:
                notes.append(f"the interval rests on {what} alone and is likely too narrow")
            if limits.degenerate[k]:
                notes.append(f"{limits.degenerate[k]} of {resamples} resamples had nothing to divide by")
        made[name] = Estimate(name, float(value[k]), n[whole], METHODS[name], interval, tuple(notes))
    return made


def _ratios(sums: FloatArray) -> FloatArray:
    """Divide sums of shape (..., 10) into the six figures, NaN where there is nothing to divide by."""
    place = {name: i for i, name in enumerate(SUMS)}
    above = np.stack([sums[..., [place[p] for p in parts]].sum(axis=-1) for parts, _ in _RATIOS.values()], -1)
    below = sums[..., [place[whole] for _, whole in _RATIOS.values()]].astype(float)
    ratio: FloatArray = np.divide(above, below, out=np.full(below.shape, np.nan), where=below > 0)
    return ratio


def _undefined(name: str, below: float, tapes: Sequence[TapeSums]) -> str | None:
    """Say why a figure has no value, if it has none."""
    if name in {"wer", "wrong_speaker"}:
        if not any(t.has_words for t in tapes):
            return "the reference has no words"
        if not any(t.is_heard for t in tapes):
            return "the transcript has turns without any words"
        if name == "wrong_speaker" and below == 0:
            return "no word could be aligned"
        return None if below > 0 else "the reference has no words in what is scored"
    return None if below > 0 else "the reference has no speech in what is scored"
