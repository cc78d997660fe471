"""Until when lists, authority and OCSP signers are good, of each generation that is still needed (R4.10, R4.11)."""

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from infra import generations, ocsp_signer, root_list
from infra.authority_ends import AuthorityEnds, End
from infra.pki import Pki
from infra.postgres import Database
from tests.support.house import TARO, House
from tests.support.ocsp import issued
from tests.support.pkix import NINE, PASSPHRASE, PKI_URL, authority_in

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """With one generation, made at NINE."""
    authority_in(tmp_path / "authority")
    return tmp_path / "authority"


@pytest.fixture
def ends(home: Path, database: Database) -> AuthorityEnds:
    return AuthorityEnds(home, database)


def renew(home: Path, house: House, now: datetime) -> None:
    """What the worker makes when it is due: lists and signers, of every generation."""
    newest, *earlier = generations.load(home, PASSPHRASE, PKI_URL)
    with closing(Pki(home, PASSPHRASE, PKI_URL, newest, house.database, house.store, earlier)) as pki:
        pki.renew(now)


def told(ends: list[End]) -> dict[str, datetime]:
    return {f"{end.what} {end.authority}": end.at for end in ends}


def test_what_was_made_anew_has_a_new_end(house: House, home: Path, ends: AuthorityEnds) -> None:
    renew(home, house, NINE)
    before = told(ends.of_files(NINE)), told(ends.of_lists(NINE))

    renew(home, house, NINE + 60 * DAY)

    after = told(ends.of_files(NINE)), told(ends.of_lists(NINE))
    assert after[0]["ocsp_signer issuing"] - before[0]["ocsp_signer issuing"] == 60 * DAY
    assert after[1]["issuing_list issuing"] - before[1]["issuing_list issuing"] == 60 * DAY
    assert after[0]["issuing_certificate issuing"] == before[0]["issuing_certificate issuing"]


def test_each_generation_is_told(house: House, home: Path, ends: AuthorityEnds) -> None:
    renewed = generations.renew(home, PASSPHRASE, NINE + DAY, PKI_URL)
    renew(home, house, NINE + DAY)

    found = told(ends.of_files(NINE + DAY))

    assert set(found) == {
        "root_list root",
        *(f"{what} {name}" for name in ("issuing", "issuing-2") for what in ("issuing_certificate", "ocsp_signer")),
    }
    assert found["issuing_certificate issuing-2"] == renewed.issuing.not_valid_after_utc


def test_an_earlier_generations_list_is_told_until_one_came_after_the_end_of_its_certificates(
    house: House, home: Path, ends: AuthorityEnds
) -> None:
    house.organization()
    serial = issued(house, TARO)
    first = generations.load(home, PASSPHRASE, PKI_URL)[0].key_identifier
    house.database.execute("update certificate_index set authority = %s", first)
    end = house.database.execute("select not_after from certificate_index where serial = %s", serial)[0]["not_after"]
    generations.renew(home, PASSPHRASE, NINE + DAY, PKI_URL)
    lists = []
    for now in (end, end + DAY):
        renew(home, house, now)
        lists.append(set(told(ends.of_lists(now))))

    assert lists == [{"issuing_list issuing", "issuing_list issuing-2"}, {"issuing_list issuing-2"}]


def test_a_generation_that_has_ended_is_not_told(home: Path, ends: AuthorityEnds) -> None:
    end = generations.load(home, PASSPHRASE, PKI_URL)[0].issuing.not_valid_after_utc

    assert "issuing_certificate issuing" in told(ends.of_files(end - SECOND))
    assert set(told(ends.of_files(end))) == {"root_list root"}


def test_what_is_not_there_or_not_readable_is_left_out(house: House, home: Path, ends: AuthorityEnds) -> None:
    without_signer, without_list = set(told(ends.of_files(NINE))), ends.of_lists(NINE)
    (home / root_list.FILE).unlink()
    (home / ocsp_signer.FILE).write_bytes(b"nothing")

    assert without_signer == {"root_list root", "issuing_certificate issuing"}
    assert without_list == []
    assert set(told(ends.of_files(NINE))) == {"issuing_certificate issuing"}


def test_where_there_is_no_authority_nothing_is_told(tmp_path: Path, database: Database) -> None:
    ends = AuthorityEnds(tmp_path / "none", database)

    assert ends.of_files(NINE) == ends.of_lists(NINE) == []
