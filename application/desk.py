"""All buttons in one place: what the web, the worker and the command line are given."""

from dataclasses import dataclass

from application.accounts import Accounts
from application.approvals import Approvals
from application.certification import Certification
from application.delivery import Delivery
from application.issuance import Issuance
from application.mails import Mails
from application.organizations import Organizations
from application.revocation import Revocation
from application.sessions import Sessions
from application.tokens import Tokens


@dataclass(frozen=True)
class Desk:
    """What needs no authority."""

    accounts: Accounts
    approvals: Approvals
    delivery: Delivery
    mails: Mails
    organizations: Organizations
    revocation: Revocation
    sessions: Sessions
    tokens: Tokens


@dataclass(frozen=True)
class IssuingDesk(Desk):
    """With the authority's key at hand."""

    certification: Certification
    issuance: Issuance
