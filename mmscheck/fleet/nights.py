"""Two runs of stores side by side: what is new, what is fixed, what is left, what is not known any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import msgspec

from mmscheck.errors import UsageError
from mmscheck.fleet.reading import RunReader
from mmscheck.fleet.store import RunStore
from mmscheck.model.words import Outcome

if TYPE_CHECKING:
    import duckdb

NEW, UNDECIDED, LEFT, ENDED, FIXED = "new", "undecided", "remains", "ended", "fixed"
KINDS = (NEW, UNDECIDED, LEFT, ENDED, FIXED)
"""What became of a finding: as in a comparison of two reports."""

COLUMNS = (
    "change",
    "source",
    "rule",
    "blocks",
    "before",
    "after",
    "slide",
    "media",
    "host",
    "owner",
    "message",
)


class ChangedRule(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of one rule that came to the same, and one of them as an example."""

    change: str
    rule: str
    blocks: bool
    findings: int
    messages: int
    hosts: int
    source: str
    example: str


class NightChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What changed from one run to the next; ``worse`` says why the exit code is no 0.

    ``added``, ``gone`` and ``newly_denied`` count messages; ``not_compared`` are rules of one run alone.
    """

    exit_code: int
    worse: tuple[str, ...]
    counts: dict[str, int]
    added: int
    gone: int
    newly_denied: int
    rules: tuple[ChangedRule, ...]
    not_compared: tuple[str, ...]
    notes: tuple[str, ...]


class NightReader:
    """Two stores whose runs have ended; ``with`` closes the database beneath.

    Messages are the same when they have one name; of several with one name each is the one in its turn.
    """

    def __init__(self, old: str, new: str) -> None:
        """Open both. Raises InputError where one has no run that came to its end, UsageError for others."""
        self._stores = {"old": RunStore(old), "new": RunStore(new)}
        self.runs = {"old": RunReader(old), "new": RunReader(new)}
        if self.runs["old"].run.digest == self.runs["new"].run.digest:
            raise UsageError(f"{old} and {new} are the same run")
        if self.runs["old"].run.order.is_alone != self.runs["new"].run.order.is_alone:
            raise UsageError(f"{old} and {new}: one is of messages and one of URLs, which are not compared")
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        """Have both read and matched. Raises InputError where that cannot be done; so do all questions."""
        old, new = self._stores["old"], self._stores["new"]
        self._database = self._closing.enter_context(new.connect(beside=(old,)))
        for name in self.runs:
            self._number(name)
        self._match()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the database; what it could not do goes on as InputError."""
        self._closing.__exit__(kind, error, trace)

    def _number(self, name: str) -> None:
        """The messages and findings of one run, each message by its name and its turn among those of it."""
        rows = {table: self.runs[name].rows_of(table, self._database, f"{name}_") for table in TABLES}
        self._database.execute(
            f"""
            CREATE TABLE {name}_m AS SELECT position, source, permitted,
              row_number() OVER (PARTITION BY source ORDER BY position) AS nth
            FROM ({rows["messages"]})
            """
        )
        self._database.execute(
            f"""
            CREATE TABLE {name}_f AS SELECT m.source, m.nth, rule, kind, coalesce(slide, 0) AS slide,
              coalesce(media, 0) AS media, outcome, blocks AND NOT waived AS blocks, cause, host, owner,
              message
            FROM ({rows["findings"]}) f JOIN {name}_m m USING (position)
            """
        )

    def _match(self) -> None:
        both = [rule for rule in self._rules("old") if rule in self._rules("new")]
        self._database.execute(
            f"""
            CREATE TABLE changes AS
            SELECT CASE
                WHEN new_f.outcome = $failed AND old_f.outcome IS DISTINCT FROM $failed THEN '{NEW}'
                WHEN new_f.outcome IS NOT NULL AND new_f.outcome = old_f.outcome THEN '{LEFT}'
                WHEN new_f.outcome IS NOT NULL THEN '{UNDECIDED}'
                WHEN new_m.source IS NULL THEN '{ENDED}' ELSE '{FIXED}' END AS change,
              source, nth, rule, coalesce(new_f.blocks, old_f.blocks) AS blocks, old_f.outcome AS before,
              new_f.outcome AS after, slide, media, coalesce(new_f.host, old_f.host) AS host,
              coalesce(new_f.owner, old_f.owner) AS owner, coalesce(new_f.message, old_f.message) AS message,
              coalesce(new_f.cause, old_f.cause) AS cause
            FROM old_f FULL OUTER JOIN new_f USING (source, nth, rule, kind, slide, media)
            LEFT JOIN new_m USING (source, nth)
            WHERE list_contains($rules, rule)
            """,
            {"failed": Outcome.FAILED.value, "rules": both},
        )

    def _rules(self, name: str) -> tuple[str, ...]:
        """The rules that a run evaluated on anything."""
        return tuple(self.runs[name].total.outcomes)

    def changes(self, *, only_new: bool = False, most: int) -> NightChanges:
        """The counts, and at most ``most`` rows of rules for each kind of change."""
        old, new = self._rules("old"), self._rules("new")
        counts = dict(self._rows("SELECT change, count(*) FROM changes WHERE cause = '' GROUP BY change"))
        added = self._count("FROM new_m ANTI JOIN old_m USING (source, nth)")
        gone = self._count("FROM old_m ANTI JOIN new_m USING (source, nth)")
        worse = tuple(self._worse(gone, [rule for rule in old if rule not in new]))
        return NightChanges(
            exit_code=1 if self._blocking(NEW) else 3 if worse else 0,
            worse=worse,
            counts={kind: counts.get(kind, 0) for kind in KINDS},
            added=added,
            gone=gone,
            newly_denied=self._count(
                "FROM new_m JOIN old_m USING (source, nth) WHERE old_m.permitted AND NOT new_m.permitted"
            ),
            rules=tuple(
                rule for kind in (KINDS[:2] if only_new else KINDS) for rule in self._changed(kind, most)
            ),
            not_compared=tuple(sorted(set(old) ^ set(new))),
            notes=self._notes(),
        )

    def _worse(self, gone: int, rules_gone: list[str]) -> Iterator[str]:
        if failed := self._blocking(NEW):
            yield f"New findings that block: {failed:,}."
        if undecided := self._blocking(UNDECIDED):
            yield f"Findings that block and are not known any more: {undecided:,}."
        if rules_gone:
            yield f"Rules that were evaluated before and are not now: {', '.join(rules_gone)}."
        if gone:
            yield f"Messages that were checked before and are not now: {gone:,}."
        before = set(self.runs["old"].total.reasons)
        yield from (f"{reason}." for reason in self.runs["new"].total.reasons if reason not in before)

    def _blocking(self, kind: str) -> int:
        return self._count(f"FROM changes WHERE change = '{kind}' AND blocks")

    def _notes(self) -> tuple[str, ...]:
        old, new = self.runs["old"].run, self.runs["new"].run
        return (
            f"Before: {old.messages:,} messages, checked from {old.started} on.",
            f"Now: {new.messages:,} messages, checked from {new.started} on.",
            *(
                ("The rules are not the same in both runs.",)
                if old.ruleset_digest != new.ruleset_digest
                else ()
            ),
        )

    def _changed(self, kind: str, most: int) -> Iterator[ChangedRule]:
        rows = self._rows(
            f"""
            SELECT change, rule, bool_or(blocks), count(*), count(DISTINCT (source, nth)),
              count(DISTINCT host) FILTER (host != ''), min(source), arg_min(message, source)
            FROM changes WHERE change = '{kind}' AND cause = '' GROUP BY change, rule
            ORDER BY 3 DESC, 5 DESC, rule LIMIT {most}
            """
        )
        for row in rows:
            yield ChangedRule(**dict(zip(ChangedRule.__struct_fields__, row, strict=True)))

    def rows(self, *, only_new: bool = False) -> tuple[tuple[str, ...], Iterator[tuple[Any, ...]]]:
        """The columns of changes, and each finding that changed or remains, by message."""
        kinds = ", ".join(f"'{kind}'" for kind in (KINDS[:2] if only_new else KINDS))
        result = self._database.execute(
            f"""
            SELECT {", ".join(COLUMNS)} FROM changes WHERE change IN ({kinds})
            ORDER BY source, nth, slide, media, rule
            """
        )
        return COLUMNS, _fetched(result)

    def _count(self, rest: str) -> int:
        return int(self._rows(f"SELECT count(*) {rest}")[0][0])

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._database.execute(sql).fetchall()


TABLES = ("messages", "findings")


def _fetched(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(1_000):
        yield from rows
