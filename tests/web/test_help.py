"""The help pages: open to everybody, what they tell of the visitor, the helpdesk's hours (manual 4 and 別紙1; R11)."""

from datetime import UTC, datetime

import pytest

from tests.support.browser import UNUSABLE, Browser, Server, certificate_of, serving
from tests.support.house import House
from web.help import FILE, PICTURE

EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
EDGE += " Edg/142.0.0.0"
IE_MODE = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"
OLD_IE = "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
PAGES = (
    "/help",
    "/help/issue",
    "/help/trouble",
    "/help/edge",
    "/help/ie-mode",
    "/help/import",
    "/help/check",
    "/help/contact",
)


def outcomes(browser: Browser, row: str) -> list[str]:
    """The names of what is shown in that row of the self-check."""
    (place,) = (each for each in browser.page.root.all("tr") if each.attributes.get("id") == f"check-{row}")
    parts = [each for each in place.walk() if "data-when" in each.attributes and "hidden" not in each.attributes]
    return [each.text.strip() for each in parts]


def at(house: House, year: int, month: int, day: int, hour: int, minute: int = 0, second: int = 0) -> None:
    """`hour` is one of Japan's day."""
    now = datetime(year, month, day, tzinfo=UTC).timestamp() + (hour - 9) * 3600 + minute * 60 + second
    house.clock.set(datetime.fromtimestamp(now, UTC))


@pytest.mark.parametrize("path", PAGES)
def test_help_is_open_to_everybody_and_shows_nobody_in_the_head(browser: Browser, path: str) -> None:
    answer = browser.open(path)

    assert answer.status_code == 200
    assert browser.page.forms == []


@pytest.mark.parametrize("path", PAGES)
def test_who_is_logged_in_keeps_the_head_and_the_session(house: House, server: Server, path: str) -> None:
    house.issue()
    browser = server.browser(certificate_of(house))
    browser.log_in()

    browser.open(path)

    assert "見本 太郎 様" in browser.page.text
    assert browser.open("/home").status_code == 200


@pytest.mark.parametrize("case", UNUSABLE)
def test_help_is_there_for_every_certificate_and_the_check_points_to_what_to_do(
    house: House, server: Server, case: str
) -> None:
    browser = server.browser(UNUSABLE[case](house))

    answer = browser.open("/help/check")

    assert answer.status_code == 200
    assert outcomes(browser, "certificate") == ["要確認"]


def test_a_live_certificate_is_good(house: House, server: Server) -> None:
    house.issue()
    browser = server.browser(certificate_of(house))

    browser.open("/help/check")

    assert outcomes(browser, "certificate") == ["良好"]
    assert "受け取った電子証明書:taro0001(2027年11月24日まで有効)" in browser.page.main


# ---- what a request tells of its browser


@pytest.mark.parametrize(
    ("user_agent", "browser_told", "windows_told"),
    [
        (EDGE, ["良好", "Microsoft Edge です。"], ["良好", "Windows 10 または Windows 11 です。"]),
        (IE_MODE, ["良好", "Microsoft Edge の IE モードです。"], ["良好", "Windows 10 または Windows 11 です。"]),
        (
            OLD_IE,
            ["良好", "Microsoft Edge の IE モードです。"],
            ["要確認", "古い Windows です。", "使える Windows"],
        ),
        (
            FIREFOX,
            ["要確認", "動作を確認していないブラウザです。", "使えるブラウザ"],
            ["要確認", "Windows ではありません。", "使える Windows"],
        ),
    ],
)
def test_the_browser_and_its_windows_are_told(
    server: Server, user_agent: str, browser_told: list[str], windows_told: list[str]
) -> None:
    browser = server.browser()
    browser.send("GET", "/help/check", headers={"user-agent": user_agent})

    assert outcomes(browser, "browser") == browser_told
    assert outcomes(browser, "windows") == windows_told


def test_without_a_script_the_page_says_so_and_asks_nothing_that_it_could_not_hear(browser: Browser) -> None:
    browser.open("/help/check")

    assert outcomes(browser, "script")[:2] == ["要確認", "動いていません。"]
    assert outcomes(browser, "popup") == ["未確認", "JavaScript が動いていないため、調べられません。"]
    assert outcomes(browser, "download") == ["未確認", "JavaScript が動いていないため、調べられません。"]


def test_a_cookie_is_known_to_be_kept_at_the_second_request(browser: Browser) -> None:
    browser.open("/help/check")
    first = outcomes(browser, "cookie")[0]
    browser.open("/help/check")

    assert (first, outcomes(browser, "cookie")[0]) == ("未確認", "良好")


def test_the_picture_comes_only_with_our_cookie(server: Server) -> None:
    browser = server.browser()

    without = browser.open("/help/check/cookie")
    browser.open("/help/check")
    with_it = browser.open("/help/check/cookie")

    assert (without.status_code, without.content) == (204, b"")
    assert (with_it.status_code, with_it.content) == (200, PICTURE)
    assert with_it.headers["content-type"] == "image/gif"


def test_the_file_is_one_to_be_saved(browser: Browser) -> None:
    answer = browser.open("/help/check/file")

    assert answer.content == FILE
    assert answer.headers["content-disposition"] == 'attachment; filename="download-check.txt"'


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (["TLSv1.3"], ["良好", "TLS 1.3 でつながっています。"]),
        (["TLSv1.2"], ["良好", "TLS 1.2 でつながっています。"]),
        (["TLSv1.1"], ["要確認", "古い TLS でつながっています。", "TLS の設定"]),
        (["SSLv3"], ["不明", "サーバーからは分かりませんでした。"]),
        ([], ["不明", "サーバーからは分かりませんでした。"]),
        (["TLSv1.3", "TLSv1.3"], ["不明", "サーバーからは分かりませんでした。"]),
    ],
)
def test_behind_nginx_the_tls_version_is_what_nginx_says(house: House, told: list[str], shown: list[str]) -> None:
    with serving(house, behind_nginx=True) as server:
        browser = server.browser()
        headers = [("x-ssl-protocol", each) for each in told] + [("x-real-ip", "192.0.2.1")]
        browser.send("GET", "/help/check", headers=headers)

        assert outcomes(browser, "tls") == shown


def test_without_nginx_a_visitor_cannot_say_it_himself(browser: Browser) -> None:
    browser.send("GET", "/help/check", headers={"x-ssl-protocol": "TLSv1.3"})

    assert outcomes(browser, "tls") == ["不明", "サーバーからは分かりませんでした。"]


# ---- the helpdesk


@pytest.mark.parametrize(
    "moment",
    [
        (2026, 11, 26, 9, 0),  # a Thursday
        (2026, 11, 26, 17, 59, 59),
        (2026, 12, 30, 12),
        (2027, 1, 4, 12),
    ],
)
def test_the_helpdesk_is_open(house: House, browser: Browser, moment: tuple[int, ...]) -> None:
    at(house, *moment)

    browser.open("/help/contact")

    assert "受付中" in browser.page.main
    assert "本日は18:00まで受け付けています。" in browser.page.main


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ((2026, 11, 26, 8, 59, 59), "2026年11月26日(木) 9:00"),
        ((2026, 11, 26, 18, 0), "2026年11月27日(金) 9:00"),
        ((2026, 11, 27, 18, 0), "2026年11月30日(月) 9:00"),
        ((2026, 11, 28, 12), "2026年11月30日(月) 9:00"),  # a Saturday
        ((2026, 11, 29, 12), "2026年11月30日(月) 9:00"),  # a Sunday
        ((2026, 11, 23, 12), "2026年11月24日(火) 9:00"),  # a Monday, 勤労感謝の日
        ((2027, 3, 22, 12), "2027年3月23日(火) 9:00"),  # 春分の日 fell on the Sunday
        ((2026, 5, 6, 12), "2026年5月7日(木) 9:00"),  # in lieu of 憲法記念日, three days after it
        ((2026, 12, 31, 12), "2027年1月4日(月) 9:00"),
        ((2026, 12, 30, 18), "2027年1月4日(月) 9:00"),
        ((2029, 1, 3, 23, 59, 59), "2029年1月4日(木) 9:00"),
    ],
)
def test_the_helpdesk_is_closed_and_says_when_it_opens(
    house: House, browser: Browser, moment: tuple[int, ...], opening: str
) -> None:
    at(house, *moment)

    browser.open("/help/contact")

    assert "時間外" in browser.page.main
    assert f"次の受付は、{opening}からです。" in browser.page.main


def test_name_and_number_are_the_settings_and_what_is_not_the_helpdesks_goes_to_the_branch(browser: Browser) -> None:
    browser.open("/help/contact")

    assert "証明書サービス ヘルプデスク" in browser.page.main
    assert "0120-000-000" in browser.page.main
    assert "明細の内容についてお取引店へ" in browser.page.main
    assert "ご契約の内容の変更についてお取引店へ" in browser.page.main
