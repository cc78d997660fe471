"""An auditor's day in the browser, and docs/audit.md on a machine of their own, command by command (R10).

Real processes, a real mail server, a real browser; the auditor's machine has neither database nor settings of ours.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from zipfile import ZipFile

import psycopg
import pytest
from psycopg.rows import TupleRow

from domain.validity import JST
from tests.support.database import Dsn
from tests.support.desktop import desktop_for, fill, needs_chromium, needs_root
from tests.support.eventually import patiently
from tests.support.fleet import ROOT, Fleet, Process, fleet_on
from tests.support.mail_server import ADDRESS, MailServer

DOCUMENT = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```console (?P<whose>bank|yours)\n(?P<text>.*?)```", re.DOTALL)
SCRIPT = re.compile(r"```python\n(.*?)```", re.DOTALL)

USER = ("--organization", "ACME01", "--name", "山田 健一", "--email", "k-yamada@example.com")
STAFF = ("--role", "auditor", "--name", "石井 徹", "--email", "ishii@example.com", "--p12", "auditor.p12")
DAY = timedelta(days=1)
CHANGE = """
update stored_events set state = set_byte(state, place, get_byte(state, place) # 1)
from (
    select notification_id as changed, position('until'::bytea in state) + 10 as place from stored_events
    where topic = 'user-account.locked.1'
) as found
where notification_id = changed
"""


@dataclass(frozen=True)
class Audited:
    """The bank's machine, and the auditor's folder on another; `locked_at` is a moment within the lock.

    The auditor's first password opens the p12 too.
    """

    fleet: Fleet
    web: Process
    yours: Path
    locked_at: datetime
    first_password: str

    def in_days_of_ours(self, command: str) -> str:
        """The document's dates are those of its writing."""
        day = self.locked_at.astimezone(JST)
        month = day.replace(day=1)
        for written, meant in {
            "2026-11-24 10:15": day.replace(tzinfo=None).isoformat(" "),
            "2026-11-24": f"{day:%Y-%m-%d}",
            "2026-11-25": f"{day + DAY:%Y-%m-%d}",
            "2026-11-01": f"{month:%Y-%m-%d}",
            "2026-12-01": f"{(month + 31 * DAY).replace(day=1):%Y-%m-%d}",
        }.items():
            command = command.replace(written, meant)
        return command

    def at_the_bank(self, command: str) -> tuple[int, str]:
        words = self.in_days_of_ours(command).replace("shomei", f"{sys.executable} -m infra.cli", 1)
        return output(words, self.fleet.home, self.fleet.environment)

    def at_yours(self, command: str) -> tuple[int, str]:
        """With nothing of the bank's but the files in the folder."""
        return output(command, self.yours, {"PATH": os.environ["PATH"], "HOME": str(self.yours)})

    def carry(self) -> None:
        """What the bank made, to the auditor's machine."""
        for name in ("november.zip", "again.zip"):
            if (self.fleet.home / name).exists():
                shutil.copy(self.fleet.home / name, self.yours)


def output(command: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Exit status, and what a terminal would show."""
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return done.returncode, done.stdout


def sessions(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a block, and a pattern of what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        lines = [
            r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
            for line in printed.splitlines()
        ]
        yield command, "".join(lines)


@pytest.fixture
def audited(dsn: Dsn, tmp_path: Path) -> Iterator[Audited]:
    """yamada15 was locked by six wrong passwords and released; then a head was signed and mailed."""
    home, yours = tmp_path / "bank", tmp_path / "yours"
    home.mkdir()
    yours.mkdir()
    with ExitStack() as opened:
        mails = opened.enter_context(MailServer())
        fleet = opened.enter_context(fleet_on(dsn, home, SHOMEI_SMTP_URL=f"smtp://{ADDRESS}:{mails.port}"))
        fleet.start("project")
        (web,) = fleet.web()
        fleet.run("organization", "add", "ACME01", "さくら精機労働組合", "--email", "keiri@example.com")
        fleet.run("user", "add", "yamada15", *USER)
        password = json.loads(fleet.run("staff", "add", "ishii001", *STAFF, "--json"))["password"]
        with fleet.visitor(web) as stranger:
            for _ in range(6):
                assert stranger.authenticate("yamada15", "wrong9999").status_code == 401
        locked_at = datetime.now(UTC)
        fleet.run("release", "yamada15")
        fleet.run("remind", "--once")  # the head
        patiently(lambda: lag(fleet) == {0})
        patiently(lambda: head_arrived(fleet, mails, home / "mail.eml"))
        shutil.copy(home / "mail.eml", yours)
        shutil.copy(home / "authority" / "log.pem", yours)
        command = yours / "shomei"  # what a checkout's own does once it has its environment
        command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m infra.cli "$@"\n')
        command.chmod(0o755)
        (yours / "check.py").write_text(SCRIPT.findall(DOCUMENT)[0])
        yield Audited(fleet, web, yours, locked_at, password)


def head_arrived(fleet: Fleet, mails: MailServer, kept: Path) -> bool:
    """After another round of the worker; the mail is kept as it came."""
    fleet.run("remind", "--once")
    for taken in mails.taken:
        assert isinstance(taken.content, bytes)
        mail = message_from_bytes(taken.content, policy=default)
        if taken.rcpt_tos == ["ishii@example.com"] and "履歴の署名" in mail["subject"]:
            kept.write_bytes(taken.content)
    return kept.exists()


def lag(fleet: Fleet) -> set[int]:
    return {view["lag"] for view in json.loads(fleet.run("projections", "status", "--json"))["projections"]}


@pytest.mark.timeout(180)
def test_the_document_says_what_happens_to_the_letter(audited: Audited) -> None:
    for block in BLOCK.finditer(DOCUMENT):
        for command, printed in sessions(block["text"]):
            run = audited.at_the_bank if block["whose"] == "bank" else audited.at_yours
            _, shown = run(command)
            assert re.fullmatch(printed, shown), f"{command}\n{shown}"
            audited.carry()


@needs_chromium
@needs_root
@pytest.mark.timeout(180)
def test_an_auditor_answers_who_was_locked_exports_the_month_and_finds_the_one_byte(
    audited: Audited, owner: psycopg.Connection[TupleRow], tmp_path_factory: pytest.TempPathFactory
) -> None:
    fleet, url = audited.fleet, f"https://127.0.0.1:{audited.web.port}"
    moment = audited.locked_at.astimezone(JST).replace(tzinfo=None).isoformat(" ")
    with desktop_for(url, fleet.root, tmp_path_factory.mktemp("auditor")) as desktop:
        desktop.import_p12(fleet.home / "auditor.p12", audited.first_password)
        with desktop.browser() as page:
            page.goto(f"{url}/login")
            fill(page, "ログイン", user_id="ishii001", password=audited.first_password)
            fill(
                page,
                "変更",
                current_password=audited.first_password,
                password="kaede2026",
                password_again="kaede2026",
            )
            page.goto(f"{url}/audit")
            fill(page, "記録を探す", subject="yamada15")
            page.click("a:has-text('アカウントの記録と状態を見る')")
            fill(page, "この時点を表示", as_of=moment)
            state, story = page.inner_text(".state"), page.inner_text("main")
            desktop.picture(page, "audit-account")

            page.goto(f"{url}/audit/export")
            with page.expect_download() as downloading:
                page.click("button:has-text('書き出す')")
            downloading.value.save_as(audited.yours / "browser.zip")
            verified = audited.at_yours("./shomei audit verify browser.zip --head mail.eml --key log.pem")

            tamper(owner)
            page.goto(f"{url}/audit/accounts/yamada15")
            warned = page.inner_text("main")
            desktop.picture(page, "audit-account-tampered")
    audited.at_the_bank("shomei audit export again.zip")
    audited.carry()
    found = audited.at_yours("./shomei audit verify again.zip --head mail.eml --key log.pem")
    at_home = audited.at_the_bank("shomei audit verify --head mail.eml")

    assert "ロック中" in state
    assert "山田 健一" in state
    assert story.count("パスワードの誤り") == 6
    assert "ロックを解除" in story  # after the moment, and by whom
    assert "操作者:コマンド操作" in story
    assert verified[0] == 0, verified
    assert "改ざんの疑いがあります" in warned
    assert (found[0], at_home[0]) == (1, 1)
    leaf = leaf_of(audited.yours / "again.zip", "AccountLocked")
    assert f"first bad place: leaf {leaf} " in found[1]
    assert f"first bad place: leaf {leaf} " in at_home[1]


def tamper(owner: psycopg.Connection[TupleRow]) -> None:
    """One bit of one byte: a digit of the end of the lock."""
    assert owner.execute(CHANGE).rowcount == 1


def leaf_of(export: Path, kind: str) -> int:
    with ZipFile(export) as file, file.open("facts.jsonl") as facts:
        (leaf,) = [row["leaf"] for row in map(json.loads, facts) if row["kind"] == kind]
    return int(leaf)


def test_every_command_of_the_document_is_one_that_there_is() -> None:
    """So that a block that is never run, for its mark is misspelt, is noticed."""
    assert DOCUMENT.count("```console") == len(BLOCK.findall(DOCUMENT))
    assert len(SCRIPT.findall(DOCUMENT)) == 1
