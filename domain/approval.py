"""Approval: one person of the bank asks for an act, another one says yes or no (R9.3).

One stream per act, target and number, as certificates have it: of two who ask at once for the same, one finds the
other's request open.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Literal, Self
from uuid import UUID, uuid5

import msgspec

from domain.certificate import Reason
from domain.errors import ApprovalIsOver, NotByTheSamePerson
from domain.fact import Fact

APPROVALS = UUID("0b6d6c1e-54f5-4f0e-9d0c-5b8f6d1f2a06")

Act = Literal["revoke", "initialize"]
Refusal = Literal["declined", "impossible"]
Outcome = Literal["given", "refused"]


def approval_stream(act: Act, target: str, number: int) -> UUID:
    """`number` counts the requests of that act on that target, from 1 on."""
    return uuid5(APPROVALS, f"{act}/{target}/{number}")


class ApprovalRequested(Fact, frozen=True):
    """To revoke: `target` is the serial in upper-case hex, `user_id` its owner's.

    To initialize: the organization's code, its master's ID or "" where it has none, and as `reason` that of the
    master's certificates' end.

    `request` is the vault's version, under this stream, of who asked the bank for it; `commitment` proves that row.
    """

    TOPIC: ClassVar[str] = "approval.requested.1"
    act: Act
    target: str
    user_id: str
    reason: Reason
    request: int | None = None
    commitment: str | None = None
    paper_number: str | None = None


class ApprovalGiven(Fact, frozen=True):
    """The act itself stands in its own streams, in the same save."""

    TOPIC: ClassVar[str] = "approval.given.1"


class ApprovalRefused(Fact, frozen=True):
    """`declined` by anyone, who asked for it included; `impossible`: when it was given, the act could not be done."""

    TOPIC: ClassVar[str] = "approval.refused.1"
    reason: Refusal


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    act: Act
    target: str
    user_id: str
    reason: Reason
    request: int | None
    paper_number: str | None
    asked_by: str
    outcome: Outcome | None = None

    @classmethod
    def ask(
        cls,
        act: Act,
        target: str,
        user_id: str,
        reason: Reason,
        by: str,
        now: datetime,
        *,
        request: int | None = None,
        commitment: str | None = None,
        paper_number: str | None = None,
    ) -> list[Fact]:
        return [
            ApprovalRequested(
                at=now,
                by=by,
                act=act,
                target=target,
                user_id=user_id,
                reason=reason,
                request=request,
                commitment=commitment,
                paper_number=paper_number,
            )
        ]

    def give(self, by: str, now: datetime) -> list[Fact]:
        """By another person than the one who asked: two user IDs that differ in case alone cannot both exist (R2.2)."""
        self._check_open()
        if by == self.asked_by:
            raise NotByTheSamePerson(self.target)
        return [ApprovalGiven(at=now, by=by)]

    def refuse(self, reason: Refusal, by: str, now: datetime) -> list[Fact]:
        """Also by who asked for it, who may have been wrong."""
        self._check_open()
        return [ApprovalRefused(at=now, by=by, reason=reason)]

    def _check_open(self) -> None:
        if self.outcome is not None:
            raise ApprovalIsOver(self.target)

    def after(self, fact: Fact) -> Self:
        match fact:
            case ApprovalGiven():
                return msgspec.structs.replace(self, outcome="given")
            case ApprovalRefused():
                return msgspec.structs.replace(self, outcome="refused")
            case _:
                return self


def approval_from(facts: Iterable[Fact]) -> Approval | None:
    """The state after `facts`, or None where there are none."""
    state: Approval | None = None
    for fact in facts:
        if state is None and isinstance(fact, ApprovalRequested):
            state = Approval(
                act=fact.act,
                target=fact.target,
                user_id=fact.user_id,
                reason=fact.reason,
                request=fact.request,
                paper_number=fact.paper_number,
                asked_by=fact.by,
            )
        elif state is not None:
            state = state.after(fact)
    return state
