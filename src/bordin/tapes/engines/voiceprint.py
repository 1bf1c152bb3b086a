"""A voice as a vector: for telling the speakers of one tape apart and, where a study allows it, across tapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bordin.tapes.engines.shapes import Sound
from bordin.tapes.engines.speaker_clusters import unit_rows
from bordin.tapes.shapes import SAMPLE_RATE, Turn, overlaps

FloatArray = npt.NDArray[np.floating[Any]]

# A voiceprint rests on the longest stretches that one person speaks alone, up to this many seconds.
ENOUGH_SECONDS = 30.0
LEAST_SECONDS = 1.0


class Embedder:
    """An embedding model, loaded by sherpa-onnx.

    Parameters
    ----------
    file : str
        ONNX file.
    threads : int
    """

    def __init__(self, file: str, *, threads: int = 1) -> None:
        import sherpa_onnx

        settings = sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=file, num_threads=threads)
        self._extractor = sherpa_onnx.SpeakerEmbeddingExtractor(settings)

    def vector(self, samples: FloatArray) -> FloatArray:
        """Return the unit vector of one voice.

        Parameters
        ----------
        samples : ndarray of float32 (n,)
            Of one voice, at 16 kHz.
        """
        stream = self._extractor.create_stream()
        stream.accept_waveform(SAMPLE_RATE, samples)
        stream.input_finished()
        vector: FloatArray = unit_rows(np.asarray(self._extractor.compute(stream), dtype=np.float64)[None])[0]
        return vector


def voiceprints(sound: Sound, turns: Sequence[Turn], embedder: Embedder) -> dict[str, FloatArray]:
    """Return one vector for each speaker of a tape.

    Parameters
    ----------
    sound : Sound
    turns : sequence of Turn
    embedder : Embedder

    Returns
    -------
    dict of str to ndarray (d,)
        Unit vectors; without the speakers who never speak alone for a second.
    """
    shared = overlaps(turns)
    found: dict[str, FloatArray] = {}
    for speaker in dict.fromkeys(t.speaker for t in turns):
        alone = [
            t
            for t in turns
            if t.speaker == speaker
            and t.seconds >= LEAST_SECONDS
            and not any(s.start < t.end and s.end > t.start for s in shared)
        ]
        vectors, weights, heard = [], [], 0.0
        for t in sorted(alone, key=lambda t: -t.seconds):
            if heard > ENOUGH_SECONDS - LEAST_SECONDS:
                break
            end = min(t.end, t.start + ENOUGH_SECONDS - heard)
            vectors.append(embedder.vector(sound.read(t.start, end)))
            weights.append(end - t.start)
            heard += end - t.start
        if vectors:
            found[speaker] = unit_rows(np.average(vectors, axis=0, weights=weights)[None])[0]
    return found
