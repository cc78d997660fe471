"""All buttons in one place: what the web, the worker and the command line are given."""

from dataclasses import dataclass

from application.accounts import Accounts
from application.approvals import Approvals
from application.certification import Certification
from application.delivery import Delivery
from application.erasure import Erasure
from application.history import History
from application.issuance import Issuance
from application.mails import Mails
from application.members import Members
from application.organizations import Organizations
from application.readings import Readings
from application.registration import Registration
from application.replay import Replay
from application.revocation import Revocation
from application.second_check import SecondCheck
from application.sessions import Sessions
from application.tokens import Tokens


@dataclass(frozen=True)
class Desk:
    """What needs no authority."""

    accounts: Accounts
    approvals: Approvals
    delivery: Delivery
    erasure: Erasure
    history: History
    mails: Mails
    members: Members
    organizations: Organizations
    readings: Readings
    registration: Registration
    replay: Replay
    revocation: Revocation
    second_check: SecondCheck
    sessions: Sessions
    tokens: Tokens


@dataclass(frozen=True)
class IssuingDesk(Desk):
    """With the authority's key at hand."""

    certification: Certification
    issuance: Issuance
