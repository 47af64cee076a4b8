"""What programs asked of these books lately, and what they were told."""

from typing import Final

from daybook.app.access import Scope
from daybook.app.activity import KEPT_MAX, Activity
from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.limits import ACTIVITY_SHOWN
from daybook.web.routing import Route
from daybook.web.visit import Visit


def activity(visit: Visit) -> Response:
    """The latest requests, of one interface or all, failed ones alone if asked for."""
    interface = visit.query.get("interface", "")
    failed = visit.query.get("failed") == "on"

    def chosen(each: Activity) -> bool:
        return interface in ("", each.interface) and (each.failed or not failed)

    activities = visit.site.services.activities
    return visit.page(
        "activity.html",
        title="Activity",
        found=activities.recent(visit.home.id, chosen, ACTIVITY_SHOWN),
        counts=activities.counts(visit.home.id),
        interface=interface,
        failed=failed,
        kept=KEPT_MAX,
    )


ROUTES: Final = (
    Route("activity", "GET", f"{COMPANY_PREFIX}/activity", activity, Scope.READ, "activity"),
)
