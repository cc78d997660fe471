"""Refusals, drawn as a tree. Each has a `code`, which pages, logs and problem+json use; none carries a secret.

DomainError
├── InvalidInput            malformed input: nothing counted, nothing recorded (422)
├── TryRefused              a password try that let nobody in (401)
│   ├── UnknownUser · UnknownOrganization · WrongPassword
│   ├── AccountHeld         AccountIsLocked · AccountIsBlocked · AccountIsSuspended · AccountIsClosed
│   └── InvitationHeld      InvitationIsLocked · InvitationIsBlocked · OrganizationIsClosed
├── WrongCode               not the code of the second check (401)
├── CertificateUnusable     what is wrong with the certificate shown at login (403)
├── IssuanceRefusal         CertificateStillValid · IssuanceIsRunning · CertificateNotShown · OnlyAtCommandLine ·
│                           IssuanceIsOver · IssuanceTimedOut · TooManyCodes (409)
├── RegistrationRefused     RegistrationMissing · RegistrationTimedOut · InvitationReplaced (409)
├── TicketRefused           TicketMissing · TicketTimedOut · OtherTab · CodeAwaited · CodeOver · PackageWaits ·
│                           NoPackage (409) · …Gone (410)
├── SessionRefused          NoSession · SessionEnded · TokenRefused (401)
├── NotPermitted            the role may not (403)
├── ChangeDue               the own password is to be changed first (403)
├── NotFound                unknown, or another organization's (404, R1.3)
├── NotThereYet             asked how it stood before it began (404, R10.2)
└── Conflicting             UserIdTaken · OrganizationCodeTaken · MasterExists · AlreadyClosed · TooManyUsers ·
                            AlreadyRegistered · InvitationExpired · NotClosed · ReplayTooLong ·
                            NothingToRelease · NothingToRevoke · NotGivenUp · ApprovalAwaited ·
                            ApprovalIsOver · ApprovalImpossible · NotByTheSamePerson (409)
"""

from datetime import date, datetime


class DomainError(Exception):
    code = "refused"


class InvalidInput(DomainError):
    """Input that cannot be taken. `faults` maps a field's name to a code, such as `malformed` or `passwords_differ`."""

    code = "invalid_input"

    def __init__(self, **faults: str) -> None:
        super().__init__(", ".join(f"{field}: {fault}" for field, fault in faults.items()))
        self.faults = faults


class TryRefused(DomainError):
    code = "not_authenticated"


class UnknownUser(TryRefused):
    code = "unknown_user"


class WrongPassword(TryRefused):
    code = "wrong_password"


class AccountHeld(TryRefused):
    """The password was not looked at (R3.4)."""

    code = "held"


class AccountIsLocked(AccountHeld):
    code = "locked"

    def __init__(self, until: datetime) -> None:
        super().__init__(f"locked until {until.isoformat()}")
        self.until = until


class AccountIsBlocked(AccountHeld):
    code = "blocked"


class AccountIsSuspended(AccountHeld):
    code = "suspended"


class AccountIsClosed(AccountHeld):
    code = "closed"


class UnknownOrganization(TryRefused):
    code = "unknown_organization"


class InvitationHeld(TryRefused):
    """The letter's initial password was not looked at (R3.4, R7.2)."""

    code = "held"


class InvitationIsLocked(InvitationHeld):
    code = "locked"

    def __init__(self, until: datetime) -> None:
        super().__init__(f"locked until {until.isoformat()}")
        self.until = until


class InvitationIsBlocked(InvitationHeld):
    code = "blocked"


class OrganizationIsClosed(InvitationHeld):
    code = "closed"


class CertificateUnusable(DomainError):
    """The certificate shown cannot log in (R5.1); `code` names which case."""

    code = "certificate_unusable"


class NoCertificateShown(CertificateUnusable):
    code = "certificate_none"


class CertificateUnknown(CertificateUnusable):
    code = "certificate_unknown"


class CertificateNotYetValid(CertificateUnusable):
    code = "certificate_not_yet_valid"


class CertificateExpired(CertificateUnusable):
    code = "certificate_expired"


class CertificateIsRevoked(CertificateUnusable):
    code = "certificate_revoked"


class CertificateIsSuperseded(CertificateUnusable):
    code = "certificate_superseded"


class CertificateOfAnother(CertificateUnusable):
    """The certificate's user ID is not the one typed (R6.1)."""

    code = "certificate_of_another"


class IssuanceRefusal(DomainError):
    code = "issuance_refused"


class CertificateStillValid(IssuanceRefusal):
    """The newest certificate is not yet in its renewal window (R4.2). Both dates are JST."""

    code = "certificate_still_valid"

    def __init__(self, last_day: date, renewable_from: date) -> None:
        super().__init__(f"renewable from {renewable_from.isoformat()}")
        self.last_day = last_day
        self.renewable_from = renewable_from


class CertificateNotShown(IssuanceRefusal):
    """The certificate being renewed was not presented, where the setting asks for it (R4.2, manual ②)."""

    code = "certificate_not_shown"


class IssuanceIsRunning(IssuanceRefusal):
    """Another window of this user is issuing just now (R4.6)."""

    code = "issuance_running"

    def __init__(self, until: datetime) -> None:
        super().__init__(f"until {until.isoformat()}")
        self.until = until


class IssuanceIsOver(IssuanceRefusal):
    """The issue has ended meanwhile: completed elsewhere or abandoned (R4.6)."""

    code = "issuance_over"


class IssuanceTimedOut(IssuanceRefusal):
    """Not completed ten minutes after 発行 (R4.6)."""

    code = "timed_out"


class OnlyAtCommandLine(IssuanceRefusal):
    """Staff without a live certificate get the next one from the command line alone (R1.2)."""

    code = "only_at_command_line"


class RegistrationRefused(DomainError):
    """The master's first registration cannot go on in this browser (R7.2)."""

    code = "registration_refused"


class RegistrationMissing(RegistrationRefused):
    code = "registration_missing"


class RegistrationTimedOut(RegistrationRefused):
    code = "registration_timed_out"


class InvitationReplaced(RegistrationRefused):
    """The bank sent another letter meanwhile (R7.4)."""

    code = "invitation_replaced"


class TooManyCodes(IssuanceRefusal):
    """As many codes as one account may get were sent today (R5.7)."""

    code = "too_many_codes"


class WrongCode(DomainError):
    """Not the code of the mail; `left` more tries (R5.7)."""

    code = "wrong_code"

    def __init__(self, left: int) -> None:
        super().__init__(f"{left} left")
        self.left = left


class TicketRefused(DomainError):
    code = "ticket_refused"


class TicketMissing(TicketRefused):
    code = "ticket_missing"


class TicketTimedOut(TicketRefused):
    code = "ticket_timed_out"


class OtherTab(TicketRefused):
    code = "other_tab"


class CodeAwaited(TicketRefused):
    """The second check has not been passed yet (R5.7)."""

    code = "code_awaited"


class CodeOver(TicketRefused):
    """Spent, too old, or replaced by a newer one: ④ begins anew (R5.7)."""

    code = "code_over"


class PackageWaits(TicketRefused):
    """A p12 of this browser has not been received yet (R5.3)."""

    code = "package_waits"


class NoPackage(TicketRefused):
    code = "no_package"


class PackageGone(TicketRefused):
    """Closed by the user, timed out, or destroyed with its certificate (R4.8)."""

    code = "package_gone"


class SessionRefused(DomainError):
    code = "session_refused"


class NoSession(SessionRefused):
    code = "no_session"


class SessionEnded(SessionRefused):
    """`reason`: idle, too_long, replaced, logged_out, certificate, revoked, superseded, blocked, closed, reset …"""

    code = "session_ended"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TokenRefused(SessionRefused):
    """An API token that opens nothing here and now (R9.4)."""

    code = "token_refused"


class NotPermitted(DomainError):
    code = "not_permitted"


class ChangeDue(DomainError):
    code = "change_due"


class NotFound(DomainError):
    code = "not_found"


class NotThereYet(DomainError):
    """What is asked for had not begun at that moment, but at `since` (R10.2)."""

    code = "not_there_yet"

    def __init__(self, since: datetime) -> None:
        super().__init__(f"since {since.isoformat()}")
        self.since = since


class Conflicting(DomainError):
    code = "conflicting"


class UserIdTaken(Conflicting):
    code = "user_id_taken"


class OrganizationCodeTaken(Conflicting):
    code = "organization_code_taken"


class MasterExists(Conflicting):
    code = "master_exists"


class AlreadyRegistered(Conflicting):
    """The right initial password, which its letter's owner has used (R7.2)."""

    code = "already_registered"


class InvitationExpired(Conflicting):
    """The right initial password, eighty days too late: the bank sends another (R2.4, R7.2)."""

    code = "expired"


class TooManyUsers(Conflicting):
    """An organization has as many general users as it may have: `most` (section 1)."""

    code = "too_many_users"

    def __init__(self, most: int) -> None:
        super().__init__(f"at most {most}")
        self.most = most


class AlreadyClosed(Conflicting):
    """What somebody else would do to an account or organization comes too late; a try on it is refused as closed."""

    code = "already_closed"


class NotClosed(Conflicting):
    """Only who has ended for ever is erased: the account is to be closed first (R10.6)."""

    code = "not_closed"


class ReplayTooLong(Conflicting):
    """More facts than a page can wait for: the command line folds them (R10.2)."""

    code = "replay_too_long"


class NothingToRelease(Conflicting):
    code = "nothing_to_release"


class NothingToRevoke(Conflicting):
    code = "nothing_to_revoke"


class NotGivenUp(Conflicting):
    """A mail that waits, or that ended otherwise, is not sent once more (R8.3)."""

    code = "not_given_up"


class ApprovalAwaited(Conflicting):
    """The same was asked for already, and nobody has decided yet (R9.3)."""

    code = "approval_awaited"


class ApprovalIsOver(Conflicting):
    """Given or refused meanwhile."""

    code = "approval_over"


class ApprovalImpossible(Conflicting):
    """What was to be approved can no longer be done; the request has ended with that."""

    code = "approval_impossible"


class NotByTheSamePerson(Conflicting):
    """Who asked for it does not approve it (R9.3)."""

    code = "not_by_the_same_person"
