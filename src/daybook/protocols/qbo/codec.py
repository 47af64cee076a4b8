"""Journal entries as callers write them, turned into commands.

    body ──> shape of the header ──> shape of each line and its detail ──> drafts ──> a command

A create becomes `CreateEntry`, a full update `ReplaceEntry`, a sparse one `PatchEntry` with
`UNSET` for the members that were not sent. What the core has no place for (tax detail, members of
single countries) is kept in the annex; what the original ignores is checked for its kind and
dropped. A reference is a number, looked up by the ledger inside its transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.commands import (
    UNSET,
    CreateEntry,
    DocNumberPolicy,
    EntryContent,
    Guard,
    LineDraft,
    NoteDraft,
    PatchEntry,
    ReplaceEntry,
)
from daybook.domain.ids import ById, EntryId, Ref
from daybook.domain.limits import LINES_MAX
from daybook.domain.model import (
    CLASS,
    DEPARTMENT,
    PROJECT,
    Annex,
    Company,
    ContactKind,
    JournalEntry,
    Line,
    Note,
    Side,
    Status,
    TaxMark,
)
from daybook.protocols.qbo import errors, ids, settings, stored
from daybook.protocols.qbo.errors import Error, QboFault, Stage
from daybook.protocols.qbo.identity import UPDATE, identify
from daybook.protocols.qbo.limits import (
    DOC_NUMBER_LENGTH_MAX,
    REFERENCE_LENGTH_MAX,
    TEXT_LENGTH_MAX,
)
from daybook.protocols.qbo.shapes import (
    COMMON,
    Findings,
    Members,
    Shape,
    amount,
    as_sent,
    boolean,
    bounded_reference,
    choice,
    day,
    echoed,
    ignored,
    ignored_array,
    ignored_object,
    listing,
    number,
    read,
    reference,
    scalar,
    text,
    wrong_kind,
)

ALLOW_DUPLICATE: Final = "allowduplicatedocnum"
ASSIGN_NUMBER: Final = "allowautodocnum"
"""Words of `include` (and of a batch item's `optionsData`) that entries know."""

POSTED_ONLY: Final = Guard(statuses=frozenset({Status.POSTED}))
"""Entries that wait for approval do not exist on this wire."""


def _sent_lines(value: Any, name: str, findings: Findings) -> Any:
    if not isinstance(value, list):
        raise wrong_kind(name, "an array", findings)
    return value


_kept_reference: Final = bounded_reference(REFERENCE_LENGTH_MAX)
"""For ids of records that are not looked up."""

POSTING: Final = "JournalEntryLineDetail"
DESCRIPTION: Final = "DescriptionOnly"

LINE: Final = Shape(
    "Line",
    {
        "Id": scalar,
        "LineNum": number,
        "Description": text(TEXT_LENGTH_MAX),
        "Amount": amount,
        "Received": number,
        "LinkedTxn": ignored_array,
        "DetailType": choice(POSTING, DESCRIPTION),
        POSTING: as_sent,
        "DescriptionLineDetail": echoed(
            Shape("DescriptionLineDetail", {"ServiceDate": day, "TaxCodeRef": _kept_reference})
        ),
        "CustomField": ignored_array,
        "LineEx": ignored_object,
        "ProjectRef": reference,
        "CostAmount": number,
        "HomeCostAmount": number,
    },
)
"""Members of a line."""

_TAX_LINES_MAX: Final = 1_000
"""Tax lines of an entry: one for each rate and side, so a few dozen at most in practice."""

_TAX_LINE: Final = Shape(
    "Line",
    {
        **LINE.members,
        "Amount": amount,
        "DetailType": choice("TaxLineDetail"),
        "TaxLineDetail": echoed(
            Shape(
                "TaxLineDetail",
                {
                    "TaxRateRef": _kept_reference,
                    "PercentBased": boolean,
                    "TaxPercent": number,
                    "NetAmountTaxable": amount,
                    "TaxInclusiveAmount": amount,
                    "OverrideDeltaAmount": amount,
                    "ServiceDate": day,
                },
            )
        ),
    },
)
_TAX_DETAIL: Final = Shape(
    "TxnTaxDetail",
    {
        "DefaultTaxCodeRef": _kept_reference,
        "TxnTaxCodeRef": _kept_reference,
        "TotalTax": amount,
        "TaxReviewStatus": scalar,
        "TaxLine": listing(_TAX_LINE, _TAX_LINES_MAX),
        "UseAutomatedSalesTax": boolean,
    },
)

JOURNAL_ENTRY: Final = Shape(
    "JournalEntry",
    {
        **COMMON,
        "DocNumber": text(DOC_NUMBER_LENGTH_MAX),
        "TxnDate": day,
        "DepartmentRef": reference,
        "CurrencyRef": reference,
        "ExchangeRate": number,
        "PrivateNote": text(TEXT_LENGTH_MAX),
        "TxnStatus": ignored,
        "LinkedTxn": ignored_array,
        "Line": _sent_lines,
        "TxnTaxDetail": echoed(_TAX_DETAIL),
        "TxnSource": ignored,
        "TaxFormType": text(100),
        "TaxFormNum": text(100),
        "TransactionLocationType": choice(
            "WithinFrance", "FranceOverseas", "OutsideFranceWithEU", "OutsideEU"
        ),
        "Tag": ignored_array,
        "TxnApprovalInfo": ignored_object,
        "RecurDataRef": reference,
        "RecurringInfo": ignored_object,
        "ProjectRef": reference,
        "TotalCostAmount": number,
        "HomeTotalCostAmount": number,
        "Adjustment": boolean,
        "HomeCurrencyAdjustment": boolean,
        "EnteredInHomeCurrency": boolean,
        "GlobalTaxCalculation": choice("TaxExcluded", "TaxInclusive", "NotApplicable"),
        "TotalAmt": number,
        "HomeTotalAmt": number,
        "JournalCodeRef": _kept_reference,
        "TaxRateRef": _kept_reference,
        "JournalEntryEx": ignored_object,
    },
)
"""Members of an entry."""

_ENTITY: Final = Shape(
    "EntityTypeRef",
    {
        "Type": choice("Customer", "Vendor", "Employee", "Job", "Other"),
        "EntityRef": reference,
    },
)


def _entity(value: Any, name: str, findings: Findings) -> Members:
    if not isinstance(value, dict):
        raise wrong_kind(name, "an object", findings)
    return read(_ENTITY, value, findings)


DETAIL: Final = Shape(
    POSTING,
    {
        "PostingType": choice("Debit", "Credit"),
        "Entity": _entity,
        "AccountRef": reference,
        "ClassRef": reference,
        "DepartmentRef": reference,
        "TaxCodeRef": _kept_reference,
        "TaxRateRef": _kept_reference,
        "TaxApplicableOn": choice("Sales", "Purchase"),
        "TaxAmount": amount,
        "TaxInclusiveAmt": amount,
        "BillableStatus": choice("Billable", "NotBillable", "HasBeenBilled"),
        "JournalCodeRef": _kept_reference,
        "JournalEntryLineDetailEx": ignored_object,
    },
)
"""Members of the detail of a posting line."""

_SIDES: Final = {"Debit": Side.DEBIT, "Credit": Side.CREDIT}
_KINDS: Final[Mapping[str | None, ContactKind]] = {
    "Customer": ContactKind.CUSTOMER,
    "Job": ContactKind.CUSTOMER,
    "Vendor": ContactKind.VENDOR,
    "Employee": ContactKind.EMPLOYEE,
}
_ECHOED: Final = (
    "TaxFormType",
    "TaxFormNum",
    "TransactionLocationType",
    "HomeCurrencyAdjustment",
    "EnteredInHomeCurrency",
    "GlobalTaxCalculation",
    "TxnTaxDetail",
)
_ECHOED_REFERENCES: Final = ("JournalCodeRef", "TaxRateRef")
"""Members of the header that are kept in the annex and shown again."""

Drafts = tuple[LineDraft | NoteDraft, ...]
Later = tuple[tuple[Stage, Error], ...]


@dataclass(frozen=True, slots=True)
class Decoded:
    """A command, and what the original would find only after the ledger's own checks."""

    command: CreateEntry | ReplaceEntry | PatchEntry
    later: Later = ()


def decode(body: Any, operation: str, include: frozenset[str], reader: Reader) -> Decoded:
    """The command that makes or changes an entry.

    Raises `QboFault` for everything that can be seen in the body, and for an entry that is not
    there; what is wrong with the body is said first.
    """
    findings = Findings()
    members = read(JOURNAL_ENTRY, body, findings)
    identity = identify(operation, body, findings)
    entry: JournalEntry | None = None
    if identity.record_id is not None:
        entry = live_entry(identity.record_id, reader)
    codec = _EntryReader(members, reader.company, entry, findings)
    sparse = identity.operation == UPDATE and members.get("sparse") is True
    drafts = codec.drafts() if not sparse or members.get("Line") else UNSET
    findings.conclude()
    command: CreateEntry | ReplaceEntry | PatchEntry
    if identity.operation != UPDATE:
        assert drafts is not UNSET
        content = codec.content(drafts)
        command = CreateEntry(content, doc_numbers=_policy(include, content.doc_number))
    elif entry is None:
        plain = f"Id: there is no entry {identity.record_id}"
        raise errors.not_found(plain, errors.DELETED_BY_ANOTHER)
    else:
        assert identity.version is not None
        policy = _policy(include - {ASSIGN_NUMBER}, members.get("DocNumber"))
        if drafts is UNSET or sparse:
            changes = codec.changes(body, entry)
            command = PatchEntry(
                entry.id,
                identity.version,
                lines=drafts,
                fallback_rate=_ONE,
                doc_numbers=policy,
                guard=POSTED_ONLY,
                **changes,
            )
        else:
            content = codec.content(drafts)
            command = ReplaceEntry(entry.id, identity.version, content, policy, guard=POSTED_ONLY)
    return Decoded(command, tuple(findings.later))


def live_entry(entry_id: int, reader: Reader) -> JournalEntry | None:
    """An entry that this wire shows: posted and not deleted."""
    entry = reader.entry(EntryId(entry_id))
    if entry is None or entry.deleted_at is not None or entry.status is not Status.POSTED:
        return None
    return entry


def _policy(include: frozenset[str], doc_number: str | None) -> DocNumberPolicy:
    if not include:
        return DocNumberPolicy.COMPANY
    if doc_number is None and ASSIGN_NUMBER in include:
        return DocNumberPolicy.ASSIGN
    if ALLOW_DUPLICATE in include:
        return DocNumberPolicy.ALLOW_DUPLICATE
    return DocNumberPolicy.COMPANY


class _EntryReader:
    """Reads one entry of a company; `entry` is what is there before, if it is an update."""

    def __init__(
        self,
        members: Members,
        company: Company,
        entry: JournalEntry | None,
        findings: Findings,
    ) -> None:
        self._members = members
        self._findings = findings
        self._company = company
        self._entry = entry
        self._preferences = settings.of(company)
        self._taxed = company.sales_tax and company.country != "US"
        self._before: dict[int, Line | Note] = (
            {} if entry is None else {line.id: line for line in entry.sequence}
        )
        self._currency = self._find_currency()
        self._exponent = currencies.exponent(self._currency)
        self._project: Ref | None = None
        rate = members.get("ExchangeRate")
        if rate is not None and rate <= 0:
            findings.invalid("2110", "ExchangeRate", rate, "is not above 0")
        project = members.get("ProjectRef")
        if project is not None:
            self._project = self._reference(project, "Projects", "ProjectRef")

    def _find_currency(self) -> str:
        """The entry's currency: as sent, else as it was (sparse), else the home currency."""
        home = self._company.home_currency
        currency: str | None = self._members.get("CurrencyRef")
        if currency is None:
            sparse = self._entry is not None and self._members.get("sparse") is True
            return self._entry.currency if sparse and self._entry is not None else home
        if currencies.is_currency(currency):
            return currency
        self._findings.invalid("2220", "CurrencyRef", currency, "is no currency of ISO 4217")
        return home

    def content(self, drafts: Drafts) -> EntryContent:
        """The whole content, from members and lines that are in order."""
        members = self._members
        annex = self._entry.annex if self._entry is not None else ()
        return EntryContent(
            lines=drafts,
            posting_date=members.get("TxnDate"),
            doc_number=members.get("DocNumber"),
            memo=members.get("PrivateNote"),
            currency=None if self._currency == self._company.home_currency else self._currency,
            rate=self._rate(),
            fallback_rate=_ONE,
            adjustment=members.get("Adjustment") is True,
            annex=self._annex(annex, {}),
        )

    def changes(self, body: Members, entry: JournalEntry) -> dict[str, Any]:
        """The members of the `PatchEntry` that a sparse update is, lines apart.

        Clients send `""` for members they never touched, so on entries it stands for absent;
        `null` clears.
        """
        members = self._members
        cleared = {name for name, value in body.items() if value is None}
        patch: dict[str, Any] = {}
        for name, field in (("DocNumber", "doc_number"), ("PrivateNote", "memo")):
            if members.get(name) is not None or name in cleared:
                patch[field] = members.get(name)
        if members.get("TxnDate") is not None:
            patch["posting_date"] = members["TxnDate"]
        if members.get("Adjustment") is not None:
            patch["adjustment"] = members["Adjustment"]
        if self._currency != entry.currency:
            patch["currency"] = self._currency
        rate = self._rate()
        if rate is not None and rate != entry.rate:
            patch["rate"] = rate
        annex = self._annex(entry.annex, stored.load(entry.annex))
        if annex != entry.annex:
            patch["annex"] = annex
        return patch

    def _rate(self) -> Decimal | None:
        """The rate as sent; an entry in home currency ignores it."""
        rate = self._members.get("ExchangeRate")
        if rate is None or self._currency == self._company.home_currency:
            return None
        return Decimal(rate)

    def _annex(self, annex: Annex, kept: dict[str, Any]) -> Annex:
        """What is kept of the members the core has no place for; `kept` is what was before."""
        members = self._members
        for name in _ECHOED:
            if name in members:
                kept[name] = members[name]
        for name in _ECHOED_REFERENCES:
            if name in members:
                value = members[name]
                kept[name] = None if value is None else {"value": value}
        for name in ("HomeCurrencyAdjustment", "EnteredInHomeCurrency"):
            if not kept.get(name) or not self._company.multicurrency:
                kept.pop(name, None)
        if not self._taxed:
            kept.pop("TxnTaxDetail", None)
        elif kept.get("TxnTaxDetail") and kept.get("GlobalTaxCalculation") == "NotApplicable":
            error = Error("6170", errors.MESSAGES["6170"], "TxnTaxDetail")
            self._findings.add_later(Stage.BUSINESS, error)
        if self._company.country == "US":
            kept.pop("GlobalTaxCalculation", None)
        if not kept and not annex:
            return annex
        return stored.dump(annex, kept)

    def drafts(self) -> Drafts:
        """The lines, in order; a line in which something is missing is left out."""
        lines = self._members.get("Line")
        if not lines:
            self._findings.require("Line")
            return ()
        if len(lines) > LINES_MAX:
            plain = f"Line has {len(lines)} members, {LINES_MAX} at most"
            raise QboFault([errors.business(f"An entry has at most {LINES_MAX} lines.", plain)])
        drafts: list[LineDraft | NoteDraft] = []
        for at, line in enumerate(lines):
            if self._findings.full:
                break
            self._findings.where = f"Line[{at}]."
            draft = self._line(line)
            if draft is not None:
                drafts.append(draft)
        self._findings.where = ""
        return tuple(drafts)

    def _line(self, body: Any) -> LineDraft | NoteDraft | None:
        findings = self._findings
        members = read(LINE, body, findings)
        kind = members.get("DetailType")
        if kind is None:
            findings.require("DetailType")
            return None
        line_id = ids.parse(members.get("Id")) if self._entry is not None else None
        before = None if line_id is None else self._before.get(line_id)
        annex = before.annex if before is not None else ()
        if kind == DESCRIPTION:
            detail = members.get("DescriptionLineDetail")
            annex = stored.dump(annex, {"DescriptionLineDetail": detail} if detail else {})
            note_id = None if before is None else before.id
            return NoteDraft(members.get("Description"), annex, note_id)
        minor = self._amount(members)
        sent = members.get(POSTING)
        if sent is None:
            findings.require(POSTING)
            return None
        where = findings.where
        findings.where = f"{where}{POSTING}."
        draft = self._posting(sent, members, minor, before, annex)
        findings.where = where
        return draft

    def _amount(self, members: Members) -> int:
        value = members.get("Amount")
        if value is None:
            self._findings.require("Amount")
            return 0
        if value < 0:
            self._findings.invalid("2290", "Amount", value, "is negative; the side says the sign")
            return 0
        return self._minor(value)

    def _minor(self, value: Decimal | int) -> int:
        """Minor units, rounded half up as the original does. The digits were bounded before."""
        if isinstance(value, int):
            return int(value * 10**self._exponent)
        return int(value.scaleb(self._exponent).to_integral_value(ROUND_HALF_UP))

    def _posting(
        self,
        sent: Any,
        members: Members,
        minor: int,
        before: Line | Note | None,
        annex: Annex,
    ) -> LineDraft | None:
        findings = self._findings
        detail = read(DETAIL, sent, findings)
        side = detail.get("PostingType")
        if side is None and not sent.get("PostingType"):
            path = f"{findings.where}PostingType"
            code = "2260"
            findings.add(Error(code, errors.MESSAGES[code], "PostingType", f"{path} is missing"))
        account = detail.get("AccountRef")
        if account is None:
            findings.require("AccountRef")
        else:
            account = self._reference(account, "Accounts", "AccountRef")
        if sent.get("BillableStatus") == "":
            findings.invalid("2170", "BillableStatus", "", "is no billable status")
        contact: Ref | None = None
        contact_kind: ContactKind | None = None
        entity = detail.get("Entity")
        if entity and entity.get("EntityRef") is not None:
            contact = self._reference(entity["EntityRef"], "Names", "Entity")
            contact_kind = _KINDS.get(entity.get("Type"))
        dimensions = self._dimensions(detail, members, before)
        tax = self._tax(detail)
        journal = detail.get("JournalCodeRef")
        if journal is not None or annex:
            annex = stored.dump(annex, {"JournalCodeRef": {"value": journal}} if journal else {})
        if side is None or account is None:
            return None
        return LineDraft(
            side=_SIDES[side],
            amount=minor,
            account=account,
            contact=contact,
            contact_kind=contact_kind,
            dimensions=dimensions,
            description=members.get("Description"),
            tax=tax,
            billing=before.billing if isinstance(before, Line) else None,
            annex=annex,
            id=None if before is None else before.id,
        )

    def _reference(self, value: str, word: str, member: str) -> Ref | None:
        found = ids.parse(value)
        if found is None:
            path = self._findings.where + member
            self._findings.add(errors.unknown_reference(word, value, path))
            return None
        return ById(found)

    def _dimensions(
        self, detail: Members, members: Members, before: Line | Note | None
    ) -> tuple[tuple[str, Ref], ...]:
        """Class, location and project; and, of a line that was there, what is not seen here."""
        chosen: list[tuple[str, Ref | None]] = []
        value = detail.get("ClassRef")
        if value is not None and self._preferences.class_tracking:
            chosen.append((CLASS, self._reference(value, "Klasses", "ClassRef")))
        value = detail.get("DepartmentRef")
        if value is not None and self._preferences.department_tracking:
            chosen.append((DEPARTMENT, self._reference(value, "Departments", "DepartmentRef")))
        value = members.get("ProjectRef")
        if value is not None:
            chosen.append((PROJECT, self._reference(value, "Projects", "ProjectRef")))
        elif self._project is not None:
            chosen.append((PROJECT, self._project))
        if isinstance(before, Line):
            chosen.extend(
                (axis, ById(id)) for axis, id in before.dimensions if axis not in _SEEN_AXES
            )
        return tuple((axis, ref) for axis, ref in chosen if ref is not None)

    def _tax(self, detail: Members) -> TaxMark | None:
        """The tax a line names. Without a tax code the other tax members mean nothing."""
        code, rate = detail.get("TaxCodeRef"), detail.get("TaxRateRef")
        if code is None:
            return None if rate is None else TaxMark(rate_id=rate)
        applies_to, tax = detail.get("TaxApplicableOn"), detail.get("TaxAmount")
        if self._taxed:
            for code_number, name, value in (
                ("2270", "TaxApplicableOn", applies_to),
                ("2280", "TaxAmount", tax),
            ):
                if value is None:
                    plain = f"{self._findings.where}{name} is required beside TaxCodeRef"
                    error = Error(code_number, errors.MESSAGES[code_number], name, plain)
                    self._findings.add_later(Stage.BUSINESS, error)
        inclusive = detail.get("TaxInclusiveAmt")
        return TaxMark(
            code_id=code,
            rate_id=rate,
            applies_to=applies_to,
            amount=None if tax is None else self._minor(tax),
            inclusive_amount=None if inclusive is None else self._minor(inclusive),
        )


_ONE: Final = Decimal(1)
_SEEN_AXES: Final = frozenset({CLASS, DEPARTMENT, PROJECT})
