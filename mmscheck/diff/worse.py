"""What keeps a comparison from ending with 0: it says "nothing got worse" only where it knows that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from mmscheck.base.text import count
from mmscheck.diff.changes import Change, Kind, MessageChange, RuleChange
from mmscheck.model.words import Severity
from mmscheck.report.json_read import ReadReport
from mmscheck.report.wording import MOST_NAMED

EXIT_NOT_WORSE, EXIT_WORSE, EXIT_UNDECIDED = 0, 1, 3
"""As in the table of exit codes: 1 something failed newly; 3 nothing did, but something is not known."""


class Reason(Struct, frozen=True, kw_only=True):
    """One sentence, and whether it says that something failed (and not just that it is not known)."""

    text: str
    failed: bool


def exit_code(reasons: Sequence[Reason]) -> int:
    """The exit code for these reasons."""
    if any(reason.failed for reason in reasons):
        return EXIT_WORSE
    return EXIT_UNDECIDED if reasons else EXIT_NOT_WORSE


def worse(
    old: ReadReport,
    new: ReadReport,
    changes: Sequence[Change],
    messages: Sequence[MessageChange],
    missed: Iterable[RuleChange],
) -> list[Reason]:
    """The reasons: new failures, what became undecided, what nobody looked at, other verdicts."""
    found = [*_counted(changes), *_missed(missed, old), *_run(old, new), *_gone(messages, new)]
    shut = {change.source for change in changes if change.blocking and change.kind is not Kind.REMAINS}
    found += [
        Reason(text=f"{message.source} was not denied before and is now.", failed=False)
        for message in messages
        if message.after == "deny" and message.before not in {"deny", None} and message.source not in shut
    ]
    return found


def _counted(changes: Iterable[Change]) -> Iterator[Reason]:
    blocking = [change for change in changes if change.blocking]
    sentences: dict[tuple[Kind, str | None], tuple[str, bool]] = {
        (Kind.NEW, None): ("{} failed that did not fail before.", True),
        (Kind.NEW, "new"): ("{} failed in added messages.", True),
        (Kind.UNDECIDED, None): ("{} cannot be decided any more, or for the first time.", False),
        (Kind.UNDECIDED, "new"): ("{} cannot be decided in added messages.", False),
        (Kind.NOT_COMPARED, None): ("{} with a finding before, not evaluated now.", False),
    }
    seen = Counter[tuple[Kind, str | None]]((change.kind, change.only) for change in blocking)
    for key, (sentence, failed) in sentences.items():
        if number := seen[key]:
            yield Reason(text=sentence.format(count(number, "blocking check")), failed=failed)


def _missed(missed: Iterable[RuleChange], old: ReadReport) -> Iterator[Reason]:
    gone = [item for item in missed if item.only == "old" and (old.strict or item.severity is Severity.ERROR)]
    if gone:
        named = ", ".join(item.rule for item in gone[:MOST_NAMED])
        more = f" and {len(gone) - MOST_NAMED} more" if len(gone) > MOST_NAMED else ""
        yield Reason(
            text=f"{count(len(gone), 'blocking rule')} of the old run not evaluated now: {named}{more}.",
            failed=False,
        )


def _run(old: ReadReport, new: ReadReport) -> Iterator[Reason]:
    if fresh := set(new.unread) - set(old.unread):
        yield Reason(
            text=f"{count(len(fresh), 'input')} could not be read now: what stands there is not known.",
            failed=False,
        )
    about_inputs = (*new.unread, *old.unread)
    fresh_reasons = [
        reason
        for reason in new.reasons
        if reason not in old.reasons and not any(sentence in reason for sentence in about_inputs)
    ]
    yield from (
        Reason(text=f"The new run as a whole is denied: {reason}.", failed=False) for reason in fresh_reasons
    )
    if not new.messages:
        yield Reason(text="The new run holds no message.", failed=False)


def _gone(messages: Iterable[MessageChange], new: ReadReport) -> Iterator[Reason]:
    """A run that did not read or check everything may have lost messages rather than seen them removed."""
    gone = sum(1 for message in messages if message.after is None)
    if gone and (new.unread or new.reasons):
        yield Reason(
            text=f"{count(gone, 'message')} of the old run not in the new one, which was not complete.",
            failed=False,
        )
