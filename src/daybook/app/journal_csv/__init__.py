"""Journals as CSV files: the form that QuickBooks Online's own import takes, both ways."""

from daybook.app.journal_csv.cells import DateOrder, DecimalMark
from daybook.app.journal_csv.exporting import ExportOptions, export_journal, selection
from daybook.app.journal_csv.faults import Fault
from daybook.app.journal_csv.importing import (
    ImportOptions,
    ImportReport,
    Source,
    import_journal,
    read_entries,
)

__all__ = [
    "DateOrder",
    "DecimalMark",
    "ExportOptions",
    "Fault",
    "ImportOptions",
    "ImportReport",
    "Source",
    "export_journal",
    "import_journal",
    "read_entries",
    "selection",
]
