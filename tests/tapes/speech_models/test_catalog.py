"""The catalog of speech models is whole, honest about what was tried, and free of addresses."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from bordin.errors import TapeError
from bordin.tapes.speech_models import catalog as model_catalog
from bordin.tapes.speech_models.catalog import KINDS, copies_with, known, known_models, known_or_refused

SHA = re.compile(r"^[0-9a-f]{64}$")


def test_every_entry_is_whole() -> None:
    for model in known_models():
        assert model.license in {"MIT", "Apache-2.0"}
        assert model.copyright
        assert model.copies
        for copy in model.copies:
            assert copy.source in {"hub", "packages", "export"}
            assert all(SHA.match(f.sha256) and f.size > 0 for f in copy.files)
            assert len({f.name for f in copy.files}) == len(copy.files)
            assert (copy.source == "hub") == bool(
                copy.repository and re.match(r"^[0-9a-f]{40}$", copy.revision)
            )
            assert (copy.source == "packages") == bool(copy.packages and all(f.parts for f in copy.files))
            assert all(re.match(r"^[a-z0-9-]+==[0-9.]+$", p) for p in copy.packages)
            # Whatever a third party re-uploaded, or we exported from such an upload, is for tests.
            assert copy.tests_only == (copy.source != "hub")
        if model.engine == "faster-whisper":
            for copy in model.copies:
                assert {"config.json", "model.bin", "tokenizer.json"} <= {f.name for f in copy.files}


def test_the_default_kinds_are_all_known() -> None:
    assert {m.kind for m in known_models()} == set(KINDS[:3])
    assert [m.name for m in known_models() if m.kind == "recognition"] == [
        "whisper-large-v3",
        "whisper-large-v3-turbo",
        "whisper-medium",
        "whisper-small",
        "whisper-base",
        "whisper-tiny.en",
    ]


# From the notes that came with the files, and by hashing them.
MEASURED = {
    "segmentation-3.0": ("c0aa012c67568b265e41061b4cc1c0cecfe949786f11bed7e53c54c3f9d9cabc", 5_916_422),
    "campplus": ("91a2627a9e121eeaae08df41708aceeaa43a9e096a9d98796d6208ce5efa5311", 28_284_308),
    "whisper-base": ("905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57", 145_217_607),
    "whisper-tiny.en": ("1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a", 75_537_502),
}


@pytest.mark.parametrize(("name", "weights"), MEASURED.items())
def test_what_was_hashed_by_us_counts_as_tried(name: str, weights: tuple[str, int]) -> None:
    found = list(copies_with(weights[0]))
    assert {model.name for model, _ in found} == {name}
    for _, copy in found:
        assert copy.weights.size == weights[1]
        assert copy.tried
    tried = {c.weights.sha256 for m in known_models() for c in m.copies if c.tried}
    assert tried == {sha for sha, _ in MEASURED.values()}


def test_whisper_base_is_another_file_on_the_hub() -> None:
    base = known_or_refused("whisper-base")
    hub, packages = base.copy_from("hub"), base.copy_from("packages")
    assert hub is not None
    assert packages is not None
    assert hub.weights.sha256 != packages.weights.sha256
    tiny = known_or_refused("whisper-tiny.en")
    assert [f.sha256 for f in tiny.copies[0].files] == [f.sha256 for f in tiny.copies[1].files]


def test_no_address_stands_in_the_catalog() -> None:
    text = (resources.files("bordin.tapes.speech_models") / model_catalog.CATALOG).read_text(encoding="utf-8")
    assert "://" not in text
    assert re.findall(r"\b[\w-]+\.(?:com|org|co|net|io)\b", text) == []


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    assert known("whisper-bas") is None
    with pytest.raises(TapeError, match="Did you mean 'whisper-base'"):
        known_or_refused("whisper-bas")


@pytest.mark.parametrize("change", [{"kind": "speech"}, {"engine": "vosk"}, {"rank": 1}, {"copies": [{}]}])
def test_a_malformed_entry_is_refused(change: dict[str, object]) -> None:
    texts = ("name", "kind", "engine", "license", "copyright", "languages", "note")
    entry = {key: getattr(known_models()[0], key) for key in texts} | {"copies": []} | change
    with pytest.raises(TapeError, match=r"catalog\.toml"):
        model_catalog._known(entry)
