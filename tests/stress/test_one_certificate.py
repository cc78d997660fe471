"""発行 pressed 32 times at once, in two browsers or tabs, over two processes, and once more (measure Q2, R4.6)."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import httpx2
import pytest

from tests.support.crowd import together
from tests.support.fleet import Fleet, Process, Visitor
from tests.support.guest import Guest, opened
from tests.support.house import RIGHT, House
from tests.support.stress_table import record

PRESSES = 32
ROUNDS = 20  # in the long form
CONFIRM = "/issuance/confirm"
COMMAND = "make stress"


@pytest.fixture
def web(fleet: Fleet, house: House) -> list[Process]:
    house.clock.set(datetime.now(UTC))
    house.organization()
    return fleet.web(2)


def windows(fleet: Fleet, web: Sequence[Process], browser: Visitor) -> list[Guest]:
    """Half of the presses, each in a window of that browser, at both processes in turn."""
    cookies = browser.client.cookies
    return [Guest(web[at % 2], fleet.root, CONFIRM, cookies=cookies) for at in range(PRESSES // 2)]


def answers_of(outcomes: Sequence[object]) -> list[tuple[int, str | None]]:
    """Status, and where it leads; 0 for no answer."""
    return [
        (answer.status_code, answer.headers.get("location")) if isinstance(answer, httpx2.Response) else (0, None)
        for answer in outcomes
    ]


def test_of_32_presses_in_two_browsers_one_certificate_comes(
    fleet: Fleet, house: House, web: list[Process], long: bool
) -> None:
    rounds = ROUNDS if long else 2
    statuses = Counter[int]()

    for number in range(1, rounds + 1):
        user_id = f"taro{number:04}"
        house.one_of_many(user_id)
        with fleet.visitor(web[0]) as one, fleet.visitor(web[1]) as other:
            for browser in (one, other):
                assert browser.authenticate(user_id, RIGHT).status_code == 303
            with opened([*windows(fleet, web, one), *windows(fleet, web, other)]) as crowd:
                answers = answers_of(together([guest.send for guest in crowd]))
            first, second = set(answers[: PRESSES // 2]), set(answers[PRESSES // 2 :])
            winner = one if first == {(303, "/issuance/progress")} else other
            result = winner.wait_for_the_result()
            p12 = winner.get("/issuance/p12")

        assert {frozenset(first), frozenset(second)} == {
            frozenset({(303, "/issuance/progress")}),
            frozenset({(409, None)}),
        }
        assert (result.status_code, result.headers["location"], p12.status_code) == (303, "/issuance/result", 200)
        assert (house.count("IssuanceStarted"), house.count("CertificateIssued")) == (number, number)
        statuses.update(status for status, _ in answers)

    assert house.count("CertificatePlanned") == rounds
    record(
        "Q2",
        f"{PRESSES} presses of 発行 at once for one user, 2 browsers, 2 processes, {rounds} users",
        f"{house.count('CertificateIssued')} certificates for {rounds} users; answers 303 to the wait: {statuses[303]},"
        f" 409: {statuses[409]}, others: {statuses.total() - statuses[303] - statuses[409]}",
        COMMAND,
    )


def test_of_two_tabs_the_last_one_authenticated_issues_and_back_and_reload_issue_nothing_more(
    fleet: Fleet, house: House, web: list[Process]
) -> None:
    house.user()
    with fleet.visitor(web[0]) as browser:
        browser.authenticate("taro0001", RIGHT)
        with opened(windows(fleet, web, browser)) as first_tab:
            browser.at(web[1]).authenticate("taro0001", RIGHT)
            with opened(windows(fleet, web, browser)) as second_tab:
                for guest in first_tab:
                    guest.client.cookies = browser.client.cookies  # one browser: all its tabs send the newest ticket
                pressed = answers_of(together([guest.send for guest in [*first_tab, *second_tab]]))
                browser.wait_for_the_result()
                back = answers_of(together([guest.send for guest in second_tab]))
                reloaded = {browser.at(process).get("/issuance/result").status_code for process in web}
                confirm = browser.get(CONFIRM)

    assert set(pressed[: PRESSES // 2]) == {(409, None)}
    assert set(pressed[PRESSES // 2 :]) == {(303, "/issuance/progress")}
    assert set(back) == {(303, "/issuance/progress")}
    assert (reloaded, confirm.status_code, confirm.headers["location"]) == ({200}, 303, "/issuance/progress")
    assert (house.count("IssuanceStarted"), house.count("CertificateIssued")) == (1, 1)


def test_presses_and_cancels_at_once_end_in_a_certificate_or_in_none(
    fleet: Fleet, house: House, web: list[Process], long: bool
) -> None:
    rounds = ROUNDS if long else 2
    issued = 0

    for number in range(1, rounds + 1):
        user_id = f"jiro{number:04}"
        house.one_of_many(user_id)
        with fleet.visitor(web[0]) as browser:
            browser.authenticate(user_id, RIGHT)
            with opened(windows(fleet, web, browser)) as pressing, opened(windows(fleet, web, browser)) as cancelling:
                for guest in cancelling:
                    guest.path = "/issuance/cancel"
                answers = answers_of(together([guest.send for guest in [*pressing, *cancelling]]))
            end = browser.wait_for_the_result()

        # Without a ticket any more, 409; else on to the wait, also for who cancels what has begun.
        assert set(answers) <= {(303, "/issuance/progress"), (303, "/"), (409, None)}
        came = end.headers.get("location") == "/issuance/result"
        assert came == ((303, "/") not in answers)
        issued += came
        assert (house.count("IssuanceStarted"), house.count("CertificateIssued")) == (issued, issued)

    record(
        "Q2-cancel",
        f"{PRESSES // 2} presses of 発行 and as many of キャンセル at once for one user, 2 processes, {rounds} users",
        f"{issued} certificates, {rounds - issued} cancelled with nothing begun",
        COMMAND,
    )
