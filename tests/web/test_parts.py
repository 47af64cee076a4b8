"""What several pages are made of."""

from tests.support.web import CHECKING, RENT, Pages

from daybook.web.names import names_of
from daybook.web.site import environment


def test_lines_lead_to_their_accounts_where_there_are_pages_of_them() -> None:
    site = Pages()
    entry = site.post(500)
    with site.books.read() as reader:
        names = names_of(reader, [entry])
    table = environment({}).get_template("parts.html").module.lines_table  # type: ignore[attr-defined]
    linked = table(entry, names, lambda route, account: f"/{route}/{account}")
    assert f'<a href="/account/{RENT}">Rent</a>' in linked
    assert f'<a href="/account/{CHECKING}">Checking</a>' in linked
    assert "<a " not in table(entry, names)
