"""⑦ and ⑧: the p12 for ten minutes, from one browser, and its end (R3.11, R4.7, R4.8, R5.3)."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates, load_pkcs12

from application.ports import Unavailable
from domain.certificate import KeyPackageDestroyed
from domain.errors import NoPackage, PackageGone, PackageWaits
from domain.fact import WORKER
from tests.support.accounts import DAY, MILLISECOND, MINUTE
from tests.support.house import NINE, RIGHT, TARO, House


@pytest.fixture
def cookie(house: House) -> str:
    """The browser whose p12 waits since nine."""
    return house.issue()


def fetch(house: House, cookie: str | None) -> bytes:
    return house.desk.delivery.fetch(cookie, house.clock())[1]


def destroyed(house: House) -> list[tuple[str, str]]:
    return [(fact.reason, fact.by) for fact in house.every_fact() if isinstance(fact, KeyPackageDestroyed)]


# ---- fetched


def test_the_package_opens_with_the_password_of_step_four_and_holds_the_whole_chain(house: House, cookie: str) -> None:
    p12 = load_pkcs12(fetch(house, cookie), RIGHT.encode())

    assert p12.cert is not None
    assert p12.cert.friendly_name == TARO.encode()
    chain = [each.certificate.public_bytes(Encoding.DER) for each in p12.additional_certs]
    assert sorted(chain) == sorted(house.authority.chain)


def test_the_package_opens_with_that_password_also_after_it_was_changed(house: House, cookie: str) -> None:
    house.own_password(TARO, "another1")

    key, _, _ = load_key_and_certificates(fetch(house, cookie), RIGHT.encode())

    assert key is not None


def test_the_file_is_named_by_user_and_the_japanese_time_of_its_issue(house: House, cookie: str) -> None:
    assert house.desk.delivery.fetch(cookie, NINE)[0] == "taro000120261124090000.p12"


def test_the_package_is_fetched_again_and_each_delivery_is_a_fact(house: House, cookie: str) -> None:
    first = fetch(house, cookie)
    house.clock.set(NINE + 10 * MINUTE - MILLISECOND)
    second = fetch(house, cookie)

    assert first == second
    assert house.count("KeyPackageDelivered") == 2


def test_at_ten_minutes_the_package_is_gone_whether_or_not_a_purge_has_run(house: House, cookie: str) -> None:
    house.clock.set(NINE + 10 * MINUTE)

    with pytest.raises(PackageGone):
        fetch(house, cookie)
    with pytest.raises(PackageGone):
        house.desk.delivery.outcome(cookie, house.clock())

    assert house.count("KeyPackageDelivered") == 0


@pytest.mark.parametrize("other", [None, "another browser's"])
def test_another_browser_has_no_package(house: House, cookie: str, other: str | None) -> None:
    with pytest.raises(NoPackage):
        fetch(house, other)
    with pytest.raises(NoPackage):
        house.desk.delivery.outcome(other, NINE)
    with pytest.raises(NoPackage):
        house.desk.delivery.close(other, NINE)

    assert fetch(house, cookie)


def test_before_the_issue_is_done_there_is_no_package_to_fetch(house: House) -> None:
    cookie = house.enter()
    house.start(cookie)

    with pytest.raises(NoPackage):
        fetch(house, cookie)


def test_nothing_is_revealed_whose_delivery_cannot_be_recorded(house: House, cookie: str) -> None:
    house.between.fails_at("save KeyPackageDelivered", Unavailable())

    with pytest.raises(Unavailable):
        fetch(house, cookie)


def test_the_result_tells_what_was_issued_and_how_long_it_waits(house: House, cookie: str) -> None:
    outcome = house.desk.delivery.outcome(cookie, NINE + MINUTE)

    assert outcome.certificate == house.certificate()
    assert outcome.validity == house.certificate().validity
    assert outcome.until == NINE + 10 * MINUTE
    assert (outcome.organization_name, outcome.file_name) == ("見本商事株式会社", "taro000120261124090000.p12")


# ---- ended


def test_closing_destroys_the_package_once(house: House, cookie: str) -> None:
    house.desk.delivery.close(cookie, NINE)
    house.desk.delivery.close(cookie, NINE)

    with pytest.raises(PackageGone):
        fetch(house, cookie)
    assert destroyed(house) == [("closed", TARO)]
    assert house.tickets.package(cookie) is None


def test_a_revocation_destroys_the_package_at_once(house: House, cookie: str) -> None:
    house.desk.revocation.revoke_user(TARO, "requested", "bank0001", NINE)

    with pytest.raises(PackageGone):
        fetch(house, cookie)
    assert destroyed(house) == [("revoked", "bank0001")]
    assert house.tickets.package(cookie) is None


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda house, cookie: house.desk.delivery.close(cookie, NINE),
        lambda house, cookie: house.desk.revocation.revoke_user(TARO, "lost", "bank0001", NINE),
    ],
    ids=["closed", "revoked"],
)
def test_a_package_that_ends_while_it_is_fetched_is_not_revealed(
    house: House, cookie: str, meanwhile: Callable[[House, str], object]
) -> None:
    house.between.at("save KeyPackageDelivered", lambda: meanwhile(house, cookie))

    with pytest.raises(PackageGone):
        fetch(house, cookie)

    assert house.count("KeyPackageDelivered") == 0


def test_the_purge_destroys_what_is_past_and_nothing_earlier(house: House, cookie: str) -> None:
    house.desk.delivery.purge(NINE + 10 * MINUTE - MILLISECOND)
    before = destroyed(house)
    house.desk.delivery.purge(NINE + 10 * MINUTE)
    house.desk.delivery.purge(NINE + 11 * MINUTE)

    assert (before, destroyed(house)) == ([], [("timed_out", WORKER)])
    assert house.tickets.package(cookie) is None


def test_for_a_day_the_browser_is_told_that_its_package_is_gone(house: House, cookie: str) -> None:
    house.desk.delivery.purge(NINE + DAY)
    house.clock.set(NINE + DAY)
    with pytest.raises(PackageGone):
        fetch(house, cookie)

    house.desk.delivery.purge(NINE + DAY + 10 * MINUTE)

    with pytest.raises(NoPackage):
        fetch(house, cookie)


def test_the_purge_forgets_a_ticket_never_used_and_its_password(house: House) -> None:
    cookie = house.enter()

    house.desk.delivery.purge(NINE + 10 * MINUTE - MILLISECOND)
    before = house.tickets.password(cookie)
    house.desk.delivery.purge(NINE + 10 * MINUTE)

    assert (before, house.tickets.find(cookie)) == (RIGHT, None)


def test_two_workers_that_purge_at_once_destroy_once(house: House, second_house: House, cookie: str) -> None:
    later = NINE + 10 * MINUTE
    house.between.at("save KeyPackageDestroyed", lambda: second_house.desk.delivery.purge(later))

    house.desk.delivery.purge(later)

    assert destroyed(house) == [("timed_out", WORKER)]


# ---- ④ while a package waits (R5.3)


def test_a_package_not_yet_received_keeps_step_four_closed_in_its_browser(house: House, cookie: str) -> None:
    house.user("jiro0001")
    before = house.kinds()

    with pytest.raises(PackageWaits):
        house.desk.issuance.authenticate("jiro0001", RIGHT, NINE, cookie=cookie)

    assert house.kinds() == before
    assert house.enter("jiro0001")
    assert fetch(house, cookie)


@pytest.mark.parametrize("step", ["load", "save PasswordAccepted"])
def test_a_package_that_another_users_issue_leaves_in_the_browser_meanwhile_is_not_lost(
    house: House, step: str
) -> None:
    house.user("jiro0001")
    cookie = house.enter()
    house.start(cookie)
    house.between.at(step, lambda: house.work(cookie))

    with pytest.raises(PackageWaits):
        house.desk.issuance.authenticate("jiro0001", RIGHT, NINE, cookie=cookie)

    assert fetch(house, cookie)
    assert house.count("IssuanceRefused") == 1


def test_who_received_the_package_may_go_on_with_another_user_in_the_same_browser(house: House, cookie: str) -> None:
    house.user("jiro0001")
    fetch(house, cookie)

    assert house.desk.issuance.authenticate("jiro0001", RIGHT, NINE, cookie=cookie)


@pytest.mark.parametrize(
    "free",
    [
        lambda house, cookie: fetch(house, cookie),
        lambda house, cookie: house.desk.delivery.close(cookie, NINE),
        lambda house, cookie: house.desk.revocation.revoke_user(TARO, "lost", "bank0001", NINE),
        lambda house, cookie: house.clock.set(NINE + 10 * MINUTE),
    ],
    ids=["received", "closed", "revoked", "timed out"],
)
def test_step_four_is_open_again_once_the_package_was_received_or_is_gone(
    house: House, cookie: str, free: Callable[[House, str], object]
) -> None:
    free(house, cookie)

    house.desk.delivery.check_free(cookie, house.clock())


@pytest.mark.parametrize("cookie", [None, "another browser's"])
def test_without_a_package_step_four_is_open(house: House, cookie: str | None) -> None:
    house.desk.delivery.check_free(cookie, NINE)
