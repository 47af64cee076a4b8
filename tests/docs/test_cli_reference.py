"""The reference page of the command line is what the commands say of themselves."""

from tests.support.cli_reference import PAGE, page


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), (
        "run .venv/bin/python -m tests.support.cli_reference to bring docs/reference/cli.md up"
        " to date"
    )
