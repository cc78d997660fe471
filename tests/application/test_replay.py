"""An account or a certificate as it stood at a past moment (R10.2): on both sides of each thing that happened to it."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from application.ports import Contact, Unavailable
from application.replay import AccountAsOf, CertificateAsOf, RecordedPerson
from domain.credentials import account_stream
from domain.errors import InvalidInput, NotFound, NotThereYet
from tests.support.accounts import DAY, HOUR, MILLISECOND, MINUTE
from tests.support.house import NINE, RENEWAL, TARO, House

LATER = NINE + 30 * DAY
RESET = NINE + 3 * HOUR
INSTANT = timedelta(microseconds=1)


def account(house: House, as_of: datetime) -> AccountAsOf:
    return house.desk.replay.account(TARO, as_of, LATER)


def certificate(house: House, as_of: datetime, serial: str | None = None) -> CertificateAsOf:
    return house.desk.replay.certificate(serial or str(house.certificate().serial), as_of, LATER)


@pytest.fixture
def locked(house: House) -> House:
    """From an hour after nine on, released half an hour later."""
    house.clock.set(NINE + HOUR)
    house.fail(6)
    house.desk.accounts.release(TARO, "bank0001", NINE + HOUR + 30 * MINUTE)
    return house


@pytest.fixture
def certified(house: House) -> House:
    """Issued an hour after nine, revoked two hours after."""
    house.clock.set(NINE + HOUR)
    house.issue()
    house.desk.revocation.revoke_user(TARO, "lost", "bank0001", NINE + 2 * HOUR)
    return house


# ---- accounts


def test_an_account_is_told_as_it_stood_before_during_and_after_its_lock(locked: House) -> None:
    moments = [NINE + HOUR - INSTANT, NINE + HOUR, NINE + HOUR + 30 * MINUTE - INSTANT, NINE + HOUR + 30 * MINUTE]

    told = [account(locked, at) for at in moments]

    assert [each.state for each in told] == ["open", "locked", "locked", "open"]
    assert [each.failures for each in told] == [0, 6, 6, 0]
    assert [each.locks for each in told] == [0, 1, 1, 0]
    assert [each.locked_until for each in told] == [None, NINE + 2 * HOUR, NINE + 2 * HOUR, None]


def test_a_lock_ends_at_its_end_whenever_that_was_written_down(house: House) -> None:
    house.clock.set(NINE)
    house.fail(6)
    unwritten = account(house, NINE + HOUR)
    house.clock.set(NINE + 5 * DAY)
    house.enter()

    told = [account(house, at) for at in (NINE + HOUR - INSTANT, NINE + HOUR)]

    assert [each.state for each in [unwritten, *told]] == ["open", "locked", "open"]
    assert [each.failures for each in [unwritten, *told]] == [0, 6, 0]
    assert [each.facts for each in told] == [told[0].facts, told[0].facts + 1]


def test_what_came_later_is_neither_told_nor_counted(house: House) -> None:
    before = account(house, NINE + HOUR)
    house.desk.accounts.suspend(TARO, "bank0001", NINE + 2 * HOUR)
    house.desk.accounts.reset_password(TARO, "bank0001", RESET)
    house.desk.accounts.close(TARO, "bank", "bank0001", NINE + 4 * HOUR)

    told = {at: account(house, NINE + at * HOUR) for at in (1, 2, 3, 4)}

    assert told[1] == before
    assert [each.state for each in told.values()] == ["open", "suspended", "suspended", "closed"]
    assert [each.password_until is None for each in told.values()] == [True, True, False, False]
    assert [each.facts - before.facts for each in told.values()] == [0, 1, 2, 3]


def test_an_account_is_told_with_the_certificates_it_had_then(certified: House) -> None:
    moments = [NINE + HOUR - INSTANT, NINE + HOUR, NINE + 2 * HOUR]

    told = [account(certified, at).certificates for at in moments]

    assert [[each.state for each in found] for found in told] == [[], ["live"], ["revoked"]]
    assert told[1] == [certificate(certified, NINE + HOUR)]


def test_of_several_certificates_each_is_told_the_newest_first(house: House) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    house.issue()

    told = house.desk.replay.account(TARO, RENEWAL, RENEWAL)

    assert [each.number for each in told.certificates] == [2, 1]
    assert told.issuing is None


def test_an_issue_under_way_is_told_with_its_number(house: House) -> None:
    house.start(house.enter())

    told = account(house, NINE)

    assert (told.issuing, told.registered_at) == (1, NINE)


def test_who_and_what_the_account_is_stands_there_too(house: House) -> None:
    told = account(house, NINE)

    assert (told.user_id, told.role, told.organization, told.registered_at) == (TARO, "general", "ACME01", NINE)
    assert (told.as_of, told.issuing, told.certificates) == (NINE, None, [])


def test_before_it_was_registered_there_was_no_account(house: House) -> None:
    with pytest.raises(NotThereYet) as refused:
        account(house, NINE - INSTANT)

    assert refused.value.since == NINE


@pytest.mark.parametrize("user_id", ["nobody01", TARO.upper()])
def test_an_account_that_never_was_is_not_found(house: House, user_id: str) -> None:
    with pytest.raises(NotFound):
        house.desk.replay.account(user_id, NINE, LATER)


def test_the_present_is_a_past_moment_and_the_next_is_not(house: House) -> None:
    assert house.desk.replay.account(TARO, LATER, LATER).as_of == LATER
    with pytest.raises(InvalidInput) as refused:
        house.desk.replay.account(TARO, LATER + INSTANT, LATER)
    assert refused.value.faults == {"as_of": "future"}


# ---- whose account it was


def person(house: House, as_of: datetime = NINE) -> RecordedPerson:
    return house.desk.replay.person(account(house, as_of))


def delete_from_the_vault(house: House) -> None:
    house.database.execute("delete from vault_persons where subject = %s", account_stream(TARO))


def test_name_and_address_are_told_as_they_were_recorded(house: House) -> None:
    found = person(house)

    assert found == RecordedPerson(1, Contact("見本 太郎", "taro@example.com"), is_proven=True, is_erased=False)


def test_who_was_erased_later_is_erased_at_every_moment(house: House) -> None:
    house.desk.accounts.close(TARO, "bank", "bank0001", NINE + HOUR)
    house.desk.erasure.erase(TARO, "command-line", NINE + 2 * HOUR)

    found = [person(house, at) for at in (NINE, NINE + 2 * HOUR - INSTANT, NINE + 2 * HOUR)]

    assert found == [RecordedPerson(1, None, is_proven=None, is_erased=True)] * 3


def test_what_somebody_took_out_of_the_vault_is_lost_and_not_erased(house: House) -> None:
    delete_from_the_vault(house)

    assert person(house) == RecordedPerson(1, None, is_proven=None, is_erased=False)


def test_whose_account_was_closed_is_not_erased_by_that(house: House) -> None:
    house.desk.accounts.close(TARO, "bank", "bank0001", NINE + HOUR)
    delete_from_the_vault(house)

    assert not person(house, NINE + HOUR).is_erased


# ---- certificates


def test_a_certificate_is_told_as_it_stood_before_and_after_its_revocation(certified: House) -> None:
    told = [certificate(certified, at) for at in (NINE + HOUR, NINE + 2 * HOUR - INSTANT, NINE + 2 * HOUR)]

    assert [each.state for each in told] == ["live", "live", "revoked"]
    assert [each.reason for each in told] == [None, None, "lost"]
    assert [each.revoked_at for each in told] == [None, None, NINE + 2 * HOUR]
    assert [each.package_waits for each in told] == [True, True, False]
    assert {each.fingerprint for each in told} == {certified.fingerprint()}


def test_a_certificate_is_told_with_all_that_is_known_of_it(house: House) -> None:
    house.clock.set(NINE + HOUR)
    house.issue()
    house.clock.set(NINE + 2 * HOUR)
    house.log_in()
    known, before = house.certificate(), certificate(house, NINE + HOUR)
    assert known.serial
    assert known.validity

    told = certificate(house, NINE + 2 * HOUR)

    assert told == CertificateAsOf(
        as_of=NINE + 2 * HOUR,
        serial=known.serial,
        user_id=TARO,
        number=1,
        state="live",
        planned_at=NINE + HOUR,
        issued_at=NINE + HOUR,
        not_before=known.validity.not_before,
        not_after=known.validity.not_after,
        last_day=known.validity.last_day,
        fingerprint=known.fingerprint,
        package_waits=True,
        first_used_at=NINE + 2 * HOUR,
        revoked_at=None,
        reason=None,
        facts=before.facts + 1,
    )
    assert (before.first_used_at, before.as_of) == (None, NINE + HOUR)


def test_a_certificate_runs_out_with_the_end_of_its_last_day(certified: House) -> None:
    certified.clock.set(NINE + 3 * HOUR)
    certified.issue()
    serial = str(certified.certificate(2).serial)
    over = datetime(2027, 11, 24, 15, tzinfo=UTC)
    replay = certified.desk.replay

    told = [replay.certificate(serial, at, over) for at in (over - MILLISECOND, over)]

    assert [each.state for each in told] == ["live", "expired"]
    assert {str(each.last_day) for each in told} == {"2027-11-24"}


def test_a_serial_is_found_however_it_is_written(certified: House) -> None:
    serial = str(certified.certificate().serial)

    assert certificate(certified, NINE + HOUR, serial.lower()) == certificate(certified, NINE + HOUR, serial)


def test_a_planned_serial_stands_for_itself_whatever_became_of_the_issue(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)
    house.between.fails_at("sign", Unavailable())
    with suppress(Unavailable):
        house.work(cookie)
    house.clock.set(NINE + 2 * MINUTE)
    house.work(cookie)
    plan, issued = house.certificate().plans
    house.desk.revocation.revoke_serial(plan, "requested", "bank0001", NINE + HOUR)

    told = [certificate(house, at, plan) for at in (NINE, NINE + HOUR)]

    assert [each.state for each in told] == ["planned", "revoked"]
    assert [(each.issued_at, each.not_after, each.package_waits) for each in told] == [(None, None, False)] * 2
    assert [(each.fingerprint, each.first_used_at) for each in told] == [(None, None)] * 2
    assert {(each.planned_at, each.serial) for each in told} == {(NINE, plan)}
    assert [each.reason for each in told] == [None, "requested"]
    assert (certificate(house, NINE + HOUR, issued).state, account(house, NINE).certificates) == ("live", told[:1])


def test_before_it_was_planned_there_was_no_certificate(certified: House) -> None:
    with pytest.raises(NotThereYet) as refused:
        certificate(certified, NINE + HOUR - INSTANT)

    assert refused.value.since == NINE + HOUR


def test_an_unknown_serial_is_not_found(house: House) -> None:
    with pytest.raises(NotFound, match=r"^certificate$"):
        house.desk.replay.certificate("0A" * 16, NINE, LATER)


def test_of_a_certificate_too_the_future_is_refused(certified: House) -> None:
    with pytest.raises(InvalidInput):
        certificate(certified, LATER + INSTANT)
