"""An issue: why it may not begin, and one under way, over ten minutes after 発行 at the latest (R1.2, R4.2-R4.6)."""

from datetime import datetime

import msgspec

from domain.certificate import Certificate
from domain.errors import CertificateNotShown, CertificateStillValid, IssuanceRefusal
from domain.policy import ISSUANCE_LIMIT


def renewal_refusal(
    newest: Certificate | None, shown: str | None, needs_shown: bool, now: datetime
) -> IssuanceRefusal | None:
    """Why `newest`, the certificate with the highest issue number, allows no other one now, or None (R4.2).

    One that has ended, or none, allows it at once (R4.5). `shown` is the serial the browser presented, which only
    counts with the setting `needs_shown` (manual ②).
    """
    if newest is None or newest.validity is None or newest.has_ended(now):
        return None
    if not newest.validity.is_renewable(now):
        return CertificateStillValid(newest.validity.last_day, newest.validity.renewable_from)
    return CertificateNotShown() if needs_shown and shown != newest.serial else None


class Issuance(msgspec.Struct, frozen=True):
    """`number` counts the account's issues from 1, and names the certificate's stream."""

    number: int
    started_at: datetime

    def times_out_at(self) -> datetime:
        return self.started_at + ISSUANCE_LIMIT
