"""64 guesses at once on one account, over four web processes and both entries (measure Q1; R3.1-R3.5, R3.7).

What counts is what was looked at, not what was recorded: each look leaves a mark (tests/support/counted_tries.py).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import pytest

from domain.credentials import account_stream
from domain.fact import Fact
from domain.policy import REFUSAL_PAUSE
from infra.authority import IssuingAuthority
from tests.support.accounts import HOUR, fact
from tests.support.counted_tries import PROGRAM, Tally, looked_at
from tests.support.crowd import together
from tests.support.fleet import PASSPHRASE, Fleet, Process
from tests.support.guest import Guest, certificate_file, opened
from tests.support.house import MASTER, PKI, RIGHT, TARO, House
from tests.support.refused_tries import shortest_pause
from tests.support.stress_table import record

CROWD = 64
PROCESSES = 4
ROUNDS = 20  # in the long form
OTHER = "jiro0002"  # has no certificate yet, and may authenticate for one again and again
COMMAND = "make stress"

Guess = tuple[str, str]  # user ID, password


@pytest.fixture
def authority(fleet: Fleet) -> IssuingAuthority:
    """The fleet's own: what the desk issues opens the processes' door."""
    return IssuingAuthority.load(fleet.home / "authority", PASSPHRASE.encode(), PKI)


@pytest.fixture
def tally(fleet: Fleet) -> Tally:
    return Tally(fleet.home / "tally")


@pytest.fixture
def web(fleet: Fleet, tally: Tally) -> list[Process]:
    return fleet.web(PROCESSES, program=PROGRAM, TALLY=str(tally.file))


@pytest.fixture
def certificate(house: House, tmp_path: Path) -> Path:
    """Of taro0001, whose certificate is live; jiro0002 has none."""
    house.clock.set(datetime.now(UTC))
    house.organization()
    house.user(TARO)
    house.user(OTHER)
    house.issue()
    return certificate_file(house.packages.packed[-1], RIGHT, tmp_path / "taro.pem")


def guests(fleet: Fleet, web: Sequence[Process], certificate: Path) -> list[Guest]:
    """As many at each process, half of them at the login with the certificate, half at the issuance."""
    doors = [(process, path) for path in ("/login", "/issuance") for process in web]
    return [
        Guest(process, fleet.root, path, certificate if path == "/login" else None)
        for process, path in islice(cycle(doors), CROWD)
    ]


def try_at_once(crowd: Sequence[Guest], guesses: Sequence[Guess]) -> list[int]:
    """The statuses; a guess without an answer is a failure of the test."""
    sent = [
        partial(guest.send, user_id=user_id, password=password)
        for guest, (user_id, password) in zip(crowd, guesses, strict=True)
    ]
    answers = together(sent)
    return [getattr(answer, "status_code", 0) for answer in answers]


def wrong(how_many: int, user_id: str = TARO) -> Iterator[Guess]:
    return ((user_id, f"guess{number:03}") for number in range(how_many))


def hidden(place: int) -> list[Guess]:
    """The right one among 63 wrong ones."""
    guesses = list(wrong(CROWD - 1))
    guesses.insert(place, (TARO, RIGHT))
    return guesses


def release(house: House) -> None:
    house.desk.accounts.release(TARO, MASTER, datetime.now(UTC))


def test_of_64_guesses_at_once_six_are_looked_at_then_it_is_locked(
    fleet: Fleet, house: House, certificate: Path, web: list[Process], tally: Tally, long: bool
) -> None:
    rounds = ROUNDS if long else 2
    statuses = Counter[int]()
    failures = let_in = 0

    for number in range(1, rounds + 1):
        place = number * 7 % CROWD
        guesses = hidden(place) if number % 2 == 0 else list(wrong(CROWD))
        with opened(guests(fleet, web, certificate)) as crowd:
            tally.new()
            answered = try_at_once(crowd, guesses)
        looked = looked_at(tally.new())

        # A right password ends the run before it: after it, too, six are looked at and not one more.
        assert re.fullmatch("w{6}" if number % 2 else "(w{0,5}r)?w{6}", looked), looked
        assert set(answered) <= {303, 401, 409, 503}
        accepted = [status in (303, 409) for status in answered]  # 409: right, but it has a certificate already
        assert accepted == [looked.find("r") >= 0 and at == place and number % 2 == 0 for at in range(CROWD)]
        assert (house.count("AccountLocked"), house.mails().count("locked")) == (number, number)
        failures += looked.count("w")
        assert house.count("PasswordFailed") == failures
        statuses.update(answered)
        let_in += sum(accepted)
        release(house)

    refused = house.count("AccessRefused")
    assert (house.count("AccountBlocked"), house.count("AccountLockExpired")) == (0, 0)
    assert refused > 0
    assert shortest_pause(on_the_account(house, TARO)) >= REFUSAL_PAUSE
    record(
        "Q1",
        f"{CROWD} guesses at once on one account, {PROCESSES} processes, both entries, {rounds} rounds, in every second"
        " the right password among them; limits off",
        f"{rounds} locks with 6 wrong passwords looked at before each, {rounds} mails; the right one reached "
        f"in {let_in} rounds; answers {told(statuses)}; {refused} of those refused unseen recorded, one a minute",
        COMMAND,
    )


def on_the_account(house: House, user_id: str) -> list[Fact]:
    return house.store.load(account_stream(user_id))


def locked_until_now(house: House, user_id: str, locks: int) -> datetime:
    """Has a certificate and that many locks behind him, one after the other; the end of the last one."""
    end = datetime.now(UTC)
    house.clock.set(end - locks * HOUR)
    house.one_of_many(user_id)
    house.issue(user_id)
    for _ in range(locks):
        house.fail(6, user_id)
        house.clock.advance(HOUR)
    return end


def test_of_64_guesses_at_the_end_of_a_lock_the_first_tells_the_end_and_six_are_looked_at(
    fleet: Fleet, house: House, web: list[Process], tally: Tally, tmp_path: Path, long: bool
) -> None:
    rounds = ROUNDS if long else 2
    statuses = Counter[int]()

    for number in range(1, rounds + 1):
        user_id, locks = f"late{number:04}", 1 + number % 2
        end = locked_until_now(house, user_id, locks)
        certificate = certificate_file(house.packages.packed[-1], RIGHT, tmp_path / f"{user_id}.pem")
        before, mails = len(on_the_account(house, user_id)), len(house.mails())
        with opened(guests(fleet, web, certificate)) as crowd:
            tally.new()
            answered = try_at_once(crowd, list(wrong(CROWD, user_id)))
            too_late = crowd[0].send(user_id=user_id, password=RIGHT)
        after = on_the_account(house, user_id)[before:]
        last = after[6].at

        assert looked_at(tally.new()) == "wwwwww"
        assert after[0] == fact("AccountLockExpired", end, by=user_id)
        assert [type(each).__name__ for each in after[1:7]] == ["PasswordFailed"] * 6
        assert after[7] == fact("AccountLocked", last, by=user_id, lock=locks + 1, until=last + HOUR)
        assert after[8:-1] == [fact("AccountBlocked", last, by=user_id)] * (locks - 1)
        assert after[-1] == fact(
            "AccessRefused", after[-1].at, by=user_id, reason="blocked" if locks == 2 else "locked"
        )
        assert house.mails()[mails:] == ["blocked" if locks == 2 else "locked"]
        assert too_late.status_code == 401
        assert set(answered) <= {401, 503}
        statuses.update(answered)

    record(
        "R3.7",
        f"{CROWD} wrong guesses at once after the end of a lock by time, {PROCESSES} processes, both entries, {rounds}"
        " accounts, each at its first or second lock",
        f"the end told once an account, before all tries, with its own time; then 6 passwords looked at, one lock or "
        f"block, one mail and one AccessRefused each; answers {told(statuses)}",
        COMMAND,
    )


def test_right_passwords_at_once_are_all_accepted(
    fleet: Fleet, house: House, certificate: Path, web: list[Process], tally: Tally, long: bool
) -> None:
    rounds = 5 if long else 1
    statuses = Counter[int]()

    for _ in range(rounds):
        with opened(guests(fleet, web, certificate)) as crowd:
            # At the issuance for one who may have a certificate, at the login for one who shows his.
            users = [OTHER if guest.path == "/issuance" else TARO for guest in crowd]
            tally.new()
            answered = try_at_once(crowd, [(user_id, RIGHT) for user_id in users])

        assert set(answered) <= {303, 503}
        assert looked_at(tally.new()) == "r" * answered.count(303)
        statuses.update(answered)

    assert house.count("PasswordAccepted") - 1 == statuses[303] > 0  # one was the desk's, for the certificate
    assert house.count("PasswordFailed") == 0
    record(
        "Q1-right",
        f"{CROWD} right passwords at once, two accounts, {PROCESSES} processes, both entries, {rounds} rounds",
        f"all accepted that got their turn within 5 s; answers {told(statuses)}",
        COMMAND,
    )


def told(statuses: Counter[int]) -> str:
    return ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
