"""LineAggregate: what it is read as, written as, and refused for."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.domain.limits import LINES_MAX
from daybook.protocols.sql import aggregate
from daybook.protocols.sql.errors import SqlFault

ROW = "<Row><LineType>Debit</LineType><LineAmount> 1.00 </LineAmount></Row>"


def wrapped(rows: str) -> str:
    return f"<JournalEntryLines>{rows}</JournalEntryLines>"


def test_text_is_read_as_it_is() -> None:
    text = wrapped(
        "<!-- c --><row a='1'><x:linememo> a &amp; <![CDATA[<b>]]> &#65; </x:linememo>"
        "<LINEAMOUNT> 5 </LINEAMOUNT><LineClass> </LineClass></row>"
    )
    assert aggregate.read(
        text.replace("<JournalEntryLines", "<JournalEntryLines xmlns:x='y'", 1)
    ) == [{"LineMemo": " a & <b> A ", "LineAmount": "5"}]


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip)


@given(st.lists(st.fixed_dictionaries({"LineMemo": TEXTS, "LineAccount": TEXTS}), min_size=1))
def test_what_is_written_is_read_again(rows: list[dict[str, str]]) -> None:
    assert aggregate.read(aggregate.write(rows)) == rows


def test_json_is_read_without_floats() -> None:
    text = '{"journalentrylines": [{"lineamount": 0.10, "LineMemo": "m", "LineClass": null}]}'
    assert aggregate.read(text) == [{"LineAmount": "0.10", "LineMemo": "m"}]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (wrapped(""), "23502"),
        ("<Lines/>", "22023"),
        (wrapped("<Line/>"), "22023"),
        (wrapped("<Row><Nope>1</Nope></Row>"), "42703"),
        (wrapped("<Row><Date>1</Date></Row>"), "42703"),
        (wrapped("<Row><LineMemo>1</LineMemo><LineMemo/></Row>"), "42701"),
        (wrapped("<Row><LineMemo><b>1</b></LineMemo></Row>"), "22023"),
        (wrapped("x"), "22023"),
        ("<JournalEntryLines>", "2200M"),
        ("not xml", "2200M"),
        ("", "2200M"),
        ("<!DOCTYPE a><JournalEntryLines/>", "22023"),
        (
            '<!DOCTYPE a [<!ENTITY b "bbbb">]>' + wrapped("<Row><LineMemo>&b;</LineMemo></Row>"),
            "22023",
        ),
        (wrapped("<Row/>" * (LINES_MAX + 1)), "54000"),
        ("<a>" * 100_000, "22023"),
        ("[" * 100_000, "22P02"),
        ("[1]", "22023"),
        ('[{"LineAmount": [1]}]', "22023"),
        ('[{"LineAmount": NaN}]', "22P02"),
        ("{}", "22023"),
    ],
)
def test_what_is_refused_quickly(text: str, code: str) -> None:
    began = time.monotonic()
    with pytest.raises(SqlFault) as caught:
        aggregate.read(text)
    assert caught.value.code == code, caught.value.message
    assert time.monotonic() - began < 1
