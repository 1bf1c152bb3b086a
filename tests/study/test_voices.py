"""Roles are suggested from voices on earlier tapes; the voices here are vectors written by hand."""

from __future__ import annotations

import json

from bordin.study.voices import suggest_roles


class Kept:
    """A tape of which only voiceprints and roles are there."""

    def __init__(
        self, name: str, voices: dict[str, list[float]], roles: dict[str, str], model: str = "m"
    ) -> None:
        self.id, self.session = name, name.lower()
        self.files = {"voiceprints.json": json.dumps({"model": model, "voices": voices}).encode()}
        if roles:
            self.files["roles.json"] = json.dumps(roles).encode()

    def has(self, name: str) -> bool:
        return name in self.files

    def read_bytes(self, name: str) -> bytes:
        return self.files[name]


EARLIER = Kept("T-A", {"S1": [1.0, 0.0], "S2": [0.0, 1.0]}, {"S1": "therapist", "S2": "client"})


def test_the_speaker_who_sounds_most_like_the_therapist_is_suggested() -> None:
    new = Kept("T-B", {"S1": [0.0, 1.0], "S2": [0.8, 0.6]}, {})
    found = {
        s.role: (s.speaker, round(s.similarity, 6), s.session) for s in suggest_roles(new, [EARLIER, new])
    }  # type: ignore[list-item, arg-type]
    assert found == {"therapist": ("S2", 0.8, "t-a"), "client": ("S1", 1.0, "t-a")}


def test_strangers_are_not_suggested() -> None:
    assert suggest_roles(Kept("T-B", {"S1": [0.4, -0.9]}, {}), [EARLIER]) == ()  # type: ignore[list-item, arg-type]


def test_voices_of_another_model_are_not_compared() -> None:
    assert suggest_roles(Kept("T-B", {"S1": [1.0, 0.0]}, {}, model="other"), [EARLIER]) == ()  # type: ignore[list-item, arg-type]


def test_without_voiceprints_nothing_is_suggested() -> None:
    bare = Kept("T-B", {}, {})
    del bare.files["voiceprints.json"]
    assert suggest_roles(bare, [EARLIER]) == ()  # type: ignore[list-item, arg-type]
