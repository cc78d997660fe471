"""The list of revoked certificates as published (R4.10): due with every revocation and daily, one for all processes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from typing import Any

import psycopg
import pytest
from cryptography import x509

from domain.authority import RevocationListPublished
from domain.certificate import CertificatePlanned
from domain.fact import COMMAND_LINE, WORKER
from infra import published_list, revocation_list
from infra.authority import IssuingAuthority
from infra.pki import Pki
from infra.published_list import PUBLISHING
from tests.support.eventually import eventually
from tests.support.house import OVER, TARO, House
from tests.support.ocsp import issued, pki, second_pki
from tests.support.pkix import findings_in_list

__all__ = ["pki", "second_pki"]

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def serial(house: House) -> str:
    house.organization()
    return issued(house)


def revoke(house: House, user_id: str = TARO) -> None:
    house.desk.revocation.revoke_user(user_id, "lost", COMMAND_LINE, house.clock())


def der(pki: Pki, house: House) -> bytes:
    found = pki.documents.revocation_list("issuing", house.clock())
    assert found is not None
    return b"".join(found.content)


def current(pki: Pki, house: House) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(der(pki, house))


def number(found: x509.CertificateRevocationList) -> int:
    return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def serials(found: x509.CertificateRevocationList) -> set[int]:
    return {one.serial_number for one in found}


def publications(house: House) -> list[RevocationListPublished]:
    return [fact for fact in house.every_fact() if isinstance(fact, RevocationListPublished)]


def test_the_first_list_is_made_when_it_is_asked_for(
    pki: Pki, house: House, authority: IssuingAuthority, serial: str
) -> None:
    found = current(pki, house)

    assert serials(found) == set()
    assert found.is_signature_valid(authority.key.public_key())
    assert (found.last_update_utc, found.next_update_utc) == (house.clock(), house.clock() + 2 * DAY)
    assert findings_in_list(der(pki, house)) == []


def test_a_list_is_a_fact(pki: Pki, house: House, serial: str) -> None:
    revoke(house)

    found = current(pki, house)

    assert publications(house) == [
        RevocationListPublished(
            at=house.clock(),
            by=WORKER,
            number=number(found),
            this_update=house.clock(),
            next_update=house.clock() + 2 * DAY,
            sha256=sha256(der(pki, house)).hexdigest(),
            entries=1,
        )
    ]


def test_the_next_list_of_every_process_after_a_revocation_names_it(
    pki: Pki, second_pki: Pki, house: House, serial: str
) -> None:
    before = [current(process, house) for process in (pki, second_pki)]

    revoke(house)

    after = [current(process, house) for process in (pki, second_pki)]
    assert [serials(found) for found in before + after] == [set(), set(), {int(serial, 16)}, {int(serial, 16)}]
    assert number(after[0]) > number(before[0])


def test_all_processes_give_the_same_list(pki: Pki, second_pki: Pki, house: House, serial: str) -> None:
    revoke(house)

    assert der(pki, house) == der(second_pki, house)
    assert len(publications(house)) == 1


def test_processes_that_find_it_due_at_once_make_one(
    pki: Pki, second_pki: Pki, house: House, serial: str, owner: psycopg.Connection[Any]
) -> None:
    waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted and objid = %s"
    revoke(house)

    owner.execute("select pg_advisory_lock(%s)", [PUBLISHING])
    with ThreadPoolExecutor(2) as threads:
        made = [threads.submit(der, process, house) for process in (pki, second_pki)]
        assert eventually(lambda: owner.execute(waiting, [PUBLISHING]).fetchone() == (2,))
        owner.execute("select pg_advisory_unlock(%s)", [PUBLISHING])

    assert made[0].result() == made[1].result()
    assert len(publications(house)) == 1


def test_it_is_renewed_daily(pki: Pki, house: House, serial: str) -> None:
    first = current(pki, house)
    house.clock.advance(DAY - SECOND)
    pki.renew(house.clock())
    before = current(pki, house)
    house.clock.advance(SECOND)

    pki.renew(house.clock())

    assert number(before) == number(first)
    assert number(current(pki, house)) > number(first)


def test_a_planned_serial_that_was_revoked_is_named(pki: Pki, house: House) -> None:
    house.organization()
    house.user()
    house.between.fails_at("sign", RuntimeError("cut off"))
    cookie = house.enter()
    house.start(cookie)
    with pytest.raises(RuntimeError):
        house.work(cookie)
    (planned,) = (fact for fact in house.every_fact() if isinstance(fact, CertificatePlanned))

    house.desk.revocation.revoke_serial(planned.serial, "lost", COMMAND_LINE, house.clock())

    assert serials(current(pki, house)) == {int(planned.serial, 16)}


@pytest.mark.parametrize("is_new", [False, True])
def test_an_entry_is_dropped_after_the_first_list_beyond_its_certificates_end(
    pki: Pki, second_pki: Pki, house: House, serial: str, is_new: bool
) -> None:
    revoke(house)
    current(pki, house)
    found = list[set[int]]()

    for at in (OVER - SECOND, OVER - SECOND + DAY, OVER - SECOND + 2 * DAY):
        house.clock.set(at)
        found.append(serials(current(second_pki if is_new else pki, house)))  # the other has encoded nothing yet

    assert found == [{int(serial, 16)}, {int(serial, 16)}, set()]


def test_numbers_rise_within_a_second(pki: Pki, house: House, serial: str) -> None:
    numbers = [number(current(pki, house))]

    for user_id in ("jiro0002", "saburo03"):
        issued(house, user_id)
        revoke(house, user_id)
        numbers.append(number(current(pki, house)))

    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


def test_numbers_rise_also_after_an_older_backup(pki: Pki, second_pki: Pki, house: House, serial: str) -> None:
    for user_id in ("jiro0002", "saburo03"):
        issued(house, user_id)
    first = number(current(pki, house))
    revoke(house)
    lost = number(current(pki, house))

    house.database.execute("update revocation_lists set number = %s", first)
    house.clock.advance(2 * SECOND)
    revoke(house, "jiro0002")

    assert number(current(second_pki, house)) > lost


def test_many_are_read_page_by_page(pki: Pki, house: House, serial: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_list, "PAGE", 1)
    monkeypatch.setattr(revocation_list, "PART", 50)
    other = issued(house, "jiro0002")
    revoke(house)
    revoke(house, "jiro0002")

    assert serials(current(pki, house)) == {int(serial, 16), int(other, 16)}


def test_a_list_that_is_good_still_is_read_once(pki: Pki, house: House, serial: str) -> None:
    first = pki.documents.revocation_list("issuing", house.clock())

    assert pki.documents.revocation_list("issuing", house.clock()) is first
