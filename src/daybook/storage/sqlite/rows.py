"""Records as rows of the tables: what is searched, sorted and summed."""

from daybook.domain.model import ExchangeRate, JournalEntry, Reference

Row = tuple[int | str | bytes | None, ...]

ENTRY_COLUMNS = (
    "version, status, deleted_at, posting_date, doc_number, memo, currency, total, adjustment,"
    " origin_client, origin_protocol, created_at, modified_at, event_seq, company_id, id"
)
LINE_COLUMNS = (
    "company_id, entry_id, line_id, account_id, contact_id, side, amount, home_amount, description"
)
DIMENSION_COLUMNS = "company_id, entry_id, line_id, axis, dimension_id"
REFERENCE_COLUMNS = (
    "company_id, entity, id, version, name, full_name, code, kind, subtype, description,"
    " currency, parent_id, as_of, active, created_at, modified_at, event_seq"
)


def entry_row(company_id: int, entry: JournalEntry, event_seq: int) -> Row:
    """The row of an entry, `ENTRY_COLUMNS`."""
    return (
        entry.version,
        entry.status,
        entry.deleted_at,
        entry.posting_date.isoformat(),
        entry.doc_number,
        entry.memo,
        entry.currency,
        entry.total,
        entry.adjustment,
        entry.origin.client,
        entry.origin.protocol,
        entry.created_at,
        entry.modified_at,
        event_seq,
        company_id,
        entry.id,
    )


def line_rows(company_id: int, entry: JournalEntry) -> list[Row]:
    """The rows of an entry's lines, `LINE_COLUMNS`."""
    entry_id = entry.id
    return [
        (
            company_id,
            entry_id,
            line.id,
            line.account_id,
            line.contact_id,
            line.side,
            line.amount,
            line.home_amount,
            line.description,
        )
        for line in entry.lines
    ]


def dimension_rows(company_id: int, entry: JournalEntry) -> list[Row]:
    """The rows of the tags of an entry's lines, `DIMENSION_COLUMNS`."""
    return [
        (company_id, entry.id, line.id, axis, dimension_id)
        for line in entry.lines
        if line.dimensions
        for axis, dimension_id in line.dimensions
    ]


def reference_row(company_id: int, entity: str, record: Reference, event_seq: int) -> Row:
    """The row of a reference record, `REFERENCE_COLUMNS`.

    A rate goes by its currency; a list item's own name is all of its name.
    """
    if isinstance(record, ExchangeRate):
        name, active, as_of = record.currency, True, record.as_of.isoformat()
    else:
        name, active, as_of = record.name, record.active, None
    return (
        company_id,
        entity,
        record.id,
        record.version,
        name,
        getattr(record, "full_name", name),
        getattr(record, "code", None),
        getattr(record, "kind", None),
        getattr(record, "subtype", None),
        getattr(record, "description", None),
        getattr(record, "currency", None),
        getattr(record, "parent_id", None),
        as_of,
        active,
        record.created_at,
        record.modified_at,
        event_seq,
    )
