"""What an auditor proves in the browser: signed heads, the file to take away, views as they stood (R10.2-R10.5)."""

import io
import zipfile
from collections.abc import Callable, Generator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from httpx2 import Response

from domain.reading import HistoryExported, HistoryRead
from infra import consistency
from infra.export import Export, Exports
from infra.export_file import open_export
from infra.verify_export import verify_export
from tests.support.browser import Browser
from tests.support.database import Dsn
from tests.support.heads import Heads
from tests.support.house import NINE, TARO, House
from tests.support.letters import LOG_KEY as KEY
from tests.support.site import LOG_KEY
from tests.web.test_audit import AUDITOR, readings, rows

MINUTE = timedelta(minutes=1)

Project = Callable[[], None]


@pytest.fixture
def heads(house: House, dsn: Dsn, tmp_path: Path) -> Heads:
    return Heads(house, dsn, tmp_path)


@pytest.fixture
def signed(house: House, auditor: Browser, project: Project, heads: Heads) -> Browser:
    """Six wrong passwords at nine, and a head six minutes later."""
    house.fail(6)
    house.clock.advance(6 * MINUTE)
    project()
    assert heads.sign()
    project()
    return auditor


def badge(page: object) -> list[str]:
    return [row.all("td")[2].text for row in rows(page)]  # type: ignore[arg-type]  # a Page


# ---- heads


def test_heads_stand_with_what_was_signed_and_whether_it_still_holds(signed: Browser, heads: Heads) -> None:
    signed.open("/audit/proofs")

    (head,) = heads.signed()
    assert badge(signed.page) == ["一致"]
    assert str(head.size) in rows(signed.page)[0].text
    assert heads.path.read_text().splitlines()[0] in signed.page.main


def test_a_head_that_does_not_hold_any_more_is_told(signed: Browser, house: House) -> None:
    house.database.execute("update views.log_tree_1 set hash = sha256('x') where leaf = 3")

    signed.open("/audit/proofs")

    assert badge(signed.page) == ["不一致"]


def test_without_a_head_the_page_says_when_there_will_be_one(auditor: Browser, project: Project) -> None:
    project()

    auditor.open("/audit/proofs")

    assert "署名付きヘッドは、まだありません" in auditor.page.main


def test_head_and_key_are_taken_away_as_files(signed: Browser, heads: Heads) -> None:
    (head,) = heads.signed()

    note = signed.open(f"/audit/proofs/{head.size}.txt")
    key = signed.open("/audit/proofs/log.pem")

    assert note.text == heads.path.read_text().strip("\n") + "\n"
    assert note.headers["content-disposition"] == f'attachment; filename="head-{head.size}.txt"'
    assert key.content == LOG_KEY


@pytest.mark.parametrize("size", ["999999", "0", "x", "9" * 5000])
def test_a_head_that_was_never_signed_is_not_found(signed: Browser, size: str) -> None:
    assert signed.open(f"/audit/proofs/{size}.txt").status_code == 404


def test_a_newer_head_is_proven_to_continue_an_older_one(
    signed: Browser, house: House, heads: Heads, project: Project, tmp_path: Path
) -> None:
    house.fail(1)
    house.clock.advance(6 * MINUTE)
    project()
    assert heads.sign()
    project()
    old, new = heads.signed()
    signed.open("/audit/proofs")
    links = [link.href for link in signed.page.links if link.text.startswith("一貫性の証明")]

    answer = signed.open(links[0])

    file = tmp_path / "proof.json"
    file.write_bytes(answer.content)
    proof = consistency.read(file)
    assert proof is not None
    found = consistency.verify(proof, KEY.public_key())
    assert (found.old, found.new) == (old, new)
    assert links == [f"/audit/proofs/{old.size}.json"]
    assert signed.open("/audit/proofs/999.json").status_code == 404


# ---- what is shown is proven


def test_a_story_under_a_signed_head_is_said_to_be_unchanged(signed: Browser) -> None:
    signed.open(f"/audit/accounts/{TARO}")

    assert "改ざんなし(検証済み)" in signed.page.main


def test_what_no_head_covers_yet_is_not_said_to_be_proven(signed: Browser, house: House, project: Project) -> None:
    house.fail(1)
    project()

    signed.open(f"/audit/accounts/{TARO}")

    assert "署名を待っている記録があります" in signed.page.main


def test_the_newest_records_that_await_a_signature_are_counted(signed: Browser, house: House, project: Project) -> None:
    signed.open(f"/audit/accounts/{TARO}")  # itself a record about that account
    project()

    signed.open(f"/audit/accounts/{TARO}")

    assert "改ざんなし(検証済み)" in signed.page.main
    assert "このうち1件の新しい記録は、次の署名を待っています" in signed.page.main


@pytest.mark.parametrize(
    "done",
    [
        # Behind the back of the read models, which have come farther than its number says.
        "insert into stored_events select originator_id, 99, 'user-account.lock-expired.1', state, -1"
        " from stored_events where topic = 'user-account.locked.1'",
        "delete from stored_events where topic = 'user-account.locked.1'",
        "update stored_events set state = state || ' ' where topic = 'user-account.registered.1'",
    ],
)
def test_a_state_that_rests_on_tampered_facts_is_told_as_such_though_none_is_on_the_page(
    signed: Browser, owner: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, done: str
) -> None:
    monkeypatch.setattr("web.audit_timelines.SHOWN", 1)
    owner.execute(done.encode())

    signed.open(f"/audit/accounts/{TARO}")

    assert "改ざんの疑いがあります" in signed.page.main


def test_one_changed_byte_is_seen_in_the_story(signed: Browser, house: House, owner: object) -> None:
    change = "update stored_events set state = replace(encode(state, 'escape'), 'issuance', 'login')::bytea"
    owner.execute(f"{change} where topic = 'user-account.password-failed.1'")  # type: ignore[attr-defined]

    signed.open(f"/audit/accounts/{TARO}")

    assert "改ざんの疑いがあります" in signed.page.main
    assert signed.page.main.count("書き換えられています") == 6


# ---- the file to take away


def test_an_export_is_checked_elsewhere_against_the_head(
    signed: Browser, house: House, heads: Heads, tmp_path: Path
) -> None:
    signed.open("/audit/export")
    form, page = signed.page.form("/audit/export"), signed.page.main

    answer = signed.open("/audit/export?format=jsonl&from=2026-11-01&to=2026-12-01")

    (head,) = heads.signed()
    assert form.fields["head"] == ""
    assert f"{head.size}件" in page
    assert answer.headers["content-type"] == "application/zip"
    file = tmp_path / "month.zip"
    file.write_bytes(answer.content)
    with open_export(file) as export:
        verified = verify_export(export, [head], KEY.public_key(), lambda done, of: None)
    assert (verified.facts, verified.head) == (head.size, head)
    exported = HistoryExported(at=house.clock(), by=AUDITOR, form="jsonl", first=0, end=head.size, head=head.size)
    assert readings(house) == [exported]


def test_an_export_comes_as_csv_too(signed: Browser) -> None:
    answer = signed.open("/audit/export?format=csv")

    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        assert file.namelist() == ["facts.csv", "head.txt", "manifest.json"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("format=xml", 422),
        ("format=csv&from=x", 422),
        ("format=csv&head=999", 404),
        ("format=csv&head=x", 422),
        ("format=csv&from=2026-11-25&to=2026-11-24", 422),
    ],
)
def test_what_cannot_be_exported_is_said_and_not_recorded(
    signed: Browser, house: House, query: str, status: int
) -> None:
    assert signed.open(f"/audit/export?{query}").status_code == status
    assert readings(house) == []


def test_a_third_export_at_once_is_told_to_come_again_and_not_recorded(
    signed: Browser, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each one asks for another in its midst."""
    chunks, begun = Exports.chunks, count(1)
    within: list[Response] = []

    def meanwhile(exports: Exports, export: Export) -> Generator[bytes, None, None]:
        if next(begun) < 4:
            within.append(signed.client.get("/audit/export?format=csv"))
        yield from chunks(exports, export)

    monkeypatch.setattr(Exports, "chunks", meanwhile)
    first = signed.open("/audit/export?format=csv")
    recorded = len(readings(house))
    monkeypatch.undo()
    afterwards = signed.open("/audit/export?format=csv")

    third, second = within
    assert (third.status_code, third.headers["retry-after"]) == (503, "5")
    assert [answer.status_code for answer in (first, second, afterwards)] == [200] * 3
    assert recorded == 2


def test_without_a_head_nothing_can_be_exported(auditor: Browser, project: Project) -> None:
    project()

    auditor.open("/audit/export")
    page = auditor.page.main

    assert "署名付きヘッドは、まだありません" in page
    assert auditor.open("/audit/export?format=csv").status_code == 503


# ---- read models as they stood


def test_a_read_model_is_shown_as_it_stood(signed: Browser, house: House) -> None:
    house.desk.accounts.release(TARO, "bank0001", house.clock())

    signed.open("/audit/views/lock_status?as_of=2026-11-24T09:00")
    locked = [row.text for row in rows(signed.page) if TARO in row.text]

    assert signed.answer is not None
    assert signed.answer.status_code == 200
    assert "6" in locked[0]
    assert readings(house) == [
        HistoryRead(at=house.clock(), by=AUDITOR, what="/audit/views/{view}", asked={"view": "lock_status"}, as_of=NINE)
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/audit/views/nothing", 404),
        ("/audit/views/x'y", 404),
        ("/audit/views/lock_status?as_of=2099-01-01", 422),
        ("/audit/views/lock_status?as_of=x", 422),
    ],
)
def test_a_read_model_or_moment_that_is_none_is_said(signed: Browser, house: House, path: str, status: int) -> None:
    assert signed.open(path).status_code == status
    assert readings(house) == []


def test_nothing_is_left_of_a_read_model_that_was_shown(signed: Browser, house: House) -> None:
    before = house.database.execute("select relname from pg_class order by 1")

    signed.open("/audit/views/people?as_of=2026-11-24T09:00")

    assert house.database.execute("select relname from pg_class order by 1") == before
