"""The reference page of the command line, made from the commands themselves.

.venv/bin/python -m tests.support.cli_reference     # writes docs/reference/cli.md
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from daybook.cli.main import build_parser
from daybook.server.main import environment

PAGE = Path(__file__).parents[2] / "docs/reference/cli.md"

_HEAD = """\
# Command line

Made from the commands' own help by `tests/support/cli_reference.py`; a test keeps it so.

`daybook` is installed with the package; from a checkout it is `.venv/bin/daybook`. Exit codes: 0
done, 1 failed, with one clear line on standard error, 2 wrong usage. Results go to standard output,
everything else to standard error; long work shows a bar on a terminal, and a line now and then
elsewhere.

All commands but `restore` and a second `serve` may be used on a SQLite store while its server runs.
"""


def commands(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its full name, groups left out."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                if child.get_default("run") is not None:
                    yield child.prog, child
                yield from commands(child)


def _written(action: argparse.Action) -> str:
    """How an argument is typed."""
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    if action.nargs == 0:
        return names
    choices = None if action.choices is None else "{" + ",".join(map(str, action.choices)) + "}"
    value = action.metavar or choices or action.dest.upper()
    return f"`{value}`" if not names else f"`{action.option_strings[-1]} {value}`"


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for name, parser in commands(build_parser(environment())):
        actions = [action for action in parser._actions if action.dest != "help"]
        positional = [_written(action).strip("`") for action in actions if _is_operand(action)]
        needed = [_written(action).strip("`") for action in actions if _is_needed(action)]
        usage = " ".join([name, *needed, "[options]", *positional])
        assert parser.description is not None
        summary = parser.description[0].upper() + parser.description[1:]
        parts.append(f"\n## {name}\n\n{summary}\n\n```\n{usage}\n```\n")
        if name == "daybook serve":
            parts.append("\nIts options are the [settings](settings.md) of the server.\n")
            continue
        if actions:
            parts.append("\n| argument | meaning |\n| --- | --- |\n")
        for action in actions:
            meaning = (action.help or "").replace("|", "\\|")
            parts.append(f"| {_written(action)} | {meaning} |\n")
    return "".join(parts)


def _is_operand(action: argparse.Action) -> bool:
    return not action.option_strings


def _is_needed(action: argparse.Action) -> bool:
    return bool(action.option_strings) and action.required


if __name__ == "__main__":
    PAGE.write_text(page())
