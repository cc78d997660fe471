"""What an auditor reads in the browser: every fact, a story of one account, and how it stood (R10.1, R10.2)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.fact import COMMAND_LINE
from domain.reading import HistoryExported, HistoryRead
from tests.support.accounts import domain_facts
from tests.support.browser import Browser
from tests.support.erasing import erase
from tests.support.house import NINE, RENEWAL, TARO, House
from tests.support.html import Element, Page
from tests.support.lists import csv_rows
from tests.web.samples import SAMPLES, SERVICE
from web.pages import Pages

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
AUDITOR = "audit001"

Project = Callable[[], None]


@pytest.fixture
def locked(house: House, auditor: Browser, project: Project) -> Browser:
    """taro0001 has a certificate, was locked at ten past ten by six wrong passwords, and released at twenty past."""
    house.issue()
    house.clock.set(NINE + HOUR + 10 * MINUTE)
    house.fail(6)
    house.clock.advance(10 * MINUTE)
    house.desk.accounts.release(TARO, COMMAND_LINE, house.clock())
    house.clock.advance(10 * MINUTE)
    auditor.log_in(AUDITOR)
    project()
    return auditor


def events(page: Page) -> list[tuple[str, str]]:
    """Of a timeline: the time of day and what happened, in the page's order."""
    return [
        (item.all("p")[0].text.partition("2026年")[0], item.all("h3")[0].all("span")[0].text)
        for item in page.root.all("li")
        if "ev" in item.attributes.get("class", "").split()
    ]


def facts_of(page: Page) -> dict[str, str]:
    """What the state says."""
    (state,) = [each for each in page.root.all("section") if each.attributes.get("class") == "state"]
    return dict(zip([each.text for each in state.all("dt")], [each.text for each in state.all("dd")], strict=True))


def kinds(page: Page) -> list[str]:
    """Of the list: what happened."""
    return [row.all("b")[0].text for row in rows(page)]


def rows(page: Page) -> list[Element]:
    return [row for body in page.root.all("tbody") for row in body.all("tr")]


def readings(house: House) -> list[HistoryRead | HistoryExported]:
    return [fact for fact in house.every_fact() if isinstance(fact, HistoryRead | HistoryExported)]


# ---- one account


def test_the_page_says_who_was_locked_why_and_who_released_him(locked: Browser) -> None:
    answer = locked.open(f"/audit/accounts/{TARO}?as_of=2026-11-24T10:15")

    assert answer.status_code == 200
    assert locked.page.h1 == f"アカウントの記録 {TARO}"
    assert facts_of(locked.page)["状態"] == "ロック中 11:10まで"
    assert facts_of(locked.page)["連続の誤り"] == "6 / 6"
    assert facts_of(locked.page)["氏名(第1版)"] == "見本 太郎"
    assert facts_of(locked.page)["個人情報の照合"] == "記録時の値と一致"
    told = events(locked.page)
    assert told[0] == ("10:20:00", "ロックを解除")
    assert told[1:9] == [("10:10:00", kind) for kind in ("メールを依頼", "ロック", *["パスワードの誤り"] * 6)]
    assert "操作者:コマンド操作" in locked.page.main
    assert "1回目、2026年11月24日(火) 11:10まで" in locked.page.main
    assert "入口:電子証明書の発行" in locked.page.main


def test_what_came_after_the_moment_is_told_apart(locked: Browser) -> None:
    locked.open(f"/audit/accounts/{TARO}?as_of=2026-11-24T10:15")

    line = [item.attributes["class"] for item in locked.page.root.all("ol")[0].all("li")]

    assert line[:4] == ["ev ev--hot ev--after", "now", "ev", "ev ev--hot"]  # the release; the mail, the lock
    assert locked.page.main.count("この時点より後") == 1


def test_without_a_moment_it_is_the_present(locked: Browser) -> None:
    locked.open(f"/audit/accounts/{TARO}")

    assert facts_of(locked.page)["状態"] == "利用可能"
    assert "now" not in locked.page.classes
    assert "この時点より後" not in locked.page.main


def test_one_steps_from_fact_to_fact(locked: Browser) -> None:
    locked.open(f"/audit/accounts/{TARO}?as_of=2026-11-24T10:15")
    links = {link.text: link.href for link in locked.page.links}

    locked.open(links["次の記録"])
    after = facts_of(locked.page)["状態"]
    locked.open(links["前の記録"])

    assert after == "利用可能"
    assert facts_of(locked.page)["連続の誤り"] == "0 / 6"
    assert events(locked.page)[:1] == [("10:10:00", "パスワードの誤り")]


def test_a_certificates_story_has_its_mails_and_its_state_then(
    house: House, auditor: Browser, project: Project
) -> None:
    house.issue()
    house.log_in()
    serial = str(house.certificate().serial)
    house.clock.advance(HOUR)
    house.desk.revocation.revoke_user(TARO, "lost", COMMAND_LINE, house.clock())
    auditor.log_in(AUDITOR)
    project()

    auditor.open(f"/audit/certificates/{serial.lower()}?as_of=2026-11-24T09:30")
    then = facts_of(auditor.page)["状態"], auditor.page.h1
    auditor.open(f"/audit/certificates/{serial}")

    assert then == ("有効", "電子証明書の記録")
    assert facts_of(auditor.page)["状態"] == "失効"
    assert "理由:紛失" in facts_of(auditor.page)["失効"]
    told = [kind for _, kind in events(auditor.page)]
    assert {"電子証明書を失効", "電子証明書を初めて使用", "電子証明書を発行", "メールを依頼"} <= set(told)


def test_an_erased_person_is_told_as_such(house: House, auditor: Browser, project: Project) -> None:
    erase(house, TARO)
    project()

    auditor.open(f"/audit/accounts/{TARO}")

    found = facts_of(auditor.page)
    assert [found["氏名(第1版)"], found["メールアドレス(第1版)"], found["個人情報の照合"]] == ["消去済み"] * 3


def test_a_name_that_somebody_changed_in_the_vault_is_told(house: House, auditor: Browser, project: Project) -> None:
    house.database.execute('update vault_persons set data = \'{"name":"x","email":"x@example.com"}\'')
    project()

    auditor.open(f"/audit/accounts/{TARO}")

    assert facts_of(auditor.page)["個人情報の照合"] == "記録時の値と不一致"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/audit/accounts/nobody00", 404),
        (f"/audit/accounts/{TARO}?as_of=2020-01-01", 404),  # before it was registered
        (f"/audit/accounts/{TARO}?as_of=2099-01-01", 422),
        (f"/audit/accounts/{TARO}?as_of=yesterday", 422),
        (f"/audit/accounts/{TARO}?cursor=x", 422),
        (f"/audit/accounts/{TARO}?unknown=x", 422),
        ("/audit/accounts/x'y", 404),
        ("/audit/certificates/0A1B", 404),
        ("/audit/certificates/zz", 404),
        ("/audit/events?kind=Nothing", 422),
        ("/audit/events?from=2026-13-01", 422),
        ("/audit/events?format=xml", 422),
        ("/audit/events?as_of=2099-01-01", 422),
        ("/audit/events?as_of=9999-12-31T20:00:00Z", 422),
        ("/audit/events?as_of=9999-12-31T23:59:59.999999Z", 422),
        ("/audit/events?from=2026-11-25&to=2026-11-24", 422),
        (f"/audit/accounts/{TARO}?as_of=9999-12-31T23:59:59.999999Z", 422),
    ],
)
def test_what_is_not_there_or_cannot_be_meant_is_said_and_not_recorded(
    house: House, auditor: Browser, project: Project, path: str, status: int
) -> None:
    project()

    assert auditor.open(path).status_code == status
    assert readings(house) == []


def test_a_long_story_goes_on_on_further_pages(
    house: House, auditor: Browser, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.audit_timelines.SHOWN", 2)
    house.fail(5)
    project()

    auditor.open(f"/audit/accounts/{TARO}")
    told = events(auditor.page)
    while more := [link.href for link in auditor.page.links if link.text == "さらに前の記録へ"]:
        auditor.open(more[0])
        told += events(auditor.page)

    assert told[:5] == [("9:00:00", "パスワードの誤り")] * 5
    assert told[-1] == ("9:00:00", "ユーザーを登録")


# ---- all facts


def test_the_list_is_filtered_by_what_is_typed(locked: Browser) -> None:
    locked.open("/audit/events")

    locked.submit(
        "/audit/events", subject=TARO, kind="AccountLocked", **{"from": "2026-11-24", "to": "2026-11-25 00:00"}
    )

    assert kinds(locked.page) == ["ロック"]
    (row,) = rows(locked.page)
    assert "2026年11月24日(火) 10:10:00" in row.text
    assert "2026-11-24T01:10:00Z" in row.text
    assert f"/audit/accounts/{TARO}" in [link.href for link in locked.page.links]


def test_a_serial_leads_to_the_certificates_story(house: House, locked: Browser) -> None:
    serial = str(house.certificate().serial)

    locked.open(f"/audit/events?subject={serial.lower().lstrip('0')}")

    assert f"/audit/certificates/{serial}" in [link.href for link in locked.page.links]


def test_a_serial_without_its_leading_zeros_has_the_same_story(
    house: House, auditor: Browser, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cryptography.x509.random_serial_number", lambda: 0x0A << 152)
    house.issue()
    project()
    serial = str(house.certificate().serial)

    auditor.open(f"/audit/certificates/{serial.lstrip('0')}")

    assert [kind for _, kind in events(auditor.page)][-1] == "電子証明書の発行を計画"
    (reading,) = readings(house)
    assert isinstance(reading, HistoryRead)
    assert reading.asked == {"subject": serial}
    auditor.open(f"/audit/events?subject={serial.lstrip('0')}")
    assert len(rows(auditor.page)) > 1


def test_all_facts_come_as_csv(house: House, locked: Browser) -> None:
    found = csv_rows(locked.open("/audit/events?format=csv&kind=PasswordFailed"))

    assert [row["対象"] for row in found] == [TARO] * 6
    assert {row["日時(日本時間)"] for row in found} == {"2026-11-24 10:10:00"}
    assert {row["内容"] for row in found} == {'{"entry":"issuance"}'}


def test_the_first_page_shows_what_happened_last(locked: Browser) -> None:
    locked.open("/audit")

    assert locked.page.h1 == "監査"
    assert events(locked.page)[0] == ("10:30:00", "ログイン")
    assert ("10:20:00", "ロックを解除") in events(locked.page)


def test_a_fact_that_somebody_took_away_is_told_as_gone(house: House, locked: Browser, owner: object) -> None:
    owner.execute("delete from stored_events where topic = 'user-account.locked.1'")  # type: ignore[attr-defined]

    locked.open("/audit/events?kind=AccountLocked")

    assert "この記録は失われたか、書き換えられています" in locked.page.main


# ---- who, and what is recorded


def test_reading_is_recorded_with_what_was_asked(house: House, locked: Browser) -> None:
    locked.open("/audit")
    locked.open(f"/audit/events?subject={TARO}&kind=&format=csv")
    locked.open(f"/audit/accounts/{TARO}?as_of=2026-11-24T10:15")

    at = house.clock()
    assert readings(house) == [
        HistoryRead(at=at, by=AUDITOR, what="/audit", asked={}),
        HistoryRead(at=at, by=AUDITOR, what="/audit/events", asked={"subject": TARO, "format": "csv"}),
        HistoryRead(
            at=at,
            by=AUDITOR,
            what="/audit/accounts/{user_id}",
            asked={"subject": TARO},
            as_of=NINE + HOUR + 15 * MINUTE,
        ),
    ]


def test_who_was_read_about_has_it_in_the_own_story(locked: Browser, project: Project) -> None:
    locked.open(f"/audit/accounts/{TARO}")
    project()

    locked.open(f"/audit/accounts/{TARO}")

    assert events(locked.page)[0][1] == "記録を閲覧"


@pytest.mark.parametrize("path", ["/audit", "/audit/events", f"/audit/accounts/{TARO}"])
def test_bank_admins_may_not_read_here(house: House, admin: Browser, project: Project, path: str) -> None:
    project()

    assert admin.open(path).status_code == 403
    assert readings(house) == []


def test_a_renewal_stands_in_both_certificates_story(house: House, auditor: Browser, project: Project) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    house.issue()
    house.log_in(2)
    auditor.log_in(AUDITOR)
    project()
    first, second = (str(house.certificate(number).serial) for number in (1, 2))

    auditor.open(f"/audit/events?subject={first}&kind=CertificateRevoked")
    assert kinds(auditor.page) == ["電子証明書を失効"]
    auditor.open(f"/audit/events?subject={second}&kind=LoggedIn")

    assert kinds(auditor.page) == ["ログイン"]


# ---- words


def test_every_kind_of_fact_has_words_of_its_own() -> None:
    page = Page(SAMPLES["audit-events-none"].html(Pages(SERVICE, demo=False)))

    (select,) = page.root.all("select")
    words = {option.attributes["value"]: option.text for option in select.all("option")}
    assert set(words) == {"", *(kind.__name__ for kind in domain_facts())}
    assert len(set(words.values())) == len(words)
