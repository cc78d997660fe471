"""One session per user, bound to the certificate and judged at every request; the password changed in it (R6.3)."""

from datetime import timedelta

import pytest

from application.sessions import SEEN_STEP
from domain.credentials import account_stream
from domain.errors import (
    AccountIsLocked,
    ChangeDue,
    InvalidInput,
    NoSession,
    NotPermitted,
    SessionEnded,
    WrongPassword,
)
from domain.fact import COMMAND_LINE
from domain.policy import SESSION_IDLE
from domain.user_account_facts import STAFF
from tests.support.accounts import HOUR, MILLISECOND, MINUTE, SECOND
from tests.support.house import NINE, OVER, RIGHT, TARO, WRONG, House

BANK_ADMIN = "bank0001"


@pytest.fixture
def house(house: House) -> House:
    """The user has a certificate, issued at nine."""
    house.issue()
    house.passwords.checked.clear()
    return house


def visit(house: House, session: str, number: int = 1) -> str:
    return house.desk.sessions.visitor(session, house.fingerprint(number), house.clock()).user_id


# ---- the session


def test_a_later_log_in_ends_the_earlier_session_and_knows_it(house: House) -> None:
    earlier = house.log_in()
    later = house.log_in()

    with pytest.raises(SessionEnded, match=r"^replaced$"):
        visit(house, earlier)
    found = [house.sessions.find(session) for session in (earlier, later)]
    assert [each.replaced_another for each in found if each] == [False, True]


def test_a_session_that_was_over_by_time_is_not_told_as_replaced(house: House) -> None:
    house.log_in()
    house.clock.advance(15 * MINUTE)

    later = house.sessions.find(house.log_in())

    assert later is not None
    assert not later.replaced_another


def test_a_session_logged_out_is_not_told_as_replaced(house: House) -> None:
    session = house.log_in()
    house.desk.sessions.log_out(session, NINE)

    later = house.sessions.find(house.log_in())

    assert later is not None
    assert not later.replaced_another


def test_a_session_idle_for_fifteen_minutes_is_over(house: House) -> None:
    session = house.log_in()

    house.clock.advance(15 * MINUTE - MILLISECOND)
    assert visit(house, session) == TARO
    house.clock.advance(15 * MINUTE)

    with pytest.raises(SessionEnded, match=r"^idle$"):
        visit(house, session)


@pytest.mark.parametrize(
    ("later", "noted"), [(SEEN_STEP - MILLISECOND, timedelta()), (SEEN_STEP, SEEN_STEP)], ids=["too soon", "noted"]
)
def test_a_view_is_noted_once_in_fifteen_seconds(house: House, later: timedelta, noted: timedelta) -> None:
    session = house.log_in()
    house.clock.advance(later)

    visit(house, session)

    found = house.sessions.find(session)
    assert found is not None
    assert found.seen_at == NINE + noted


def test_a_view_that_is_not_noted_puts_the_idle_end_off_by_nothing(house: House) -> None:
    session = house.log_in()
    house.clock.advance(SEEN_STEP - MILLISECOND)
    visit(house, session)

    house.clock.set(NINE + SESSION_IDLE)

    with pytest.raises(SessionEnded, match=r"^idle$"):
        visit(house, session)


def test_a_session_lives_eight_hours_whatever_is_done_in_it(house: House) -> None:
    session = house.log_in()
    house.sessions.seen(session, NINE + 8 * HOUR - SECOND)

    house.clock.set(NINE + 8 * HOUR - MILLISECOND)
    assert visit(house, session) == TARO
    house.clock.set(NINE + 8 * HOUR)

    with pytest.raises(SessionEnded, match=r"^too_long$"):
        visit(house, session)


@pytest.mark.parametrize("cookie", [None, "another"])
def test_without_its_cookie_there_is_no_session(house: House, cookie: str | None) -> None:
    house.log_in()

    with pytest.raises(NoSession):
        house.desk.sessions.visitor(cookie, house.fingerprint(), NINE)
    assert house.desk.sessions.visitor_id(cookie, house.fingerprint(), NINE) is None


def test_a_session_is_bound_to_its_certificate(house: House) -> None:
    session = house.log_in()
    house.user("jiro0001")
    house.issue("jiro0001")

    with pytest.raises(SessionEnded, match=r"^certificate$"):
        house.desk.sessions.visitor(session, house.fingerprint(user_id="jiro0001"), NINE)
    with pytest.raises(SessionEnded, match=r"^certificate$"):
        house.desk.sessions.visitor(session, None, NINE)
    assert visit(house, session) == TARO


def test_a_revocation_ends_the_session_at_the_very_next_request(house: House) -> None:
    session = house.log_in()

    house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, NINE)

    with pytest.raises(SessionEnded, match=r"^revoked$"):
        visit(house, session)


def test_the_certificate_is_judged_at_each_request_though_the_session_was_not_told(house: House) -> None:
    session = house.log_in()
    house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, NINE)
    house.database.execute("update sessions set ended = null")

    with pytest.raises(SessionEnded, match=r"^revoked$"):
        visit(house, session)


def test_a_certificate_that_runs_out_ends_the_session(house: House) -> None:
    house.clock.set(OVER - SECOND)
    session = house.log_in()

    house.clock.set(OVER)

    with pytest.raises(SessionEnded, match=r"^expired$"):
        visit(house, session)


def test_logging_out_ends_the_session_and_is_a_fact(house: House) -> None:
    session = house.log_in()

    house.desk.sessions.log_out(session, NINE)

    assert house.kinds()[-1] == "LoggedOut"
    with pytest.raises(SessionEnded, match=r"^logged_out$"):
        visit(house, session)


@pytest.mark.parametrize(("later", "facts"), [(SESSION_IDLE - SECOND, 1), (SESSION_IDLE, 0)])
def test_what_has_ended_already_is_not_logged_out_of(house: House, later: timedelta, facts: int) -> None:
    session = house.log_in()

    house.desk.sessions.log_out(session, NINE + later)
    house.desk.sessions.log_out(session, NINE + later)
    house.desk.sessions.log_out(None, NINE + later)
    house.desk.sessions.log_out("nobody's", NINE + later)

    assert house.count("LoggedOut") == facts


def test_staff_pages_are_for_staff_who_owe_no_change_of_the_password(house: House) -> None:
    accounts, sessions = house.desk.accounts, house.desk.sessions
    first = accounts.register(BANK_ADMIN, "bank_admin", None, "見本 花子", "h@example.com", COMMAND_LINE, NINE)
    house.desk.certification.issue_to_file(BANK_ADMIN, first, COMMAND_LINE, NINE)
    shown = house.fingerprint(user_id=BANK_ADMIN)
    session, must_change = sessions.log_in(BANK_ADMIN, first, shown, NINE)

    with pytest.raises(ChangeDue):
        sessions.staff(session, shown, STAFF, NINE)
    accounts.change_password(BANK_ADMIN, first, "another1", "another1", session=session)

    assert must_change
    assert sessions.staff(session, shown, STAFF, NINE).user_id == BANK_ADMIN


def test_a_user_sees_no_staff_page(house: House) -> None:
    session = house.log_in()

    with pytest.raises(NotPermitted):
        house.desk.sessions.staff(session, house.fingerprint(), STAFF, NINE)


def test_sessions_are_forgotten_long_after_their_end(house: House) -> None:
    session = house.log_in()

    house.desk.sessions.forget_old(NINE + 16 * HOUR - MILLISECOND)
    still = house.sessions.find(session)
    house.desk.sessions.forget_old(NINE + 16 * HOUR)

    assert still is not None
    assert house.sessions.find(session) is None


# ---- the own password


def change(house: House, session: str, current: str, new: str, again: str = "") -> None:
    house.desk.accounts.change_password(TARO, current, new, again or new, session=session)


def test_a_changed_password_is_the_only_one_and_its_verifier_too(house: House) -> None:
    session = house.log_in()

    change(house, session, RIGHT, "another1")

    with pytest.raises(WrongPassword):
        house.log_in()
    assert house.log_in(password="another1")
    kept = house.database.execute("select version from vault_verifiers where owner = %s", account_stream(TARO))
    assert kept == [{"version": 3}]


def test_the_session_goes_on_after_a_change_and_the_change_is_no_longer_due(house: House) -> None:
    told = house.desk.accounts.reset_password(TARO, BANK_ADMIN, NINE)
    session = house.log_in(password=told)
    due = house.sessions.find(session)

    change(house, session, told, "another1")

    done = house.sessions.find(session)
    assert due is not None
    assert done is not None
    assert (due.must_change_password, done.must_change_password) == (True, False)
    assert visit(house, session) == TARO


def test_a_wrong_current_password_counts_and_changes_nothing(house: House) -> None:
    session = house.log_in()

    with pytest.raises(WrongPassword):
        change(house, session, WRONG, "another1")

    assert house.kinds()[-1] == "PasswordFailed"
    assert house.log_in()


@pytest.mark.parametrize(
    ("new", "again", "field", "fault"),
    [
        (RIGHT, RIGHT, "password", "unchanged"),
        ("xtaro0001x", "xtaro0001x", "password", "contains_user_id"),
        ("password1", "password1", "password", "common"),
        ("short", "short", "password", "length"),
        ("another1", "another2", "password_again", "passwords_differ"),
    ],
)
def test_a_new_password_against_the_rules_is_refused_before_the_current_one_is_tried(
    house: House, new: str, again: str, field: str, fault: str
) -> None:
    session = house.log_in()
    house.passwords.checked.clear()

    with pytest.raises(InvalidInput) as refusal:
        change(house, session, RIGHT, new, again)

    assert refusal.value.faults == {field: fault}
    assert house.passwords.checked == []


def test_a_lock_refuses_the_change_but_leaves_the_session(house: House) -> None:
    session = house.log_in()
    house.fail(6)

    with pytest.raises(AccountIsLocked):
        change(house, session, RIGHT, "another1")

    assert visit(house, session) == TARO
