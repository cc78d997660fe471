"""All buttons in one place: what the web, the worker and the command line are given."""

from dataclasses import dataclass

from application.accounts import Accounts
from application.certification import Certification
from application.delivery import Delivery
from application.issuance import Issuance
from application.organizations import Organizations
from application.revocation import Revocation


@dataclass(frozen=True)
class Desk:
    """What needs no authority."""

    accounts: Accounts
    delivery: Delivery
    organizations: Organizations
    revocation: Revocation


@dataclass(frozen=True)
class IssuingDesk(Desk):
    """With the authority's key at hand."""

    certification: Certification
    issuance: Issuance
