"""Encodings are known by all their names, and each that is known reads text or says it cannot."""

import codecs

import pytest

from daybook.app.journal_csv import encodings
from daybook.app.journal_csv.encodings import encoding_of


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("UTF-8", "utf_8"),
        ("utf-8-sig", "utf_8_sig"),
        ("windows-1252", "cp1252"),
        ("latin1", "latin_1"),
        ("latin-1", "latin_1"),
        ("ISO-8859-15", "iso8859_15"),
        ("Shift-JIS", "shift_jis"),
        ("rot13", None),
        ("utf-7", None),
        ("", None),
        ("utf-8\0", "utf_8"),
    ],
)
def test_names(name: str, known: str | None) -> None:
    assert encoding_of(name) == known


@pytest.mark.parametrize("name", sorted(encodings._ENCODINGS))
def test_each_reads_text(name: str) -> None:
    assert codecs.decode(codecs.encode("Date,Account\n", name), name) == "Date,Account\n"
