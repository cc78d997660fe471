"""The one place where a password is tried, whichever entry it comes from (R3.1, R3.4, R3.5)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from application.ports import Changes, FactStore, PasswordVault, Row, Sessions, Tickets, Turns
from application.streams import Loaded, certificates_of, decide, find_account, mail
from domain.credentials import account_stream
from domain.errors import DomainError, UnknownUser, WrongPassword
from domain.fact import Fact
from domain.notification import Kind
from domain.user_account import UserAccount
from domain.user_account_facts import AccountBlocked, AccountLocked

Result = TypeVar("Result")


@dataclass(frozen=True)
class Step(Generic[Result]):
    """What follows a right password: facts on the account, other streams and rows, in one save with its acceptance.

    `mails` are asked for with it, each caused by one of `facts`.
    With a `refusal` they are saved all the same, and it is raised afterwards: the password was right (R3.2).
    """

    result: Result
    facts: Sequence[Fact] = ()
    others: Sequence[Changes] = ()
    rows: Sequence[Row] = ()
    refusal: DomainError | None = field(default=None, kw_only=True)
    mails: Sequence[tuple[Kind, Fact]] = field(default=(), kw_only=True)


class Door:
    def __init__(
        self,
        store: FactStore,
        turns: Turns,
        passwords: PasswordVault,
        sessions: Sessions,
        tickets: Tickets,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._turns = turns
        self._passwords = passwords
        self._sessions = sessions
        self._tickets = tickets
        self._clock = clock

    def enter(
        self,
        user_id: str,
        password: str,
        entry: str,
        then: Callable[[UserAccount, datetime], Step[Result]],
        is_visible: Callable[[UserAccount], bool] = lambda _: True,
    ) -> Result:
        """Try the password; on success decide `then` on the account as it is after the acceptance, at the same instant.

        Raises TryRefused, Busy, or the step's refusal. An ID that is unknown, or not visible here, costs the same work.
        """
        stream = account_stream(user_id)
        checked: dict[int, bool] = {}

        def attempt() -> Step[Result]:
            found = find_account(self._store, user_id)
            if found is None or not is_visible(found.state):
                self._passwords.matches_nobody(password)
                raise UnknownUser
            account = found.state
            # In the turn and behind the load, so that whoever waited writes nothing that seems to have happened before
            # what stands in the stream already: a replay "as of" would be wrong.
            now = self._clock()
            if hold := account.hold(now):
                self._store.save(found.changes(account.refuse_access(hold.code, now)))
                self._passwords.matches_nobody(password)
                raise hold
            # A conflict decides again, but looks at the same password only once (R3.5).
            if account.credential not in checked:
                checked[account.credential] = self._passwords.matches(stream, account.credential, password)
            if not checked[account.credential] or account.password_has_expired(now):
                self._fail(found, entry, now)
            accepted = account.accept_password(entry, now)
            step = then(folded(account, accepted), now)
            changes = found.changes([*accepted, *step.facts])
            mails = [mail(kind, account.user_id, changes, cause) for kind, cause in step.mails]
            self._store.save(changes, *step.others, *mails, rows=step.rows)
            return step

        with self._turns.turn(stream):
            step = decide(attempt)
        if step.refusal:
            raise step.refusal
        return step.result

    def _fail(self, found: Loaded[UserAccount], entry: str, now: datetime) -> None:
        facts = found.state.fail_password(entry, now)
        changes = found.changes(facts)
        others, rows = self._consequences(found.state, changes, now)
        self._store.save(changes, *others, rows=rows)
        raise folded(found.state, facts).hold(now) or WrongPassword()

    def _consequences(self, account: UserAccount, changes: Changes, now: datetime) -> tuple[list[Changes], list[Row]]:
        """One mail a lock; at the block one for the block only, and what is still open ends (R3.8, R3.11)."""
        blocked = next((fact for fact in changes.facts if isinstance(fact, AccountBlocked)), None)
        locked = next((fact for fact in changes.facts if isinstance(fact, AccountLocked)), None)
        if blocked is not None:
            others, rows = self.cut_off(account, "blocked", account.user_id, now)
            return [mail("blocked", account.user_id, changes, blocked), *others], rows
        if locked is not None:
            return [mail("locked", account.user_id, changes, locked)], []
        return [], []

    def cut_off(self, account: UserAccount, reason: str, by: str, now: datetime) -> tuple[list[Changes], list[Row]]:
        """End the sessions and destroy a waiting p12 at once (R3.11)."""
        rows = [self._sessions.end_all(account.user_id, reason)]
        others = []
        for certificate in certificates_of(self._store, account):
            if destroyed := certificate.state.destroy_package(reason, by, now):
                others.append(certificate.changes(destroyed))
                rows.append(self._tickets.destroy_package(certificate.stream))
        return others, rows


def folded(account: UserAccount, facts: Sequence[Fact]) -> UserAccount:
    for fact in facts:
        account = account.after(fact)
    return account
