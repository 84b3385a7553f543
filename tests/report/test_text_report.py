from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from mmscheck.model.request import SendStatus
from mmscheck.model.verdict import MessageVerdict
from mmscheck.model.words import Because, Outcome
from mmscheck.report import FORMATS, View
from mmscheck.report.layout import shown_lines
from tests.support import reports
from tests.support.reports import SAMPLES, evaluation, judged, medium, report

SGR = re.compile(r"\x1b\[[0-9;]*m")


def text(view: View) -> str:
    return FORMATS["text"](view)


def flat(view: View) -> str:
    """The report with its wrapping undone."""
    return " ".join(text(view).split())


def test_a_finding_says_what_where_why_how_who_and_which_code() -> None:
    found = flat(reports.denied())
    for part in (
        "ERROR, blocks: content-length (broken.xml:7)",
        "photo.jpg answered without Content-Length (Transfer-Encoding: chunked).",
        "Why The provider fetches the file itself",
        "Fix Serve the file as a static file. On nginx: remove",
        "Who hosting: whoever runs the web server",
        "Code E351, E352 (the provider's error codes for this)",
    ):
        assert part in found


def test_findings_stand_under_message_slide_and_medium_in_that_order() -> None:
    found = text(reports.denied())
    marks = (
        "DENY  broken.xml",
        "    The message",
        "subject-no-emoji",
        "    Slide 1",
        "image http://media.example.com/spring/photo.jpg (broken.xml:7)",
        "    Slide 2",
        "slide-text-length",
        "video https://cdn.example.net/clip.mp4?",
        "    Slide 3",
    )
    places = [found.index(mark) for mark in marks]
    assert places == sorted(places)


def test_warnings_come_after_errors_and_say_that_they_only_advise() -> None:
    found = text(reports.denied())
    assert found.index("WARNING, advises: subject-length-advised") > found.rindex(", blocks: ")
    assert "Advice, which blocks nothing" in found


def test_strict_says_that_warnings_block_too() -> None:
    found = flat(reports.several())
    assert "WARNING, blocks: subject-length-advised" in found
    assert "advises" not in found
    assert "Strict: warning rules block like errors" in found
    assert "DENY: 5 faults block, 1 finding could not be decided, 3 other rules follow from them;" in found


def test_what_was_undecided_for_one_reason_is_one_entry_naming_every_rule() -> None:
    found = flat(reports.denied())
    assert found.count("CANNOT TELL") == 1
    assert "So nothing can be said yet about: content-length, not-chunked; advice: no-redirect." in found
    assert "Fix Make the server answer within 10 seconds." in found
    assert "Mend content-length." not in found


def test_what_follows_from_a_failure_is_told_with_it() -> None:
    found = flat(reports.unreadable())
    assert found.count("blocks: ") == 1
    assert "ERROR, blocks: xml-well-formed (bare.xml:4)" in found
    assert "So 4 other rules about the message could not be looked at (--format json lists them)." in found
    assert "The gate says" not in found
    assert "DENY: 1 fault blocks, 4 other rules follow from it." in found


def test_without_a_rule_about_the_reason_itself_the_entry_speaks_for_all() -> None:
    items = tuple(
        evaluation(rule, Outcome.CANT_TELL, medium(1, 1), reason="no idea", because=Because.PROXY)
        for rule in ("a", "b")
    )
    run = report(reports.message("a.xml", items))
    found = flat(View(report=run, verdict=judged(run, 3, reports.deny("a.xml", undecided=True))))
    assert "CANNOT TELL, blocks: several rules (a.xml) 2 rules could not be decided: no idea." in found
    assert "Rules a, b." in found


def test_a_missing_file_is_one_entry_however_the_checks_word_it_and_whoever_leads() -> None:
    view = reports.denied()
    message = view.report.messages[0]
    led = tuple(item for item in message.evaluations if item.target == medium(3, 3))
    broke = tuple(replace(item, crashed=item.rule == "media-reachable") for item in led)
    for items, entries in ((led, 1), (led[1:], 1), (broke, 2)):
        found = text(
            replace(view, report=replace(view.report, messages=(replace(message, evaluations=items),)))
        )
        assert found.count("CANNOT TELL") == entries


def test_a_reason_of_its_own_is_not_hidden_behind_a_server_that_does_not_answer() -> None:
    view = reports.denied()
    message = view.report.messages[0]
    own = evaluation("url-not-expiring", Outcome.CANT_TELL, medium(3, 3), reason="the date could not be read")
    more = replace(message, evaluations=(*message.evaluations, own))
    found = flat(replace(view, report=replace(view.report, messages=(more,))))
    assert "CANNOT TELL, blocks: url-not-expiring" in found


def test_different_reasons_and_different_media_are_not_folded() -> None:
    items = (
        evaluation("a", Outcome.CANT_TELL, medium(1, 1), because=Because.TIME),
        evaluation("b", Outcome.CANT_TELL, medium(1, 1), because=Because.MEMORY),
        evaluation("c", Outcome.CANT_TELL, medium(1, 2), because=Because.TIME),
        evaluation("d", Outcome.CANT_TELL, medium(1, 2)),
        evaluation("e", Outcome.CANT_TELL, medium(1, 2)),
    )
    run = report(reports.message("a.xml", items))
    found = text(View(report=run, verdict=judged(run, 3, reports.deny("a.xml", undecided=True))))
    assert found.count("CANNOT TELL, blocks: ") == 5


def test_many_media_with_one_fault_are_each_named_and_the_advice_given_once() -> None:
    items = tuple(
        evaluation(
            rule,
            Outcome.CANT_TELL,
            medium(at, at),
            reason="connection refused",
            because=Because.PROXY,
            fix="f",
            why="w",
        )
        for at in range(1, 9)
        for rule in ("content-length", "not-chunked", "media-type-known")
    )
    run = report(reports.message("a.xml", items))
    found = text(View(report=run, verdict=judged(run, 3, reports.deny("a.xml", undecided=True))))
    assert found.count("content-length, not-chunked, media-type-known") == 1
    assert found.count("the same 3 rules as in [1].") == 7


def test_a_crash_is_told_as_the_programs_own_failure() -> None:
    found = flat(reports.crashed())
    assert "CANNOT TELL, blocks: image-decodes (good.xml:7)" in found
    assert "mmscheck itself failed in rule image-decodes; please report it. It counts as undecided." in found
    assert "Save the picture again" not in found
    assert found.endswith("DENY: 1 finding could not be decided.")


def test_what_broke_once_is_told_once_for_all_rules_and_is_nobodys_to_mend_but_ours() -> None:
    why = "a fault of mmscheck, not of the file: what decodes it broke off"
    broke = [
        evaluation(rule, Outcome.CANT_TELL, reason=why, crashed=True, evidence={"traceback": "Traceback: X"})
        for rule in ("video-decodes", "video-codec")
    ]
    run = report(reports.message("a.xml", tuple(broke)))
    found = flat(View(report=run, verdict=judged(run, 3, reports.deny("a.xml", undecided=True))))
    assert found.count("CANNOT TELL, blocks: ") == 1
    assert f"2 rules could not be decided: {why}." in found
    assert "Send the traceback to the makers of mmscheck" in found
    assert "content: whoever" not in found


def test_every_crash_is_told_by_itself() -> None:
    broke = [
        evaluation(rule, Outcome.CANT_TELL, reason="mmscheck itself failed", crashed=True)
        for rule in ("xml-well-formed", "name-present", "slide-count")
    ]
    other = [evaluation(rule, Outcome.CANT_TELL, reason=f"{rule} is open") for rule in ("a", "b")]
    run = report(reports.message("a.xml", (*broke, *other)))
    found = flat(View(report=run, verdict=judged(run, 3, reports.deny("a.xml", undecided=True))))
    assert found.count("CANNOT TELL, blocks: ") == 5
    assert "mmscheck itself failed in rule xml-well-formed;" in found
    assert "mmscheck itself failed in rule name-present;" in found


def test_line_breaks_of_a_rules_own_words_are_kept_and_only_those() -> None:
    assert shown_lines("On nginx:\n  gzip off;\n\u2028\x0b.") == ["On nginx:", "gzip off;", "\\u2028\\x0b."]


def test_a_denial_ends_with_the_verdict_in_words() -> None:
    last = text(reports.denied()).splitlines()[-1]
    assert last == "DENY: 4 faults block, 1 finding could not be decided, 2 other rules follow from them."


def test_the_verdict_is_the_gates_and_never_worked_out_again() -> None:
    good = reports.permitted()
    denied = replace(
        good.verdict,
        permitted=False,
        exit_code=1,
        messages=(MessageVerdict(source="good.xml", permitted=False),),
    )
    lines = text(replace(good, verdict=denied)).splitlines()
    assert lines[0].startswith("DENY  good.xml")
    assert lines[-1] == "DENY: the gate gave no reason."
    bad = reports.denied()
    allowed = replace(bad.verdict, permitted=True, exit_code=0)
    assert text(replace(bad, verdict=allowed)).splitlines()[-1].startswith("PERMIT: ")


def test_a_reason_of_the_gate_that_no_finding_tells_is_shown() -> None:
    for view in (reports.incomplete(), replace(reports.incomplete(), quiet=True)):
        found = flat(view)
        assert "not-chunked was not evaluated on slide 1, medium 1" in found
        assert "nothing is known of medium 1 on slide 1" in found
        assert "DENY: 2 reasons of the gate, named above." in found
    view = reports.denied()
    reasons = ("ghost (message) failed", "subject-no-emoji (message) failed")
    ghost = replace(view.verdict.messages[0], reasons=reasons, untold=reasons[:1])
    found = flat(replace(view, verdict=replace(view.verdict, messages=(ghost,))))
    assert "The gate says: ghost (message) failed" in found
    assert "subject-no-emoji (message) failed" not in found


def test_the_findings_are_dealt_out_to_those_who_can_fix_them() -> None:
    assert "Who can fix what: content [1] [3] [6]; hosting [2] [4] [5]." in flat(reports.denied())
    assert "Who can fix what: not clear [1]." in flat(reports.crashed())
    assert "Who can fix what" not in flat(reports.permitted())


def test_unread_inputs_and_changed_rules_are_listed() -> None:
    found = flat(reports.several())
    assert "NOT READ: mms/locked.xml: permission denied" in found
    assert "Changed rule: subject-length, maximum: 80 -> 60 (by mmscheck.toml)." in found
    assert found.endswith("; 1 input could not be read.")


def test_no_message_at_all_is_told() -> None:
    assert "DENY: 1 input could not be read; there was no message to check." in flat(reports.nothing())


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (SendStatus.ACCEPTED, "ACCEPTED: The provider accepted the message. Tracking id: MMS-7F3A."),
        (
            SendStatus.REFUSED,
            "REFUSED: The provider refused the message: the mms-id is unknown. Provider code: E620.",
        ),
        (SendStatus.UNKNOWN, "OUTCOME UNKNOWN, do not repeat it: The provider did not answer in time;"),
        (SendStatus.NOT_ATTEMPTED, "NOT ATTEMPTED: The provider could not be reached: connection refused."),
    ],
)
def test_a_send_ends_with_what_became_of_it(status: SendStatus, words: str) -> None:
    for view in (reports.sent(status), replace(reports.sent(status), quiet=True)):
        assert flat(view).partition("did not apply). ")[2].startswith(words)


def test_a_send_that_was_denied_says_that_nothing_was_sent() -> None:
    view = replace(reports.denied(), send=reports.sent(SendStatus.NOT_ATTEMPTED).send)
    assert "follow from them. Nothing was sent. NOT ATTEMPTED: " in flat(view)


def test_nothing_was_sent_is_not_said_when_something_was_attempted() -> None:
    view = replace(reports.denied(), send=reports.sent(SendStatus.UNKNOWN).send)
    assert "Nothing was sent" not in text(view)


def test_quiet_gives_one_line_for_each_finding_and_the_verdict() -> None:
    lines = text(replace(reports.denied(), quiet=True, width=400)).splitlines()
    assert lines[0] == (
        "broken.xml:3: ERROR, blocks: The subject has 1 emoji: U+1F33C BLOSSOM at position 13. "
        "[subject-no-emoji]"
    )
    assert lines[4].endswith(
        "[media-reachable; so undecided: content-length, not-chunked; advice: no-redirect]"
    )
    assert [line.partition(":")[0] for line in lines] == ["broken.xml"] * 6 + ["DENY"]


@pytest.mark.parametrize("sample", SAMPLES)
def test_colour_only_adds_codes_and_only_when_asked(sample: str) -> None:
    view = SAMPLES[sample]
    plain, colored = text(view), text(replace(view, color=True))
    assert "\x1b" not in plain
    assert "\x1b" in colored
    assert SGR.sub("", colored) == plain


@pytest.mark.parametrize("width", [60, 72, 100, 200])
def test_lines_fit_the_width_and_no_url_is_broken(width: int) -> None:
    found = text(replace(reports.several(), width=width))
    for url in (
        "http://media.example.com/spring/photo.jpg",
        "https://cdn.example.net/clip.mp4?\u2026",
        "http://slow.example.org/jingle.mp3",
    ):
        assert url in found
    assert [line for line in found.splitlines() if len(line) > width and "://" not in line] == []


def test_a_page_of_no_width_is_still_readable() -> None:
    found = text(replace(reports.several(), width=1))
    assert found == text(replace(reports.several(), width=40))
    assert "http://media.example.com/spring/photo.jpg\n" in found
    assert "Transfer-Encoding:" in found


@pytest.mark.parametrize("quiet", [False, True])
def test_no_stranger_can_reach_the_terminal_or_forge_a_verdict(quiet: bool) -> None:  # noqa: FBT001 - a parameter of the test
    found = text(replace(reports.hostile(), quiet=quiet))
    lines = found.split("\n")
    assert all(line.isprintable() for line in lines)
    assert [line for line in lines if line.startswith(("PERMIT", "ACCEPTED"))] == []
    assert len([line for line in lines if line.startswith("DENY: ")]) == 1
    assert "\\x1b[2J" in found
    assert "\\u202e" in found
    assert "\\udcff" in found
    assert "hunter2" not in found
