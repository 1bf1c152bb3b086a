"""workbench/server.toml: absent for one person, and every fault of a team's file told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bordin.errors import ProtocolError
from bordin.store.server_file import ServerFile, read_server_file


@pytest.fixture
def written(tmp_path):
    def write(text: str | bytes) -> Path:
        (tmp_path / "workbench").mkdir(exist_ok=True)
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / "workbench" / "server.toml").write_bytes(data)
        return tmp_path

    return write


def test_without_a_file_one_person_is_served_on_this_computer(tmp_path):
    found = read_server_file(tmp_path)
    assert (found.address, found.port, found.hosts, found.team) == ("127.0.0.1", 8642, (), False)
    assert (found.database, found.second_factor, found.behind_proxy) == ("", False, False)


def test_a_teams_file(written):
    found = read_server_file(
        written(
            'database = "postgresql:///study"\nhosts = ["coding.example.org"]\nbehind_proxy = true\n'
            'second_factor = true\nlanguage = "de"\nport = 9000\n'
        )
    )
    assert found == ServerFile(
        database="postgresql:///study",
        hosts=("coding.example.org",),
        behind_proxy=True,
        second_factor=True,
        language="de",
        port=9000,
    )
    assert found.team is True


def test_a_file_from_windows_with_a_byte_order_mark_is_read(written):
    assert read_server_file(written(b'\xef\xbb\xbfport = 9001\r\nlanguage = "en"\r\n')).port == 9001


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prot = 1\n", r"workbench/server.toml:1, prot: unknown key. Did you mean 'port'\?"),
        ("\nport = 70000\n", r"workbench/server.toml:2, port: input should be less than or equal to 65535"),
        ("port = -1\n", r"server.toml:1, port: input should be greater than or equal to 0"),
        ('port = 1\nhosts = "a.example.org"\n', r"server.toml:2, hosts: input should be a valid tuple"),
        ('second_factor = "perhaps"\n', r"server.toml:1, second_factor: input should be a valid boolean"),
        ("port = \n", r"workbench/server.toml: not valid TOML"),
        ('language = "xx"\n', r"server.toml:1, language: there are no pages in 'xx'. Known: de, en."),
        ('hosts = ["https://a.example.org"]\n', r"server.toml:1, hosts: a name alone"),
        ('hosts = ["*"]\n', r"server.toml:1, hosts: a name alone"),
        ('hosts = ["a.example.org/x"]\n', r"server.toml:1, hosts: a name alone"),
        ('hosts = ["a.example.org:8000"]\n', r"server.toml:1, hosts: a name alone"),
        ('hosts = [""]\n', r"server.toml:1, hosts: a name alone"),
    ],
)
def test_a_fault_is_told_with_its_line_and_what_is_allowed(written, text, says):
    with pytest.raises(ProtocolError, match=says):
        read_server_file(written(text))


def test_all_faults_are_told_at_once(written):
    with pytest.raises(ProtocolError) as told:
        read_server_file(written('port = 70000\nnonsense = 1\nlanguage = "xx"\n'))
    assert len(told.value.problems) == 3


def test_bytes_that_are_no_text_are_told(written):
    with pytest.raises(ProtocolError, match=r"workbench/server.toml: not valid TOML"):
        read_server_file(written(b"\xff\xfe\x00"))
