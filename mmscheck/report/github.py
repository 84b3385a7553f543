"""Findings as GitHub workflow commands, which become annotations of the files, and the verdict as the last.

GitHub keeps 10 errors, 10 warnings and 10 notices of one step and drops the rest without a word. So what goes
beyond is written as plain lines of the log, a notice counts them, and the verdict always has a place. Errors
block, warnings only advise, notices tell of what was waived. A cause is one annotation with all that follows
from it, and each file has one before any has a second: one broken file must not take all the places.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmscheck.base.text import count
from mmscheck.model.words import Outcome
from mmscheck.report.finding_words import let_through
from mmscheck.report.findings import Effect
from mmscheck.report.layout import shown
from mmscheck.report.rows import FlatRow, shown_path
from mmscheck.report.rulings import VERDICT, found_rows, one_of_each_first, run_rulings
from mmscheck.report.view import View

MOST = 10
"""Annotations of one kind that GitHub keeps of a step (Actions limits, "Annotations")."""

_COMMANDS = {Effect.BLOCKS: "error", Effect.ADVISES: "warning", Effect.WAIVED: "notice"}
_RESERVED = {Effect.BLOCKS: 1, Effect.ADVISES: 0, Effect.WAIVED: 2}
"""Places kept free for the verdict, as error or notice, and for the notice that counts the rest."""


def render(view: View) -> str:
    """One line for each finding, then the rest in a group, then the verdict; ends with a line feed."""
    return "\n".join(_lines(view)) + "\n"


def _lines(view: View) -> Iterator[str]:
    verdict = next(row for row in run_rulings(view) if row.rule == VERDICT)
    shown_rows = [row for row in found_rows(view) if row.rule != VERDICT]
    rest: list[FlatRow] = []
    for effect, command in _COMMANDS.items():
        chosen = one_of_each_first(row for row in shown_rows if row.effect is effect)
        room = MOST - _RESERVED[effect]
        yield from (_command(command, view, row) for row in chosen[:room])
        rest += chosen[room:]
    yield from _rest(view, rest)
    good = verdict.effect is Effect.NONE
    yield f"::{'notice' if good else 'error'} title=mmscheck::{_data(verdict.message)}"


def _rest(view: View, rest: Sequence[FlatRow]) -> Iterator[str]:
    if not rest:
        return
    more = f"and {count(len(rest), 'more finding')}"
    limit = f"GitHub shows no more than {MOST} annotations of a kind; the log of this step has them all."
    yield f"::notice title=mmscheck::{_data(f'{more}. {limit}')}"
    yield f"::group::{_data(more)}"
    for row in rest:
        where = f"{shown_path(row.source, view.root)}:{row.line or 1}"
        yield f"{_COMMANDS[row.effect]}: {where}: {_title(row)}: {_message(row)}"
    yield "::endgroup::"


def _command(command: str, view: View, row: FlatRow) -> str:
    facts = {"file": shown_path(row.source, view.root) if row.source else "", "line": row.line or ""}
    known = {name: str(value) for name, value in facts.items() if value} | {"title": _title(row)}
    told = ",".join(f"{name}={_property(value)}" for name, value in known.items())
    return f"::{command} {told}::{_data(_message(row))}"


def _title(row: FlatRow) -> str:
    undecided = "cannot tell, " if row.outcome is Outcome.CANT_TELL else ""
    return f"{row.rule} ({undecided}{row.effect.value}{f', {row.place}' if row.place else ''})"


def _message(row: FlatRow) -> str:
    by = f" {let_through(row.waiver)}." if row.waiver else ""
    below = f" So {count(len(row.follows), 'other rule')} with it." if row.follows else ""
    return f"{row.message}{by}{f' Fix: {shown(row.fix[0])}' if row.fix and not row.waiver else ''}{below}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
