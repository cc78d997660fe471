"""Folded from pages cut anywhere, the rows say what the aggregate says (style 31; R3.7): a random walk."""

from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.credentials import account_stream
from domain.errors import DomainError
from domain.fact import Fact
from domain.user_account import UserAccount
from projections.answers import AccountRow
from projections.lock_status import LockStatus
from projections.runner import Connection, start
from tests.support.accounts import HOUR, MASTER, MILLISECOND, MINUTE, NINE, registered
from tests.support.log import MemoryLog, cut

VIEW = LockStatus()

STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.sampled_from(["fail", "accept", "release", "suspend", "resume", "close"]),
        st.sampled_from([1, 5, 6]),
        st.sampled_from([timedelta(), MINUTE, HOUR - MILLISECOND, HOUR]),
    ),
    max_size=20,
)
PAGES = st.lists(st.integers(1, 12), min_size=1, max_size=6)


@settings(max_examples=15, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, lengths=PAGES)
def test_folded_in_any_pages_the_rows_equal_the_domain(
    connection: Connection, steps: list[tuple[int, str, int, timedelta]], lengths: list[int]
) -> None:
    accounts, log, now = (registered("jiro02"), registered("taro01")), MemoryLog(), NINE
    for account in accounts:
        log.append(account_stream(account.state.user_id), account.facts)
    for which, act, times, pause in steps:
        now += pause
        for _ in range(times):
            facts = accounts[which].record(decided(act, accounts[which].state, now))
            log.append(account_stream(accounts[which].state.user_id), facts)

    start(connection, VIEW)
    with connection.transaction(force_rollback=True), connection.cursor() as cursor:
        for page in cut(log.entries(0, 1000), lengths):
            VIEW.fold(cursor, page)
        found = [VIEW.page(cursor, at).items for at in (now, now + HOUR)]

    assert found == [[judged(account.state, at) for account in accounts] for at in (now, now + HOUR)]


def decided(act: str, account: UserAccount, now: datetime) -> list[Fact]:
    """What the aggregate decides; nothing where it refuses."""
    acts = {
        "fail": lambda: account.fail_password("login", now),
        "accept": lambda: account.accept_password("login", now),
        "release": lambda: account.release(MASTER, now),
        "suspend": lambda: account.suspend(MASTER, now),
        "resume": lambda: account.resume(MASTER, now),
        "close": lambda: account.close("deleted", MASTER, now),
    }
    try:
        return acts[act]()
    except DomainError:
        return []


def judged(account: UserAccount, now: datetime) -> AccountRow:
    """The row as the aggregate itself would tell it."""
    hold = account.hold(now)
    state = hold.code if hold else "open"
    return AccountRow(
        user_id=account.user_id,
        organization=account.organization,
        role=account.role,
        state=state,  # type: ignore[arg-type]  # the refusals' codes are the states' names
        failures=account.lockout.failures_at(now),
        locks=account.lockout.locks,
        locked_until=account.lockout.locked_until if state == "locked" else None,
    )
