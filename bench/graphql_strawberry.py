"""The types of the GraphQL benchmark as strawberry has them: classes with members, shown as they
are. Rows are made into instances of them for each request.
"""

from typing import Annotated, Any, NewType

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawberry.types.scalar import ScalarDefinition

Amount = NewType("Amount", object)
Day = NewType("Day", str)
SCALARS: dict[object, ScalarDefinition] = {
    Amount: strawberry.scalar(name="Amount", serialize=lambda value: value),
    Day: strawberry.scalar(name="Date", serialize=lambda value: value),
}


@strawberry.type
class Named:
    """What is shown by id and name."""

    id: strawberry.ID
    name: str | None = None


@strawberry.type
class Customer:
    """A customer."""

    id: strawberry.ID
    display_name: str | None = None


@strawberry.type
class Vendor:
    """A vendor."""

    id: strawberry.ID
    display_name: str | None = None


@strawberry.type
class Project:
    """A project."""

    id: strawberry.ID
    name: str | None = None
    customer: Customer | None = None
    description: str | None = None


@strawberry.type
class TaxRate:
    """A tax rate."""

    id: strawberry.ID
    name: str | None = None
    description: str | None = None
    status: str | None = None
    start_date: Day | None = None
    end_date: Day | None = None


@strawberry.type
class TaxGroupRate:
    """A rate of a tax group."""

    tax_rate: TaxRate | None = None


@strawberry.type
class TaxGroup:
    """A tax group."""

    id: strawberry.ID
    name: str | None = None
    code: str | None = None
    description: str | None = None
    status: str | None = None
    sale_rates: list[TaxGroupRate] | None = None
    purchase_rates: list[TaxGroupRate] | None = None


@strawberry.type
class Markup:
    """A markup."""

    account: Named | None = None
    amount: Amount | None = None
    percent: str | None = None


@strawberry.type
class Tax:
    """A line's tax."""

    tax_amount: Amount | None = None
    taxable: bool | None = None
    tax_group: TaxGroup | None = None


@strawberry.type
class Line:
    """A line."""

    entry_line_type: str | None = None
    sequence: str | None = None
    description: str | None = None
    amount: Amount | None = None
    account: Named | None = None
    billable: bool | None = None
    billable_amount: Amount | None = None
    payee: Annotated[Customer | Vendor, strawberry.union("Payee")] | None = None
    project: Project | None = None
    class_: Named | None = strawberry.field(name="class", default=None)
    markup: Markup | None = None
    tax: Tax | None = None


@strawberry.type
class Metadata:
    """The version of an entry."""

    entity_version: str


@strawberry.type
class JournalEntry:
    """An entry."""

    id: strawberry.ID
    metadata: Metadata | None
    memo: str | None
    reference_number: str | None
    transaction_date: Day | None
    entry_lines: list[Line] | None


@strawberry.type
class PageInfo:
    """Where a page lies."""

    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type
class Connection:
    """A page."""

    nodes: list[JournalEntry]
    page_info: PageInfo


@strawberry.type
class Company:
    """The company."""

    @strawberry.field
    def journal_entries(
        self, info: strawberry.Info, first: int, order_by: list[str] | None = None
    ) -> Connection | None:
        """A page of entries."""
        from bench.graphql_rivals import shown_rows

        rows = [_entry(row) for row in shown_rows(info.context, first)]
        return Connection(
            nodes=rows,
            page_info=PageInfo(
                has_next_page=True, has_previous_page=False, start_cursor="a", end_cursor="b"
            ),
        )


@strawberry.type
class Query:
    """The root."""

    @strawberry.field
    def company(self) -> Company | None:
        """The company."""
        return Company()


def _entry(row: dict[str, Any]) -> JournalEntry:
    return JournalEntry(
        id=row["id"],
        metadata=Metadata(entity_version=row["metadata"]["entityVersion"]),
        memo=row["memo"],
        reference_number=row["referenceNumber"],
        transaction_date=row["transactionDate"],
        entry_lines=[_line(line) for line in row["entryLines"]],
    )


def _line(line: dict[str, Any]) -> Line:
    return Line(
        entry_line_type=line["entryLineType"],
        sequence=line["sequence"],
        description=line["description"],
        amount=line["amount"],
        account=Named(id=line["account"]["id"], name=line["account"]["name"]),
        tax=Tax(tax_amount=None, taxable=False, tax_group=None),
    )


SCHEMA = strawberry.Schema(query=Query, config=StrawberryConfig(scalar_map=SCALARS))
