"""What the first page inside tells (R6.2)."""

from application.ports import Contact
from domain.fact import COMMAND_LINE
from tests.support.accounts import MINUTE
from tests.support.house import NINE, RENEWAL, RIGHT, House


def test_home_tells_the_log_in_before_and_the_failures_since(house: House) -> None:
    house.issue()
    house.log_in()
    house.clock.advance(MINUTE)
    house.fail(2)
    house.clock.advance(MINUTE)
    session = house.log_in()

    visitor = house.desk.sessions.visitor(session, house.fingerprint(), house.clock())
    home = house.desk.accounts.home(visitor)

    assert (home.last_login, home.failures_since) == (NINE, 2)
    assert (home.account, home.renewed) == (house.account(), False)
    assert (home.organization_name, home.person) == ("見本商事株式会社", Contact("見本 太郎", "taro@example.com"))


def test_home_tells_all_failures_before_the_first_log_in(house: House) -> None:
    house.issue()
    house.fail(3)
    session = house.log_in()

    home = house.desk.accounts.home(house.desk.sessions.visitor(session, house.fingerprint(), NINE))

    assert (home.last_login, home.failures_since) == (None, 3)


def test_a_failure_at_the_instant_of_the_log_in_before_is_not_since_then(house: House) -> None:
    house.issue()
    house.fail(1)
    house.log_in()
    house.clock.advance(MINUTE)
    session = house.log_in()

    home = house.desk.accounts.home(house.desk.sessions.visitor(session, house.fingerprint(), house.clock()))

    assert (home.last_login, home.failures_since) == (NINE, 0)


def test_home_tells_of_a_later_certificate_that_waits(house: House) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    house.issue()
    session = house.log_in()

    home = house.desk.accounts.home(house.desk.sessions.visitor(session, house.fingerprint(), RENEWAL))

    assert home.renewed


def test_home_of_a_member_of_staff_names_no_organization(house: House) -> None:
    house.staff()
    house.desk.certification.issue_to_file("bank0001", RIGHT, COMMAND_LINE, NINE)
    session = house.log_in(user_id="bank0001")

    visitor = house.desk.sessions.visitor(session, house.fingerprint(user_id="bank0001"), NINE)

    assert house.desk.accounts.home(visitor).organization_name is None
