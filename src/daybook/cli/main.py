"""The command line: finds the command, runs it, and turns what went wrong into an exit code.

0  done
1  failed, with one clear line on standard error
2  wrong usage
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from daybook.app.ports import StoreFailure
from daybook.cli import (
    access,
    companies,
    copies,
    doctor,
    entries,
    integrity,
    people,
    tokens,
    transfer,
    webhooks,
)
from daybook.cli.environment import Environment
from daybook.cli.kit import Failure, Run, add_command

INTERRUPTED: Final = 130
"""Exit code after an interrupt from the keyboard, as shells report it."""


def build_parser(environment: Environment) -> argparse.ArgumentParser:
    """The whole command line, from which its reference page is made too."""
    parser = argparse.ArgumentParser(
        prog="daybook",
        description="One double-entry journal that speaks existing accounting interfaces.",
    )
    version = environment.versions().get("daybook", "")
    parser.add_argument("--version", action="version", version=f"daybook {version}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    serve = add_command(commands, "serve", "answer on the interfaces until stopped", _serve)
    environment.add_serve_options(serve)
    for module in (
        companies,
        tokens,
        people,
        access,
        entries,
        transfer,
        integrity,
        copies,
        webhooks,
        doctor,
    ):
        module.add_parsers(commands)
    return parser


def _serve(arguments: argparse.Namespace, environment: Environment) -> int:
    return environment.serve(arguments)


def run(arguments: Sequence[str], environment: Environment) -> int:
    """Run a command; answers with the exit code and never raises for what a user did."""
    try:
        parsed = build_parser(environment).parse_args(arguments)
    except SystemExit as ended:  # argparse has said what is wrong, or has shown help
        return ended.code if isinstance(ended.code, int) else 2
    command: Run = parsed.run
    try:
        code = command(parsed, environment)
        sys.stdout.flush()
    except (Failure, StoreFailure) as failure:
        return _failed(str(failure))
    except BrokenPipeError:
        return _reader_gone()
    except OSError as error:
        file = f"{error.filename}: " if error.filename is not None else ""
        return _failed(f"{file}{error.strerror or error}")
    except KeyboardInterrupt:
        _failed("interrupted")
        return INTERRUPTED
    return code


def _failed(message: str) -> int:
    sys.stdout.flush()
    line = " ".join(message.split()) or "failed without saying why"
    sys.stderr.write(f"daybook: {line}\n")
    return 1


def _reader_gone() -> int:
    """Whoever read our output stopped (`| head`): what is left of it goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    return 1
