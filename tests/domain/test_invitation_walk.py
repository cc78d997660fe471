"""However tries, time and the bank's acts mix, no held letter lets anybody in (R7.2, R3.1-R3.7; style 31): a walk.

The counters beside the organization are a second writing of the manual and know nothing of the domain's own rule.
"""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from domain.errors import (
    AlreadyRegistered,
    InvitationExpired,
    InvitationHeld,
    InvitationIsBlocked,
    InvitationReplaced,
    NothingToRelease,
)
from domain.organization import organization_from
from domain.organization_facts import InvitationLockExpired, InvitationRefused, MasterInvited, MasterRegistered
from tests.support.accounts import DAY, HOUR, MILLISECOND, MINUTE, NINE
from tests.support.invitations import BANK, Customer, invited
from tests.support.walks import WALK, stored_and_read


class InvitationWalk(RuleBasedStateMachine):
    """One organization: right and wrong tries, registrations begun with any letter, time, and the bank."""

    def __init__(self) -> None:
        super().__init__()
        self.customer: Customer = invited()
        self.now = NINE
        self.failures = self.locks = self.in_a_row = 0
        self.until: datetime | None = None
        self.blocked = False
        self.letter, self.letter_until = 1, NINE + 80 * DAY
        self.master: str | None = None

    def held(self) -> bool:
        return self.blocked or (self.until is not None and self.now < self.until)

    def forget_a_lock_that_is_over(self) -> None:
        if self.until is not None and not self.blocked and self.now >= self.until:
            self.failures, self.until = 0, None

    def forget_everything(self) -> None:
        self.failures = self.locks = self.in_a_row = 0
        self.until, self.blocked = None, False

    def refuse(self) -> None:
        with pytest.raises(InvitationHeld):
            self.customer.state.accept_try(self.now)
        with pytest.raises(InvitationHeld):
            self.customer.state.fail_try(self.now)
        self.customer.record(self.customer.state.refuse_try("held", self.now))

    @rule(times=st.integers(1, 7))
    def type_a_wrong_password(self, times: int) -> None:
        for _ in range(times):
            if self.held():
                self.refuse()
                continue
            self.forget_a_lock_that_is_over()
            self.failures += 1
            self.in_a_row += 1
            if self.failures == 6:
                self.locks += 1
                self.until, self.blocked = self.now + HOUR, self.locks == 3
            self.customer.record(self.customer.state.fail_try(self.now))

    @rule()
    def guess_on_from_lock_to_lock(self) -> None:
        while not self.blocked:
            self.type_a_wrong_password(6)
            assert self.until is not None
            self.now = max(self.now, self.until)

    @rule()
    def type_the_right_password(self) -> None:
        if self.held():
            self.refuse()
        else:
            self.forget_everything()
            self.customer.record(self.customer.state.accept_try(self.now))

    @rule(letter=st.integers(0, 3))
    def press_register(self, letter: int) -> None:
        """Of a browser that came in with that letter at some time."""
        stale, late, user_id = letter != self.letter, self.now >= self.letter_until, f"master{len(self.customer.facts)}"
        if self.blocked or stale or self.master or late:
            with pytest.raises((InvitationIsBlocked, InvitationReplaced, AlreadyRegistered, InvitationExpired)):
                self.customer.state.register_invited(letter, user_id, self.now)
            return
        self.customer.record(self.customer.state.register_invited(letter, user_id, self.now))
        self.master = user_id
        self.forget_a_lock_that_is_over()

    @rule(length=st.sampled_from([MILLISECOND, MINUTE - MILLISECOND, MINUTE, HOUR - MILLISECOND, HOUR, DAY, 80 * DAY]))
    def wait(self, length: timedelta) -> None:
        self.now += length

    @rule()
    def release(self) -> None:
        if self.held():
            self.customer.record(self.customer.state.release(BANK, self.now))
            self.forget_everything()
        else:
            with pytest.raises(NothingToRelease):
                self.customer.state.release(BANK, self.now)

    @rule()
    def initialize(self) -> None:
        self.customer.record(self.customer.state.initialize(self.now + 80 * DAY, BANK, self.now))
        self.letter, self.letter_until = self.letter + 1, self.now + 80 * DAY
        self.master = None
        self.forget_everything()

    @invariant()
    def the_organization_agrees_with_the_counters(self) -> None:
        lockout = self.customer.state.lockout
        over = self.until is not None and not self.blocked and self.now >= self.until
        assert (self.customer.state.hold(self.now) is not None) == self.held()
        assert lockout.failures_at(self.now) == (0 if over else self.failures)
        assert (lockout.locks, lockout.blocked) == (self.locks, self.blocked)
        assert (self.customer.state.master, self.customer.state.credential) == (self.master, self.letter)
        assert self.in_a_row <= 18

    def teardown(self) -> None:
        facts = self.customer.facts
        assert organization_from(stored_and_read(facts)) == self.customer.state
        in_their_time = [each.at for each in facts if not isinstance(each, InvitationLockExpired)]
        assert in_their_time == sorted(in_their_time)
        ended = [each.at for each in facts if isinstance(each, InvitationLockExpired)]
        assert len(ended) == len(set(ended))
        held = [each.at for each in facts if isinstance(each, InvitationRefused) and each.reason == "held"]
        assert all(later - earlier >= MINUTE for earlier, later in pairwise(held))
        letters = [each for each in facts if isinstance(each, MasterInvited | MasterRegistered)]
        assert not any(
            isinstance(one, MasterRegistered) and type(one) is type(other) for one, other in pairwise(letters)
        )


def test_an_invitation_agrees_with_plain_counters_in_any_order_of_tries_time_and_acts() -> None:
    run_state_machine_as_test(InvitationWalk, settings=WALK)
