"""Password verifiers: argon2id, bounded, versioned, and the same work for nobody (R2.3, R3.5, R3.9; RFC 9106)."""

from collections.abc import Callable
from uuid import UUID

import pytest

import infra.passwords
from application.ports import Busy, Conflict, PasswordVault
from infra.passwords import VerifierVault
from infra.postgres import Database
from tests.support.fakes import CountingVault
from tests.support.rows import write

OWNER = UUID("4b1d8f0e-0000-4000-8000-000000000001")
OTHER = UUID("9c2e7a1d-0000-4000-8000-000000000002")


def versions(database: Database) -> list[tuple[UUID, int]]:
    found = database.execute("select owner, version from vault_verifiers order by owner, version")
    return [(row["owner"], row["version"]) for row in found]


@pytest.fixture(params=[VerifierVault, CountingVault], ids=["real", "counting"])
def vault(request: pytest.FixtureRequest, database: Database) -> PasswordVault:
    """Cheap hashes: their cost is the subject of one test only."""
    kind: type[VerifierVault] = request.param
    return kind(database, memory_kib=8)


# ---- the contract


def test_the_password_kept_matches_and_no_other_does(vault: PasswordVault, database: Database) -> None:
    write(database, vault.keep(OWNER, 1, "sesame99"))

    assert vault.matches(OWNER, 1, "sesame99")
    assert not vault.matches(OWNER, 1, "Sesame99")
    assert not vault.matches(OWNER, 1, "")


def test_a_verifier_is_its_owners_and_its_versions_alone(vault: PasswordVault, database: Database) -> None:
    write(database, vault.keep(OWNER, 1, "sesame99"))

    assert not vault.matches(OTHER, 1, "sesame99")
    assert not vault.matches(OWNER, 2, "sesame99")


def test_a_new_version_forgets_the_owners_older_ones(vault: PasswordVault, database: Database) -> None:
    write(database, vault.keep(OTHER, 1, "another1"))
    write(database, vault.keep(OWNER, 1, "sesame99"))
    write(database, vault.keep(OWNER, 2, "sesame88"))

    assert not vault.matches(OWNER, 1, "sesame99")
    assert vault.matches(OWNER, 2, "sesame88")
    assert versions(database) == [(OWNER, 2), (OTHER, 1)]


def test_a_version_that_is_there_already_is_a_conflict_and_stays(vault: PasswordVault, database: Database) -> None:
    write(database, vault.keep(OWNER, 1, "sesame99"))

    with pytest.raises(Conflict):
        write(database, vault.keep(OWNER, 1, "sesame88"))

    assert vault.matches(OWNER, 1, "sesame99")


def test_nothing_is_kept_before_its_row_is_written(vault: PasswordVault, database: Database) -> None:
    vault.keep(OWNER, 1, "sesame99")

    assert versions(database) == []


def test_the_work_for_nobody_lets_nobody_in(vault: PasswordVault) -> None:
    vault.matches_nobody("sesame99")

    assert not vault.matches(OWNER, 1, "sesame99")


# ---- the counting one


def test_the_counting_vault_tells_checks_from_idle_work(database: Database) -> None:
    vault = CountingVault(database, memory_kib=8)

    vault.matches_nobody("sesame88")
    vault.matches(OWNER, 1, "sesame99")

    assert vault.checked == ["sesame99"]
    assert vault.for_nobody == ["sesame88", "sesame99"]


# ---- what is stored, and the bound


def test_a_verifier_is_argon2id_of_nineteen_mebibytes_and_two_passes_with_a_salt_of_its_own(database: Database) -> None:
    vault = VerifierVault(database)
    write(database, vault.keep(OWNER, 1, "sesame99"), vault.keep(OTHER, 1, "sesame99"))

    first, second = [row["verifier"] for row in database.execute("select verifier from vault_verifiers")]

    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert "sesame99" not in first + second


@pytest.mark.parametrize(
    "act",
    [
        lambda vault: vault.matches(OWNER, 1, "sesame99"),
        lambda vault: vault.matches_nobody("sesame99"),
        lambda vault: vault.keep(OWNER, 1, "sesame99"),
    ],
    ids=["matches", "matches nobody", "keep"],
)
def test_who_finds_no_place_for_a_computation_is_told_busy(
    database: Database, monkeypatch: pytest.MonkeyPatch, act: Callable[[VerifierVault], object]
) -> None:
    monkeypatch.setattr(infra.passwords, "WAIT_FOR_A_PLACE", 0.01)
    vault = VerifierVault(database, checks_at_once=1, memory_kib=8)

    with vault._places, pytest.raises(Busy):
        act(vault)

    assert act(vault) is not True


def test_a_place_is_free_again_after_each_check(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra.passwords, "WAIT_FOR_A_PLACE", 0.01)
    vault = VerifierVault(database, checks_at_once=1, memory_kib=8)
    write(database, vault.keep(OWNER, 1, "sesame99"))

    answers = [vault.matches(OWNER, 1, password) for password in ("wrong000", "sesame99", "wrong000", "sesame99")]

    assert answers == [False, True, False, True]
