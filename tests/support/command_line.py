"""The command line in this process, against a test's own database, at the time of the test's clock."""

import json
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from click.testing import CliRunner, Result
from psycopg.conninfo import conninfo_to_dict

from application.ports import KeyPackages
from infra import (
    authority,
    bootstrap,
    cli,
    erase_command,
    history_commands,
    people_commands,
    replay_commands,
    staff_commands,
)
from tests.support.database import Dsn
from tests.support.house import BANK, PKI, House

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class CommandLine:
    """`work` is the folder it runs in, and SHOMEI_HOME; everything it ever wrote to a log is in `logged`."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.logged = ""

    def run(self, *words: str) -> Result:
        result = CliRunner().invoke(cli.main, words)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        self.logged += result.stderr
        return result

    def json(self, *words: str) -> Any:
        """The one object on the one line, after a success."""
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.stderr
        assert result.stdout.count("\n") == 1
        return json.loads(result.stdout)

    def refusal(self, *words: str) -> str:
        """The sentence; nothing else was written, and the status is 1."""
        result = self.run(*words)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr.removeprefix("Error: ").rstrip("\n")


def url(conninfo: str) -> str:
    """As DATABASE_URL wants it."""
    parts = conninfo_to_dict(conninfo)
    return f"postgresql://{parts['user']}@/{parts['dbname']}?host={quote(str(parts['host']), safe='')}"


def quiet_settings(patch: pytest.MonkeyPatch) -> None:
    """Nothing of the surroundings."""
    for name in os.environ:
        if name.startswith("SHOMEI_") or name == "DATABASE_URL":
            patch.delenv(name)


@pytest.fixture
def logging_kept() -> Iterator[None]:
    """Commands set up the logs of a whole process; afterwards pytest has its own again."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()


@pytest.fixture
def shomei(dsn: Dsn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, house: House, logging_kept: None) -> CommandLine:
    """`house` looks into the same database, and its clock is the commands' too."""
    quiet_settings(monkeypatch)
    for name, value in {
        "DATABASE_URL": url(dsn.process),
        "SHOMEI_MIGRATION_URL": url(dsn.owner),
        "SHOMEI_HOME": str(tmp_path),
        "SHOMEI_LOG_LEVEL": "debug",
        "SHOMEI_P12_KEY_ROUNDS": "10000",
        "SHOMEI_P12_CERTIFICATE_ROUNDS": "10000",
        "SHOMEI_P12_MAC_ROUNDS": "10000",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    for module in (cli, erase_command, history_commands, people_commands, replay_commands, staff_commands):
        monkeypatch.setattr(module, "now", house.clock)
    return CommandLine(tmp_path)


class SharedPackages:
    """The session's own workers, for a command would take a second to start some. Stays open when a command closes."""

    def __init__(self, packages: KeyPackages) -> None:
        self.new_key = packages.new_key
        self.pack = packages.pack

    def close(self) -> None:
        pass


@pytest.fixture
def with_authority(shomei: CommandLine, packages: KeyPackages, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `shomei ca init` makes, long ago so that the test's clock is within its life."""
    passphrase = shomei.work / "authority-passphrase"
    passphrase.write_text("a passphrase\n")
    authority.create(shomei.work / "authority", b"a passphrase", LONG_AGO, PKI, BANK)
    monkeypatch.setattr(bootstrap, "KeyPackageFactory", lambda *_: SharedPackages(packages))
