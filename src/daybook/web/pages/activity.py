"""What programs asked of these books lately, and what they were told."""

from functools import partial
from typing import Final

from daybook.app.access import Scope
from daybook.app.activity import KEPT_MAX, Asked, Look
from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.limits import ACTIVITY_SHOWN
from daybook.web.routing import Later, Route
from daybook.web.visit import Visit


def activity(visit: Visit) -> Later:
    """The latest requests, of one interface or all, failed ones alone if asked for."""
    asked = Asked(
        ACTIVITY_SHOWN, visit.query.get("interface", ""), visit.query.get("failed") == "on"
    )

    def finish(look: Look) -> Response:
        return visit.page("activity.html", title="Activity", look=look, asked=asked, kept=KEPT_MAX)

    activities = visit.site.services.activities
    return Later(partial(activities.look, visit.home.id, asked), finish)


ROUTES: Final = (
    Route("activity", "GET", f"{COMPANY_PREFIX}/activity", activity, Scope.READ, "activity"),
)
