"""One certificate's stream: planned, issued, handed over, used, revoked, ended (manual 6, ⑦; R4.1, R4.4-R4.9, R5.1)."""

from uuid import UUID

import pytest

from domain.certificate import (
    ENDS_ONLY_THE_NAMED,
    REASONS,
    Certificate,
    Reason,
    certificate_from,
    certificate_stream,
    written_serial,
)
from domain.errors import (
    CertificateExpired,
    CertificateIsRevoked,
    CertificateIsSuperseded,
    CertificateNotYetValid,
    IssuanceIsOver,
    NothingToRevoke,
)
from domain.validity import Validity
from tests.support.accounts import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
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
VALIDITY = Validity.from_issue(NINE)
LAST_SECOND = japan(2027, 11, 23, 23, 59, 59)
OVER = japan(2027, 11, 24)


def planned_twice() -> Certificate:
    """A1 was planned before a crash, B2 after it."""
    return certificate_after(Certificate.plan(TARO, 1, "B2", b"tbs", "ab" * 32, TARO, NINE), certificate_planned(NINE))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        *[("1a2b", "1A2B"), ("01a2", "01A2"), ("1a2", "01A2"), ("0001A2", "01A2"), ("100", "0100"), ("0a10", "0A10")],
        *[("7", "07"), ("0", ""), ("", ""), ("x1", "X1")],
    ],
)
def test_a_serial_is_found_with_or_without_its_leading_zeros(typed: str, kept: str) -> None:
    assert written_serial(typed) == kept


# ---- planned and issued


def test_a_plan_keeps_what_will_be_signed() -> None:
    decided = Certificate.plan(TARO, 3, "A1", b"tbs", "ab" * 32, TARO, NINE)

    assert decided == [
        fact("CertificatePlanned", NINE, user_id=TARO, number=3, serial="A1", tbs=b"tbs", sha256="ab" * 32)
    ]
    planned = certificate_after(decided)
    assert planned == Certificate(user_id=TARO, number=3, plans=("A1",))
    assert planned.state(NINE) == "planned"


def test_nothing_recorded_is_no_certificate() -> None:
    assert certificate_from([]) is None
    assert certificate_from([fact("CertificateFirstUsed", NINE)]) is None


def test_a_fact_of_another_stream_changes_nothing_about_a_certificate() -> None:
    issued = certificate_issued(NINE)

    assert certificate_after([fact("AccountBlocked", NINE)], issued) == issued


def test_a_planned_serial_is_issued_and_its_package_waits() -> None:
    planned = certificate_planned(NINE)

    decided = planned.issue("A1", b"der", "cd" * 32, VALIDITY, TARO, NINE)

    assert decided == [
        fact(
            "CertificateIssued",
            NINE,
            serial="A1",
            der=b"der",
            fingerprint="cd" * 32,
            not_before=NINE - 5 * MINUTE,
            not_after=LAST_SECOND,
        )
    ]
    assert certificate_after(decided, planned) == Certificate(
        user_id=TARO,
        number=1,
        plans=("A1",),
        serial="A1",
        fingerprint="cd" * 32,
        validity=VALIDITY,
        issued_at=NINE,
        package_waits=True,
    )


def test_after_a_crash_a_second_plan_stands_beside_the_first_and_one_is_issued() -> None:
    twice = planned_twice()

    issued = certificate_after(twice.issue("B2", b"der", "cd" * 32, VALIDITY, TARO, NINE), twice)

    assert twice.plans == ("A1", "B2")
    assert issued.serial == "B2"
    with pytest.raises(IssuanceIsOver):
        issued.issue("A1", b"der", "cd" * 32, VALIDITY, TARO, NINE)
    with pytest.raises(IssuanceIsOver):
        issued.issue("B2", b"der", "cd" * 32, VALIDITY, TARO, NINE)


def test_a_serial_that_was_not_planned_is_not_issued() -> None:
    with pytest.raises(IssuanceIsOver):
        certificate_planned(NINE, serial="A1").issue("B2", b"der", "cd" * 32, VALIDITY, TARO, NINE)


def test_a_planned_serial_can_be_revoked_and_is_then_never_issued() -> None:
    planned = certificate_planned(NINE)

    decided = planned.revoke("requested", BANK, NINE, serial="A1")

    assert decided == [fact("CertificateRevoked", NINE, by=BANK, serial="A1", reason="requested")]
    after = certificate_after(decided, planned)
    assert after.state(NINE) == "planned"
    with pytest.raises(IssuanceIsOver):
        after.issue("A1", b"der", "cd" * 32, VALIDITY, TARO, NINE)
    with pytest.raises(NothingToRevoke):
        after.revoke("requested", BANK, NINE, serial="A1")


def test_a_revoked_plan_does_not_stop_the_other_plan() -> None:
    twice = planned_twice()

    after = certificate_after(twice.revoke("requested", BANK, NINE, serial="A1"), twice)

    assert len(after.issue("B2", b"der", "cd" * 32, VALIDITY, TARO, NINE)) == 1


def test_a_stream_of_two_plans_and_an_issue_is_read_as_one_certificate() -> None:
    stream = [
        *Certificate.plan(TARO, 1, "A1", b"tbs", "ab" * 32, TARO, NINE),
        *Certificate.plan(TARO, 1, "B2", b"tbs", "ab" * 32, TARO, NINE),
    ]

    certificate = certificate_from(stream)

    assert certificate == Certificate(user_id=TARO, number=1, plans=("A1", "B2"))


# ---- its states


def test_it_lives_to_the_end_of_the_last_second_of_its_last_day() -> None:
    issued = certificate_issued(NINE)

    assert issued.state(NINE) == "live"
    assert issued.state(LAST_SECOND) == "live"
    assert issued.state(OVER - MILLISECOND) == "live"
    assert issued.state(OVER) == "expired"
    assert not issued.has_ended(OVER - MILLISECOND)
    assert issued.has_ended(OVER)


def test_a_plan_has_not_ended() -> None:
    assert not certificate_planned(NINE).has_ended(OVER)


def test_a_live_certificate_is_usable_from_not_before_to_its_end() -> None:
    issued = certificate_issued(NINE)

    assert isinstance(issued.unusable(NINE - 5 * MINUTE - MILLISECOND), CertificateNotYetValid)
    assert issued.state(NINE - 5 * MINUTE - MILLISECOND) == "live"
    assert issued.unusable(NINE - 5 * MINUTE) is None
    assert issued.unusable(OVER - MILLISECOND) is None
    assert isinstance(issued.unusable(OVER), CertificateExpired)


def test_a_plan_is_not_usable() -> None:
    assert isinstance(certificate_planned(NINE).unusable(NINE), CertificateIsRevoked)


@pytest.mark.parametrize("reason", [*REASONS, "closed"])
def test_revoked_is_told_before_expired(reason: Reason) -> None:
    certificate = certificate_revoked(reason)

    assert certificate.state(NINE + HOUR) == "revoked"
    assert certificate.state(OVER) == "revoked"
    assert isinstance(certificate.unusable(OVER), CertificateIsRevoked)
    assert certificate.has_ended(NINE + HOUR)
    assert (certificate.revoked, certificate.revoked_at) == (reason, NINE + HOUR)


def test_superseded_is_told_before_expired_and_apart_from_revoked() -> None:
    certificate = certificate_revoked("superseded")

    assert certificate.state(NINE + HOUR) == "superseded"
    assert certificate.state(OVER) == "superseded"
    assert isinstance(certificate.unusable(NINE + HOUR), CertificateIsSuperseded)
    assert isinstance(certificate.unusable(OVER), CertificateIsSuperseded)
    assert certificate.has_ended(NINE + HOUR)


def test_only_a_p12_not_imported_ends_the_named_certificate_alone() -> None:
    assert REASONS == ("pc_changed", "not_imported", "lost", "retired", "requested")
    assert ENDS_ONLY_THE_NAMED == "not_imported"


# ---- first use, and the stream


def test_the_first_use_is_told_once() -> None:
    issued = certificate_issued(NINE)

    decided = issued.use(TARO, NINE + DAY)

    assert decided == [fact("CertificateFirstUsed", NINE + DAY)]
    used = certificate_after(decided, issued)
    assert used.first_used_at == NINE + DAY
    assert used.use(TARO, NINE + 2 * DAY) == []


def test_a_stream_is_named_by_account_and_issue_number_and_never_moves() -> None:
    # Literal for ever: another namespace or spelling would lose every certificate stored.
    assert certificate_stream("taro01", 1) == UUID("1f428a34-ab94-5f2f-92aa-46cbd5100790")
    assert certificate_stream("TARO01", 1) == UUID("1f428a34-ab94-5f2f-92aa-46cbd5100790")
    assert certificate_stream("taro01", 2) != certificate_stream("taro01", 1)
