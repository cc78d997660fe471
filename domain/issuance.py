"""An issue under way: begun by 発行, over ten minutes later at the latest (R4.6)."""

from datetime import datetime

import msgspec

from domain.policy import ISSUANCE_LIMIT


class Issuance(msgspec.Struct, frozen=True):
    """`number` counts the account's issues from 1, and names the certificate's stream."""

    number: int
    started_at: datetime

    def times_out_at(self) -> datetime:
        return self.started_at + ISSUANCE_LIMIT
