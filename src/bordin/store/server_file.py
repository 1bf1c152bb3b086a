"""``workbench/server.toml``: how the workbench of a study is served. Absent for one person on one computer."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bordin.errors import Problem, ProtocolError, nearest
from bordin.toml_lines import find_line

SERVER_FILE = "server.toml"
LANGUAGES = {"de": "Deutsch", "en": "English"}
_HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


class ServerFile(BaseModel):
    """The settings of a team's server; every key has a default that is right for one computer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database: str = Field("", description="postgresql://USER@HOST/NAME; a file beside the study when absent.")
    hosts: tuple[str, ...] = Field(
        (),
        description="Names under which the server is reached, such as coding.example.org; loopback when absent.",
    )
    address: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8642, ge=0, le=65535, description="Port to listen on; 0 for a free one.")
    certificate: str = Field("", description="TLS certificate (PEM), where no proxy ends TLS.")
    key: str = Field("", description="Its private key (PEM).")
    behind_proxy: bool = Field(
        False, description="A proxy on this computer ends TLS and sets X-Forwarded-Proto."
    )
    second_factor: bool = Field(
        False, description="Everybody needs a code from an authenticator app at login."
    )
    language: str = Field("en", description="Language of the pages, such as en or de.")

    @field_validator("hosts")
    @classmethod
    def _names_alone(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if not _HOST.fullmatch(host):
                raise ValueError(f"a name alone, such as coding.example.org, not {host!r}")
        return hosts

    @field_validator("language")
    @classmethod
    def _known_language(cls, language: str) -> str:
        if language not in LANGUAGES:
            raise ValueError(f"there are no pages in {language!r}. Known: {', '.join(LANGUAGES)}")
        return language

    @property
    def team(self) -> bool:
        """Whether others than this computer's own user reach it."""
        return bool(self.hosts)


def read_server_file(study: Path) -> ServerFile:
    """Read the settings of a study's workbench.

    Raises
    ------
    ProtocolError
        With the line of each fault.
    """
    path = study / "workbench" / SERVER_FILE
    if not path.is_file():
        return ServerFile.model_validate({})
    name = f"workbench/{SERVER_FILE}"
    try:
        text = path.read_text(encoding="utf-8-sig")
        return ServerFile.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(Problem(f"not valid TOML: {error}.", file=name)) from None
    except ValidationError as error:
        problems = []
        for e in error.errors():
            key = str(e["loc"][0]) if e["loc"] else ""
            known = e["type"] == "extra_forbidden"
            hint = nearest(key, ServerFile.model_fields) if known else None
            said = e["msg"].removeprefix("Value error, ")
            message = "unknown key." if known else f"{said[0].lower()}{said[1:]}."
            problems.append(
                Problem(message, name, find_line(text, (key,)) if key else None, key or None, hint)
            )
        raise ProtocolError(problems) from None
