"""SELECTs made up at random over the tables, of what PostgreSQL and the SQL interface promise."""

import random


class Maker:
    """Makes up SELECTs over the tables, of what both languages promise."""

    NUMBERS = ("LineAmount", "LineNumber", "LineDebit", "LineCredit")
    WORDS = (
        "LineAccount",
        "LineType",
        "LineEntityName",
        "LineMemo",
        "ReferenceNumber",
        "Memo",
        "LineClass",
        "LineDepartment",
        "TxnNumber",
    )
    KINDS = ("Checking", "Barclays", "Rent", "Debit", "Credit", "1005", "Foster Interiors", "none")

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def pick(self, *options: str) -> str:
        return self.random.choice(options)

    def number(self, depth: int = 2) -> str:
        if depth == 0 or self.random.random() < 0.4:
            return self.pick(*self.NUMBERS, "1", "2.5", "100", "-3", "0.01")
        left, right = self.number(depth - 1), self.number(depth - 1)
        return self.pick(
            f"({left} + {right})",
            f"({left} - {right})",
            f"({left} * {right})",
            f"abs({left})",
            f"round({left}::numeric, 1)",
            f"coalesce({left}, 0)",
            f"({left} / 4)",
            "(LineNumber / 2)",
            f"({left} / nullif({right}, 0))",
            f"CASE WHEN LineType = 'Debit' THEN {left} ELSE -({left}) END",
            f"greatest({left}, {right})",
            f"sign({left}::numeric)",
            f"floor({left}::numeric)",
        )

    def word(self) -> str:
        column = self.pick(*self.WORDS)
        return self.pick(
            column,
            column,
            f"upper({column})",
            f"left({column}, 4)",
            f"length({column})::text",
            f"coalesce({column}, '-')",
            f"{column} || '!'",
            f"substring({column} from 2 for 3)",
            f"split_part({column}, ' ', 1)",
            f"replace({column}, 'a', 'o')",
            f"md5({column})",
            f"lpad({column}, 6, '*')",
            f"right({column}, 2)",
            f"substring({column} from -1 for 4)",
        )

    def day(self) -> str:
        return self.pick(
            "Date",
            "Date + 1",
            "date_trunc('month', Date)",
            "Date - 30",
            "TimeCreated",
            "date_trunc('year', TimeCreated)",
            "Date + interval '1 month'",
            "extract(year from Date)",
            "extract(dow from Date)",
            "Date - DATE '2025-01-01'",
            "to_char(Date, 'YYYY-MM')",
            "to_char(Date, 'FMMonth DD')",
            "extract(quarter from Date)",
            "date_part('month', Date)",
            "extract(epoch from TimeCreated)",
            "TimeCreated::date",
            "to_char(TimeCreated, 'Dy HH24:MI:SS')",
            "extract(week from Date)",
        )

    def value(self) -> str:
        return self.pick(self.number(), self.word(), self.day())

    def condition(self, depth: int = 2) -> str:
        if depth and self.random.random() < 0.45:
            left, right = self.condition(depth - 1), self.condition(depth - 1)
            return self.pick(f"({left} AND {right})", f"({left} OR {right})", f"NOT ({left})")
        amount = self.pick("100", "1200.00", "0.5", "12.5")
        word, kind = self.pick(*self.WORDS), self.pick(*self.KINDS)
        day = self.pick("2025-01-31", "2025-06-06", "2021-04-08", "2026-01-01")
        operator = self.pick("=", "<>", "<", "<=", ">", ">=")
        return self.pick(
            f"{self.pick(*self.NUMBERS)} {operator} {amount}",
            f"{word} {operator} '{kind}'",
            f"Date {operator} '{day}'",
            f"Date BETWEEN '{day}' AND DATE '{day}' + 60",
            f"{word} IN ('{kind}', 'Meals')",
            f"{word} LIKE '{self.pick('%a%', 'R%', '_e%', '%s', '100_')}'",
            f"{word} ILIKE '{self.pick('%A%', 'r%')}'",
            f"{word} ~ '{self.pick('^B', 'e+n', '[0-9]$')}'",
            f"{word} IS {self.pick('', 'NOT ')}NULL",
            f"LineNumber IN (SELECT LineNumber FROM JournalEntryLines WHERE LineAmount > {amount})",
            "EXISTS (SELECT 1 FROM Accounts a WHERE a.FullName = LineAccount AND a.Type = 'Bank')",
            f"TimeModified {operator} '{day} 17:30:00{self.pick('', '+02', 'Z')}'",
            f"{self.number(1)} {operator} {self.number(1)}",
            f"{word} IS DISTINCT FROM '{kind}'",
            f"{word} <> ALL (ARRAY['{kind}', 'Meals'])",
            f"{word} = ANY (CASE WHEN LineType = 'Debit' THEN ARRAY['{kind}', 'Meals'] END)",
        )

    def aggregate(self) -> str:
        number = self.number(1)
        return self.pick(
            "count(*)",
            f"sum({number})",
            f"min({self.value()})",
            f"max({self.word()})",
            "avg(LineAmount)",
            "count(DISTINCT LineAccount)",
            "sum(LineAmount) / count(*)",
            "sum(LineAmount) FILTER (WHERE LineType = 'Debit')",
            "avg(LineNumber)",
            "string_agg(LineAccount, ',' ORDER BY LineAccount, ID)",
            "sum(LineNumber)",
            "bool_and(LineAmount > 10)",
            "round(avg(LineAmount), 2)",
            "sum(LineDebit) * 0.2",
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY LineAmount)",
            f"avg({number})",
            "max(Date) - min(Date)",
            "array_agg(LineNumber ORDER BY ID)",
            "extract(epoch from max(TimeModified))",
            "extract(epoch from min(Date))",
            "date_trunc('month', max(Date))",
            "sum(LineNumber) / count(*)",
        )

    def plain(self) -> str:
        values = ", ".join(self.value() for _ in range(self.random.randint(1, 4)))
        limit = self.pick("", "", f" LIMIT {self.random.randint(0, 20)}", " LIMIT 5 OFFSET 7")
        nulls = self.pick("", "", " NULLS FIRST", " NULLS LAST")
        first = f"{self.pick(*self.WORDS, *self.NUMBERS)}{self.pick('', ' DESC')}{nulls}, "
        order = "ORDER BY " + self.pick("", first) + "ID" + self.pick("", " DESC")
        return f"SELECT ID, {values} FROM JournalEntryLines WHERE {self.condition()} {order}{limit}"

    def grouped(self) -> str:
        key = self.pick("LineAccount", "LineType", "date_trunc('month', Date)", "LineEntityName")
        values = ", ".join(self.aggregate() for _ in range(self.random.randint(1, 3)))
        having = self.pick(
            "",
            "",
            " HAVING count(*) > 3",
            " HAVING sum(LineAmount) > 1000",
            " HAVING avg(LineAmount) > 500",
            f" HAVING sum({self.number(1)}) / count(*) > 1",
        )
        never_null = key in ("LineAccount", "LineType")
        group = self.pick("1", "1", f"ROLLUP({key})") if never_null else "1"
        return (
            f"SELECT {key}, {values} FROM JournalEntryLines WHERE {self.condition(1)}"
            f" GROUP BY {group}{having} ORDER BY 1"
        )

    def joined(self) -> str:
        kind = self.pick("JOIN", "LEFT JOIN")
        return (
            f"SELECT l.ID, e.Memo, e.CreditLineCount, a.Type FROM JournalEntryLines l {kind}"
            " JournalEntries e ON e.ID = l.JournalEntryID"
            f" {kind} Accounts a ON a.ID = l.LineAccountId AND a.Name LIKE '%e%'"
            f" WHERE l.LineAmount > {self.pick('10', '500')} ORDER BY l.ID, a.ID LIMIT 50"
        )

    def windowed(self) -> str:
        function = self.pick(
            "row_number()",
            "rank()",
            "sum(LineAmount)",
            "lag(LineAmount)",
            "avg(LineAmount)",
            "count(*)",
            "first_value(LineAccount)",
            "dense_rank()",
            "max(LineAmount)",
        )
        order = "ORDER BY Date, ID"
        return (
            f"SELECT ID, {function} OVER w FROM JournalEntryLines WHERE {self.condition(1)}"
            f" WINDOW w AS (PARTITION BY {self.pick('LineAccount', 'LineType')} {order})"
            " ORDER BY ID"
        )

    def nested(self) -> str:
        operator = self.pick("UNION", "UNION ALL", "EXCEPT", "INTERSECT")
        return self.pick(
            f"SELECT LineAccount FROM JournalEntryLines WHERE {self.condition(1)} {operator}"
            f" SELECT FullName FROM Accounts ORDER BY 1",
            f"WITH t AS (SELECT LineAccount AS a, sum(LineAmount) AS s, count(*) AS n"
            f" FROM JournalEntryLines WHERE {self.condition(1)} GROUP BY 1)"
            f" SELECT a, s, s / n, n / 2 FROM t WHERE s > 10 ORDER BY a",
            "SELECT DISTINCT ON (LineAccount) LineAccount, ID, LineAmount FROM JournalEntryLines"
            f" WHERE {self.condition(1)} ORDER BY LineAccount, ID",
            f"SELECT DISTINCT {self.word()} AS w FROM JournalEntryLines ORDER BY w",
            "SELECT ID, (SELECT sum(LineAmount) FROM JournalEntryLines l WHERE"
            " l.JournalEntryID = e.ID AND LineType = 'Debit') FROM JournalEntries e"
            " WHERE Date > '2025-11-01' ORDER BY ID",
            "SELECT e.ID, x.n FROM JournalEntries e, LATERAL (SELECT count(*) AS n FROM"
            " JournalEntryLines l WHERE l.JournalEntryID = e.ID) x WHERE e.Date > '2025-12-01'"
            " ORDER BY 1",
        )

    def looked_up(self) -> str:
        columns = self.pick("*", "ID, Date, Memo", "ReferenceNumber AS r, TimeCreated, ID")
        where = self.pick(
            "ID = '50-1617877800'",
            "ID IN ('50-1617877800', '60-1632320100', 'x')",
            "ReferenceNumber = '1005'",
            "ReferenceNumber = 'cap-1'",
            "TxnNumber = '96'",
            "ID = '60-1632320100' AND Date > '2021-09-01'",
            "ReferenceNumber = '1010' AND ID = 'x'",
            "ID = '50-1617877800' AND ExternalGUID = 'g-1'",
            "'1007' = ReferenceNumber",
            "ID = '50-1617877800' AND IsAdjustment = false AND DebitLineCount >= 1",
            "ID = '60-1632320100' AND Memo = NULL",
            "TxnNumber = '096'",
        )
        return f"SELECT {columns} FROM JournalEntries WHERE {where}"

    def paged(self) -> str:
        return (
            f"SELECT ID, LineNumber, LineAmount FROM JournalEntryLines"
            f" WHERE {self.pick('', 'Date > ' + repr('2025-03-01') + ' AND ')}Date <"
            f" '{self.pick('2025-05-01', '2021-05-01')}' LIMIT {self.random.randint(1, 1000)}"
        )

    def query(self) -> str:
        make = self.random.choice(
            (
                self.plain,
                self.plain,
                self.grouped,
                self.grouped,
                self.joined,
                self.windowed,
                self.nested,
                self.looked_up,
                self.exact,
                self.exact,
                self.alike,
                self.alike,
            )
        )
        return make()

    # Exact numbers of many digits, wherever values of several types stand for one another

    def literal(self) -> str:
        return self.pick("0", "7", "-3", "1.5", "0.25", "44.14", "1000.001", "-2.0000001", "1e3")

    def total(self, depth: int = 2) -> str:
        """A number made of an aggregate."""
        if depth == 0 or self.random.random() < 0.25:
            number = self.pick(*self.NUMBERS, "LineAmount * LineNumber", "LineAmount / 4", "1")
            return self.pick(
                *(f"sum({number})", f"max({number})", f"sum({number})", "count(*)"),
                *("avg(LineAmount)", "sum(LineNumber::bigint)", self.literal(), self.literal()),
                *("count(LineMemo)::numeric", "sum(LineAmount)::numeric(30, 6)"),
                "sum(LineNumber)::numeric(38, 0)",
            )
        left, right = self.total(depth - 1), self.total(depth - 1)
        return self.pick(
            f"greatest({left}, {right})",
            f"least({left}, {right}, {self.literal()})",
            f"coalesce({left}, {right})",
            f"CASE WHEN count(*) > 5 THEN {left} ELSE {right} END",
            f"CASE {left} WHEN {self.literal()} THEN {right} ELSE {self.literal()} END",
            f"nullif({left}, {right})",
            f"({left} {self.pick('+', '-')} {right})",
            f"({left} * {self.literal()})",
            f"({left}::numeric % nullif({right}, 0)::numeric)",
            f"mod({left}::numeric, 7.25)",
            f"div({left}::numeric, 2.5)",
            f"({left} / 8)",
            f"ceil({left}::numeric)",
            f"floor({left}::numeric)",
            f"round({left}::numeric, {self.pick('0', '1', '3')})",
            f"trunc({left}::numeric{self.pick('', ', 1')})",
            f"abs({left})",
            f"sign({left}::numeric)",
            f"(SELECT {left} FROM JournalEntryLines LIMIT 1)",
            f"({left})::numeric({self.pick('30, 1', '38, 3', '20, 0')})",
        )

    def compared(self) -> str:
        """A condition on aggregates."""
        left, right = self.total(1), self.total(1)
        return self.pick(
            f"{left} {self.pick('=', '<', '>=', '<>')} {right}",
            f"{left} BETWEEN {right} AND {self.literal()}",
            f"{left} IN ({right}, {self.literal()})",
            f"{left} IN (SELECT {right} FROM JournalEntryLines)",
            f"{left} = ANY (ARRAY[{right}, {self.literal()}])",
            f"{left} {self.pick('<', '<>')} ALL (ARRAY[{self.literal()}, {self.literal()}])",
            f"{left} IS DISTINCT FROM {right}",
            f"({left}, 1) = ({right}, 1)",
            f"({left}, 1.5) IN (SELECT {right}, {self.literal()} FROM JournalEntryLines)",
            f"({left}, 1) IN (({right}, 1), ({self.literal()}, 1.5))",
            f"({left}, {right}) {self.pick('<', '>=', '<>')} ({right}, {self.literal()})",
            f"count(*) {self.pick('=', '>', '<=')} {self.pick('ANY', 'ALL')}"
            f" (ARRAY[{left}, {right}])",
        )

    def exact(self) -> str:
        values = ", ".join(self.total() for _ in range(self.random.randint(1, 3)))
        if self.random.random() < 0.4:
            return f"SELECT {values}, {self.compared()} FROM JournalEntryLines"
        having = self.pick("", f" HAVING {self.compared()}")
        return f"SELECT LineAccount, {values} FROM JournalEntryLines GROUP BY 1{having} ORDER BY 1"

    def alike(self) -> str:
        lines = "FROM JournalEntryLines"
        sets = self.pick("UNION", "UNION ALL", "EXCEPT", "EXCEPT ALL", "INTERSECT")
        grouped = f"SELECT {self.total(1)} AS x, {self.total(1)} AS y {lines} GROUP BY LineAccount"
        other = f"SELECT {self.total(1)}, {self.literal()} {lines} GROUP BY LineType"
        both = f"{grouped} {sets} {other}"
        rows = f"(VALUES ({self.literal()}), ({self.literal()}), (NULL), (1 / 3.0)) v(x)"
        start, step = self.pick("1.5", "7::numeric", "0.25"), self.pick("1", "100.25", "0.0001")
        moved = (
            f"{self.pick('lag', 'lead')}({self.pick('x', 'y', 'round(x)')}, 1, {self.literal()})"
        )
        return self.pick(
            f"{both} ORDER BY 1, 2",
            f"WITH t AS ({both}) SELECT sum(x), max(greatest(y, {self.literal()})) FROM t",
            f"SELECT coalesce(x, {self.literal()}) FROM ({both}) t {self.pick('WHERE x > y', '')}"
            " ORDER BY 1",
            f"({grouped} {sets} {other}) UNION ALL VALUES ({self.literal()}, 1) ORDER BY 1, 2",
            f"SELECT x, greatest(x, {self.literal()}) FROM {rows} ORDER BY x",
            f"WITH RECURSIVE r(x, n) AS (SELECT {start}, 1 UNION ALL SELECT x + {step}, n + 1"
            f" FROM r WHERE n < 6) SELECT x, x * {self.literal()} FROM r ORDER BY x",
            f"SELECT {moved} OVER (ORDER BY x, y) FROM ({grouped}) t ORDER BY 1",
            f"SELECT t.x, u.n FROM ({grouped}) t JOIN (SELECT {self.total(1)} AS x,"
            f" {self.literal()} AS n {lines} GROUP BY LineType) u"
            f" ON t.x {self.pick('=', '>')} u.x ORDER BY 1, 2",
            f"SELECT x FROM ({grouped}) t {self.pick('', 'FULL')} JOIN"
            f" (SELECT x FROM {rows}) u USING (x) ORDER BY 1",
            f"SELECT ARRAY[max(x), {self.literal()}] FROM ({grouped}) t",
            f"SELECT array_agg(x ORDER BY x) FROM ({both}) t",
            f"SELECT round(x, 2)::text, floor(y::numeric) || '!' FROM ({grouped}) t ORDER BY 1, 2",
        )
