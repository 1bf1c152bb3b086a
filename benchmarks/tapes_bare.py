"""The engines without bordin, for `tapes.py`: faster-whisper, then sherpa-onnx's own diarization.

    python benchmarks/tapes_bare.py RECORDING WHISPER SEGMENTATION EMBEDDING THREADS

Prints CPU seconds of each part as JSON.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    recording, whisper, segmentation, embedding, count = sys.argv[1:]
    threads = int(count)
    began = time.process_time()
    import sherpa_onnx
    from faster_whisper import WhisperModel
    from faster_whisper.audio import decode_audio

    samples = decode_audio(recording)
    loaded = time.process_time()
    model = WhisperModel(
        whisper, device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
    )
    pieces, _ = model.transcribe(
        samples,
        beam_size=5,
        language="en",
        word_timestamps=True,
        vad_filter=True,
        condition_on_previous_text=False,
    )
    words = sum(len(p.words or ()) for p in pieces)
    recognized = time.process_time()
    settings = sherpa_onnx.OfflineSpeakerDiarizationConfig(
        segmentation=sherpa_onnx.OfflineSpeakerSegmentationModelConfig(
            pyannote=sherpa_onnx.OfflineSpeakerSegmentationPyannoteModelConfig(model=segmentation),
            num_threads=threads,
        ),
        embedding=sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=embedding, num_threads=threads),
        clustering=sherpa_onnx.FastClusteringConfig(num_clusters=2),
        min_duration_on=0.2,
        min_duration_off=0.3,
    )
    turns = sherpa_onnx.OfflineSpeakerDiarization(settings).process(samples).sort_by_start_time()
    diarized = time.process_time()
    parts = {
        "start and decoding": loaded - began,
        "recognition": recognized - loaded,
        "diarization": diarized - recognized,
    }
    print(json.dumps({"words": words, "turns": len(turns), "parts": parts}))


if __name__ == "__main__":
    main()
