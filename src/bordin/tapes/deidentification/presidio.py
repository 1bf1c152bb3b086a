"""Proposals from presidio-analyzer, an extra, kept off the network.

By itself that package would fetch a language model from the net and a list of domain endings, each at its first
use. Here it gets neither: without a model's folder only its patterns run, and domain endings come from the list
inside tldextract. All work runs under :func:`bordin.tapes.closed_network.watch`, which refuses and reports any
attempt.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from bordin.errors import Problem, TapeError
from bordin.tapes.closed_network import watch
from bordin.tapes.deidentification.pattern_dates import DATES
from bordin.tapes.deidentification.shapes import PRESIDIO, Proposal, proposal_at
from bordin.tapes.deidentification.turn_text import HIDDEN, turn_text
from bordin.tapes.shapes import Transcript

# What presidio calls it, and what it is here; anything else is an identifier.
KIND_OF = {
    "PERSON": "person",
    "LOCATION": "place",
    "GPE": "place",
    "FACILITY": "place",
    "ORGANIZATION": "organization",
    "ORG": "organization",
    "NRP": "other",
    "DATE_TIME": "date",
    "AGE": "age",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "URL": "url",
}
LEAST_SCORE = 0.35
LANGUAGE = "en"
_MODEL_READERS = ("SpacyRecognizer", "StanzaRecognizer", "TransformersRecognizer")
# Files that a spaCy model has in its folder.
_MODEL_FILES = ("config.cfg", "meta.json")


class PresidioFinder:
    """Finds with presidio-analyzer; give it to :func:`~bordin.tapes.deidentification.propose` as `extra`.

    Parameters
    ----------
    model : Path or str, optional
        Folder of a spaCy model that lies on this computer, such as ``en_core_web_lg-3.8.0``. Without it only
        presidio's patterns run, and no person or place is found by it.
    least_score : float
        Results under this score are left out.

    Raises
    ------
    TapeError
        When the extra is not installed or too old, the folder holds no model, or something tried to reach a
        network.
    """

    def __init__(self, model: Path | str | None = None, *, least_score: float = LEAST_SCORE) -> None:
        self.least_score = least_score
        folder = None if model is None else _model_folder(Path(model))
        with _closed():
            self.analyzer = _analyzer(folder)

    def __call__(self, transcript: Transcript) -> tuple[Proposal, ...]:
        """Return presidio's results as proposals.

        Parameters
        ----------
        transcript : Transcript

        Returns
        -------
        tuple of Proposal
            By place. Results of the kind DATE_TIME count only when they hold a date of a day or a year:
            presidio also names "last week" and "ten minutes".

        Raises
        ------
        TapeError
            When something tried to reach a network.
        """
        found = []
        with _closed():
            for turn, content in enumerate(transcript.turns):
                line = turn_text(content)
                results = self.analyzer.analyze(text=line.text, language=LANGUAGE) if line.text else []
                for result in results:
                    text = line.text[result.start : result.end]
                    if result.score < self.least_score or not text.strip() or HIDDEN in text:
                        continue
                    if result.entity_type == "DATE_TIME" and not _is_date(text):
                        continue
                    kind = KIND_OF.get(result.entity_type, "identifier")
                    place = (turn, *line.words(result.start, result.end))
                    reason = f"presidio, {result.entity_type}"
                    confidence = float(min(1.0, result.score))
                    found.append(proposal_at(transcript, place, kind, PRESIDIO, confidence, reason))
        surest: dict[str, Proposal] = {}
        for one in sorted(found, key=lambda p: -p.confidence):
            surest.setdefault(one.id, one)
        return tuple(sorted(surest.values(), key=lambda p: (p.turn, p.first, -p.last)))


def _is_date(text: str) -> bool:
    return any(p.expression.search(text) and (p.check is None or p.check(text)) for p in DATES)


def _model_folder(folder: Path) -> Path:
    """Return the folder that holds the model itself, or refuse."""
    inside = [folder, *sorted(folder.glob("*/")), *sorted(folder.glob("*/*/"))] if folder.is_dir() else []
    for one in inside:
        if all((one / name).is_file() for name in _MODEL_FILES):
            return one
    problem = "the folder given for a spaCy model holds none (no config.cfg with meta.json)."
    hint = (
        "Unpack a model such as en_core_web_sm on this computer and name its folder, or leave it out. "
        "Nothing is downloaded."
    )
    raise TapeError(Problem(problem, folder.name, hint=hint))


def _analyzer(folder: Path | None) -> Any:
    """Make presidio's analyzer with a model from a folder, or with patterns alone."""
    try:
        import presidio_analyzer
        from presidio_analyzer.nlp_engine import NlpEngineProvider
        from presidio_analyzer.predefined_recognizers import EmailRecognizer
    except ImportError:
        problem = "presidio-analyzer is not installed."
        raise TapeError(Problem(problem, hint="pip install 'bordin[presidio]'")) from None
    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
    if folder is None:
        try:
            from presidio_analyzer.nlp_engine import NoOpNlpEngine
        except ImportError:
            problem = "this presidio-analyzer cannot work without a language model."
            hint = "pip install -U 'bordin[presidio]', or give the folder of a spaCy model."
            raise TapeError(Problem(problem, hint=hint)) from None
        engine = NoOpNlpEngine(models=[{"lang_code": LANGUAGE, "model_name": "none"}])
    else:
        models = [{"lang_code": LANGUAGE, "model_name": str(folder)}]
        engine = NlpEngineProvider(
            nlp_configuration={"nlp_engine_name": "spacy", "models": models}
        ).create_engine()
    registry = presidio_analyzer.RecognizerRegistry(supported_languages=[LANGUAGE])
    registry.load_predefined_recognizers(
        languages=[LANGUAGE], nlp_engine=engine if folder is not None else None
    )
    if folder is None:
        # What reads a model's results has none to read.
        registry.recognizers = [r for r in registry.recognizers if r.name not in _MODEL_READERS]
    for recognizer in registry.recognizers:
        if isinstance(recognizer, EmailRecognizer):
            recognizer.validate_result = _domain_check()
    return presidio_analyzer.AnalyzerEngine(
        registry=registry, nlp_engine=engine, supported_languages=[LANGUAGE]
    )


def _domain_check() -> Any:
    """Return presidio's check of an e-mail's domain, with the endings inside tldextract instead of the net's."""
    tldextract = import_module("tldextract")
    offline = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True)

    def validate(text: str) -> bool:
        return bool(offline(text).fqdn)

    return validate


@contextmanager
def _closed() -> Iterator[None]:
    """Keep the network shut, and refuse the result when something tried it."""
    with watch() as seen:
        yield
    if not seen.report.closed:
        problem = f"presidio tried to reach a network: {seen.report}"
        raise TapeError(Problem(problem, hint="Nothing was sent. Report this with presidio's version."))
