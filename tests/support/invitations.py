"""Organizations whose master has the bank's letter, told by their facts (style 27, 28)."""

from collections.abc import Iterable
from typing import Literal

from domain.fact import Fact
from domain.organization import organization_from
from tests.support.accounts import COMMITMENT, DAY, HOUR, MASTER, NINE, fact

CODE = "org0001"
BANK = "bank01"
EIGHTY_DAYS = NINE + 80 * DAY  # when the letter's password runs out
REGISTERED = fact(
    "OrganizationRegistered", NINE, by=BANK, code=CODE, name="サンプル組合", contact=1, commitment=COMMITMENT
)
INVITED = fact("MasterInvited", NINE, by=BANK, credential=1, password_until=EIGHTY_DAYS)

Held = Literal["locked", "blocked", "closed"]


class Customer:
    """One organization's stream in memory: all its facts, and the state after them."""

    def __init__(self, *facts: Fact) -> None:
        self.facts = list(facts)
        self.state = organization_from(facts)

    def record(self, facts: Iterable[Fact]) -> list[Fact]:
        """What a save does; the facts decided are given back."""
        decided = list(facts)
        for each in decided:
            self.facts.append(each)
            self.state = self.state.after(each)
        return decided


def invited() -> Customer:
    """With the first letter, of NINE."""
    return Customer(REGISTERED, INVITED)


def fail_letter(customer: Customer, times: int, at_hours: float = 0) -> None:
    """So many wrong initial passwords, that many hours after NINE."""
    for _ in range(times):
        customer.record(customer.state.fail_try(NINE + at_hours * HOUR))


def invitation_locked(times: int = 1) -> Customer:
    """Locked that often, each time as soon as the lock before ended: the last one began at NINE + (times - 1) hours."""
    customer = invited()
    for lock in range(times):
        fail_letter(customer, 6, lock)
    return customer


def invitation_blocked() -> Customer:
    """Blocked at NINE + 2 hours."""
    return invitation_locked(times=3)


def invitation_held(how: Held) -> Customer:
    """Held that way at NINE + 2 hours."""
    match how:
        case "blocked":
            return invitation_blocked()
        case "locked":
            customer = invited()
            fail_letter(customer, 6, 2)
        case "closed":
            customer = invited()
            customer.record(customer.state.close(BANK, NINE))
    return customer


def master_registered() -> Customer:
    """By the letter, one hour after NINE."""
    customer = invited()
    customer.record(customer.state.register_invited(1, MASTER, NINE + HOUR))
    return customer
