"""P6: log-ins for each second of processor time, beside argon2id verified bare with the same parameters.

Processor time of this process, or of the web process; PostgreSQL's is not in it. Through the web a log-in is one POST
on an open connection, limits per address counted as in production.
"""

from collections.abc import Callable

from argon2 import PasswordHasher

from bench.place import Browser, Customer, Place, place
from bench.rounds import A_CPU_SECOND, Comparison, Cost, Row, cost_of, interleaved, table
from infra.clock import now
from tests.support.fleet import Process

CUSTOMERS = 10
LOGINS = 2  # of each customer in one round
TRIES = CUSTOMERS * LOGINS
YEARS = 4  # of a log-in each working day, for the row that tells what a long history costs
AT_THE_DESK = Comparison("P6", "log-ins at the desk; argon2id verified bare", A_CPU_SECOND, ">= 0.85")
THROUGH_THE_WEB = Comparison("P6", "log-ins through the web", A_CPU_SECOND, ">= 0.85")
OF_YEARS = Comparison("P6", f"log-ins at the desk, {YEARS} years of them behind the account", A_CPU_SECOND)
COMPARISONS = [AT_THE_DESK, THROUGH_THE_WEB, OF_YEARS]

Side = Callable[[], Cost]


def bare(at: Place) -> Side:
    hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
    password = "abcdefgh2345"
    verifier = hasher.hash(password)
    return lambda: cost_of(lambda: [hasher.verify(verifier, password) for _ in range(TRIES)], apart=at.fleet.pids)


def at_the_desk(at: Place, customers: list[Customer]) -> Side:
    def log_in() -> None:
        for number in range(TRIES):
            customer = customers[number % len(customers)]
            at.desk.sessions.log_in(customer.user_id, customer.password, customer.fingerprint, now())

    return lambda: cost_of(log_in, apart=at.fleet.pids)


def through_the_web(at: Place, web: Process, customers: list[Customer]) -> Side:
    def side() -> Cost:
        cost = Cost(0, 0)
        for customer in customers:
            with Browser(f"https://127.0.0.1:{web.port}", at.fleet.root, customer.file) as browser:
                token = browser.token("/login")

                def log_in() -> None:
                    fields = {"user_id": customer.user_id, "password": customer.password}  # noqa: B023  (run at once)
                    for _ in range(LOGINS):
                        assert browser.post("/login", token, **fields).status_code == 303  # noqa: B023  (run at once)

                cost += cost_of(log_in, web.process.pid)
        return cost

    return side


def rows() -> list[Row]:
    with place() as at:
        at.fleet.start("project")
        (web,) = at.fleet.web()
        customers = [at.certified() for _ in range(CUSTOMERS)]
        old = at.certified()
        at.age(old, YEARS)
        verifies, desk, pages, long = map(
            rates,
            interleaved(
                bare(at), at_the_desk(at, customers), through_the_web(at, web, customers), at_the_desk(at, [old])
            ),
        )
    return [AT_THE_DESK.of(desk, verifies), THROUGH_THE_WEB.of(pages, verifies), OF_YEARS.of(long, verifies)]


def rates(costs: list[Cost]) -> list[float]:
    return [TRIES / cost.cpu for cost in costs]


if __name__ == "__main__":
    print(table(rows()))
