"""What a create takes, as clients ask for it before they build a form: one tree of options."""

from typing import Any, Final

from daybook.domain import currencies
from daybook.domain.limits import LINES_MIN
from daybook.domain.model import Company
from daybook.protocols.codat.limits import DESCRIPTION_LENGTH_MAX

Json = dict[str, Any]


def _option(
    kind: str,
    name: str,
    description: str,
    *,
    required: bool,
    warnings: tuple[tuple[str, str], ...] = (),
    **more: Any,
) -> Json:
    shown: Json = {
        "type": kind,
        "displayName": name,
        "description": description,
        "required": required,
        **more,
    }
    if warnings:
        shown["validation"] = {
            "warnings": [{"field": field, "details": details} for field, details in warnings],
            "information": [],
        }
    return shown


_LENGTH: Final = f"Max length of {DESCRIPTION_LENGTH_MAX} characters."


def journal_entry(company: Company) -> Json:
    """The model of a journal entry in a company's books."""
    return _option(
        "Object",
        "Journal Entry",
        "Lines of debits and credits that balance, posted on one date.",
        required=True,
        properties={
            "description": _option(
                "String",
                "Description",
                "Optional description of the entry.",
                required=False,
                warnings=(("Description", _LENGTH),),
            ),
            "postedOn": _option(
                "DateTime", "Posted On Date", "Date on which the entry counts.", required=True
            ),
            "journalLines": _option(
                "Array",
                "Journal Lines",
                "The lines of the entry.",
                required=True,
                warnings=(("JournalLines", f"Must have at least {LINES_MIN} lines."),),
                properties=_line(company),
            ),
        },
    )


def _line(company: Company) -> Json:
    places = currencies.exponent(company.home_currency)
    return {
        "description": _option(
            "String",
            "Description",
            "Optional description of the journal line.",
            required=False,
            warnings=(("JournalLines.Description", _LENGTH),),
        ),
        "netAmount": _option(
            "Number",
            "Net Amount",
            "Amount of the line. Debits are positive, credits negative.",
            required=True,
            warnings=(
                ("JournalLines.NetAmount", "The sum of all net amounts must be 0."),
                ("JournalLines.NetAmount", f"At most {places} decimal places."),
            ),
        ),
        "currency": _option(
            "String",
            "Currency",
            "Currency of the line.",
            required=company.multicurrency,
            warnings=(("JournalLines.Currency", "Must be the same for all lines."),),
        ),
        "accountRef": _option(
            "Object",
            "Account Reference",
            "Reference to the account the line is posted to.",
            required=True,
            properties={
                "id": _option(
                    "String",
                    "Account ID",
                    "Identifier of the account.",
                    required=True,
                    warnings=(("AccountRef.Id", "Must match an existing, active account."),),
                )
            },
        ),
        "contactRef": _option(
            "Object",
            "Contact Reference",
            "Customer of a receivable line, supplier of a payable one.",
            required=False,
            properties={
                "id": _option("String", "ID", "Identifier of the contact.", required=True),
                "dataType": _option(
                    "String", "Data Type", "Customers or suppliers.", required=False
                ),
            },
        ),
        "tracking": _tracking(),
    }


def _tracking() -> Json:
    reference = {
        "id": _option(
            "String",
            "ID",
            "Identifier of the tracking category.",
            required=True,
            warnings=(
                ("RecordRefs.Id", "Must begin with CLASS_ or DEPARTMENT_ and exist."),
                ("RecordRefs.Id", "At most one of each kind on a line."),
            ),
        ),
        "dataType": _option(
            "String",
            "Data Type",
            "Type of the record.",
            required=True,
            warnings=(("RecordRefs.DataType", "Must be trackingCategories."),),
            options=[
                {
                    "value": "trackingCategories",
                    "type": "String",
                    "displayName": "Tracking Categories",
                    "required": False,
                }
            ],
        ),
    }
    return _option(
        "Object",
        "Tracking",
        "Classes and departments the line is tagged with.",
        required=False,
        properties={
            "recordRefs": _option(
                "Array",
                "Record References",
                "The tracking categories.",
                required=False,
                properties=reference,
            )
        },
    )
