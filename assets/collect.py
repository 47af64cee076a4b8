"""Copies what browsers are served, and what reports are printed with, out of the installed npm
packages into the Python package.

The packages come by `npm ci` from the lock file beside this script, which holds their hashes; only
finished files are taken, unchanged, each with its licence. The copies are in no version control:
they belong to those who made them, and a lock file says which they are.
"""

import shutil
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
TARGET = HERE.parent / "src" / "daybook" / "assets" / "collected"

FILES = {
    "chart.js": "chart.js/dist/chart.umd.min.js",
    "graphiql.css": "graphiql/graphiql.min.css",
    "graphiql.js": "graphiql/graphiql.min.js",
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "react-dom.js": "react-dom/umd/react-dom.production.min.js",
    "react.js": "react/umd/react.production.min.js",
}
"""Name under which a file is served -> its path among the packages."""

FONTS = {
    "DejaVuSans.ttf": "dejavu-fonts-ttf/ttf/DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf": "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf",
}
"""The same of files that are read here and served to nobody."""


def main() -> None:
    """Put a fresh set of copies in place of the old one."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    every = {**FILES, **FONTS}
    for name, source in every.items():
        shutil.copyfile(PACKAGES / source, TARGET / name)
    for package in sorted({source.split("/", 1)[0] for source in every.values()}):
        licence = next(PACKAGES.joinpath(package).glob("LICENSE*"))
        shutil.copyfile(licence, TARGET / f"{package}.licence.txt")


if __name__ == "__main__":
    main()
