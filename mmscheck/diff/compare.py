"""Two reports into one comparison, and the exit code that goes with it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec import Struct

from mmscheck.base.text import count
from mmscheck.diff.changes import Comparison, FindingChange, Kind, MessageChange, RuleChange, Run
from mmscheck.diff.matching import Pair, match_messages
from mmscheck.diff.targets import Compared, Missed, compared
from mmscheck.model.words import Severity
from mmscheck.report.clean import clean_text
from mmscheck.report.finding_words import MOST_NAMED
from mmscheck.report.json_read import ReadReport

_ORDER = {kind: at for at, kind in enumerate(Kind)}


def compare(old: ReadReport, new: ReadReport, *, old_file: str, new_file: str) -> Comparison:
    """Compare the reports of an earlier and a later run; the files' names are for the readers."""
    pairs = match_messages(old.messages, new.messages)
    each = [compared(pair, old_strict=old.strict, new_strict=new.strict) for pair in pairs]
    changes = sorted((change for item in each for change in item.changes), key=lambda item: _ORDER[item.kind])
    messages = [_message(pair, item) for pair, item in zip(pairs, each, strict=True)]
    missed = _missed(each)
    reasons = reasons_for_worse(old, new, changes, messages, missed)
    return Comparison(
        version=1,
        exit_code=exit_code(reasons),
        worse=[clean_text(reason.text) for reason in reasons],
        old=run(old, old_file),
        new=run(new, new_file),
        run_changes=run_changes(old, new),
        counts=_counts(changes),
        messages=messages,
        not_compared=missed,
        changes=changes,
    )


def _counts(changes: Iterable[FindingChange]) -> dict[str, int]:
    seen = Counter(change.kind for change in changes)
    return {kind.value: seen[kind] for kind in Kind}


def _message(pair: Pair, item: Compared) -> MessageChange:
    old, new = pair.old, pair.new
    both = old is not None and new is not None
    present = new or old
    return MessageChange(
        source=clean_text(present.source) if present else "",
        old_source=None if old is None else clean_text(old.source),
        matched=pair.matched,
        before=None if old is None else old.verdict,
        after=None if new is None else new.verdict,
        document_changed=old.digest != new.digest if old is not None and new is not None else None,
        files_changed=item.files_changed if both else None,
        findings=len(item.changes),
        failed=_shutting(item, Kind.NEW),
        undecided=_shutting(item, Kind.UNDECIDED),
    )


def _shutting(item: Compared, kind: Kind) -> list[str]:
    return [change.rule for change in item.changes if change.blocking and change.kind is kind]


def _missed(each: Iterable[Compared]) -> list[RuleChange]:
    """The rules that one run evaluated and the other did not, over all messages of both."""
    sums: dict[tuple[str, str], list[Missed]] = defaultdict(list)
    for item in each:
        for where, found in item.missed.items():
            sums[where].append(found)
    return [
        RuleChange(
            rule=clean_text(rule),
            # "error" sorts before "warning".
            severity=min(found.severity for found in founds),
            only="old" if only == "old" else "new",
            evaluations=sum(found.number for found in founds),
            messages=len(founds),
        )
        for (only, rule), founds in sorted(sums.items())
    ]


def run(report: ReadReport, file: str) -> Run:
    """One run in short."""
    return Run(
        file=clean_text(file),
        started=clean_text(report.started),
        tool_version=clean_text(report.tool.version),
        profile=clean_text(report.ruleset.profile),
        ruleset=clean_text(report.ruleset.digest),
        rules=report.ruleset.rules,
        strict=report.strict,
        verdict=report.verdict,
        messages=len(report.messages),
    )


def run_changes(old: ReadReport, new: ReadReport) -> list[str]:
    """Sentences, each about one thing that can change outcomes without any message having changed."""
    return [clean_text(sentence) for sentence in _sentences(old, new)]


def _sentences(old: ReadReport, new: ReadReport) -> Iterator[str]:
    if old.tool.version != new.tool.version:
        yield f"mmscheck: {old.tool.version} before, {new.tool.version} now."
    if old.ruleset.profile != new.ruleset.profile:
        yield f"Profile: {old.ruleset.profile} before, {new.ruleset.profile} now."
    if old.ruleset.rules != new.ruleset.rules:
        yield f"Rules selected: {old.ruleset.rules:,} before, {new.ruleset.rules:,} now."
    if old.ruleset.digest != new.ruleset.digest:
        yield "The rule sets differ (digest): a rule, number, severity or waiver changed; so can outcomes."
    if old.strict != new.strict:
        before, after = ("yes" if report.strict else "no" for report in (old, new))
        yield f"Strict (warnings block): {before} before, {after} now."
    yield from _overrides(old, new)
    yield from _only("Let through only", new.allowances, old.allowances, "now")
    yield from _only("Let through only", old.allowances, new.allowances, "before")
    yield from _unread(old, new)


def _only(label: str, here: Iterable[str], there: Iterable[str], when: str) -> Iterator[str]:
    yield from (f"{label} {when}: {text}" for text in sorted((Counter(here) - Counter(there)).elements()))


def _overrides(old: ReadReport, new: ReadReport) -> Iterator[str]:
    before, after = (
        [msgspec.json.encode(item, order="sorted").decode() for item in report.ruleset.overrides]
        for report in (old, new)
    )
    yield from _only("Changed rule, only", after, before, "now")
    yield from _only("Changed rule, only", before, after, "before")


def _unread(old: ReadReport, new: ReadReport) -> Iterator[str]:
    before, after = Counter(old.unread), Counter(new.unread)
    yield from (f"Not read now: {text}" for text in sorted((after - before).elements()))
    yield from (
        f"Not read before, and read or left out now: {text}" for text in sorted((before - after).elements())
    )
    yield from (f"Not read in both runs: {text}" for text in sorted((before & after).elements()))


EXIT_NOT_WORSE, EXIT_WORSE, EXIT_UNDECIDED = 0, 1, 3
"""As in the table of exit codes: 1 something failed newly; 3 nothing did, but something is not known."""


class Worsening(Struct, frozen=True, kw_only=True):
    """One sentence, and whether it says that something failed (and not just that it is not known)."""

    text: str
    failed: bool


def exit_code(reasons: Sequence[Worsening]) -> int:
    """The exit code for these reasons."""
    if any(reason.failed for reason in reasons):
        return EXIT_WORSE
    return EXIT_UNDECIDED if reasons else EXIT_NOT_WORSE


def reasons_for_worse(
    old: ReadReport,
    new: ReadReport,
    changes: Sequence[FindingChange],
    messages: Sequence[MessageChange],
    missed: Iterable[RuleChange],
) -> list[Worsening]:
    """The reasons: new failures, what became undecided, what nobody looked at, other verdicts."""
    found = [*_counted(changes), *_rules_gone(missed, old), *_whole_run(old, new), *_gone(messages, new)]
    shut = {change.source for change in changes if change.blocking and change.kind is not Kind.REMAINS}
    found += [
        Worsening(text=f"{message.source} was not denied before and is now.", failed=False)
        for message in messages
        if message.after == "deny" and message.before not in {"deny", None} and message.source not in shut
    ]
    return found


def _counted(changes: Iterable[FindingChange]) -> Iterator[Worsening]:
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
            yield Worsening(text=sentence.format(count(number, "blocking check")), failed=failed)


def _rules_gone(missed: Iterable[RuleChange], old: ReadReport) -> Iterator[Worsening]:
    gone = [item for item in missed if item.only == "old" and (old.strict or item.severity is Severity.ERROR)]
    if gone:
        named = ", ".join(item.rule for item in gone[:MOST_NAMED])
        more = f" and {len(gone) - MOST_NAMED} more" if len(gone) > MOST_NAMED else ""
        yield Worsening(
            text=f"{count(len(gone), 'blocking rule')} of the old run not evaluated now: {named}{more}.",
            failed=False,
        )


def _whole_run(old: ReadReport, new: ReadReport) -> Iterator[Worsening]:
    if fresh := set(new.unread) - set(old.unread):
        yield Worsening(
            text=f"{count(len(fresh), 'input')} could not be read now: what stands there is not known.",
            failed=False,
        )
    # Version 1 has reasons as sentences alone: one that is on an input quotes that input's sentence.
    about_inputs = (*new.unread, *old.unread)
    fresh_reasons = [
        reason
        for reason in new.reasons
        if reason not in old.reasons and not any(sentence in reason for sentence in about_inputs)
    ]
    yield from (
        Worsening(text=f"The new run as a whole is denied: {reason}.", failed=False)
        for reason in fresh_reasons
    )
    if not new.messages:
        yield Worsening(text="The new run holds no message.", failed=False)


def _gone(messages: Iterable[MessageChange], new: ReadReport) -> Iterator[Worsening]:
    """A run that did not read or check everything may have lost messages rather than seen them removed."""
    gone = sum(1 for message in messages if message.after is None)
    if gone and (new.unread or new.reasons):
        yield Worsening(
            text=f"{count(gone, 'message')} of the old run not in the new one, which was not complete.",
            failed=False,
        )
