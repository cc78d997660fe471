"""The bank's lists as pages and as CSV (R9.1; screens.md, Behind login)."""

from collections.abc import Callable
from typing import get_args

import pytest

from domain.fact import COMMAND_LINE
from tests.support.browser import Browser
from tests.support.house import TARO, House
from tests.support.lists import csv_rows, first_cells
from web import lists
from web.api_queries import RESOURCES

LISTS = ("/bank/organizations", "/bank/accounts", "/bank/certificates", "/bank/mails")


Project = Callable[[], None]


def members(house: House, count: int) -> list[str]:
    names = [f"user{number:04}" for number in range(count)]
    for name in names:
        house.register(name)
    return names


@pytest.mark.parametrize("path", LISTS)
def test_an_empty_list_says_so(admin: Browser, project: Project, path: str) -> None:
    project()
    nobody = {"/bank/organizations": "code=NONE01"}.get(path, "user_id=nobody01")

    answer = admin.open(f"{path}?{nobody}")

    assert answer.status_code == 200
    assert admin.page.root.all("table") == []
    assert "ありません" in admin.page.main
    assert csv_rows(admin.open(f"{path}?{nobody}&format=csv")) == []


def test_a_list_is_read_page_by_page_each_row_once(
    house: House, admin: Browser, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "SHOWN", 3)
    names = [*members(house, 5), TARO, "bank0001"]
    project()
    seen = []

    admin.open("/bank/accounts")
    seen += first_cells(admin.page)
    while further := [link.href for link in admin.page.links if link.text == "次のページ"]:
        admin.open(further[0])
        seen += first_cells(admin.page)

    assert seen == sorted(names)
    assert "最初のページ" in admin.page.main


def test_a_csv_has_all_pages(house: House, admin: Browser, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "SENT", 2)
    names = [*members(house, 5), TARO, "bank0001"]
    project()

    answer = admin.open("/bank/accounts?format=csv")

    assert [row["ユーザーID"] for row in csv_rows(answer)] == sorted(names)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="accounts-20261124.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")


HEADS = {
    "/bank/organizations": {"団体コード": ("code", "-code"), "登録日": ("registered_at", "-registered_at")},
    "/bank/accounts": {
        "ユーザーID": ("user_id", "-user_id"),
        "団体": ("organization", "-organization"),
        "状態": ("locked_until", "-locked_until"),
    },
    "/bank/certificates": {
        "ユーザーID": ("user_id", "-user_id"),
        "開始日": ("not_before", "-not_before"),
        "有効期限": ("end", "-end"),
    },
    "/bank/mails": {"依頼の日時": ("oldest", "newest")},
}


@pytest.mark.parametrize(
    ("path", "head", "up", "down"),
    [(path, head, *sorts) for path, heads in HEADS.items() for head, sorts in heads.items()],
)
def test_a_columns_head_turns_the_order_round_and_says_which_it_is(
    house: House, admin: Browser, project: Project, path: str, head: str, up: str, down: str
) -> None:
    house.fail(6)
    project()
    seen = []

    for sort in (up, down):
        admin.open(f"{path}?sort={sort}")
        (column,) = [each for each in admin.page.root.all("th") if each.text.startswith(head)]
        (link,) = column.all("a")
        seen.append((column.attributes["aria-sort"], link.attributes["href"], link.text.partition("(")[2]))

    assert seen == [
        ("ascending", f"{path}?sort={down}", "いまは昇順、降順に並べ替える)"),
        ("descending", f"{path}?sort={up}", "いまは降順、昇順に並べ替える)"),
    ]
    assert len([each for each in admin.page.root.all("th") if "aria-sort" in each.attributes]) == 1


@pytest.mark.parametrize("path", LISTS)
def test_every_order_of_a_list_is_offered_by_a_head(path: str) -> None:
    (sorts,) = [
        get_args(resource.query.__annotations__["sort"])
        for resource in RESOURCES
        if resource.path.endswith({"/bank/accounts": "lock-status"}.get(path, path.rpartition("/")[2]))
    ]

    assert {sort for pair in HEADS[path].values() for sort in pair} == set(sorts)


def test_an_order_is_kept_by_pages_filters_and_the_csv(
    house: House, admin: Browser, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "SHOWN", 3)
    names = sorted([*members(house, 5), TARO, "bank0001"], reverse=True)
    project()

    admin.open("/bank/accounts?sort=-user_id")
    first, links = first_cells(admin.page), {link.text: link.href for link in admin.page.links}
    hidden = [
        field.attributes["value"]
        for field in admin.page.root.all("input")
        if field.attributes["name"] == "sort" and field.attributes["type"] == "hidden"
    ]
    sent = csv_rows(admin.open(links["CSVで保存"]))
    admin.open(links["次のページ"])

    assert first + first_cells(admin.page) == names[:6]
    assert [row["ユーザーID"] for row in sent] == names
    assert links["利用可能"] == "/bank/accounts?sort=-user_id&state=open"
    assert hidden == ["-user_id"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("query", ["sort=nothing", "sort=user_id&sort=user_id"])
def test_an_order_that_is_none_is_refused(admin: Browser, project: Project, path: str, query: str) -> None:
    project()

    assert admin.open(f"{path}?{query}").status_code == 422


def test_a_csv_keeps_to_the_filter(house: House, admin: Browser, project: Project) -> None:
    members(house, 2)
    house.fail(6)
    project()

    assert [row["ユーザーID"] for row in csv_rows(admin.open("/bank/accounts?state=locked&format=csv"))] == [TARO]
    assert len(csv_rows(admin.open("/bank/accounts?organization=acme01&format=csv"))) == 3


def test_what_nobody_filled_in_asks_for_nothing(house: House, admin: Browser, project: Project) -> None:
    project()

    answer = admin.open("/bank/accounts?user_id=&organization=")

    assert answer.status_code == 200
    assert first_cells(admin.page) == ["bank0001", TARO]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 3),
        ("state=live", 2),
        ("state=live&within=366", 0),
        ("state=expiring", 0),
        ("state=expiring&within=366", 2),
        ("state=unused", 1),
        ("state=revoked", 1),
        ("state=expired", 0),
        ("user_id=taro0001", 1),
        ("organization=acme01", 2),
    ],
)
def test_certificates_are_found_by_state_and_owner(
    house: House, admin: Browser, project: Project, query: str, found: int
) -> None:
    house.user("jiro0002")
    house.issue()
    house.issue("jiro0002")
    house.desk.revocation.revoke_user("jiro0002", "lost", COMMAND_LINE, house.clock())
    project()

    admin.open(f"/bank/certificates?{query}")

    assert len(first_cells(admin.page)) == found
    assert len(csv_rows(admin.open(f"/bank/certificates?format=csv&{query}"))) == found


def test_mails_are_listed_with_what_became_of_them(house: House, admin: Browser, project: Project) -> None:
    house.fail(6)
    project()

    (row,) = csv_rows(admin.open(f"/bank/mails?user_id={TARO}&format=csv"))
    admin.open("/bank/mails?state=waiting")

    assert (row["種類"], row["ユーザーID"], row["状態"]) == ("locked", TARO, "waiting")
    assert row["依頼の日時"] == "2026-11-24 09:00:00"
    assert "ロックのお知らせ" in admin.page.main
    assert "送信待ち" in admin.page.main


def test_organizations_are_listed_with_master_and_users(house: House, admin: Browser, project: Project) -> None:
    house.desk.accounts.register(
        "hanako01", "master", "ACME01", "見本 花子", "hanako@example.com", COMMAND_LINE, house.clock()
    )
    project()

    (row,) = csv_rows(admin.open("/bank/organizations?format=csv"))
    admin.open("/bank/organizations?code=acme01")

    assert (row["団体コード"], row["団体名"]) == ("ACME01", "見本商事株式会社")
    assert (row["マスターユーザー"], row["一般ユーザー数"]) == ("hanako01", "1")
    assert first_cells(admin.page) == ["ACME01"]


def test_no_name_or_mail_address_of_a_person_stands_in_a_csv(house: House, admin: Browser, project: Project) -> None:
    house.fail(6)
    project()

    sent = [admin.open(f"{path}?format=csv").text for path in ("/bank", *LISTS)]

    assert not [text for text in sent if "見本 太郎" in text or "@" in text]
