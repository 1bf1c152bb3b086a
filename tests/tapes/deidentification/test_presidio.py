"""The adapter to presidio-analyzer, with a stand-in of that package: kinds, places, and a shut network."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from bordin.errors import TapeError
from bordin.tapes.deidentification import propose
from bordin.tapes.deidentification.presidio import PresidioFinder
from bordin.tapes.shapes import PLACEHOLDER


class Fake:
    """What the stand-in was told, and what it answers."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str, float]] = []
        self.texts: list[str] = []
        self.engine: Any = None
        self.recognizers: list[Any] = []
        self.suffix_urls: Any = None
        self.on_analyze: Callable[[], None] = lambda: None

    def analyze(self, text: str, language: str) -> list[SimpleNamespace]:
        assert language == "en"
        self.texts.append(text)
        self.on_analyze()
        return [
            SimpleNamespace(
                entity_type=kind, start=text.index(part), end=text.index(part) + len(part), score=score
            )
            for part, kind, score in self.answers
            if part in text
        ]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Put a stand-in of presidio-analyzer and tldextract in place."""
    made = Fake()

    class EmailRecognizer:
        name = "EmailRecognizer"

        def validate_result(self, text: str) -> bool:
            raise AssertionError("this one would load a list from the net")

    class Registry:
        def __init__(self, supported_languages: list[str]) -> None:
            self.recognizers: list[Any] = []

        def load_predefined_recognizers(self, languages: list[str], nlp_engine: Any) -> None:
            self.recognizers = [EmailRecognizer(), SimpleNamespace(name="SpacyRecognizer")]

    class Engine:
        def __init__(self, registry: Registry, nlp_engine: Any, supported_languages: list[str]) -> None:
            made.recognizers, made.engine = registry.recognizers, nlp_engine
            self.analyze = made.analyze

    class Provider:
        def __init__(self, nlp_configuration: dict[str, Any]) -> None:
            self.configuration = nlp_configuration

        def create_engine(self) -> tuple[str, Any]:
            return ("model", self.configuration["models"][0]["model_name"])

    def tld(suffix_list_urls: Any, cache_dir: Any, fallback_to_snapshot: bool) -> Callable[[str], Any]:
        made.suffix_urls = suffix_list_urls
        assert cache_dir is None
        assert fallback_to_snapshot
        return lambda text: SimpleNamespace(fqdn="example.org" if text.endswith("example.org") else "")

    modules = {
        "presidio_analyzer": {"RecognizerRegistry": Registry, "AnalyzerEngine": Engine},
        "presidio_analyzer.nlp_engine": {
            "NlpEngineProvider": Provider,
            "NoOpNlpEngine": lambda models: ("none", models),
        },
        "presidio_analyzer.predefined_recognizers": {"EmailRecognizer": EmailRecognizer},
        "tldextract": {"TLDExtract": tld},
    }
    for name, content in modules.items():
        module = ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return made


def test_results_become_proposals(fake: Fake, talk) -> None:
    fake.answers = [
        ("Anna Kowalska", "PERSON", 0.85),
        ("Bordingham", "LOCATION", 0.85),
        ("Mill", "ORGANIZATION", 0.4),
        ("3 March 1975", "DATE_TIME", 0.85),
        ("last week", "DATE_TIME", 0.85),
        ("AB12", "US_DRIVER_LICENSE", 0.3),
        ("4111", "CREDIT_CARD", 1.0),
    ]
    transcript = talk("so Anna Kowalska, of Bordingham's Mill,", "on 3 March 1975, last week AB12 4111.")
    found = PresidioFinder()(transcript)
    assert [(p.turn, p.first, p.last, p.kind, p.confidence, p.reason) for p in found] == [
        (0, 1, 2, "person", 0.85, "presidio, PERSON"),
        (0, 4, 4, "place", 0.85, "presidio, LOCATION"),
        (0, 5, 5, "organization", 0.4, "presidio, ORGANIZATION"),
        (1, 1, 3, "date", 0.85, "presidio, DATE_TIME"),
        (1, 7, 7, "identifier", 1.0, "presidio, CREDIT_CARD"),
    ]
    assert {p.source for p in found} == {"presidio"}
    assert (found[0].start, found[0].end) == (0.5, 1.4)
    joined = propose(transcript, extra=PresidioFinder())
    date = next(p for p in joined if p.kind == "date")
    assert date.reason == "presidio, DATE_TIME; day and month without an ending"


def test_one_place_once(fake: Fake, talk) -> None:
    fake.answers = [("a@example.org", "URL", 0.5), ("a@example.org", "EMAIL_ADDRESS", 1.0)]
    (one,) = PresidioFinder()(talk("to a@example.org now"))
    assert (one.kind, one.confidence) == ("email", 1.0)


def test_without_a_model_only_patterns_run(fake: Fake) -> None:
    PresidioFinder()
    assert fake.engine[0] == "none"
    assert [r.name for r in fake.recognizers] == ["EmailRecognizer"]


def test_domain_endings_come_from_the_list_inside(fake: Fake) -> None:
    PresidioFinder()
    (email,) = fake.recognizers
    assert fake.suffix_urls == ()
    assert email.validate_result("a@example.org") is True
    assert email.validate_result("a@example") is False


def test_a_model_is_a_folder_on_this_computer(fake: Fake, tmp_path: Path) -> None:
    model = tmp_path / "en_core_web_sm" / "en_core_web_sm-3.8.0"
    model.mkdir(parents=True)
    for name in ("config.cfg", "meta.json"):
        (model / name).write_text("", encoding="utf-8")
    PresidioFinder(tmp_path / "en_core_web_sm")
    assert fake.engine == ("model", str(model))
    assert [r.name for r in fake.recognizers] == ["EmailRecognizer", "SpacyRecognizer"]


@pytest.mark.parametrize("name", ["en_core_web_lg", "empty"])
def test_no_model_is_fetched(fake: Fake, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(TapeError, match=r"holds none.*Nothing is downloaded") as caught:
        PresidioFinder(tmp_path / name)
    assert str(tmp_path) not in str(caught.value)
    assert fake.engine is None


def test_an_attempt_to_reach_the_network_is_refused_and_reported(fake: Fake, talk) -> None:
    def reach() -> None:
        # The one look-up that the guard of the tests leaves to the adapter's own.
        with pytest.raises(ConnectionRefusedError, match="bordin keeps the network shut here"):
            socket.getnameinfo(("192.0.2.1", 443), 0)

    fake.on_analyze = reach
    finder = PresidioFinder()
    with pytest.raises(TapeError, match=r"presidio tried to reach a network: .*getnameinfo"):
        finder(talk("hello"))


def test_placeholders_are_not_shown_to_it(fake: Fake, talk) -> None:
    transcript = talk("so Anna came")
    words = tuple(w.marked(PLACEHOLDER) if w.text == "Anna" else w for w in transcript.turns[0].words)
    transcript = replace(transcript, turns=(replace(transcript.turns[0], words=words),))
    fake.answers = [("so ▮ came", "PERSON", 0.9)]
    assert PresidioFinder()(transcript) == ()
    assert fake.texts == ["so ▮ came"]


def test_the_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(
        TapeError, match=r"presidio-analyzer is not installed\. pip install 'bordin\[presidio\]'"
    ):
        PresidioFinder()


def test_an_old_version_needs_a_model(fake: Fake) -> None:
    del sys.modules["presidio_analyzer.nlp_engine"].NoOpNlpEngine
    with pytest.raises(TapeError, match="cannot work without a language model"):
        PresidioFinder()
