"""`shomei audit export`: a new file that only its owner reads, whole or not at all (R10.5; screens.md)."""

import stat
from pathlib import Path

import pytest

from infra import export_commands
from infra.clock import Clock
from infra.export import Exports
from projections.audit_log import AuditLog
from tests.support.command_line import CommandLine
from tests.support.signed_log import SIGNED, SignedLog, verified


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clock: Clock = lambda: SIGNED  # noqa: E731  (for its type)
    monkeypatch.setattr(export_commands, "now", clock)


def test_the_file_is_new_private_and_as_signed(shomei: CommandLine, log: SignedLog) -> None:
    head = log.signed(20)

    told = shomei.json("audit", "export", "out.zip")

    path = shomei.work / "out.zip"
    assert told == {"file": "out.zip", "first": 0, "end": 20, "head": 20, "not_covered": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert verified(path, head).facts == 20


def test_a_range_of_time_is_in_japanese_time_where_no_offset_stands(shomei: CommandLine, log: SignedLog) -> None:
    log.signed(20)
    log.keep_up(AuditLog())

    words = ["--from", "2026-11-23T09:00:05", "--to", "2026-11-23T00:00:08Z", "--format", "csv"]
    told = shomei.json("audit", "export", *words, "out.zip")

    assert (told["first"], told["end"]) == (5, 8)


def test_an_older_head_may_be_chosen(shomei: CommandLine, log: SignedLog) -> None:
    log.signed(5)
    log.signed(5)

    assert shomei.json("audit", "export", "--head", "5", "out.zip")["end"] == 5
    assert shomei.refusal("audit", "export", "--head", "6", "other.zip") == "no such signed tree head"


def test_nothing_is_overwritten_and_then_nothing_is_recorded(shomei: CommandLine, log: SignedLog) -> None:
    log.signed(5)
    (shomei.work / "out.zip").write_text("mine")

    told = shomei.refusal("audit", "export", "out.zip")

    assert told == "out.zip is there already, and nothing is overwritten"
    assert (shomei.work / "out.zip").read_text() == "mine"
    assert log.exported() == []


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_a_time_that_is_none_is_said(shomei: CommandLine, option: str) -> None:
    told = shomei.refusal("audit", "export", option, "yesterday", "out.zip")

    assert told == f"{option.removeprefix('--')} is not well-formed"


def test_without_a_head_nothing_half_made_stays(shomei: CommandLine, log: SignedLog) -> None:
    log.fill(5)
    before = set(shomei.work.iterdir())

    told = shomei.refusal("audit", "export", "out.zip")

    assert told == "the projector has not made this view yet"
    assert set(shomei.work.iterdir()) == before


def test_an_export_that_breaks_off_leaves_nothing(
    shomei: CommandLine, log: SignedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.signed(5)
    prepare = Exports.prepare

    def prepare_and_lose_the_tree(*args: object, **asked: object) -> object:
        made = prepare(*args, **asked)  # type: ignore[arg-type]  # passed on as they came
        log.owner.execute("delete from views.log_tree_1 where leaf = 3")
        return made

    monkeypatch.setattr(Exports, "prepare", prepare_and_lose_the_tree)
    before = set(shomei.work.iterdir())

    shomei.refusal("audit", "export", "out.zip")

    assert set(shomei.work.iterdir()) == before
    assert len(log.exported()) == 1  # recorded before, for octets had left


def test_a_folder_that_is_not_there_is_said(shomei: CommandLine, log: SignedLog) -> None:
    log.signed(1)

    assert "No such file" in shomei.refusal("audit", "export", str(Path("nowhere") / "out.zip"))
