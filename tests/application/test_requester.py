"""Who asked the bank for a revocation, and on which paper: the name is in the vault alone (R9.2, R10.6)."""

from hashlib import sha256

import pytest

from application.ports import Requester
from application.revocation import Order
from domain.certificate import CertificateRevoked
from domain.errors import InvalidInput, NotFound
from domain.fact import LogEntry
from tests.support.approvals import left_over_plan, serial
from tests.support.house import NINE, RENEWAL, TARO, House

BANK_ADMIN = "bank0001"


def revocations(house: House) -> list[tuple[LogEntry, CertificateRevoked]]:
    return [(entry, entry.fact) for entry in house.store.entries(0, 1000) if isinstance(entry.fact, CertificateRevoked)]


def test_who_asked_is_named_in_no_error() -> None:
    assert repr([Requester("見本\u3000花子")]) == "[Requester(…)]"


def test_who_asked_is_kept_in_the_vault_for_each_certificate_and_proven_by_its_fact(house: House) -> None:
    house.issue()
    house.clock.set(RENEWAL)
    house.issue()

    house.desk.revocation.revoke_user(
        TARO, "lost", BANK_ADMIN, RENEWAL, requested_by="見本\u3000花子", paper_number="2026-17"
    )

    found = revocations(house)
    assert [(fact.request, fact.paper_number) for _, fact in found] == [
        (entry.version, "2026-17") for entry, _ in found
    ]
    assert [house.people.requester(entry.stream, entry.version) for entry, _ in found] == 2 * [
        Requester("見本\u3000花子")
    ]
    for entry, fact in found:
        (row,) = house.database.execute("select salt, data from vault_persons where subject = %s", entry.stream)
        assert fact.commitment == sha256(row["salt"] + row["data"]).hexdigest()


def test_a_planned_serial_has_its_own_row_beside_that_of_the_certificate_of_its_stream(house: House) -> None:
    plan, cookie = left_over_plan(house)
    house.work(cookie)

    house.desk.revocation.revoke_serial(plan, "requested", BANK_ADMIN, NINE, requested_by="見本 一郎")
    house.desk.revocation.revoke_serial(serial(house), "lost", BANK_ADMIN, NINE, requested_by="見本 花子")

    told = [house.people.requester(entry.stream, int(fact.request or 0)) for entry, fact in revocations(house)]
    assert told == [Requester("見本 一郎"), Requester("見本 花子")]


def test_the_ending_of_a_serial_is_its_own_and_not_that_of_its_stream(house: House) -> None:
    plan, cookie = left_over_plan(house)
    house.work(cookie)
    house.desk.revocation.revoke_serial(plan, "requested", BANK_ADMIN, NINE, requested_by="見本 一郎")

    before = house.desk.revocation.ending(serial(house))
    house.desk.revocation.revoke_serial(serial(house), "lost", BANK_ADMIN, NINE)
    endings = [house.desk.revocation.ending(named) for named in (plan, serial(house), serial(house).lower())]

    assert before is None
    assert [(ending.fact.reason, ending.requester) for ending in endings if ending] == [
        ("requested", Requester("見本 一郎")),
        ("lost", None),
        ("lost", None),
    ]


def test_a_serial_of_nobody_has_no_ending_to_tell_of(house: House) -> None:
    with pytest.raises(NotFound):
        house.desk.revocation.ending("AB" * 16)


def test_without_word_of_who_asked_nothing_is_kept(house: House) -> None:
    house.issue()

    house.desk.revocation.revoke_serial(serial(house), "lost", BANK_ADMIN, NINE, requested_by="", paper_number="")

    ((entry, fact),) = revocations(house)
    assert (fact.request, fact.commitment, fact.paper_number) == (None, None, None)
    assert house.database.execute("select 1 from vault_persons where subject = %s", entry.stream) == []


@pytest.mark.parametrize(
    ("typed", "faults"),
    [
        ({"requested_by": "あ" * 64, "paper_number": "-" * 20}, None),
        ({"requested_by": "あ" * 65}, {"requested_by": "malformed"}),
        ({"requested_by": " 見本"}, {"requested_by": "malformed"}),
        ({"requested_by": "見本\n花子"}, {"requested_by": "malformed"}),
        ({"paper_number": "-" * 21}, {"paper_number": "malformed"}),
        ({"paper_number": "２０２６"}, {"paper_number": "malformed"}),
        ({"paper_number": " 17"}, {"paper_number": "malformed"}),
        ({"paper_number": "1\t7"}, {"paper_number": "malformed"}),
        (
            {"requested_by": "\u202e", "paper_number": "年"},
            {"requested_by": "malformed", "paper_number": "malformed"},
        ),
    ],
)
def test_who_asked_and_the_paper_are_short_and_readable(
    house: House, typed: dict[str, str], faults: dict[str, str] | None
) -> None:
    house.issue()
    found = None

    try:
        house.desk.revocation.revoke_user(TARO, "lost", BANK_ADMIN, NINE, **typed)
    except InvalidInput as refusal:
        found = refusal.faults

    assert found == faults
    assert house.count("CertificateRevoked") == (0 if faults else 1)


def test_a_request_never_shows_who_asked_when_it_is_written_to_a_log() -> None:
    order = Order.of("lost", "見本 花子", "2026-17", BANK_ADMIN, NINE)

    assert "見本" not in repr(order)
