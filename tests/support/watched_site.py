"""A site that is asked where it leads, and whether it waits first (architecture, The way of one fact)."""

from typing import Any

from starlette.responses import Response

from web.site import Site


class WatchedSite(Site):
    """Keeps where its answers lead, and whether the read models were waited for."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.led: dict[str, bool] = {}

    async def done(self, where: str, *, settled: bool = False) -> Response:
        self.led[where] = settled
        return await super().done(where, settled=settled)
