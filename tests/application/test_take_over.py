"""⑥: the work that fell silent, failed or crashed, and still exactly one certificate (R4.6, R4.9)."""

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from application.ports import Busy, ProfileViolation, Unavailable
from domain.certificate import CertificateIssued, CertificatePlanned
from domain.errors import IssuanceIsRunning, TicketMissing, TicketTimedOut
from domain.fact import WORKER
from domain.user_account_facts import IssuanceAbandoned
from tests.support.accounts import MILLISECOND, MINUTE, SECOND
from tests.support.crowd import refusals, together
from tests.support.house import NINE, RIGHT, TARO, House

SILENCE = 20 * SECOND


def begun(house: House) -> str:
    """発行 has been pressed; the work has not been done."""
    cookie = house.enter()
    assert house.start(cookie)
    return cookie


def abandoned(house: House) -> list[tuple[int, str, str]]:
    return [(fact.number, fact.reason, fact.by) for fact in house.every_fact() if isinstance(fact, IssuanceAbandoned)]


def planned(house: House) -> list[str]:
    return [fact.serial for fact in house.every_fact() if isinstance(fact, CertificatePlanned)]


def issued(house: House) -> list[str]:
    return [fact.serial for fact in house.every_fact() if isinstance(fact, CertificateIssued)]


# ---- silence


def test_work_silent_for_twenty_seconds_is_taken_over_and_not_a_moment_sooner(house: House) -> None:
    cookie = begun(house)

    house.clock.set(NINE + SILENCE - MILLISECOND)
    before = house.progress(cookie)
    house.clock.set(NINE + SILENCE)

    assert (before, house.progress(cookie), house.progress(cookie)) == ("running", "silent", "running")


def test_a_sign_of_life_puts_the_take_over_off(house: House) -> None:
    cookie = begun(house)
    ticket = house.desk.issuance.ticket(cookie, NINE)
    house.tickets.sign_of_life(ticket.id, NINE + MILLISECOND)

    house.clock.set(NINE + SILENCE)
    before = house.progress(cookie)
    house.clock.advance(MILLISECOND)

    assert (before, house.progress(cookie)) == ("running", "silent")


def test_of_many_askers_exactly_one_takes_over(house: House, second_house: House) -> None:
    cookie = begun(house)
    house.clock.set(NINE + SILENCE)

    stages = together([lambda: house.progress(cookie), lambda: second_house.progress(cookie)] * 4)

    assert stages.count("silent") == 1
    assert stages.count("running") == 7


def test_what_was_taken_over_keeps_its_number(house: House) -> None:
    cookie = begun(house)
    house.clock.set(NINE + SILENCE)
    house.progress(cookie)

    house.work(cookie)

    assert house.progress(cookie) == "issued"
    assert house.certificate().number == 1


def test_two_jobs_that_both_finish_make_one_certificate_and_one_package(house: House) -> None:
    cookie = begun(house)
    house.between.at("save CertificateIssued", lambda: house.work(cookie))

    house.work(cookie)

    assert len(issued(house)) == 1
    assert len(planned(house)) == 2
    assert house.progress(cookie) == "issued"
    assert house.desk.delivery.fetch(cookie, NINE)[1] == house.packages.packed[1]


def test_jobs_of_two_processes_at_once_make_one_certificate_and_one_package(house: House, second_house: House) -> None:
    cookie = begun(house)

    outcomes = together([lambda: house.work(cookie), lambda: second_house.work(cookie)] * 2)

    assert refusals(outcomes) == []
    assert len(issued(house)) == 1
    assert house.progress(cookie) == "issued"
    assert house.desk.delivery.fetch(cookie, NINE)[1] in house.packages.packed + second_house.packages.packed


# ---- failure


def test_work_that_failed_says_so_and_may_be_begun_again_at_once_with_a_new_number(house: House) -> None:
    cookie = begun(house)
    house.between.fails_at("sign", ProfileViolation("a rule"))
    house.work(cookie)
    stage = house.progress(cookie)

    assert house.start(cookie)
    house.work(cookie)

    assert stage == "failed"
    assert abandoned(house) == [(1, "failed", TARO)]
    assert house.certificate(2).state(NINE) == "live"
    assert len(planned(house)) == 2


def test_the_log_names_the_rules_that_a_certificate_would_have_broken(house: House) -> None:
    cookie = begun(house)
    house.between.fails_at("sign", ProfileViolation("366 days, key usage"))

    with capture_logs() as logged:
        house.work(cookie)

    [line] = [line for line in logged if line["event"] == "issue failed"]
    assert (line["number"], line["fault"], line["rules"]) == (1, "ProfileViolation", "366 days, key usage")


def test_work_that_failed_may_be_cancelled_and_leaves_nothing(house: House) -> None:
    cookie = begun(house)
    house.between.fails_at("pack", Busy())
    house.work(cookie)

    assert house.desk.issuance.cancel(cookie, house.desk.issuance.ticket(cookie, NINE).id)

    assert house.database.execute("select id from tickets") == []


def test_a_failed_issue_can_be_begun_again_for_ten_minutes_from_its_last_sign(house: House) -> None:
    cookie = begun(house)
    house.between.fails_at("sign", ProfileViolation("a rule"))
    house.work(cookie)

    house.clock.set(NINE + 10 * MINUTE - MILLISECOND)
    stage = house.progress(cookie)
    house.clock.set(NINE + 10 * MINUTE)

    assert stage == "failed"
    with pytest.raises(TicketTimedOut):
        house.start(cookie)


def test_the_late_failure_of_an_earlier_job_does_not_disturb_the_next_issue(house: House) -> None:
    cookie = begun(house)

    def meanwhile() -> None:
        house.between.fails_at("key", Busy())
        house.work(cookie)
        house.start(cookie)

    house.between.at("sign", meanwhile)
    house.work(cookie)

    assert house.progress(cookie) == "running"
    assert house.account().running is not None
    assert abandoned(house) == [(1, "failed", TARO)]


def test_a_browser_that_went_on_with_another_user_leaves_no_certificate_nobody_can_fetch(house: House) -> None:
    house.user("jiro0001")
    cookie = begun(house)
    house.between.at("sign", lambda: house.desk.issuance.authenticate("jiro0001", RIGHT, NINE, cookie=cookie))

    house.work(cookie)

    assert issued(house) == []
    assert abandoned(house) == [(1, "ticket_missing", TARO)]
    assert house.issue()


def test_the_late_failure_of_a_job_ends_the_wait_of_its_own_browser_alone(house: House) -> None:
    cookie = begun(house)
    house.clock.set(NINE + 10 * MINUTE - SECOND)
    taken_over = house.progress(cookie)
    house.clock.set(NINE + 10 * MINUTE)
    elsewhere = begun(house)

    house.work(cookie)

    assert (taken_over, house.progress(cookie), house.progress(elsewhere)) == ("silent", "failed", "running")


# ---- ten minutes


def test_a_fault_that_lasts_is_taken_over_for_ten_minutes_and_then_said(house: House) -> None:
    cookie = begun(house)
    for _ in range(40):
        house.between.fails_at("sign", Unavailable())
    stages = []
    for elapsed in range(20, 12 * 60, 20):
        house.clock.set(NINE + elapsed * SECOND)
        stages.append(house.progress(cookie))
        if stages[-1] == "silent":
            together([lambda: house.work(cookie)])

    assert stages == ["silent"] * 30 + ["failed"] * 5
    assert abandoned(house) == [(1, "timed_out", TARO)]
    assert house.desk.issuance.ticket(cookie, house.clock()).failure == "timed_out"
    assert house.start(cookie)


def test_the_worker_gives_up_what_is_taken_over_again_and_again_and_the_wait_says_so(house: House) -> None:
    cookie = begun(house)
    house.clock.set(NINE + 10 * MINUTE - SECOND)
    house.progress(cookie)

    house.desk.delivery.purge(NINE + 10 * MINUTE - MILLISECOND)
    before = house.progress(cookie)
    house.clock.set(NINE + 10 * MINUTE)
    house.desk.delivery.purge(house.clock())

    assert (before, house.progress(cookie)) == ("running", "failed")
    assert abandoned(house) == [(1, "timed_out", WORKER)]
    assert house.desk.issuance.ticket(cookie, house.clock()).failure == "timed_out"
    assert house.start(cookie)


def test_the_worker_gives_up_an_issue_ten_minutes_after_it_began(house: House) -> None:
    cookie = begun(house)

    house.desk.delivery.purge(NINE + 10 * MINUTE - MILLISECOND)
    before = abandoned(house)
    house.desk.delivery.purge(NINE + 10 * MINUTE)
    house.desk.delivery.purge(NINE + 10 * MINUTE)

    assert (before, abandoned(house)) == ([], [(1, "timed_out", WORKER)])
    with pytest.raises(TicketMissing):
        house.progress(cookie)


def test_the_users_next_try_gives_it_up_too(house: House) -> None:
    begun(house)

    house.clock.set(NINE + 10 * MINUTE - MILLISECOND)
    with pytest.raises(IssuanceIsRunning):
        house.enter()
    house.clock.set(NINE + 10 * MINUTE)
    house.issue()

    assert abandoned(house) == [(1, "timed_out", TARO)]
    assert house.certificate(2).state(house.clock()) == "live"


def test_work_that_ends_after_ten_minutes_makes_no_certificate(house: House) -> None:
    cookie = begun(house)
    house.between.at("sign", lambda: house.clock.set(NINE + 10 * MINUTE))

    house.work(cookie)

    assert issued(house) == []
    assert abandoned(house) == [(1, "timed_out", TARO)]


# ---- a crash or a fault at each step

STEPS = [
    "key",
    "save CertificatePlanned",
    "saved CertificatePlanned",
    "sign",
    "pack",
    "save CertificateIssued",
    "saved CertificateIssued",
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", [Unavailable, Busy, ProfileViolation])
def test_whatever_fails_wherever_one_certificate_comes_of_it_in_the_end(
    house: House, step: str, fault: Callable[[], Exception]
) -> None:
    cookie = begun(house)
    house.between.fails_at(step, fault())
    together([lambda: house.work(cookie)])
    at_first = len(issued(house))

    house.clock.advance(SILENCE)
    go_on = {"silent": house.work, "failed": house.issue_again, "issued": house.progress}[house.progress(cookie)]
    go_on(cookie)

    assert at_first == (step == "saved CertificateIssued")
    assert len(issued(house)) == 1
    assert set(house.authority.signed) <= set(planned(house))
    assert house.desk.delivery.fetch(cookie, house.clock())[1] == house.packages.packed[-1]


@pytest.mark.parametrize("step", ["save IssuanceStarted", "saved IssuanceStarted"])
def test_a_start_whose_end_is_unknown_is_pressed_again_and_makes_one_certificate(house: House, step: str) -> None:
    cookie = house.enter()
    house.between.fails_at(step, Unavailable())
    with pytest.raises(Unavailable):
        house.start(cookie)

    house.start(cookie)
    house.clock.advance(SILENCE)
    stage = house.progress(cookie)
    house.work(cookie)

    assert stage == "silent"
    assert len(issued(house)) == 1
    assert house.count("IssuanceStarted") == 1


def test_a_fault_that_cannot_even_be_recorded_leaves_it_to_a_take_over(house: House) -> None:
    cookie = begun(house)
    house.between.fails_at("pack", Busy())
    house.between.fails_at("save IssuanceAbandoned", Unavailable())

    with pytest.raises(Unavailable):
        house.work(cookie)
    house.clock.advance(SILENCE)

    assert house.progress(cookie) == "silent"
