"""However tries, time and acts of others mix, the lock rules hold (manual ④; style 31; R3.1-R3.7): a random walk.

The counters beside the account are a second writing of the manual and know nothing of the domain's own rule.
"""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from domain.errors import AccountHeld, AlreadyClosed, NothingToRelease
from domain.fact import WORKER, Fact
from domain.user_account import account_from
from domain.user_account_facts import (
    AccessRefused,
    AccountLocked,
    AccountLockExpired,
    AccountReleased,
    PasswordAccepted,
    PasswordFailed,
)
from tests.support.accounts import DAY, MASTER, MILLISECOND, MINUTE, NINE, SECOND, Account, registered
from tests.support.walks import WALK, stored_and_read

LOCK = 60 * MINUTE


class LockoutWalk(RuleBasedStateMachine):
    """One account: right and wrong tries, time, and acts of others, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.account: Account = registered(password_until=NINE + 36500 * DAY)
        self.now = NINE
        self.failures = 0  # in this run
        self.locks = 0  # since the last success or release
        self.in_a_row = 0  # wrong passwords since the last success or release
        self.until: datetime | None = None
        self.blocked = self.suspended = self.closed = False
        self.refused_at: datetime | None = None

    # ---- the plain counters

    def locked(self) -> bool:
        return not self.blocked and self.until is not None and self.now < self.until

    def held(self) -> bool:
        return self.closed or self.blocked or self.suspended or self.locked()

    def forget_a_lock_that_is_over(self) -> None:
        if self.until is not None and not self.blocked and self.now >= self.until:
            self.failures, self.until = 0, None

    def forget_everything(self) -> None:
        self.failures = self.locks = self.in_a_row = 0
        self.until, self.blocked = None, False

    def count_a_failure(self) -> None:
        self.failures += 1
        self.in_a_row += 1
        if self.failures == 6:
            self.locks += 1
            self.until = self.now + LOCK
            self.blocked = self.locks == 3

    # ---- tries

    def refuse(self) -> None:
        with pytest.raises(AccountHeld):
            self.account.state.accept_password("login", self.now)
        with pytest.raises(AccountHeld):
            self.account.state.fail_password("login", self.now)
        told = self.account.record(self.account.state.refuse_access("held", self.now))
        due = self.refused_at is None or self.now - self.refused_at >= MINUTE
        assert any(isinstance(each, AccessRefused) for each in told) == due
        if due:
            self.refused_at = self.now
            self.forget_a_lock_that_is_over()

    @rule(times=st.integers(1, 7), entry=st.sampled_from(["issuance", "login", "step_up"]))
    def type_a_wrong_password(self, times: int, entry: str) -> None:
        for _ in range(times):
            if self.held():
                self.refuse()
            else:
                self.forget_a_lock_that_is_over()
                self.count_a_failure()
                self.account.record(self.account.state.fail_password(entry, self.now))

    @rule()
    def guess_on_from_lock_to_lock(self) -> None:
        if self.locked() and self.until is not None:
            self.now = self.until
        while not self.held():
            self.type_a_wrong_password(1, "issuance")

    @rule(entry=st.sampled_from(["issuance", "login", "step_up"]))
    def type_the_right_password(self, entry: str) -> None:
        if self.held():
            self.refuse()
        else:
            self.forget_everything()
            self.account.record(self.account.state.accept_password(entry, self.now))

    # ---- time

    @rule(length=st.sampled_from([MILLISECOND, SECOND, MINUTE - MILLISECOND, MINUTE, LOCK - MILLISECOND, LOCK, DAY]))
    def wait(self, length: timedelta) -> None:
        self.now += length

    @precondition(lambda self: self.locked())
    @rule(early=st.sampled_from([MILLISECOND, timedelta()]))
    def wait_for_the_end_of_the_lock(self, early: timedelta) -> None:
        assert self.until is not None
        self.now = max(self.now, self.until - early)

    @rule()
    def let_the_worker_look(self) -> None:
        due = not self.blocked and self.until is not None and self.now >= self.until
        told = self.account.record(self.account.state.expire_lock(WORKER, self.now))
        assert len(told) == due
        self.forget_a_lock_that_is_over()

    # ---- acts of others: one rule, so that a walk is mostly tries and time

    @rule(what=st.sampled_from(["release", "reset", "suspend", "resume", "resume", "close"]))
    def act(self, what: str) -> None:
        {
            "release": self.release,
            "reset": self.reset,
            "suspend": self.suspend,
            "resume": self.resume,
            "close": self.close,
        }[what]()

    def release(self) -> None:
        if not self.closed and (self.blocked or self.locked()):
            self.account.record(self.account.state.release(MASTER, self.now))
            self.forget_everything()
        else:
            with pytest.raises(AlreadyClosed if self.closed else NothingToRelease):
                self.account.state.release(MASTER, self.now)

    def reset(self) -> None:
        if self.closed:
            with pytest.raises(AlreadyClosed):
                self.account.state.reset_password(self.now + DAY, MASTER, self.now)
            return
        self.account.record(self.account.state.reset_password(self.now + DAY, MASTER, self.now))
        if self.blocked or self.locked():
            self.forget_everything()
        self.forget_a_lock_that_is_over()

    def suspend(self) -> None:
        if not self.closed and self.account.record(self.account.state.suspend(MASTER, self.now)):
            self.forget_a_lock_that_is_over()
            self.suspended = True

    def resume(self) -> None:
        if not self.closed and self.account.record(self.account.state.resume(MASTER, self.now)):
            self.forget_a_lock_that_is_over()
            self.suspended = False

    def close(self) -> None:
        if not self.closed and len(self.account.facts) > 60:  # late, for nothing happens after it
            self.account.record(self.account.state.close("deleted", MASTER, self.now))
            self.forget_a_lock_that_is_over()
            self.closed = True

    # ---- what holds after every step

    @invariant()
    def the_account_agrees_with_the_counters(self) -> None:
        over = self.until is not None and not self.blocked and self.now >= self.until
        assert (self.account.state.hold(self.now) is not None) == self.held()
        assert self.account.state.lockout.failures_at(self.now) == (0 if over else self.failures)
        assert self.account.state.lockout.locks == self.locks
        assert self.account.state.lockout.blocked == self.blocked

    @invariant()
    def never_more_than_eighteen_in_a_row(self) -> None:
        assert self.in_a_row <= 18

    def teardown(self) -> None:
        facts = self.account.facts
        assert account_from(stored_and_read(facts)) == self.account.state
        assert longest_run_of_failures(facts) <= 18
        in_their_time = [each.at for each in facts if not isinstance(each, AccountLockExpired)]
        assert in_their_time == sorted(in_their_time)
        ended = [each.at for each in facts if isinstance(each, AccountLockExpired)]
        assert len(ended) == len(set(ended))
        assert set(ended) <= {each.until for each in facts if isinstance(each, AccountLocked) and each.lock < 3}
        refused = [each.at for each in facts if isinstance(each, AccessRefused)]
        assert all(later - earlier >= MINUTE for earlier, later in pairwise(refused))


def longest_run_of_failures(facts: list[Fact]) -> int:
    longest = run = 0
    for each in facts:
        if isinstance(each, PasswordAccepted | AccountReleased):
            run = 0
        elif isinstance(each, PasswordFailed):
            run += 1
        longest = max(longest, run)
    return longest


def test_an_account_agrees_with_plain_counters_in_any_order_of_tries_time_and_acts() -> None:
    run_state_machine_as_test(LockoutWalk, settings=WALK)
