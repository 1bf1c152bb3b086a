"""The default diarizer: boundaries and overlap from a segmentation model, speakers from embeddings.

A window of ten seconds slides over the tape. The segmentation model says which of up to three local
voices speak at each moment, alone or together. An embedding of each local voice, from the moments in
which it speaks alone, is then compared over the whole tape. Windows overlap, and their votes are
averaged; a window counts most in its middle.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bordin.tapes.engines.shapes import Sound, Tell
from bordin.tapes.engines.speaker_clusters import match_voices, unit_rows, voices
from bordin.tapes.engines.voiceprint import Embedder
from bordin.tapes.shapes import SAMPLE_RATE, EngineFacts, Turn, union

FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]
BoolArray = npt.NDArray[np.bool_]

WINDOW = 10.0
STEP = 2.5
SHIFT = 270  # samples from one frame of the segmentation model to the next
FIELD = 991  # samples that one frame sees
FRAME = SHIFT / SAMPLE_RATE
# Which of three local voices speak in each of the model's seven classes.
CLASSES = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], dtype=float)
ACTIVE = 0.5
OFFSET = (FIELD - SHIFT) // 2  # samples from a frame's start to the middle of what it sees
LEAST_CLEAN = 0.5  # seconds alone below which an embedding says little
SURE_SECONDS = 3.0  # an utterance this long needs no other evidence of whose it is
EDGE = 10  # frames around an utterance that go with it
FILLED = 0.3  # a gap of one voice up to this many seconds is no gap
LEAST_TURN = 0.15
# A short sound inside the other person's talk ("mm hmm") rarely wins the vote: windows disagree on it.
# It counts from a fifth of the votes on, where the other speaks before, during and after it.
FAINT = 0.2
FAINT_SECONDS = (0.12, 1.5)
AROUND = 0.4


class _Utterance(NamedTuple):
    """What one local voice of a window says alone, without a break."""

    window: int
    voice: int
    start: int
    end: int
    seconds: float
    vector: FloatArray


class OnnxDiarizer:
    """Segmentation by onnxruntime, embeddings by sherpa-onnx, speakers by spectral clustering.

    Parameters
    ----------
    segmentation : str
        ONNX file of pyannote segmentation-3.0, or of another model with the same output.
    embedding : str
        ONNX file of a speaker embedding that sherpa-onnx reads.
    hashes : mapping of str to str
        File to sha256, for the record.
    threads : int
    """

    def __init__(
        self, segmentation: str, embedding: str, *, hashes: dict[str, str] | None = None, threads: int = 1
    ) -> None:
        self.segmentation, self.embedding = segmentation, embedding
        self.hashes, self.threads = dict(hashes or {}), threads

    def facts(self) -> EngineFacts:
        """Say which models, parameters and package."""
        from importlib.metadata import version

        return EngineFacts(
            stage="diarization",
            engine="onnx",
            model=self.hashes,
            parameters={
                "window": WINDOW,
                "step": STEP,
                "filled": FILLED,
                "least_turn": LEAST_TURN,
                "faint": FAINT,
            },
            version=f"onnxruntime {version('onnxruntime')}, sherpa-onnx {version('sherpa-onnx')}",
        )

    def diarize(self, sound: Sound, *, speakers: int, tell: Tell) -> tuple[Turn, ...]:
        """Return turns without words, by start; see `Diarizer`."""
        active, said = self._listen(sound, tell)
        if not (active > ACTIVE).any():
            return ()
        if not said:
            # Nobody speaks alone for long enough to be told apart: one speaker, and no guess.
            return _turns(active, np.zeros(active.shape, dtype=np.int8), 1, sound.duration)
        vectors = np.stack([u.vector for u in said])
        centers = voices(vectors, np.array([u.seconds for u in said]), speakers)
        placed = np.full(active.shape, -1, dtype=np.int8)
        for window, there in _by_window(said, len(active)).items():
            placed[window] = _placed(active[window], there, centers)
        return _turns(active, placed, len(centers), sound.duration)

    def _listen(self, sound: Sound, tell: Tell) -> tuple[FloatArray, list[_Utterance]]:
        """Return the activity of local voices (windows, frames, 3), and what each says alone."""
        segment, embed = self._load()
        name = segment.get_inputs()[0].name
        activity: list[FloatArray] = []
        said: list[_Utterance] = []
        starts = _starts(sound.duration)
        for w, start in enumerate(starts):
            samples = sound.read(start, min(start + WINDOW, sound.duration))
            padded = np.zeros(round(WINDOW * SAMPLE_RATE), dtype=np.float32)
            padded[: len(samples)] = samples
            logits = segment.run(None, {name: padded[None, None]})[0][0]
            active = (np.exp(logits) @ CLASSES).astype(np.float32)
            activity.append(active)
            for k, alone in enumerate(_alone(active)):
                for i, j in _runs(alone):
                    clean = samples[i * SHIFT + OFFSET : j * SHIFT + OFFSET]
                    seconds = len(clean) / SAMPLE_RATE
                    if seconds >= LEAST_CLEAN:
                        said.append(_Utterance(w, k, i, j, seconds, embed.vector(clean)))
            tell((w + 1) / len(starts))
        return np.stack(activity), said

    def _load(self) -> tuple[Any, Embedder]:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(self.segmentation, options, providers=["CPUExecutionProvider"])
        return session, Embedder(self.embedding, threads=self.threads)


def _starts(duration: float) -> list[float]:
    """Return where windows begin; the last one reaches the end of the tape."""
    count = max(1, 1 + int(np.ceil((duration - WINDOW) / STEP)))
    return [w * STEP for w in range(count)]


def _alone(active: FloatArray) -> Iterator[BoolArray]:
    """Yield for each local voice the frames in which it speaks and no other does."""
    speaking = active > ACTIVE
    for k in range(active.shape[1]):
        yield speaking[:, k] & (speaking.sum(axis=1) == 1)


def _by_window(said: list[_Utterance], windows: int) -> dict[int, list[_Utterance]]:
    found: dict[int, list[_Utterance]] = {w: [] for w in range(windows)}
    for u in said:
        found[u.window].append(u)
    return found


def _placed(active: FloatArray, said: list[_Utterance], centers: FloatArray) -> IntArray:
    """Give each local voice of one window a speaker, frame by frame: (frames, 3), -1 for none.

    The voices of a window are told apart from each other first, by all that each says. Then each
    utterance may go to another speaker: where two people sound alike, the segmentation model takes
    them for one voice.
    """
    placed = np.full(active.shape, -1, dtype=np.int8)
    present = [k for k in range(active.shape[1]) if (active[:, k] > ACTIVE).any()]
    if not present:
        return placed
    whole = np.full((len(present), len(centers)), np.nan)
    weight = np.ones((len(present), 1))
    for i, k in enumerate(present):
        own = [u for u in said if u.voice == k]
        if own:
            whole[i] = unit_rows(sum(u.seconds * u.vector for u in own)[None])[0] @ centers.T  # type: ignore[index]
            # A voice heard for longer has the first word in who is who.
            weight[i] = min(sum(u.seconds for u in own), 2.0)
    for i, speaker in enumerate(match_voices(whole * weight)):
        placed[:, present[i]] = speaker
        if speaker < 0:
            continue
        for u in said:
            if u.voice == present[i]:
                sure = min(u.seconds / SURE_SECONDS, 1.0)
                nearest = np.argmax(sure * (u.vector @ centers.T) + (1 - sure) * whole[i])
                if nearest != speaker:
                    placed[max(0, u.start - EDGE) : u.end + EDGE, u.voice] = nearest
    return placed


def _turns(heard: FloatArray, placed: IntArray, speakers: int, duration: float) -> tuple[Turn, ...]:
    """Average the votes of all windows and cut them into turns."""
    frames = heard.shape[1]
    total = round((len(heard) - 1) * STEP / FRAME) + frames
    votes, weights = np.zeros((total, speakers)), np.zeros(total)
    anybody = np.zeros(total)
    middle = np.hamming(frames) + 0.05
    for w, active in enumerate(heard):
        at = round(w * STEP / FRAME)
        weights[at : at + frames] += middle
        anybody[at : at + frames] += middle * np.minimum(active.sum(axis=1), 1.0)
        for speaker in range(speakers):
            votes[at : at + frames, speaker] += middle * (active * (placed[w] == speaker)).sum(axis=1)
    share = votes / weights[:, None]
    # Windows may agree that somebody speaks and not on who: then the speaker with most votes does.
    unsettled = (anybody / weights > ACTIVE) & (share.max(axis=1) <= ACTIVE)
    most = share.argmax(axis=1)
    found: list[Turn] = []
    for speaker in range(speakers):
        loud = (share[:, speaker] > ACTIVE) | (unsettled & (most == speaker))
        for start, end in _runs(loud | _faint(share, speaker)):
            first, last = (at * FRAME + OFFSET / SAMPLE_RATE for at in (start, end))
            found.append(Turn(f"S{speaker + 1}", 0.0 if start == 0 else first, min(duration, last)))
    return _named(_filled(found))


def _faint(share: FloatArray, speaker: int) -> BoolArray:
    """Mark short sounds of one speaker that lie within another's talk and won few votes."""
    marked = np.zeros(len(share), dtype=bool)
    if share.shape[1] < 2:
        return marked
    others = np.delete(share, speaker, axis=1).max(axis=1)
    around = round(AROUND / FRAME)
    for start, end in _runs(share[:, speaker] > FAINT):
        before, after = others[max(0, start - around) : start], others[end : end + around]
        if not (FAINT_SECONDS[0] <= (end - start) * FRAME <= FAINT_SECONDS[1] and len(before) and len(after)):
            continue
        talked_over = (np.mean(before > ACTIVE), np.mean(others[start:end] > FAINT), np.mean(after > ACTIVE))
        if min(talked_over) > 0.6:
            marked[start:end] = True
    return marked


def _runs(active: BoolArray) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _filled(turns: list[Turn]) -> list[Turn]:
    """Close short gaps of one speaker, then drop what is too short to be speech."""
    found = []
    for speaker in dict.fromkeys(t.speaker for t in turns):
        own = union((t.start, t.end + FILLED) for t in turns if t.speaker == speaker)
        found += [Turn(speaker, s.start, s.end - FILLED) for s in own]
    return [t for t in found if t.seconds >= LEAST_TURN]


def _named(turns: list[Turn]) -> tuple[Turn, ...]:
    """Number speakers in the order in which they first speak."""
    ordered = sorted(turns, key=lambda t: (t.start, t.end))
    names = {old: f"S{i + 1}" for i, old in enumerate(dict.fromkeys(t.speaker for t in ordered))}
    return tuple(Turn(names[t.speaker], t.start, t.end) for t in ordered)
