"""However 発行, late jobs, time and revocations mix: one certificate at a time (style 31; R4.1-R4.6).

A random walk beside plain counters, which are a second writing of manual 6 and know nothing of the domain's own rule.
"""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from domain.certificate import Certificate, CertificateIssued, certificate_from
from domain.errors import AccountHeld, IssuanceRefusal, NothingToRevoke
from domain.fact import WORKER, Fact
from domain.user_account import account_from
from domain.user_account_facts import IssuanceStarted
from domain.validity import Validity
from tests.support.accounts import DAY, HOUR, MASTER, MILLISECOND, MINUTE, NINE, SECOND, Account, registered
from tests.support.walks import WALK, stored_and_read

JAPAN = 9 * HOUR


class IssuingWalk(RuleBasedStateMachine):
    """One account and its certificates: 発行, jobs that come late or twice, time, revocation, renewal, first use."""

    def __init__(self) -> None:
        super().__init__()
        self.account: Account = registered()
        self.now = NINE
        self.streams: dict[int, list[Fact]] = {}
        self.pressed_at: dict[int, datetime] = {}  # 発行, by issue number
        self.over: set[int] = set()  # completed or abandoned
        self.issued_at: dict[int, datetime] = {}
        self.revoked: set[int] = set()
        self.suspended = False

    # ---- the plain counters

    def running(self) -> int | None:
        return next(
            (n for n, at in self.pressed_at.items() if n not in self.over and self.now < at + 10 * MINUTE), None
        )

    def is_live(self, number: int) -> bool:
        return number not in self.revoked and self.now < day_start(self.issued_at[number], 366)

    def stops_an_issue(self, number: int) -> bool:
        return self.is_live(number) and self.now < day_start(self.issued_at[number], 335)

    def live(self) -> list[int]:
        return sorted(number for number in self.issued_at if self.is_live(number))

    # ---- from the streams

    def certificate(self, number: int) -> Certificate:
        state = certificate_from(self.streams[number])
        assert state is not None
        return state

    def newest(self) -> Certificate | None:
        certificates = [self.certificate(number) for number in sorted(self.streams, reverse=True)]
        return next((each for each in certificates if each.state(self.now) == "live"), None)

    # ---- what people and jobs do

    @rule()
    def press(self) -> None:
        allowed = self.running() is None and not self.suspended
        allowed = allowed and not any(self.stops_an_issue(number) for number in self.issued_at)
        if not allowed:
            with pytest.raises((IssuanceRefusal, AccountHeld)):
                self.account.state.start_issuance(self.newest(), None, False, "taro01", self.now)
            return
        self.over.update(self.pressed_at)
        told = self.account.record(self.account.state.start_issuance(self.newest(), None, False, "taro01", self.now))
        assert isinstance(told[-1], IssuanceStarted)
        self.pressed_at[told[-1].number] = self.now

    @precondition(lambda self: self.pressed_at)
    @rule(back=st.integers(0, 2))
    def plan(self, back: int) -> None:
        number = max(len(self.pressed_at) - back, 1)
        stream = self.streams.setdefault(number, [])
        serial = f"{number}-{len(stream)}"
        stream += Certificate.plan(self.account.state.user_id, number, serial, b"", "", "taro01", self.now)

    @rule()
    def issue_in_one_go(self) -> None:
        self.press()
        if self.running() == len(self.pressed_at):
            self.plan(0)
            self.complete(0, -1)

    @precondition(lambda self: self.streams)
    @rule(back=st.integers(0, 2), plan=st.integers(0, 3))
    def complete(self, back: int, plan: int) -> None:
        numbers = sorted(self.streams)
        number = numbers[-1 - back % len(numbers)]
        certificate = self.certificate(number)
        serial = certificate.plans[plan % len(certificate.plans)]
        try:
            issued = certificate.issue(serial, b"", "", Validity.from_issue(self.now), "taro01", self.now)
            completed = self.account.state.complete_issuance(number, serial, None, "taro01", self.now)
        except (IssuanceRefusal, AccountHeld):
            assert self.running() != number or self.suspended or serial in certificate.revoked_plans
            return
        assert self.running() == number
        self.streams[number] += issued
        self.account.record(completed)
        self.issued_at[number] = self.now
        self.over.add(number)

    @precondition(lambda self: self.pressed_at)
    @rule(back=st.integers(0, 2))
    def give_up(self, back: int) -> None:
        number = max(len(self.pressed_at) - back, 1)
        told = self.account.record(self.account.state.abandon_issuance(number, "failed", "taro01", self.now))
        assert len(told) <= (number not in self.over)
        self.over.add(number)

    @rule()
    def let_the_worker_look(self) -> None:
        self.account.record(self.account.state.abandon_overdue(WORKER, self.now))

    @precondition(lambda self: self.streams)
    @rule(back=st.integers(0, 2), plan=st.integers(0, 3))
    def revoke(self, back: int, plan: int) -> None:
        numbers = sorted(self.streams)
        number = numbers[-1 - back % len(numbers)]
        certificate = self.certificate(number)
        serial = certificate.plans[plan % len(certificate.plans)]
        try:
            self.streams[number] += certificate.revoke("lost", "bank01", self.now, serial=serial)
        except NothingToRevoke:
            assert serial in certificate.revoked_plans or not self.is_live(number)
            return
        if serial == certificate.serial:
            self.revoked.add(number)

    @precondition(lambda self: self.live())
    @rule()
    def log_in_with_the_newest(self) -> None:
        newest, *older = reversed(self.live())
        if told := self.certificate(newest).use("taro01", self.now):
            self.streams[newest] += told
            for number in older:
                self.streams[number] += self.certificate(number).revoke("superseded", "taro01", self.now)
                self.revoked.add(number)

    @precondition(lambda self: self.streams)
    @rule()
    def be_suspended_for_a_moment(self) -> None:
        self.account.record(self.account.state.suspend(MASTER, self.now))
        self.suspended = True
        self.press()
        self.complete(0, 0)
        self.account.record(self.account.state.resume(MASTER, self.now))
        self.suspended = False

    @rule(length=st.sampled_from([MILLISECOND, SECOND, MINUTE, 10 * MINUTE - MILLISECOND, 10 * MINUTE, DAY, 40 * DAY]))
    def wait(self, length: timedelta) -> None:
        self.now += length

    @precondition(lambda self: self.live())
    @rule(day=st.sampled_from([335, 366]), early=st.sampled_from([MILLISECOND, timedelta()]))
    def wait_for_the_window_or_the_end(self, day: int, early: timedelta) -> None:
        self.now = max(self.now, day_start(self.issued_at[self.live()[-1]], day) - early)

    # ---- what holds after every step

    @invariant()
    def at_most_one_certificate_is_live_and_outside_its_window(self) -> None:
        assert sum(self.stops_an_issue(number) for number in self.issued_at) <= 1

    @invariant()
    def certificates_agree_with_the_counters(self) -> None:
        for number in self.issued_at:
            certificate = self.certificate(number)
            assert (certificate.state(self.now) == "live") == self.is_live(number)

    def teardown(self) -> None:
        assert account_from(stored_and_read(self.account.facts)) == self.account.state
        for number, stream in self.streams.items():
            assert certificate_from(stored_and_read(stream)) == self.certificate(number)
            assert sum(isinstance(each, CertificateIssued) for each in stream) <= 1
        numbers = [each.number for each in self.account.facts if isinstance(each, IssuanceStarted)]
        assert numbers == list(range(1, len(numbers) + 1))


def day_start(issued: datetime, day: int) -> datetime:
    """00:00 in Japan, that many days after the day of issue."""
    there = issued + JAPAN
    return there.replace(hour=0, minute=0, second=0, microsecond=0) + day * DAY - JAPAN


def test_a_user_never_has_two_live_certificates_outside_the_renewal_window() -> None:
    run_state_machine_as_test(IssuingWalk, settings=WALK)


@given(st.timedeltas(min_value=timedelta(), max_value=36525 * DAY))
@settings(max_examples=300, deadline=None)
def test_whatever_the_day_a_certificate_lives_366_japanese_days_and_its_window_31_of_them(later: timedelta) -> None:
    issued = NINE + later

    validity = Validity.from_issue(issued)

    assert validity.not_after == day_start(issued, 366) - SECOND
    assert validity.not_before == issued.replace(microsecond=0) - 5 * MINUTE
    assert not validity.is_over(day_start(issued, 366) - MILLISECOND)
    assert validity.is_over(day_start(issued, 366))
    assert not validity.is_renewable(day_start(issued, 335) - MILLISECOND)
    assert validity.is_renewable(day_start(issued, 335))
    assert validity.days_left(day_start(issued, 335)) == 30
