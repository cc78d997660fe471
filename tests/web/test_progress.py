"""Step ⑥: the wait page, which works without script, and exactly one certificate whatever happens (manual ⑥; R4.6)."""

from datetime import timedelta
from threading import Event

from application.ports import ProfileViolation, Unavailable
from domain.policy import ISSUANCE_LIMIT
from tests.support.browser import Browser, Server
from tests.support.house import House

MILLISECOND = timedelta(milliseconds=1)
SECOND = timedelta(seconds=1)


def test_the_wait_is_a_page_that_asks_again_every_two_seconds(server: Server, browser: Browser, slow: Event) -> None:
    browser.authenticate()
    browser.follow()
    browser.submit("/issuance/confirm")

    answer = browser.follow()

    assert answer.status_code == 200
    assert browser.page.title.startswith("電子証明書発行中")
    assert "⑥ 発行中" in browser.page.text
    assert "数十秒かかることがあります" in browser.page.main
    assert browser.page.refresh == "2"
    assert browser.page.forms == []
    slow.set()
    server.finish_work()
    done = browser.open("/issuance/progress")
    assert (done.status_code, done.headers["location"]) == (303, "/issuance/result")


def test_a_double_click_gets_the_same_answer_and_one_certificate(
    house: House, server: Server, browser: Browser, slow: Event
) -> None:
    browser.authenticate()
    browser.follow()
    fields = browser.page.form("/issuance/confirm").fields
    first = browser.post("/issuance/confirm", **fields)

    while_it_runs = browser.post("/issuance/confirm", **fields)
    slow.set()
    server.finish_work()
    afterwards = browser.post("/issuance/confirm", **fields)
    server.finish_work()

    answers = [(each.status_code, each.headers["location"]) for each in (first, while_it_runs, afterwards)]
    assert answers == [(303, "/issuance/progress")] * 3
    assert house.count("IssuanceStarted") == house.count("CertificatePlanned") == house.count("CertificateIssued") == 1


def test_the_back_button_leads_on_to_the_wait(server: Server, browser: Browser, slow: Event) -> None:
    browser.authenticate()
    browser.follow()
    browser.submit("/issuance/confirm")

    answer = browser.open("/issuance/confirm")

    assert (answer.status_code, answer.headers["location"]) == (303, "/issuance/progress")
    slow.set()
    server.finish_work()


def test_before_the_button_there_is_nothing_to_wait_for(browser: Browser) -> None:
    without = browser.open("/issuance/progress").status_code
    browser.authenticate()

    answer = browser.open("/issuance/progress")

    assert without == 409
    assert (answer.status_code, answer.headers["location"]) == (303, "/issuance/confirm")


def test_what_took_longer_than_ten_minutes_says_so(house: House, server: Server, browser: Browser) -> None:
    """Its last sign of life came in the middle, so that the browser's ticket still lives."""
    for step in ("key", "sign"):
        house.between.at(step, lambda: house.clock.advance(ISSUANCE_LIMIT / 2))
    browser.authenticate()
    browser.follow()
    browser.submit("/issuance/confirm")
    server.finish_work()

    browser.follow()

    assert "10分以内に終わらなかったため" in browser.page.main
    assert browser.page.form("/issuance/confirm").buttons == ["発行"]
    assert house.count("CertificateIssued") == 0


def test_what_failed_says_so_and_may_be_begun_again(house: House, server: Server, browser: Browser) -> None:
    house.between.fails_at("sign", ProfileViolation("a rule of the profile"))
    browser.authenticate()
    browser.follow()
    browser.submit("/issuance/confirm")
    server.finish_work()

    failed = browser.follow()

    assert failed.status_code == 200
    assert "電子証明書を発行できませんでした" in browser.page.main
    assert "a rule of the profile" not in failed.text
    assert browser.page.refresh is None
    assert browser.page.form("/issuance/cancel").buttons == ["キャンセル"]
    assert house.count("CertificateIssued") == 0
    again = browser.submit("/issuance/confirm")
    server.finish_work()
    assert (again.status_code, again.headers["location"]) == (303, "/issuance/progress")
    assert browser.follow().headers["location"] == "/issuance/result"
    assert house.count("CertificateIssued") == 1


def test_what_failed_may_be_cancelled(house: House, server: Server, browser: Browser) -> None:
    house.between.fails_at("sign", ProfileViolation("a rule of the profile"))
    browser.authenticate()
    browser.follow()
    browser.submit("/issuance/confirm")
    server.finish_work()
    browser.follow()

    answer = browser.submit("/issuance/cancel")

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.open("/issuance/progress").status_code == 409


def test_a_job_silent_for_twenty_seconds_is_taken_over_by_whoever_asks(
    house: House, server: Server, browser: Browser
) -> None:
    house.between.fails_at("sign", Unavailable("as if the process had died"))
    browser.authenticate()
    browser.follow()
    browser.submit("/issuance/confirm")
    server.finish_work()
    house.clock.advance(20 * SECOND - MILLISECOND)
    too_early = browser.follow()
    server.finish_work()
    before = house.count("CertificateIssued")

    house.clock.advance(MILLISECOND)
    taken_over = browser.open("/issuance/progress")
    server.finish_work()

    assert (too_early.status_code, before) == (200, 0)
    assert taken_over.status_code == 200
    assert browser.open("/issuance/progress").headers["location"] == "/issuance/result"
    assert house.count("IssuanceStarted") == house.count("CertificateIssued") == 1
