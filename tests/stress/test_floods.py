"""Floods of tries and POSTs on real processes: bounded, answered 503 or 429, and nobody let in (R3.5, R3.10).

What counts are marks and rows, never times: how many waited at once (tests/support/counted_tries.py), how many
connections they held, how many were served.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx2
import pytest

from domain.credentials import account_stream
from domain.policy import FAILURES_TO_LOCK
from infra.postgres import Database
from infra.tls_server import is_answered
from tests.support import counted_tries, unhurried_tries
from tests.support.counted_tries import Tally, looked_at, peak
from tests.support.crowd import together
from tests.support.eventually import patiently
from tests.support.fleet import Fleet, Process, wait
from tests.support.guest import Guest, opened
from tests.support.house import RIGHT, TARO, WRONG, House
from tests.support.stress_table import record

PLACES = 12  # tries under way in one process
COMMAND = "make stress"


@pytest.fixture
def tally(fleet: Fleet) -> Tally:
    return Tally(fleet.home / "tally")


def narrow_web(fleet: Fleet, tally: Tally, program: str) -> Process:
    """With few places for tries, and one for hashes."""
    settings = {"SHOMEI_TRIES_WAITING": str(PLACES), "SHOMEI_PASSWORD_CHECKS": "1", "TALLY": str(tally.file)}
    return fleet.web(1, program=program, **settings)[0]


@pytest.fixture
def narrow(fleet: Fleet, tally: Tally) -> Process:
    return narrow_web(fleet, tally, counted_tries.PROGRAM)


@pytest.fixture
def unhurried(fleet: Fleet, tally: Tally) -> Process:
    return narrow_web(fleet, tally, unhurried_tries.PROGRAM)


@pytest.fixture
def taro(house: House) -> str:
    house.organization()
    return house.user(TARO)


def waiting_connections(database: Database) -> int:
    """Of all processes, on a turn that somebody else has."""
    query = "select count(*) as waiting from pg_stat_activity where datname = current_database() and wait_event = %s"
    return int(database.execute(query, "advisory")[0]["waiting"])


def statuses_of(answers: Sequence[object]) -> Counter[int]:
    return Counter(getattr(answer, "status_code", 0) for answer in answers)


# ---- tries


def test_a_flood_of_tries_waits_in_bounds_beside_pages_that_are_served(
    fleet: Fleet, house: House, taro: str, unhurried: Process, tally: Tally, long: bool
) -> None:
    size = 64 if long else 40
    guests = [Guest(unhurried, fleet.root, "/issuance") for _ in range(size)]
    connections = []

    with opened(guests) as crowd, fleet.visitor(unhurried) as reader, ThreadPoolExecutor(size) as threads:
        with house.turns.turn(account_stream(TARO)):
            tries = [threads.submit(guest.send, user_id=TARO, password=WRONG) for guest in crowd]

            def all_but_those_who_wait_are_answered() -> bool:
                connections.append(waiting_connections(house.database))
                return sum(each.done() for each in tries) >= size - PLACES and len(tally.all()) >= PLACES

            patiently(all_but_those_who_wait_are_answered)
            refused = [each.result() for each in tries if each.done()]
            pages = [reader.get(page).status_code for page in ("/", "/issuance", "/healthz", "/readyz")]
            connections.append(waiting_connections(house.database))
            marks_so_far = tally.all()
        statuses = statuses_of([each.result() for each in tries])
    seen = looked_at(tally.all())

    assert statuses_of(refused) == {503: size - PLACES}
    assert {answer.headers.get("retry-after") for answer in refused} == {"5"}
    assert marks_so_far == "+" * PLACES
    assert pages == [200] * 4
    assert max(connections) == 1
    assert statuses == {401: PLACES, 503: size - PLACES}
    assert house.count("PasswordFailed") == len(seen) == FAILURES_TO_LOCK
    record(
        "Q1-bound",
        f"{size} wrong tries at once on an account whose turn is taken, in a process with {PLACES} places; the turn is "
        "given up once all others are answered and pages were served",
        f"{PLACES} waited with {max(connections)} connection, before, while and after {len(pages)} pages were served; "
        f"then answers {told(statuses)}, {len(seen)} looked at",
        COMMAND,
    )


def test_right_passwords_that_get_no_turn_let_nobody_in_and_count_for_nothing(
    fleet: Fleet, house: House, taro: str, narrow: Process, tally: Tally
) -> None:
    guests = [Guest(narrow, fleet.root, "/issuance") for _ in range(PLACES + 4)]

    with opened(guests) as crowd:
        with house.turns.turn(account_stream(TARO)):
            answers = together([partial(guest.send, user_id=TARO, password=RIGHT) for guest in crowd])
        afterwards = crowd[0].send(user_id=TARO, password=RIGHT)

    assert statuses_of(answers) == {503: len(guests)}
    assert looked_at(tally.all()) == "r"
    assert house.count("PasswordAccepted") == len(house.database.execute("select id from tickets")) == 1
    assert (afterwards.status_code, house.count("PasswordFailed")) == (303, 0)


def test_no_more_hashes_are_computed_at_once_than_set(
    fleet: Fleet, house: House, narrow: Process, tally: Tally, long: bool
) -> None:
    guests = [Guest(narrow, fleet.root, "/issuance") for _ in range(PLACES)]
    before = tally.new().count("(")

    with opened(guests) as crowd:
        for _ in range(5 if long else 1):
            answers = together(
                [partial(guest.send, user_id=f"jiro{at:04}", password=WRONG) for at, guest in enumerate(crowd)]
            )
            assert set(statuses_of(answers)) <= {401, 503}
    marks = tally.new()

    assert before == 0
    assert marks.count("(") >= PLACES
    assert peak(marks, "(", ")") == 1
    assert peak(marks, "+", "-") > 1
    record(
        "Q1-hashes",
        f"{PLACES} tries at once on as many user IDs, in a process with one place for hashes",
        f"{peak(marks, '+', '-')} tries under way at once, 1 hash",
        COMMAND,
    )


# ---- limits per address


@pytest.fixture
def limited(fleet: Fleet, tally: Tally) -> list[Process]:
    """Two processes with the limits as they come."""
    settings = {"SHOMEI_RATE_POSTS": "120", "SHOMEI_RATE_IDS": "10", "TALLY": str(tally.file)}
    return fleet.web(2, program=counted_tries.PROGRAM, **settings)


def test_of_a_flood_of_posts_120_are_served_whoever_they_say_they_are(
    fleet: Fleet, house: House, limited: list[Process], tally: Tally, long: bool
) -> None:
    guests = [Guest(limited[at % 2], fleet.root, "/issuance") for at in range(32)]
    for at, guest in enumerate(guests):
        guest.client.headers.update({"X-Real-IP": f"192.0.2.{at}", "X-Forwarded-For": f"192.0.2.{at}"})
    with opened(guests) as crowd:
        # The minute of the limit is the database's row: made longer, for a slow machine's sake.
        crowd[0].send(user_id="", password="")
        house.database.execute("update rate_counters set until = until + interval '1 hour'")

        answers = together([partial(several, guest, 8 if long else 5) for guest in crowd])

    statuses = Counter(status for found in answers if isinstance(found, list) for status in found)
    assert statuses == {422: 119, 429: len(guests) * (8 if long else 5) - 119}
    assert looked_at(tally.all()) == ""
    record(
        "R3.10-posts",
        f"{1 + statuses.total()} POSTs of one address in a minute, 32 connections, 2 processes, forged headers",
        f"120 served, {statuses[429]} answered 429",
        COMMAND,
    )


def several(guest: Guest, times: int) -> list[int]:
    """POSTs that are refused for their form, the cheapest there are."""
    return [guest.send(user_id="", password="").status_code for _ in range(times)]


def test_of_a_flood_over_many_user_ids_ten_are_tried(
    fleet: Fleet, house: House, limited: list[Process], tally: Tally
) -> None:
    guests = [Guest(limited[at % 2], fleet.root, "/issuance") for at in range(48)]

    with opened(guests) as crowd:
        # Two at once for each, one in each process.
        answers = together(
            [partial(guest.send, user_id=f"jiro{at // 2:04}", password=WRONG) for at, guest in enumerate(crowd)]
        )

    statuses = statuses_of(answers)
    tried = {at // 2 for at, answer in enumerate(answers) if getattr(answer, "status_code", 0) == 401}
    assert set(statuses) <= {401, 429, 503}
    assert len(tried) == 10 or (len(tried) < 10 and statuses[503])  # who waited in vain for a hash gives his place back
    assert tally.all().count("n") == statuses[401]
    record(
        "R3.10-ids",
        "tries at once on 24 user IDs from one address, two on each, 2 processes",
        f"{len(tried)} user IDs tried, {statuses[429]} tries answered 429 before a hash",
        COMMAND,
    )


def test_behind_the_unix_socket_the_address_is_the_one_nginx_sends(fleet: Fleet, house: House, tmp_path: Path) -> None:
    path = tmp_path / "web.sock"
    process = fleet.start("serve", SHOMEI_SOCKET=str(path), SHOMEI_RATE_POSTS="1")
    while process.process.poll() is None and not (path.is_socket() and is_answered(path)):
        wait(0.05)
    with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(path)), base_url="http://localhost") as nginx:
        statuses = [
            nginx.post("/login", headers={"X-Real-IP": address, "X-Forwarded-For": "192.0.2.9"}).status_code
            for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2", "192.0.2.3")
        ]

    assert statuses == [422, 422, 429, 429, 422]


def told(statuses: Counter[int]) -> str:
    return ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
