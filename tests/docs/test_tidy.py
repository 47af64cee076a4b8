"""The repository itself: what is named exists and is found, and nothing speaks of elsewhere."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = {".py", ".md", ".toml", ".sql", ".txt", ".in", ".json", ".js", ".graphql", ""}


def files() -> list[Path]:
    """What the repository holds, as git sees it; every file but ignored ones."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


DOCS = [path for path in files() if path.suffix == ".md"]
MODULES = [path for path in files() if path.suffix == ".py" and ROOT / "src" in path.parents]


@pytest.mark.parametrize("page", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith(("#", "mailto:")):
            continue
        assert (page.parent / target.partition("#")[0]).exists(), f"{page.name} names {target}"


def test_pages_can_be_found() -> None:
    """Every page under docs/ is linked from another page."""
    linked: set[Path] = set()
    for page in DOCS:
        for target in re.findall(r"\]\(([^)\s#]+)", page.read_text()):
            if "://" not in target:
                linked.add((page.parent / target).resolve())
    lost = [page for page in DOCS if ROOT / "docs" in page.parents and page.resolve() not in linked]
    assert not lost


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_say_what_they_are_for(module: Path) -> None:
    tree = ast.parse(module.read_text())
    assert ast.get_docstring(tree), "a module opens with a docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            assert length <= 70, f"{node.name} has {length} lines, more than fit on a screen"


def test_no_file_outgrows_the_head() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in long.items() if lines > 800} == {}


ELSEWHERE = re.compile(
    r"/work/|\.library\b|/opt/|/root/|pypi\.org|files\.pythonhosted|registry\.npmjs|"
    r"\bTO"
    r"DO\b|\bFIX"
    r"ME\b|\bXX"
    r"X:",
)


PROJECT_STATUS = "\n  TODO\n"
"""What an original calls projects that have not begun, a name in its schema."""


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_speaks_of_elsewhere(path: Path) -> None:
    if path.suffix not in TEXT or path == Path(__file__):
        pytest.skip("not a text this rule is about")
    text = path.read_text(errors="replace")
    if path.name == "schema.graphql":
        text = text.replace(PROJECT_STATUS, "")
    found = ELSEWHERE.search(text)
    assert found is None, f"{path.name} says {found.group() if found else ''}"


def test_dependencies_have_reasons() -> None:
    """Each direct dependency has a row in docs/dependencies.md and is locked with hashes."""
    reasons = (ROOT / "docs/dependencies.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.split(r"[ ><=;]", each)[0] for each in project["dependencies"]}
    for name in ("runtime", "dev"):
        lines = (ROOT / f"requirements/{name}.in").read_text().splitlines()
        wanted = {line for line in lines if line and not line.startswith(("#", "-"))}
        locked = (ROOT / f"requirements/{name}.txt").read_text()
        if name == "runtime":
            assert wanted == declared
        for package in wanted:
            assert f"`{package}`" in reasons, f"docs/dependencies.md gives no reason for {package}"
            assert re.search(rf"^{re.escape(package)}==\S+ \\\n +--hash", locked, re.MULTILINE)


def test_refusals_are_documented() -> None:
    """docs/reference/refusals.md lists the taxonomy, in its order, in the words of the code."""
    tree = ast.parse((ROOT / "src/daybook/domain/refusals.py").read_text())
    codes = next(
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "RefusalCode"
    )
    rows = []
    for node, doc in zip(codes.body, codes.body[1:], strict=False):
        if isinstance(node, ast.Assign) and isinstance(doc, ast.Expr):
            name, number = node.targets[0], node.value
            assert isinstance(name, ast.Name)
            assert isinstance(number, ast.Constant)
            assert isinstance(doc.value, ast.Constant)
            rows.append(f"| {number.value!r} | `{name.id}` | {doc.value.value!s} |")
    page = (ROOT / "docs/reference/refusals.md").read_text()
    listed = [line for line in page.splitlines() if re.match(r"\| \d", line)]
    assert listed == rows


def test_limits_are_documented() -> None:
    """docs/reference/limits.md names every bound of the ledger and its figure."""
    from daybook.domain import limits

    page = (ROOT / "docs/reference/limits.md").read_text()
    for name, value in vars(limits).items():
        if name.isupper():
            assert f"| `{name}` | {value:,} |" in page, f"{name} = {value:,} is not documented"
