"""The compatibility page says what the parity tables say."""

from tests.support.compatibility import PAGE, render


def test_the_tables_are_current() -> None:
    """If this fails: python -m tests.support.compatibility"""
    page = PAGE.read_text()
    assert page.count("<!-- end -->") >= 2
    assert page == render(page)
