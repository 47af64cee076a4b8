"""A company's settings that only this wire understands: whether classes and locations are kept.

They are sections of the original's `Preferences`, stored in the company's annex. Where nothing is
stored both are on: a client that writes classes means them.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from daybook.domain.model import Annex, Company
from daybook.protocols.qbo import stored


@dataclass(frozen=True, slots=True)
class Settings:
    """What a company keeps of the lines of entries."""

    class_tracking: bool = True
    department_tracking: bool = True


_DEFAULT: Final = Settings()


def of(company: Company) -> Settings:
    """The settings of a company."""
    return _of(company.annex) if company.annex else _DEFAULT


@lru_cache(maxsize=1_024)
def _of(annex: Annex) -> Settings:
    section: dict[str, Any] = (
        stored.load(annex).get("Preferences", {}).get("AccountingInfoPrefs", {})
    )
    per_line = section.get("ClassTrackingPerTxnLine", True)
    per_entry = section.get("ClassTrackingPerTxn", False)
    return Settings(
        class_tracking=bool(per_line or per_entry),
        department_tracking=bool(section.get("TrackDepartments", True)),
    )
