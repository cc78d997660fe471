"""What the bank's pages have in common: bank admins alone see them (R9.1)."""

from collections.abc import Iterable
from typing import Any

from projections.answers import CertificateRow, CertificateState
from web.acts import ActPages
from web.lists import SENT, Lists
from web.site import Site
from web.views import ConsoleViews


class Console(Lists[ConsoleViews]):
    """For bank admins alone."""

    def __init__(self, site: Site, views: ConsoleViews) -> None:
        super().__init__(site, views, "bank_admin")

    admin = ActPages.actor

    async def organization_names(self, rows: Iterable[Any]) -> dict[str, str]:
        """Of the organizations that these rows belong to, by their codes."""
        codes = {row.organization for row in rows if row.organization is not None}
        return await self.site.ask(self.views.organization_names, codes)

    async def alive(self, *, user_id: str | None = None, organization: str | None = None) -> list[CertificateRow]:
        """Certificates of that user or organization that have not ended, by their end; two a user at most."""
        states: tuple[CertificateState, ...] = ("live", "expiring")
        now = self.site.clock()
        asked = [
            await self.site.ask(
                self.views.certificates, now, state=state, user_id=user_id, organization=organization, limit=SENT
            )
            for state in states
        ]
        return sorted((row for page in asked for row in page.items), key=lambda row: (row.not_after, row.serial))
