"""A lock, a block or a suspension that comes while its owner acts, over two web processes (R3.11, R4.6).

Whichever comes first wins; behind the stop nothing begins, and a lock ends nothing that has begun.
"""

from collections import Counter
from datetime import UTC, datetime

import httpx2
import pytest

from domain.credentials import account_stream
from domain.policy import REFUSAL_PAUSE
from infra.authority import IssuingAuthority
from tests.support.aftermath import Aftermath
from tests.support.eventually import patiently
from tests.support.fleet import PASSPHRASE, Fleet
from tests.support.house import PKI, House
from tests.support.refused_tries import shortest_pause
from tests.support.stops import LOCK, WAYS, Answers, Customer, Scene
from tests.support.stress_table import record

ROUNDS = 10  # in the long form
PROCESSES = 2
TIMES = 3  # that each act is done in each window while the stop comes
BUSY = 503

# What may be answered while the stop comes, and behind it: by a lock, and by what ends more than a lock does.
DURING_A_LOCK = {
    "issue": {303, 401},
    "see ⑦": {200},
    "download": {200},
    "log in": {303, 401, BUSY},
    "look around": {200},
    "step up": {303, 401, BUSY},
}
DURING_AN_END = DURING_A_LOCK | {"see ⑦": {200, 410}, "download": {200, 410}, "look around": {200, 401}}
BEHIND_A_LOCK = {
    "issue": {303, 401},  # on to the wait for what had begun
    "see ⑦": {200},
    "download": {200},
    "log in": {401, BUSY},
    "look around": {200},
    "step up": {401, BUSY},
}
BEHIND_AN_END = BEHIND_A_LOCK | {"see ⑦": {410}, "download": {410}, "look around": {401}}

# What may stand in the log behind the stop: the rest of what had begun, and the ends of it.
ENDS_NOTHING = {"CertificatePlanned", "CertificateIssued", "IssuanceCompleted", "KeyPackageDelivered", "AccessRefused"}
ENDS_ALL = {"CertificatePlanned", "IssuanceAbandoned", "KeyPackageDestroyed", "AccessRefused"}


@pytest.fixture
def authority(fleet: Fleet) -> IssuingAuthority:
    """The fleet's own: what the desk issues opens the processes' door."""
    return IssuingAuthority.load(fleet.home / "authority", PASSPHRASE.encode(), PKI)


@pytest.fixture
def scene(fleet: Fleet, house: House) -> Scene:
    return Scene(house, fleet, fleet.web(PROCESSES))


def test_behind_a_stop_nothing_begins_and_a_lock_ends_nothing_that_has_begun(scene: Scene, long: bool) -> None:
    rounds = ROUNDS if long else 1
    in_time: Answers = []
    late: Answers = []
    everybody: list[Customer] = []

    for _ in range(rounds):
        with scene.customers(of_each=2) as crowd:
            in_time += scene.race(crowd, TIMES)
            scene.stop_the_others(crowd)
            late += scene.act(crowd)
        everybody += crowd
    patiently(lambda: not any(scene.house.account(each.user_id).running for each in everybody))

    scene.house.clock.set(datetime.now(UTC))
    aftermath = Aftermath(scene.house)
    for each in everybody:
        kinds, answers = aftermath.kinds(each.user_id), [*of(each, in_time), *of(each, late)]
        check_answers(each, of(each, in_time), of(each, late))
        check_log(each, kinds)
        check_acknowledged(each, kinds, answers)
        assert shortest_pause(aftermath.streams[account_stream(each.user_id)]) >= REFUSAL_PAUSE
    assert open_sessions(scene.house) == [
        each.user_id for each in everybody if each.stop == LOCK and "LoggedIn" in aftermath.kinds(each.user_id)
    ]
    aftermath.check_that_nobody_has_two()
    aftermath.check_packages()
    aftermath.check_sessions()
    tell(everybody, in_time, late)


def of(customer: Customer, answers: Answers) -> list[httpx2.Response]:
    return [answer for each, answer in answers if each is customer]


def check_answers(customer: Customer, in_time: list[httpx2.Response], late: list[httpx2.Response]) -> None:
    during, behind = (DURING_A_LOCK, BEHIND_A_LOCK) if customer.stop == LOCK else (DURING_AN_END, BEHIND_AN_END)

    assert statuses(in_time) <= during[customer.act], customer
    assert statuses(late) <= behind[customer.act], customer
    if customer.act == "download":
        assert {answer.content for answer in [*in_time, *late] if answer.status_code == 200} <= {customer.p12}


def check_log(customer: Customer, kinds: list[str]) -> None:
    """`kinds` in the log's order: what stands behind the stop had begun before it, or ends."""
    behind = kinds[kinds.index(customer.stop) + 1 :]

    assert set(behind) <= (ENDS_NOTHING if customer.stop == LOCK else ENDS_ALL), (customer, kinds)
    if customer.stop == LOCK:
        assert kinds.count("CertificateIssued") == kinds.count("IssuanceStarted")


def check_acknowledged(customer: Customer, kinds: list[str], answers: list[httpx2.Response]) -> None:
    """Each answer stands in the log, and nothing beside."""
    done = Counter(answer.status_code for answer in answers)
    match customer.act:
        case "issue":
            assert kinds.count("IssuanceStarted") == (done[303] > 0)
        case "download":
            assert kinds.count("KeyPackageDelivered") == done[200]
        case "log in":
            assert kinds.count("LoggedIn") == done[303]
        case "step up":
            assert kinds.count("PasswordAccepted") == done[303] + 2  # at ④ and at the login before


def statuses(answers: list[httpx2.Response]) -> set[int]:
    return {answer.status_code for answer in answers}


def open_sessions(house: House) -> list[str]:
    return [
        row["user_id"]
        for row in house.database.execute("select user_id from sessions where ended is null order by user_id")
    ]


def tell(everybody: list[Customer], in_time: Answers, late: Answers) -> None:
    """Of those who raced the stop, how many acts came first."""
    counts = {act: Counter(answer.status_code for customer, answer in in_time if customer.act == act) for act in WAYS}
    record(
        "R3.11",
        f"{len(everybody)} customers locked, blocked or suspended at the moment of 発行, ⑦, the download, the login, "
        f"a page or a step-up, each in {PROCESSES} windows at as many processes, and once more behind it",
        "nothing begun behind a stop, nothing that had begun ended by a lock; answers "
        + "; ".join(f"{act} {told(counted)}" for act, counted in counts.items())
        + f"; behind it {len(late)} as the rule says",
        "make stress",
    )


def told(counted: Counter[int]) -> str:
    return ", ".join(f"{status}: {count}" for status, count in sorted(counted.items()))
