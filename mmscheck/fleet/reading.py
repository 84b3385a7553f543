"""Questions to a store: what went wrong, at which hosts, by whose mending, in which messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from mmscheck.errors import InputError, UsageError
from mmscheck.fleet.rows import FINDINGS, MEDIA, MESSAGES
from mmscheck.fleet.run import FleetRun, read_run
from mmscheck.fleet.store import RunStore
from mmscheck.fleet.sum import TOTAL, RunTotal

if TYPE_CHECKING:
    import duckdb

TABLES = {"messages": MESSAGES, "findings": FINDINGS, "media": MEDIA}
VIEWS = tuple(TABLES)
"""What ``--sql`` may ask: a row a message, a row an evaluation that did not pass, a row a reference."""

MOST = 50
"""Rows of each table for people; the tables for machines have all."""


class Filters(msgspec.Struct, frozen=True, kw_only=True):
    """Which findings count; None is any. ``source`` is a pattern with ``*`` and ``?``."""

    rule: str | None = None
    host: str | None = None
    owner: str | None = None
    source: str | None = None

    def where(self) -> tuple[str, list[str]]:
        """A condition on rows of findings, and its values."""
        named = {"rule": self.rule, "owner": self.owner}
        parts = [f"{column} = ?" for column, value in named.items() if value is not None]
        values = [value for value in named.values() if value is not None]
        if self.host is not None:
            # As people name hosts: without the port too.
            parts.append("(host = ? OR regexp_replace(host, ':[0-9]+$', '') = ?)")
            values += [self.host, self.host]
        if self.source is not None:
            parts.append("source GLOB ?")
            values.append(self.source)
        return " AND ".join(parts) or "true", values


class CauseRow(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that did not pass: in how many findings and messages, and one of them as an example."""

    rule: str
    outcome: str
    blocks: bool
    owner: str
    findings: int
    messages: int
    hosts: int
    example: str
    source: str
    fix: str


class NamedCount(msgspec.Struct, frozen=True, kw_only=True):
    """A host or an owner, and what was found there."""

    name: str
    findings: int
    messages: int


class DeniedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that may not go out, and the rules that block it."""

    source: str
    undecided: bool
    rules: tuple[str, ...]


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A run as people read it: its sum, and the tables of what was found that the filters leave."""

    run: FleetRun
    total: RunTotal
    filters: Filters
    findings: int
    causes: tuple[CauseRow, ...]
    hosts: tuple[NamedCount, ...]
    owners: tuple[NamedCount, ...]
    denied: tuple[DeniedMessage, ...]
    denied_count: int


class RunReader:
    """A store whose run has ended; ``with`` closes the database beneath."""

    def __init__(self, place: str) -> None:
        """Open it. Raises InputError where no run is kept, or it has not come to its end."""
        self._store = RunStore(place)
        self.run = read_run(self._store)
        if not self._store.exists(TOTAL):
            raise InputError(f"{place}: the run there has not come to its end; --resume goes on with it")
        self.total = self._store.read_struct(TOTAL, RunTotal)
        if self.total.run != self.run.digest:
            raise InputError(f"{place}: what was counted there is of another run; --resume counts anew")
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        """Have the tables read. Raises InputError where that cannot be done; so do all questions."""
        self._database = self._closing.enter_context(self._store.connect())
        for view in VIEWS:
            self._database.execute(f"CREATE VIEW {view} AS {self.rows_of(view, self._database)}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database; what it could not do goes on as InputError."""
        self._closing.__exit__(kind, error, trace)

    def rows_of(self, view: str, database: duckdb.DuckDBPyConnection, prefix: str = "") -> str:
        """A query for all rows of a table; none where no part could be judged."""
        if self._store.names(f"results/{view}"):
            return f"SELECT * FROM {self._store.table(f'results/{view}')}"
        database.register(f"{prefix}no_{view}", TABLES[view].empty_table())
        return f"SELECT * FROM {prefix}no_{view}"

    def summary(self, filters: Filters, most: int = MOST) -> RunSummary:
        """The tables for people, each of at most ``most`` rows."""
        where, values = filters.where()
        self._database.execute(
            f"CREATE OR REPLACE TEMP TABLE kept AS SELECT * FROM findings WHERE {where}", values
        )
        denied = (
            "FROM kept JOIN messages USING (position)"
            " WHERE NOT permitted AND blocks AND NOT waived AND cause = ''"
        )
        return RunSummary(
            run=self.run,
            total=self.total,
            filters=filters,
            findings=self._number("SELECT count(*) FROM kept WHERE cause = ''"),
            causes=tuple(self._causes(most)),
            hosts=tuple(self._counts("host", most)),
            owners=tuple(self._counts("owner", most)),
            denied=tuple(
                DeniedMessage(source=source, undecided=undecided, rules=tuple(rules))
                for source, undecided, rules in self._rows(
                    f"""
                    SELECT any_value(messages.source), any_value(undecided), list_sort(list(DISTINCT rule))
                    {denied} GROUP BY position ORDER BY position LIMIT {most}
                    """
                )
            ),
            denied_count=self._number(f"SELECT count(DISTINCT position) {denied}"),
        )

    def findings(self, filters: Filters) -> tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]:
        """The columns of findings, and every row that the filters leave, in the order of the messages."""
        where, values = filters.where()
        result = self._database.execute(
            f"SELECT * FROM findings WHERE {where} ORDER BY position, slide, media, rule", values
        )
        return _columns(result), _fetched(result)

    def messages(self, filters: Filters) -> Iterator[dict[str, Any]]:
        """Each message with its findings, in order; those without one are left out where filters are set."""
        where, values = filters.where()
        kept = "INNER" if filters != Filters() else "LEFT"
        result = self._database.execute(
            f"""
            SELECT messages.*, found.findings FROM messages {kept} JOIN (
              SELECT position, list(findings ORDER BY slide, media, rule) AS findings
              FROM findings WHERE {where} GROUP BY position
            ) found USING (position) ORDER BY position
            """,
            values,
        )
        columns = _columns(result)
        for row in _fetched(result):
            yield dict(zip(columns, row, strict=True))

    def ask(self, sql: str) -> tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]:
        """The columns and rows of a query over `VIEWS`; UsageError for one that the database refuses."""
        import duckdb  # noqa: PLC0415 - as in `RunStore.connect`

        try:
            statements = self._database.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise UsageError("--sql: expected one SELECT over messages, findings and media")
            result = self._database.execute(sql)
        except duckdb.Error as error:
            raise UsageError(f"--sql: {str(error).splitlines()[0]}") from None
        return _columns(result), _fetched(result)

    def _causes(self, most: int) -> Iterator[CauseRow]:
        rows = self._rows(
            f"""
            SELECT rule, outcome, bool_or(blocks AND NOT waived), min(owner), count(*),
                   count(DISTINCT position), count(DISTINCT host) FILTER (host != ''),
                   arg_min(message, position), arg_min(source, position), arg_min(fix, position)
            FROM kept WHERE cause = '' GROUP BY rule, outcome
            ORDER BY 3 DESC, 6 DESC, rule, outcome LIMIT {most}
            """
        )
        for row in rows:
            yield CauseRow(**dict(zip(CauseRow.__struct_fields__, row, strict=True)))

    def _counts(self, column: str, most: int) -> Iterator[NamedCount]:
        rows = self._rows(
            f"""
            SELECT {column}, count(*), count(DISTINCT position) FROM kept WHERE {column} != '' AND cause = ''
            GROUP BY {column} ORDER BY 2 DESC, 1 LIMIT {most}
            """
        )
        for name, findings, messages in rows:
            yield NamedCount(name=name, findings=findings, messages=messages)

    def _rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        return self._database.execute(sql).fetchall()

    def _number(self, sql: str) -> int:
        row = self._database.execute(sql).fetchone()
        return int(row[0]) if row else 0


def _columns(result: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    return tuple(column[0] for column in result.description or ())


def _fetched(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(1_000):
        yield from rows
