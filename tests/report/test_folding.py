"""What is told with what: consequences below their cause, and nothing that blocks left out."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mmscheck.judge.gate import verdict
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import REASONS, NotFetched, Reason
from mmscheck.model.report import Evaluation, Report
from mmscheck.model.rule import REACHABLE
from mmscheck.model.waiver import Waiver
from mmscheck.model.words import Because, MediaKind, Outcome, Owner, Severity
from mmscheck.report import FORMATS, View
from mmscheck.report.finding_words import COPY_ERRORS, SIZE_ERRORS, codes_for
from mmscheck.report.findings import Finding, findings
from mmscheck.ruleset.rulefile import inspect_causes
from tests.support import reports
from tests.support.folded_reports import folded
from tests.support.reports import (
    MESSAGE,
    PHOTO,
    SAMPLES,
    SLOW,
    evaluation,
    fetched,
    medium,
    message,
    packaged,
    report,
)

RULES = {
    file.stem: tomllib.loads(file.read_text(encoding="utf-8"))
    for file in (Path(__file__).parents[2] / "rules").glob("*/*.toml")
    if file.parent.name not in {"limits", "profiles", "servers", "providers", "words"}
}
FOLLOWS = {rule.id: [each.rule for each in rule.follows] for rule in packaged() if rule.follows}
CAUSES = sorted({cause for causes in FOLLOWS.values() for cause in causes})
FAILED, CANT_TELL = Outcome.FAILED, Outcome.CANT_TELL
COUNTED = re.compile(r"(?:So    |, nor )(\d+) (?:other rules? )?about")
NUMBERED = re.compile(r"^ +\[\d+\] ", re.MULTILINE)


def shown(run: Report, *, quiet: bool = False) -> str:
    """The report with its wrapping undone."""
    return " ".join(text(run, quiet=quiet).split())


def text(run: Report, *, quiet: bool = False) -> str:
    return FORMATS["text"](View(report=run, verdict=verdict(run), quiet=quiet))


def found(*rules: str, outcome: Outcome = FAILED, advice: str = "") -> tuple[Evaluation, ...]:
    """Findings about one picture; those of ``advice`` are warnings."""
    return tuple(
        evaluation(
            rule,
            outcome,
            medium(1, 1),
            url=PHOTO,
            severity=Severity.WARNING if rule in advice.split() else Severity.ERROR,
        )
        for rule in rules
    )


def run(*items: Evaluation, why: Reason | None = None, kind: MediaKind = MediaKind.IMAGE) -> Report:
    """A report on one medium that was fetched, or was not and ``why``."""
    seen = fetched(PHOTO) if why is None else NotFetched(url=PHOTO, reason=why)
    ref = MediaRef(url=PHOTO, kind=kind, slide=1, index=1, line=7)
    return report(message("a.xml", items, (ref,), {PHOTO: seen}))


def unfetched(why: Reason, *rules: str) -> tuple[Evaluation, ...]:
    """What cannot be told about a picture that was not fetched, and about the message with it."""
    known = {"reason": f"no file was answered: {why}", "because": Because.FILE}
    whole = evaluation("message-size", CANT_TELL, MESSAGE, **known)
    return (whole, *(replace(item, **known) for item in found(*rules, outcome=CANT_TELL)))


def test_what_rules_follow_looks_at_the_same_thing_and_leads_nowhere_back() -> None:
    for rule, causes in FOLLOWS.items():
        for cause in causes:
            assert RULES[rule]["target"] == RULES[cause]["target"], (cause, rule)
    faults: list[str] = []
    files = {rule.id: Path(f"{rule.id}.toml") for rule in packaged()}
    inspect_causes(faults, files, {rule.id: rule for rule in packaged()})
    assert faults == []


def test_a_missing_file_follows_from_a_rule_only_for_the_reasons_that_are_its_doing() -> None:
    reach = next(rule for rule in packaged() if rule.id == REACHABLE)
    assert all(set(each.when) <= set(REASONS.values()) and each.when for each in reach.follows)


def test_what_follows_is_named_below_its_cause_and_has_no_entry_of_its_own() -> None:
    items = found("content-length", "not-chunked", "length-under-gzip", advice="length-under-gzip")
    told = shown(run(*items))
    assert told.count("blocks: ") == 1
    assert "[1] ERROR, blocks: not-chunked" in told
    assert "Also content-length, length-under-gzip (advice): they follow from it." in told
    assert "DENY: 1 fault blocks, 1 other rule follows from it; " in told
    (line, *_) = text(run(*items), quiet=True).splitlines()
    assert line.endswith("[not-chunked; also content-length, length-under-gzip (advice)]")


def test_an_emoji_is_told_once_where_the_subject_is_named_for_it_anyway() -> None:
    both = [evaluation(rule, FAILED, MESSAGE) for rule in ("subject-no-emoji", "subject-ascii")]
    told = shown(run(*both))
    assert "ERROR, blocks: subject-ascii" in told
    assert "Also subject-no-emoji: it follows from it." in told
    assert "blocks: subject-no-emoji" not in told
    assert "blocks: subject-no-emoji" in shown(run(both[0], replace(both[1], outcome=CANT_TELL)))
    assert "blocks: subject-no-emoji" in shown(run(replace(both[0], outcome=CANT_TELL), both[1]))


def test_a_chain_is_told_at_its_beginning() -> None:
    why = Reason.TWO_LENGTHS
    items = (
        *unfetched(why, "stable", "media-size", "not-a-web-page", "content-type-valid"),
        *found(REACHABLE, "content-length-true", "response-well-formed"),
    )
    items = tuple(
        replace(each, because=Because.LENGTHS) if each.rule == "response-well-formed" else each
        for each in items
    )
    told = shown(run(*items, why=why))
    assert told.count("blocks: ") == 1
    assert "[1] ERROR, blocks: content-length-true" in told
    assert "Also media-reachable, response-well-formed: they follow from it." in told
    assert (
        "So 4 other rules about this file could not be looked at (--format json lists them),"
        " nor this about the message: message-size." in told
    )


def test_what_more_is_not_well_formed_than_the_length_stands_by_itself() -> None:
    true, odd = found("content-length-true", "response-well-formed")
    told = shown(run(true, odd))
    assert "blocks: content-length-true" in told
    assert "blocks: response-well-formed" in told
    only = replace(odd, because=Because.LENGTHS)
    assert "Also response-well-formed: it follows from it." in shown(run(true, only))


def test_a_rule_about_the_message_stands_with_the_file_it_waits_for() -> None:
    (reach,) = found(REACHABLE)
    reach = replace(reach, owner=Owner.HOSTING)
    told = shown(run(reach, *unfetched(Reason.DNS_NOT_FOUND, "stable"), why=Reason.DNS_NOT_FOUND))
    assert "several rules" not in told
    assert "So nothing can be said yet about: message-size, stable." in told
    assert "Who can fix what: hosting [1]." in told
    many = unfetched(Reason.REFUSED, "stable", "media-size", "not-a-web-page")
    (line, *_) = text(run(*found(REACHABLE), *many, why=Reason.REFUSED), quiet=True).splitlines()
    assert line.endswith("[media-reachable; 4 rules undecided because of it]")


def test_where_no_finding_tells_why_a_file_is_missing_the_content_is_not_blamed() -> None:
    alone = unfetched(Reason.REFUSED)
    advised = replace(alone[0], rule="message-size-advised", severity=Severity.WARNING)
    for items in (alone, (*alone, advised)):
        told = shown(run(*items, why=Reason.REFUSED))
        assert told.count("CANNOT TELL, blocks: ") == 1
        assert "Fix Let the file be fetched: try its URL with curl" in told
        assert "Who can fix what: hosting [1]." in told


@pytest.mark.parametrize(
    ("cause", "why", "together"),
    [
        ("url-absolute", Reason.INVALID_URL, True),
        ("url-clean", Reason.BAD_STATUS, False),
        ("tls-valid", Reason.TLS_CERTIFICATE, True),
        ("response-well-formed", Reason.BAD_STATUS, False),
        ("response-well-formed", Reason.MALFORMED_HTTP, True),
        ("content-length-true", Reason.SHORT_BODY, True),
    ],
)
def test_a_file_that_is_missing_for_another_reason_is_told_by_itself(
    cause: str, why: Reason, *, together: bool
) -> None:
    told = text(run(*found(cause, REACHABLE), why=why))
    assert ("Also  media-reachable" in told) is together
    assert ("blocks: media-reachable" in told) is not together


def test_an_error_is_not_told_below_advice_nor_below_what_is_undecided_waived_or_broken() -> None:
    advice = found("not-chunked", "content-length", advice="not-chunked")
    undecided = (*found("not-chunked", outcome=CANT_TELL), *found("content-length"))
    broke = (replace(undecided[0], crashed=True), undecided[1])
    for items in (advice, undecided, broke):
        assert "blocks: content-length" in text(run(*items))
    view = reports.let_through()
    (judged,) = view.verdict.messages
    waived = tuple(replace(each, rule="media-not-empty", target=medium(1, 1)) for each in judged.waived[:1])
    items = found("media-not-empty", "media-type-known")
    (first, second) = findings(run(*items).messages[0], replace(judged, waived=waived), strict=False)
    assert [first.first.rule, second.first.rule] == ["media-type-known", "media-not-empty"]


def test_what_is_undecided_beside_an_odd_answer_does_not_follow_from_it() -> None:
    items = (*found("response-well-formed"), *found("content-length", outcome=CANT_TELL))
    assert "CANNOT TELL, blocks: content-length" in text(run(*items))


def test_another_medium_has_another_cause() -> None:
    other = replace(found("content-length")[0], target=medium(2, 2))
    assert "blocks: content-length" in text(run(*found("not-chunked"), other))


def test_of_much_advice_the_number_is_told_unless_it_blocks() -> None:
    advised = " ".join(
        sorted(rule for rule, causes in FOLLOWS.items() if "media-not-empty" in causes and "advised" in rule)
    )
    items = found("media-not-empty", "media-type-known", *advised.split(), advice=advised)
    number = len(advised.split())
    assert f"Also media-type-known and {number} that only advise: they follow from it." in shown(run(*items))
    strict = shown(replace(run(*items), strict=True))
    assert all(f"{rule} (advice)" in strict for rule in advised.split())


def test_of_a_code_for_each_element_only_the_one_for_this_element_is_shown() -> None:
    copy, size = tuple(COPY_ERRORS.values()), tuple(SIZE_ERRORS.values())
    (item,) = found("content-length")
    told = shown(run(replace(item, provider_codes=("E341", *copy, "E629")), kind=MediaKind.VCARD))
    assert "Code E341, E355, E629 (the provider's error codes for this)" in told
    assert codes_for(size, MediaKind.PASSBOOK) == ("E338",)
    assert codes_for(copy[:3], MediaKind.IMAGE) == copy[:3]
    assert codes_for(copy, None) == copy


def test_the_path_is_not_said_twice_about_a_message() -> None:
    item = evaluation("slide-count", FAILED, message="a.xml has 9 slides; the provider takes 1 to 8.")
    told = shown(report(message("a.xml", (item,))))
    assert "slide-count (a.xml) It has 9 slides; the provider takes 1 to 8." in told


@pytest.mark.parametrize("quiet", [False, True])
def test_what_was_let_past_the_rules_is_told_always(quiet: bool) -> None:  # noqa: FBT001 - a parameter of the test
    allowed = "Media may live in the network 10.0.0.0/8 (allow-net)."
    good = reports.permitted()
    view = replace(good, report=replace(good.report, allowances=(allowed,)), quiet=quiet)
    lines = FORMATS["text"](view).splitlines()
    assert lines.index(allowed) < len(lines) - 1


# --- nothing that blocks is left out


def blocks(item: Evaluation, run: Report) -> bool:
    return item.is_finding and (run.strict or item.severity is Severity.ERROR)


def problems(view: View) -> list[str]:
    """Which findings the text for people tells in no entry, or in one that does not say that it blocks."""
    lost = []
    for at, each in enumerate(view.report.messages):
        one = replace(view.report, messages=(each,))
        judged = view.verdict.messages[at]
        made = findings(each, judged, strict=one.strict)
        shown_once = Counter((item.rule, item.target) for entry in made for item in entry.items)
        if shown_once != Counter((i.rule, i.target) for i in each.evaluations if i.is_finding):
            lost.append(f"{each.source}: not every finding is in one entry")
        page = FORMATS["text"](
            View(report=one, verdict=replace(view.verdict, messages=(judged,)), width=10_000)
        )
        parts = NUMBERED.split(page)[1:]
        assert len(parts) == len(made)
        for entry, part in zip(made, parts, strict=True):
            lost += [f"{each.source}: {what}" for what in _lost(entry, part, one)]
    return lost


def _lost(entry: Finding, part: str, run: Report) -> list[str]:
    head = part.splitlines()[0]
    blocking = [item for item in entry.items if blocks(item, run)]
    lost = []
    if blocking and ", blocks: " not in head and not head.startswith("WAIVED: "):
        lost.append(f"does not say that it blocks: {head}")
    counted = sum(int(number) for number in COUNTED.findall(part))
    unnamed = [item for item in blocking if not re.search(rf"(?<![\w-]){item.rule}(?![\w-])", part)]
    alike = re.search(r"the same [0-9]+ rules as in", part)
    follow = [item for item in unnamed if item in entry.follows]
    if follow or (len(unnamed) > counted and not alike):
        lost.append(f"neither named nor counted: {[item.rule for item in unnamed]}")
    return lost


@pytest.mark.parametrize("sample", [*SAMPLES, "folded"])
def test_every_finding_of_a_sample_is_named_or_counted(sample: str) -> None:
    assert problems(SAMPLES.get(sample) or folded()) == []


MEDIA = (medium(1, 1), medium(2, 2))
POOL = (
    *sorted({*FOLLOWS, *CAUSES}),
    *("xml-well-formed", "message-fits-providers", "subject-ascii", "stable"),
)


@st.composite
def random_views(draw: st.DrawFn) -> View:
    """One message with two media; any of the rules say anything about them."""
    whys = [draw(st.sampled_from([None, *Reason])) for _ in MEDIA]
    causes = [None, Because.DOCUMENT, Because.FILE, Because.FILE, Because.LENGTHS]
    items = []
    cause = draw(st.sampled_from(CAUSES))
    followers = {rule for rule, each in FOLLOWS.items() if cause in each}
    chosen = draw(st.sets(st.sampled_from(POOL), max_size=30)) | {REACHABLE, cause, *followers}
    for rule in sorted(chosen):
        for target in MEDIA if RULES[rule]["target"] == "media" else (MESSAGE,):
            outcome = draw(st.sampled_from([FAILED, FAILED, CANT_TELL, CANT_TELL, Outcome.PASSED]))
            items.append(
                evaluation(
                    rule,
                    outcome,
                    target,
                    severity=draw(st.sampled_from(Severity)),
                    reason="odd" if outcome is CANT_TELL else "",
                    because=draw(st.sampled_from(causes)) if outcome is not Outcome.PASSED else None,
                    owner=draw(st.sampled_from(Owner)),
                    crashed=outcome is CANT_TELL and draw(st.integers(0, 9)) == 0,
                )
            )
    refs = tuple(
        MediaRef(url=url, kind=MediaKind.IMAGE, slide=at, index=at, line=at)
        for at, url in enumerate((PHOTO, SLOW), start=1)
    )
    seen = {
        ref.url: fetched(ref.url) if why is None else NotFetched(url=ref.url, reason=why)
        for ref, why in zip(refs, whys, strict=True)
    }
    expires = dt.date(2027, 1, 1)
    waivers = tuple(
        Waiver(rule=rule, reason="r", who="w", expires=expires)
        for rule in draw(st.lists(st.sampled_from(POOL), max_size=3))
    )
    made = report(message("a.xml", tuple(items), refs, seen), strict=draw(st.booleans()), waivers=waivers)
    return View(report=made, verdict=verdict(made))


@settings(max_examples=150, deadline=None)
@given(random_views())
def test_every_finding_of_any_report_is_named_or_counted(view: View) -> None:
    assert problems(view) == []


@settings(max_examples=50, deadline=None)
@given(random_views())
def test_the_last_line_counts_everything_that_denies(view: View) -> None:
    last = FORMATS["text"](replace(view, width=10_000)).splitlines()[-1]
    waived = {(item.rule, item.target) for item in view.verdict.messages[0].waived}
    guards = [item for item in view.report.messages[0].evaluations if blocks(item, view.report)]
    denying = [i for i in guards if i.outcome in (FAILED, CANT_TELL) and (i.rule, i.target) not in waived]
    # An entry that advice leads blocks by what follows from it: that one is counted in its lead's stead.
    numbers = re.findall(r"(\d+) (?:faults? blocks?|findings? could not|other rules? follows?)", last)
    assert sum(map(int, numbers)) == len(denying)
