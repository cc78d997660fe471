"""The pages as screens.md promises them: titles, fields, buttons, paths; days and hours as people read them."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import cache

import pytest
from jinja2 import UndefinedError

from tests.support.html import Page
from tests.web.samples import (
    MAIL_ID,
    NOW,
    SAMPLES,
    SERVICE,
    TOKEN,
    Sample,
    home,
)
from web.dates import day, day_and_weekday, hour, instant, month_and_day
from web.pages import Pages, serial_groups

PAGES = Pages(SERVICE, demo=True)
LIVE = Pages(SERVICE, demo=False)
TITLES = {
    "entrance.html": "ログイン画面",
    "login.html": "ログイン",
    "certificate_refused.html": "ログイン",
    "registration_login.html": "マスターユーザー初期登録ログイン",
    "registration_profile.html": "マスターユーザー初期登録",
    "registration_confirm.html": "マスターユーザー初期登録確認",
    "registration_done.html": "マスターユーザー初期登録完了",
    "issuance.html": "電子証明書発行 ユーザー認証",
    "confirm.html": "電子証明書発行",
    "progress.html": "電子証明書発行中",
    "result.html": "電子証明書発行結果",
    "closed.html": "電子証明書発行終了",
    "home.html": "ホーム",
    "password.html": "パスワード変更",
    "mailbox.html": "メールボックス",
}
CONSOLE = re.compile(
    r"/bank(/(organizations|accounts|certificates|mails|approvals)(/[\w-]+(/[a-z]+)?)?)?|/users(/\w+(/[a-z]+)?)?"
    r"|/audit(/(events|export|proofs(/(\d+\.(txt|json)|log\.pem))?|(accounts|certificates|views)/\w+))?"
)
HELP = {
    "/help": "help",
    "/help/issue": "help_issue",
    "/help/trouble": "help_trouble",
    "/help/edge": "help_edge",
    "/help/ie-mode": "help_ie_mode",
    "/help/import": "help_import",
    "/help/check": "help_check",
    "/help/contact": "help_contact-open",
}
every_sample = pytest.mark.parametrize("name", SAMPLES)


def page_of(sample: Sample) -> Page:
    return parsed(sample.html(PAGES))


parsed = cache(Page)  # nearly every test looks at every sample


def help_places() -> Iterator[str]:
    yield "/help/check/file"
    for path, name in HELP.items():
        yield path
        for element in page_of(SAMPLES[name]).root.walk():
            if "id" in element.attributes:
                yield f"{path}#{element.attributes['id']}"


HELP_PLACES = set(help_places())


@every_sample
def test_every_page_is_titled_and_headed_alike(name: str) -> None:
    page = page_of(SAMPLES[name])

    assert page.title == f"{page.h1} | サンプル労働金庫 証明書サービス"
    assert page.h1 == TITLES.get(SAMPLES[name].template, page.h1)


@every_sample
def test_every_form_posts_with_its_token_to_a_path_of_the_contract(name: str) -> None:
    page = page_of(SAMPLES[name])

    for form in page.forms:
        if CONSOLE.fullmatch(form.action) and form.method == "get":
            continue  # a list's filter, which changes nothing
        assert form.method == "post"
        assert form.fields["csrf_token"] == TOKEN
        assert CONSOLE.fullmatch(form.action) or form.action in {
            "/login",
            "/logout",
            "/issuance",
            "/issuance/confirm",
            "/issuance/cancel",
            "/issuance/code",
            "/issuance/close",
            "/home/password",
            "/home/email",
            "/registration/master",
            "/registration/master/profile",
            "/registration/master/confirm",
        }


@every_sample
def test_every_link_leads_to_a_page_that_exists(name: str) -> None:
    page = page_of(SAMPLES[name])

    ids = {element.attributes["id"] for element in page.root.walk() if "id" in element.attributes}
    paths = {
        "/",
        "/login",
        "/issuance",
        "/registration/master",
        "/home",
        "/home/password",
        "/home/email",
        "/home/history",
    }
    within = {
        "",  # the same page in the other language
        "/registration/master/profile",
        "/issuance/code",
        "/issuance/progress",
        "/issuance/result",
        "/issuance/p12",
        "/dev/mailbox",
        f"/dev/mailbox/{MAIL_ID}",
    }
    asked = {link.href.partition("?")[0] for link in page.links if not link.href.startswith("/help")}
    assert {path for path in asked if not CONSOLE.fullmatch(path)} <= paths | within | {f"#{name}" for name in ids}


@every_sample
def test_every_link_to_help_leads_to_the_place_that_it_names(name: str) -> None:
    asked = {link.href for link in page_of(SAMPLES[name]).links if link.href.startswith("/help")}

    assert asked <= HELP_PLACES


@pytest.mark.parametrize(
    ("name", "action", "fields", "buttons"),
    [
        ("login", "/login", {"user_id": "", "password": ""}, ["ログイン"]),
        ("login-wrong_password", "/login", {"user_id": "sato2001", "password": ""}, ["ログイン"]),
        ("issuance", "/issuance", {"user_id": "", "password": ""}, ["認証"]),
        ("issuance-refused", "/issuance", {"user_id": "sato2001", "password": ""}, ["認証"]),
        ("code", "/issuance/code", {"code": "", "ticket": "0" * 64}, ["確認", "キャンセル"]),
        ("email", "/home/email", {"current_password": "", "email": "", "email_again": ""}, ["変更する"]),
        ("confirm", "/issuance/confirm", {"ticket": "ticket-1"}, ["発行"]),
        ("confirm", "/issuance/cancel", {"ticket": "ticket-1"}, ["キャンセル"]),
        ("progress-failed", "/issuance/confirm", {"ticket": "ticket-1"}, ["発行"]),
        ("progress-failed", "/issuance/cancel", {"ticket": "ticket-1"}, ["キャンセル"]),
        ("result", "/issuance/close", {}, ["閉じる"]),
        ("registration", "/registration/master", {"organization_code": "", "initial_password": ""}, ["ログイン"]),
        (
            "registration-profile-back",
            "/registration/master/profile",
            {
                "registration": "registration-1",
                "name": "鈴木 花子",
                "email": "h-suzuki@example.invalid",
                "email_again": "h-suzuki@example.invalid",
                "user_id": "suzuki77",
                "password": "",
                "password_again": "",
            },
            ["次へ", "キャンセル"],
        ),
        (
            "registration-confirm",
            "/registration/master/confirm",
            {"registration": "registration-1", "profile": "tag-1"},
            ["登録"],
        ),
        (
            "password",
            "/home/password",
            {"current_password": "", "password": "", "password_again": ""},
            ["変更する"],
        ),
        ("home-21", "/logout", {}, ["ログアウト"]),
    ],
)
def test_a_form_has_the_fields_and_buttons_of_the_contract(
    name: str, action: str, fields: dict[str, str], buttons: list[str]
) -> None:
    form = page_of(SAMPLES[name]).form(action)

    assert form.fields == {"csrf_token": TOKEN, **fields}
    assert form.buttons == buttons


def test_the_entrance_has_the_four_buttons_of_the_manual() -> None:
    links = {link.text: link.href for link in page_of(SAMPLES["entrance"]).links}

    assert links["ログイン"] == "/login"
    assert links["マスターユーザーの初期登録"] == "/registration/master"
    assert links["一般ユーザーの初期登録"] == "/issuance"
    assert links["電子証明書発行"] == "/issuance"


def test_the_wait_page_asks_again_every_two_seconds_until_a_failure() -> None:
    assert page_of(SAMPLES["progress"]).refresh == "2"
    assert page_of(SAMPLES["progress"]).forms == []
    assert page_of(SAMPLES["progress-failed"]).refresh is None


def test_the_download_starts_by_itself_only_where_asked() -> None:
    assert page_of(SAMPLES["result-download"]).refresh == "1; url=/issuance/p12"
    assert page_of(SAMPLES["result"]).refresh is None


@pytest.mark.parametrize(
    ("name", "step"),
    [("entrance", 3), ("issuance", 4), ("confirm", 5), ("progress", 6), ("result", 7), ("closed", None)],
)
def test_the_step_line_marks_the_present_step(name: str, step: int | None) -> None:
    (line,) = (nav for nav in page_of(SAMPLES[name]).root.all("nav") if nav.attributes["class"] == "steps")

    items = line.all("li")
    now = [number for number, item in enumerate(items, 1) if item.attributes.get("aria-current") == "step"]
    assert len(items) == 8
    assert now == ([step] if step else [])


@pytest.mark.parametrize(("days_left", "may"), [(0, True), (30, True), (31, False)])
def test_home_offers_renewal_from_thirty_days_before_the_end(days_left: int, may: bool) -> None:
    links = page_of(home(days_left)).links

    assert ("更新する" in {link.text for link in links}) is may


def test_until_the_password_is_changed_only_its_page_and_log_out_are_offered() -> None:
    page = page_of(SAMPLES["password-forced"])

    assert {link.href for link in page.links} == {"/", "/help", "/help/contact", "/home/password", "#main", "?lang=en"}
    assert {form.action for form in page.forms} == {"/logout", "/home/password"}


@every_sample
def test_every_page_says_that_it_is_a_demo_only_where_it_is(name: str) -> None:
    live = Page(SAMPLES[name].html(LIVE))

    assert "デモ環境" in page_of(SAMPLES[name]).text
    assert "デモ環境" not in live.text


def test_what_a_person_typed_is_escaped() -> None:
    typed = '"><script>alert(1)</script>'

    html = Sample("issuance.html", {"user_id": typed, "faults": {}, "refused": True}).html(PAGES)

    assert "<script>" not in html
    assert Page(html).form("/issuance").fields["user_id"] == typed


def test_a_page_without_all_it_needs_is_a_bug_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        PAGES.render("result.html", csrf_token=TOKEN)


def test_status_and_headers_are_the_answers_own() -> None:
    answer = PAGES.render("closed.html", status=503, csrf_token=TOKEN, headers={"Retry-After": "5"})

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_days_and_hours_are_japanese() -> None:
    before_midnight = datetime(2026, 11, 26, 14, 59, 59, tzinfo=UTC)
    midnight = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)

    assert instant(before_midnight) == "2026年11月26日(木) 23:59"
    assert instant(midnight) == "2026年11月27日(金) 0:00"
    assert day(midnight) == "2026年11月27日"
    assert month_and_day(midnight) == "11月27日"


def test_a_plain_day_is_shown_as_it_is() -> None:
    leap_day = date(2028, 2, 29)

    assert day_and_weekday(leap_day) == "2028年2月29日(火)"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        hour(NOW.replace(tzinfo=None))


def test_a_serial_is_read_in_groups_of_four() -> None:
    assert serial_groups("5F3A91C07E2") == "5F3A 91C0 7E2"
