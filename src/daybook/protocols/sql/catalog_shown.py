"""What catalogs list besides tables: procedures and settings."""

from typing import Final

from daybook.protocols.sql.catalog_functions import SERVER_VERSION

SETTINGS_SHOWN: Final = {
    "server_version": SERVER_VERSION,
    "server_version_num": "150000",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "standard_conforming_strings": "on",
    "max_identifier_length": "63",
    "block_size": "8192",
    "max_index_keys": "32",
    "integer_datetimes": "on",
    "lc_collate": "C",
    "lc_ctype": "C",
    "transaction_isolation": "read committed",
    "default_transaction_isolation": "read committed",
    "search_path": '"$user", public',
    "max_connections": "500",
}


PROCEDURES: Final = (
    ("ReverseJournalEntry", "Make an entry that undoes another.", (("Id", True), ("Date", False))),
    (
        "GetDeleted",
        "List entries that were deleted.",
        (("StartModifiedDate", False), ("EndModifiedDate", False)),
    ),
)
"""Procedures: name, what it does, parameters and whether each must be given."""
