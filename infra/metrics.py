"""/metrics for Prometheus: mails, views, what the authority's works end at, and this process. The figures are read anew
at each scrape, so any process tells the same ones and a restart loses none.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import get_args

import msgspec
from anyio import move_on_after, to_thread
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports import Unavailable
from domain.notification import Kind, Outcome
from infra.authority_ends import AuthorityEnds, End
from infra.head_watch import HeadFigures, HeadWatch
from infra.views import CurrentViews
from projections.answers import MailTotals
from projections.views import FactLog, ViewStatus

PATIENCE = 5.0  # seconds; Prometheus by itself waits 10


class Found(msgspec.Struct, frozen=True):
    """What the database said to one scrape."""

    mails: MailTotals
    views: list[ViewStatus]
    lists: list[End]
    heads: HeadFigures


class Figures(Collector):
    """`found` is None where the database did not answer: then only that is told, and what stands in files."""

    def __init__(self, found: Found | None, files: Sequence[End], now: datetime) -> None:
        self._found = found
        self._ends = [*files, *(found.lists if found else ())]
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("shomei_up", "Whether the database and the read models answered.", bool(self._found))
        ends = GaugeMetricFamily(
            "shomei_end_timestamp_seconds",
            "Until when what the authority made is good, in seconds since 1970.",
            labels=["of", "authority"],
        )
        for end in self._ends:
            ends.add_metric([end.what, end.authority], end.at.timestamp())
        yield ends
        if self._found is None:
            return
        mails = self._found.mails
        yield GaugeMetricFamily("shomei_mails_waiting", "Mails asked for that have not ended.", mails.waiting)
        since = mails.oldest_waiting_since
        age = max(0.0, (self._now - since).total_seconds()) if since else 0.0
        yield GaugeMetricFamily(
            "shomei_mails_oldest_waiting_seconds", "How long the oldest of them has been waiting.", age
        )
        ended = CounterMetricFamily("shomei_mails", "Mails that have ended.", labels=["kind", "outcome"])
        counts = {(count.kind, count.state): count.mails for count in mails.ended}
        for kind in get_args(Kind):
            for outcome in get_args(Outcome):
                ended.add_metric([kind, outcome], counts.get((kind, outcome), 0))
        yield ended
        lag = GaugeMetricFamily("shomei_projection_lag", "Positions of the log that a view is behind.", labels=["view"])
        for view in self._found.views:
            lag.add_metric([view.name], view.lag)
        yield lag
        heads = self._found.heads
        if heads.signed_at is not None:
            yield GaugeMetricFamily("shomei_tree_head_size", "Facts under the last signed tree head.", heads.size)
            yield GaugeMetricFamily(
                "shomei_tree_head_age_seconds",
                "How old the last signed tree head is.",
                max(0.0, (self._now - heads.signed_at).total_seconds()),
            )
        yield GaugeMetricFamily(
            "shomei_log_tree_broken", "Whether the log no longer has the tree of a signed head.", heads.broken
        )


def route(
    views: CurrentViews,
    log: FactLog,
    ends: AuthorityEnds,
    heads: HeadWatch,
    clock: Callable[[], datetime],
    patience: float = PATIENCE,
) -> Route:
    """`patience` is in seconds: a database that hangs is told like one that is away, with status 200."""

    def look() -> Found | None:
        try:
            return Found(views.mail_totals(), views.status(log), ends.of_lists(clock()), heads.look())
        except Unavailable:
            return None

    async def metrics(request: Request) -> Response:
        found, files = None, await to_thread.run_sync(ends.of_files, clock())
        with move_on_after(patience):
            found = await to_thread.run_sync(look, abandon_on_cancel=True)
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(Figures(found, files, clock()))
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": content_type})

    return Route("/metrics", metrics)
