"""Ending a certificate before its time: once, by its serial, with who asked and why (R4.9, R4.10, R9.2)."""

import pytest

from domain.certificate import Certificate, Reason
from domain.errors import NothingToRevoke
from domain.validity import Validity
from tests.support.accounts import (
    DAY,
    MILLISECOND,
    NINE,
    TARO,
    certificate_after,
    certificate_issued,
    certificate_planned,
    certificate_revoked,
    fact,
    japan,
)

BANK = "bank01"
OVER = japan(2027, 11, 24)


def issued_after_a_crash() -> Certificate:
    """A1 was planned before the crash, B2 after it and issued."""
    planned = certificate_planned(NINE, serial="A1")
    twice = certificate_after(Certificate.plan(TARO, 1, "B2", b"tbs", "ab" * 32, TARO, NINE), planned)
    return certificate_after(twice.issue("B2", b"der", "cd" * 32, Validity.from_issue(NINE), TARO, NINE), twice)


def test_a_revocation_names_who_asked_by_the_vaults_version_and_the_paper() -> None:
    issued = certificate_issued(NINE)
    without_package = certificate_after(issued.destroy_package("closed", TARO, NINE), issued)

    decided = without_package.revoke(
        "pc_changed", BANK, NINE + DAY, request=4, commitment="ef" * 32, paper_number="2026-17"
    )

    assert decided == [
        fact(
            "CertificateRevoked",
            NINE + DAY,
            by=BANK,
            serial="A1",
            reason="pc_changed",
            request=4,
            commitment="ef" * 32,
            paper_number="2026-17",
        )
    ]


@pytest.mark.parametrize("reason", ["lost", "superseded"])
def test_a_certificate_is_revoked_once(reason: Reason) -> None:
    certificate = certificate_revoked(reason)

    with pytest.raises(NothingToRevoke):
        certificate.revoke("lost", BANK, NINE + DAY)
    with pytest.raises(NothingToRevoke):
        certificate.revoke("lost", BANK, NINE + DAY, serial="A1")


def test_a_certificate_can_be_revoked_to_its_last_moment_and_not_once_expired() -> None:
    issued = certificate_issued(NINE)

    assert len(issued.revoke("lost", BANK, OVER - MILLISECOND)) == 2
    with pytest.raises(NothingToRevoke):
        issued.revoke("lost", BANK, OVER)


def test_a_plan_is_only_revoked_by_its_serial() -> None:
    with pytest.raises(NothingToRevoke):
        certificate_planned(NINE).revoke("lost", BANK, NINE)


def test_a_serial_of_another_stream_cannot_be_revoked_here() -> None:
    with pytest.raises(NothingToRevoke):
        certificate_issued(NINE, serial="A1").revoke("lost", BANK, NINE, serial="F00D")
    with pytest.raises(NothingToRevoke):
        certificate_planned(NINE, serial="A1").revoke("lost", BANK, NINE, serial="F00D")


def test_a_plan_left_over_can_be_revoked_without_harm_to_the_certificate_or_its_package() -> None:
    issued = issued_after_a_crash()

    decided = issued.revoke("requested", BANK, NINE, serial="A1")

    assert decided == [fact("CertificateRevoked", NINE, by=BANK, serial="A1", reason="requested")]
    after = certificate_after(decided, issued)
    assert after.state(NINE) == "live"
    assert after.package_waits


def test_a_plan_left_over_can_be_revoked_also_once_the_certificate_has_ended() -> None:
    issued = issued_after_a_crash()

    decided = issued.revoke("requested", BANK, OVER, serial="A1")

    assert decided == [fact("CertificateRevoked", OVER, by=BANK, serial="A1", reason="requested")]
