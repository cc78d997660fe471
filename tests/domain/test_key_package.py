"""The p12 that waits for its download: ten minutes, until closed, until the certificate ends (manual ⑦; R4.8)."""

import pytest

from domain.errors import PackageGone
from domain.fact import WORKER
from tests.support.accounts import (
    MILLISECOND,
    MINUTE,
    NINE,
    TARO,
    certificate_after,
    certificate_issued,
    certificate_planned,
    fact,
)

BANK = "bank01"


def test_the_package_can_be_received_again_and_again_for_ten_minutes() -> None:
    issued = certificate_issued(NINE)
    last_moment = NINE + 10 * MINUTE - MILLISECOND

    first = certificate_after(issued.deliver_package(TARO, NINE), issued)
    again = first.deliver_package(TARO, last_moment)

    assert not issued.delivered
    assert first.delivered
    assert first.package_until() == NINE + 10 * MINUTE
    assert again == [fact("KeyPackageDelivered", last_moment)]
    with pytest.raises(PackageGone):
        first.deliver_package(TARO, NINE + 10 * MINUTE)


def test_a_package_destroyed_is_gone_and_is_not_destroyed_twice() -> None:
    issued = certificate_issued(NINE)

    decided = issued.destroy_package("timed_out", WORKER, NINE + 10 * MINUTE)

    assert decided == [fact("KeyPackageDestroyed", NINE + 10 * MINUTE, by=WORKER, reason="timed_out")]
    gone = certificate_after(decided, issued)
    assert gone.package_waits is False
    assert gone.package_until() is None
    assert gone.destroy_package("closed", TARO, NINE) == []
    with pytest.raises(PackageGone):
        gone.deliver_package(TARO, NINE)


def test_before_the_issue_there_is_no_package() -> None:
    planned = certificate_planned(NINE)

    assert planned.package_until() is None
    assert planned.destroy_package("closed", TARO, NINE) == []
    with pytest.raises(PackageGone):
        planned.deliver_package(TARO, NINE)


def test_a_revocation_destroys_the_package_that_waits() -> None:
    issued = certificate_issued(NINE)

    decided = issued.revoke("not_imported", BANK, NINE + MINUTE)

    assert decided == [
        fact("CertificateRevoked", NINE + MINUTE, by=BANK, serial="A1", reason="not_imported"),
        fact("KeyPackageDestroyed", NINE + MINUTE, by=BANK, reason="revoked"),
    ]
    assert not certificate_after(decided, issued).package_waits
