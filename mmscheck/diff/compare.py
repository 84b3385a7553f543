"""Two reports into one comparison, and the exit code that goes with it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from mmscheck.diff.changes import Change, Comparison, Kind, MessageChange, RuleChange
from mmscheck.diff.matching import Pair, match_messages
from mmscheck.diff.runs import run, run_changes
from mmscheck.diff.targets import Compared, Missed, compared
from mmscheck.diff.worse import exit_code, worse
from mmscheck.report.clean import clean_text
from mmscheck.report.json_read import ReadReport

_ORDER = {kind: at for at, kind in enumerate(Kind)}


def compare(old: ReadReport, new: ReadReport, *, old_file: str, new_file: str) -> Comparison:
    """Compare the reports of an earlier and a later run; the files' names are for the readers."""
    pairs = match_messages(old.messages, new.messages)
    each = [compared(pair, old_strict=old.strict, new_strict=new.strict) for pair in pairs]
    changes = sorted((change for item in each for change in item.changes), key=lambda item: _ORDER[item.kind])
    messages = [_message(pair, item) for pair, item in zip(pairs, each, strict=True)]
    missed = _missed(each)
    reasons = worse(old, new, changes, messages, missed)
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


def _counts(changes: Iterable[Change]) -> dict[str, int]:
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
