"""Runs benchmarks and prints their table: `python -m bench [posting reading …]`."""

import os
import platform
import sys
from importlib import import_module

from bench.report import Report

ALL = (
    "posting",
    "reading",
    "large_entry",
    "importing",
    "balances",
    "register",
    "pushing",
    "codat_listing",
    "graphql_lists",
    "sql_queries",
)


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all of them."""
    unknown = set(names) - set(ALL)
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
        return 2
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}")
    report = Report()
    for name in names or ALL:
        import_module(f"bench.{name}").run(report)
    print("\n" + report.table())
    return 0


sys.exit(main(sys.argv[1:]))
