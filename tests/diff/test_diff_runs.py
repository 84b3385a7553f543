from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from mmscheck.model.words import Outcome
from mmscheck.report import View
from tests.support.compared import difference, one, view
from tests.support.reports import evaluation

BAD = evaluation("subject-ascii", Outcome.FAILED)


def changed(shown: View, **values: Any) -> View:
    return replace(shown, report=replace(shown.report, **values))


def test_a_run_compared_with_itself_says_nothing() -> None:
    found = difference(view(one(BAD)), view(one(BAD)))
    assert (found.exit_code, found.worse, found.run_changes, found.not_compared) == (0, [], [], [])


def test_everything_that_can_change_outcomes_is_named() -> None:
    old = view(one())
    override = {"rule": "no-redirect", "key": "severity", "old": "warning", "new": "error", "by": "profile"}
    new = changed(
        old,
        tool_version="0.2.0",
        profile="save",
        ruleset_digest="sha256:" + "99" * 32,
        strict=True,
        overrides=(override,),
        allowances=("127.0.0.1 was let through",),
        rules=(),
    )
    told = "\n".join(difference(old, new).run_changes)
    for part in ("0.2.0", "save", "digest", "Strict", "no-redirect", "now: 127.0.0.1", "1 before, 0 now"):
        assert part in told, part
    back = "\n".join(difference(new, old).run_changes)
    assert "Let through only before: 127.0.0.1" in back
    assert "Changed rule, only before" in back


def test_an_input_that_cannot_be_read_now_is_not_known() -> None:
    found = difference(view(one(BAD), one(source="b.xml")), view(one(BAD), unread=("b.xml: no such file",)))
    assert found.exit_code == 3
    assert "1 input could not be read now" in found.worse[0]
    assert any("which was not complete" in reason for reason in found.worse)


def test_an_input_that_neither_run_could_read_is_no_news() -> None:
    both = view(one(), unread=("b.xml: no such file",))
    found = difference(both, both)
    assert found.exit_code == 0
    assert found.run_changes == ["Not read in both runs: b.xml: no such file"]


def test_a_run_that_stopped_early_has_removed_nothing() -> None:
    old = view(one(BAD), one(source="b.xml"))
    old = replace(old, verdict=replace(old.verdict, reasons=("1 message was not checked",)))
    new = view(one(BAD))
    new = replace(new, verdict=replace(new.verdict, reasons=("1 message was not checked",)))
    found = difference(old, new)
    assert (found.exit_code, len(found.worse)) == (3, 1)
    assert difference(old, view(one(BAD))).exit_code == 0


def test_a_run_denied_as_a_whole_is_worse_than_one_that_was_not() -> None:
    plain = view(one())
    denied = replace(
        plain, verdict=replace(plain.verdict, permitted=False, reasons=("no rules were loaded",))
    )
    found = difference(plain, denied)
    assert (found.exit_code, found.worse) == (3, ["The new run as a whole is denied: no rules were loaded."])


def test_a_message_denied_for_a_gap_is_told() -> None:
    plain = view(one())
    verdict = replace(plain.verdict.messages[0], permitted=False, reasons=("x was not evaluated on message",))
    denied = replace(plain, verdict=replace(plain.verdict, permitted=False, messages=(verdict,)))
    found = difference(plain, denied)
    assert (found.exit_code, found.worse) == (3, ["sale.xml was not denied before and is now."])


def test_a_run_without_messages_says_nothing() -> None:
    found = difference(view(one()), view())
    assert found.exit_code == 3
    assert "The new run holds no message." in found.worse
