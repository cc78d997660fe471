"""What pages are told beside the decision itself: who is there, which day is the last, whose house it is (R5, R6)."""

from datetime import date

import pytest

from domain.errors import NotFound, SessionEnded
from domain.fact import COMMAND_LINE
from tests.support.house import BANK, RENEWAL, RIGHT, TARO, House

STAFF = "bank0001"


@pytest.fixture
def inhabited(house: House) -> House:
    house.staff(STAFF)
    return house


def test_a_page_that_needs_no_session_knows_who_has_one(inhabited: House) -> None:
    inhabited.issue()
    cookie = inhabited.log_in()
    shown, now = inhabited.fingerprint(), inhabited.clock()

    visitor_id = inhabited.desk.sessions.visitor_id

    assert visitor_id(cookie, shown, now) == TARO
    assert visitor_id(None, shown, now) is None
    assert visitor_id(cookie, None, now) is None


def test_who_has_logged_out_is_told_so(inhabited: House) -> None:
    inhabited.issue()
    cookie = inhabited.log_in()
    sessions, shown, now = inhabited.desk.sessions, inhabited.fingerprint(), inhabited.clock()

    sessions.log_out(cookie, now)

    with pytest.raises(SessionEnded) as refusal:
        sessions.visitor(cookie, shown, now)
    assert refusal.value.reason == "logged_out"


def test_the_result_tells_the_last_day(inhabited: House) -> None:
    cookie = inhabited.issue()

    outcome = inhabited.desk.delivery.outcome(cookie, inhabited.clock())

    assert outcome.validity.last_day == date(2027, 11, 24)


def test_the_house_of_staff_is_the_bank(inhabited: House) -> None:
    inhabited.desk.certification.issue_to_file(STAFF, RIGHT, COMMAND_LINE, inhabited.clock())
    inhabited.clock.set(RENEWAL)
    issuance, now = inhabited.desk.issuance, inhabited.clock()
    cookie = issuance.authenticate(STAFF, RIGHT, now, visitor=STAFF).cookie

    name, _ = issuance.proposal(issuance.ticket(cookie, now), now)
    assert inhabited.start(cookie)
    inhabited.work(cookie)

    assert name == BANK
    assert inhabited.desk.delivery.outcome(cookie, now).organization_name == BANK


def test_a_serial_that_is_none_of_ours_is_said_to_be_one_of_a_certificate(inhabited: House) -> None:
    with pytest.raises(NotFound) as refusal:
        inhabited.desk.revocation.revoke_serial("F00D", "lost", COMMAND_LINE, inhabited.clock())

    assert str(refusal.value) == "certificate"
