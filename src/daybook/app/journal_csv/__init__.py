"""Journals as CSV files: the form that QuickBooks Online's own import takes, both ways."""

from daybook.app.journal_csv.cells import DateOrder, DecimalMark
from daybook.app.journal_csv.exporting import ExportOptions, export_journal, selection
from daybook.app.journal_csv.faults import Fault
from daybook.app.journal_csv.importing import (
    ImportOptions,
    ImportReport,
    Sample,
    Source,
    import_journal,
    read_entries,
)
from daybook.app.journal_csv.reading import Group

__all__ = [
    "Group",
    "DateOrder",
    "DecimalMark",
    "ExportOptions",
    "Fault",
    "ImportOptions",
    "ImportReport",
    "Sample",
    "Source",
    "export_journal",
    "import_journal",
    "read_entries",
    "selection",
]
