"""The table a run of benchmarks prints: what was measured, the figure, what it is held against."""

from dataclasses import dataclass, field


@dataclass
class Report:
    """Rows of one run, printed as they come and again as a table at the end."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, what: str, figure: str, beside: str = "") -> None:
        """Add a row: what was measured, the figure, and what it stands beside."""
        self.rows.append((what, figure, beside))
        print(f"{what}: {figure}{f' ({beside})' if beside else ''}", flush=True)

    def table(self) -> str:
        """All rows as a Markdown table."""
        head = [("what", "figure", "beside"), ("---", "---", "---")]
        return "\n".join(f"| {a} | {b} | {c} |" for a, b, c in head + self.rows)
