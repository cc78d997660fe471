"""The reminder worker's duties (R8): which there are, how often each is due, and what it does."""

from collections.abc import Callable
from datetime import datetime
from threading import Event

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from application.mail_ports import Letters, Mailer
from application.notifications import Notifications
from application.reminders import Reminders
from application.tree_heads import HeadMails, TreeHeads
from infra.bootstrap import House
from infra.current_tree import CurrentTree
from infra.duties import Duty
from infra.head_file import HEADS, HeadFile
from infra.issuance_codes import CodeDrawer
from infra.mail_claims import MailClaims
from infra.tree_heads import HeadKey, origin
from infra.views import CurrentViews
from projections.answers import PAGE, UserKey

KNOWN = 5.0  # seconds, at most, for the read models to learn of what was asked for


def duties(
    found: House, letters: Letters, mailer: Mailer, stopped: Event, log_key: Ed25519PrivateKey | None = None
) -> list[Duty]:
    """In the order of a single round: what one of them asks for, a later one sends.

    Without the log's key no tree heads are signed here: it is where the authority is.
    """
    desk, views, clock = found.desk, found.views, found.clock
    reminders = Reminders(found.facts, views, found.policy)
    claims, codes = MailClaims(found.database, views.waiting_mails), CodeDrawer(found.database)
    notifications = Notifications(found.facts, found.people, codes, claims, letters, mailer, found.policy)

    def ask() -> None:
        """Page after page, as the read models follow."""
        while not stopped.is_set() and reminders.ask_for_expiry_mails(clock()) and views.settle(KNOWN):
            pass

    def heads(key: Ed25519PrivateKey) -> list[Duty]:
        tree, settings = CurrentTree(found.database), found.settings
        outside = HeadFile(settings.home / HEADS)
        signing = TreeHeads(found.facts, tree, HeadKey(origin(settings.public_url), key), outside)
        mails = HeadMails(found.facts, tree, lambda: auditors(views))

        def settled(work: Callable[[datetime], object]) -> Callable[[], object]:
            """The read models know what it did before the next duty asks them."""
            return lambda: work(clock()) and views.settle(KNOWN)

        asking = [Duty("mails of tree heads", 20, settled(mails.ask))] if settings.mail_heads else []
        return [Duty("tree heads", 20, settled(signing.sign)), *asking]

    return [
        Duty("purge", 20, lambda: desk.delivery.purge(clock())),  # at least once a minute (R4.8)
        Duty("old codes", 20, lambda: desk.second_check.forget_old(clock())),
        Duty("old sessions", 60, lambda: desk.sessions.forget_old(clock())),
        Duty("old registrations", 60, lambda: desk.registration.forget_old(clock())),
        Duty("old limits", 20, found.limits.forget_old),
        Duty("ends of locks", 10, lambda: reminders.record_run_out_locks(clock())),
        Duty("expiry mails", 10, ask),
        *(heads(log_key) if log_key else []),
        Duty("mails", 2, lambda: notifications.send(clock, stopped)),  # those of a lock or block go at once (R8.2)
    ]


def auditors(views: CurrentViews, page: int = PAGE) -> list[str]:
    """The user IDs of those who have not been closed; `page` bounds one question."""
    found: list[str] = []
    after: UserKey | None = None
    while True:
        users = views.users(role="auditor", after=after, limit=page)
        found += [user.user_id for user in users.items if user.closed_at is None]
        if users.next is None:
            return found
        after = users.next
