"""The reminder worker's duties (R8): which there are, how often each is due, and what it does."""

from threading import Event

from application.mail_ports import Letters, Mailer
from application.notifications import Notifications
from application.reminders import Reminders
from infra.bootstrap import House
from infra.duties import Duty
from infra.issuance_codes import CodeDrawer
from infra.mail_claims import MailClaims

KNOWN = 5.0  # seconds, at most, for the read models to learn of what was asked for


def duties(found: House, letters: Letters, mailer: Mailer, stopped: Event) -> list[Duty]:
    """In the order of a single round: what one of them asks for, a later one sends."""
    desk, views, clock = found.desk, found.views, found.clock
    reminders = Reminders(found.facts, views, found.policy)
    claims, codes = MailClaims(found.database, views.waiting_mails), CodeDrawer(found.database)
    notifications = Notifications(found.facts, found.people, codes, claims, letters, mailer, found.policy)

    def ask() -> None:
        """Page after page, as the read models follow."""
        while not stopped.is_set() and reminders.ask_for_expiry_mails(clock()) and views.settle(KNOWN):
            pass

    return [
        Duty("purge", 20, lambda: desk.delivery.purge(clock())),  # at least once a minute (R4.8)
        Duty("old codes", 20, lambda: desk.second_check.forget_old(clock())),
        Duty("old sessions", 60, lambda: desk.sessions.forget_old(clock())),
        Duty("old registrations", 60, lambda: desk.registration.forget_old(clock())),
        Duty("old limits", 20, found.limits.forget_old),
        Duty("ends of locks", 10, lambda: reminders.record_run_out_locks(clock())),
        Duty("expiry mails", 10, ask),
        Duty("mails", 2, lambda: notifications.send(clock, stopped)),  # those of a lock or block go at once (R8.2)
    ]
