"""Acts that two persons of the bank decide on, where the setting says so (R9.3).

The command line does not ask: who may run it there owns the machine with the authority's keys and the database, and
a second account would be no second person.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from application.organizations import Organizations
from application.ports import Changes, FactStore, PersonalData
from application.revocation import Order, Revocation
from application.streams import Loaded, decide, load_organization
from domain.approval import Act, Approval, approval_from, approval_stream
from domain.certificate import Reason, written_serial
from domain.errors import AlreadyClosed, ApprovalAwaited, ApprovalImpossible, NotFound, NothingToRevoke
from domain.policy import Policy


class Approvals:
    def __init__(
        self,
        store: FactStore,
        people: PersonalData,
        revocation: Revocation,
        organizations: Organizations,
        policy: Policy,
    ) -> None:
        self._store = store
        self._people = people
        self._revocation = revocation
        self._organizations = organizations
        self._policy = policy

    @property
    def are_needed(self) -> bool:
        return self._policy.approval == "two_persons"

    def revoke(
        self, serial: str, reason: Reason, by: str, now: datetime, *, requested_by: str = "", paper_number: str = ""
    ) -> UUID | None:
        """Revokes as `Revocation.revoke_serial` does; where two persons decide, only asks for it: the request's stream.

        Raises InvalidInput, NotFound, NothingToRevoke, ApprovalAwaited.
        """
        if self.are_needed:
            order = Order.of(reason, requested_by, paper_number, by, now)
            return decide(lambda: self._ask_to_revoke(written_serial(serial), order))
        self._revocation.revoke_serial(serial, reason, by, now, requested_by=requested_by, paper_number=paper_number)
        return None

    def _ask_to_revoke(self, serial: str, order: Order) -> UUID:
        certificate = self._revocation.find(serial, order)
        stream = self._next_stream("revoke", serial)
        commitment, rows = None, []
        if order.requester is not None:
            commitment, kept = self._people.keep(stream, 1, order.requester)
            rows.append(kept)
        asked = Approval.ask(
            "revoke",
            serial,
            certificate.user_id,
            order.reason,
            order.by,
            order.at,
            request=1 if order.requester else None,
            commitment=commitment,
            paper_number=order.paper_number,
        )
        self._store.save(Changes(stream, 0, asked), rows=rows)
        return stream

    def initialize(self, code: str, by: str, now: datetime) -> str | None:
        """Initializes as `Organizations.initialize` does, and returns the letter's initial password, shown once.

        Where two persons decide only asks for it, and returns None. Raises NotFound, AlreadyClosed, ApprovalAwaited.
        """
        if not self.are_needed:
            return self._organizations.initialize(code, by, now)
        decide(lambda: self._ask_to_initialize(code, by, now))
        return None

    def _ask_to_initialize(self, code: str, by: str, now: datetime) -> None:
        home = load_organization(self._store, code).state
        home.initialize(now, by, now)  # refuses what could not be done
        stream = self._next_stream("initialize", home.code)
        asked = Approval.ask("initialize", home.code, home.master or "", "closed", by, now)
        self._store.save(Changes(stream, 0, asked))

    def _next_stream(self, act: Act, target: str) -> UUID:
        """Behind those decided on; raises ApprovalAwaited."""
        number = 1
        while state := approval_from(self._store.load(stream := approval_stream(act, target, number))):
            if state.outcome is None:
                raise ApprovalAwaited(target)
            number += 1
        return stream

    def approve(self, approval: UUID, by: str, now: datetime) -> str | None:
        """Does what was asked for, in one save with the approval; returns the initial password of a letter it made.

        Raises NotFound, ApprovalIsOver, NotByTheSamePerson; and ApprovalImpossible where the act cannot be done any
        more, which ends the request.
        """

        def attempt() -> str | None:
            found = self._load(approval)
            given = found.changes(found.state.give(by, now))
            try:
                return self._do(found, given, by, now)
            except (NothingToRevoke, AlreadyClosed, ApprovalImpossible) as over:
                self._store.save(found.changes(found.state.refuse("impossible", by, now)))
                raise ApprovalImpossible(found.state.target) from over

        return decide(attempt)

    def _do(self, found: Loaded[Approval], given: Changes, by: str, now: datetime) -> str | None:
        asked = found.state
        if asked.act == "revoke":
            self._revocation.end(asked.target, self._order(found, by, now), [given])
            return None
        home = load_organization(self._store, asked.target)
        # Who came in meanwhile is nobody whose account either person agreed to close.
        if (home.state.master or "") != asked.user_id:
            raise ApprovalImpossible(asked.target)
        return self._organizations.begin_again(home, by, now, [given])

    def _order(self, found: Loaded[Approval], by: str, now: datetime) -> Order:
        """An erased requester is not told any more."""
        asked = found.state
        requester = self._people.requester(found.stream, asked.request) if asked.request is not None else None
        return Order(reason=asked.reason, by=by, at=now, requester=requester, paper_number=asked.paper_number)

    def refuse(self, approval: UUID, by: str, now: datetime) -> None:
        """Raises NotFound, ApprovalIsOver."""

        def attempt() -> None:
            found = self._load(approval)
            self._store.save(found.changes(found.state.refuse("declined", by, now)))

        decide(attempt)

    def requesters(self, approvals: Iterable[UUID]) -> dict[UUID, str | None]:
        """Who asked the bank for it, of those where that was told; None once erased."""
        found: dict[UUID, str | None] = {}
        for approval in approvals:
            asked = approval_from(self._store.load(approval))
            if asked is not None and asked.request is not None:
                requester = self._people.requester(approval, asked.request)
                found[approval] = requester.requested_by if requester else None
        return found

    def _load(self, approval: UUID) -> Loaded[Approval]:
        facts = self._store.load(approval)
        state = approval_from(facts)
        if state is None:
            raise NotFound("approval")
        return Loaded(state, approval, len(facts))
