from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmscheck.checks.message import CHECKS
from mmscheck.model.mms import Mms, Stray, XmlProblem
from mmscheck.model.observation import UNSEEN, NotFetched, Observation, Reason
from mmscheck.model.request import Changes
from mmscheck.model.words import MediaKind, Outcome, SenderType
from tests.support.message_targets import DIGEST, URL, fetched, message, on_message, send_rules, slide, text

IMAGE = slide(1, media=[MediaKind.IMAGE])
SECRET = "X-Amz-Signature=0123456789abcdef0123456789abcdef"


def unreadable(problem: XmlProblem) -> Mms:
    return Mms(source="sale.xml", digest=DIGEST, problem=problem)


def test_an_unreadable_document_is_reported_with_line_hint_and_excerpt() -> None:
    problem = XmlProblem(
        reason="a bare & stands here", line=7, hint="write &amp; for it", excerpt="  <url>a?b&c</url>  "
    )
    result = on_message("xml-well-formed", unreadable(problem))
    assert result.outcome is Outcome.FAILED
    expected = "line 7: a bare & stands here. Write &amp; for it. The line reads: <url>a?b&c</url>"
    assert result.wording["problem"] == expected


def test_an_unreadable_document_needs_no_line_hint_or_excerpt() -> None:
    result = on_message("xml-well-formed", unreadable(XmlProblem(reason="it is empty")))
    assert result.wording["problem"] == "it is empty"


def test_the_shown_line_keeps_no_secret_and_nothing_that_spoils_a_terminal() -> None:
    problem = XmlProblem(reason="bad", line=1, excerpt=f"<url>http://a.example/b?{SECRET}</url>\x1b[2J\u202e")
    result = on_message("xml-well-formed", unreadable(problem))
    assert "Signature" not in str(result)
    assert "\x1b" not in result.wording["problem"]
    assert "\\u202e" in result.wording["problem"]


def test_only_the_well_formedness_check_reads_what_cannot_be_read() -> None:
    assert [check.name for check in CHECKS if check.reads_unreadable] == ["xml-well-formed"]


def test_strays_are_named_with_line_spelling_and_note() -> None:
    strays = (
        Stray(name="subject", line=3, expected="message-subject"),
        Stray(name="sticker (holds a URL that is not checked)", line=4),
        Stray(name="Slide (inside another slide)", line=5, expected="slide"),
        Stray(name="foo", line=6),
    )
    stored = Mms(source="a.xml", digest=DIGEST, strays=strays)
    assert on_message("elements-known", stored).wording["elements"].split("; ") == [
        '"subject" on line 3 (write "message-subject")',
        '"sticker" on line 4 (holds a URL that is not checked)',
        '"Slide" on line 5 (inside another slide, write "slide")',
        '"foo" on line 6 (the provider documents no such thing)',
    ]


def test_many_strays_make_a_bounded_message() -> None:
    strays = tuple(Stray(name="x", line=line) for line in range(5000))
    result = on_message("elements-known", Mms(source="a.xml", digest=DIGEST, strays=strays))
    assert result.wording["elements"].endswith("and 4980 more")
    assert len(result.evidence["strays"]) == 200


@pytest.mark.parametrize("name", [None, "", " \t", "\u200b\u00a0"])
def test_a_name_that_shows_nothing_is_no_name(name: str | None) -> None:
    assert on_message("name-present", message(name=name)).outcome is Outcome.FAILED


@pytest.mark.parametrize(("count", "outcome"), [(0, "failed"), (1, "passed"), (8, "passed"), (9, "failed")])
def test_one_to_eight_slides_are_taken(count: int, outcome: str) -> None:
    stored = Mms(source="a", digest=DIGEST, slides=tuple(slide(n + 1, "x") for n in range(count)))
    assert on_message("slide-count", stored).outcome == outcome


def size(
    stored: Mms, sender: SenderType = SenderType.SHORT_CODE, rule: str = "message-size", **seen: Observation
) -> tuple[Outcome, int]:
    observations = {URL: seen["seen"]} if seen else {}
    result = on_message(rule, stored, observations=observations, sender=sender)
    return result.outcome, int(result.evidence["total"])


@pytest.mark.parametrize("sender", SenderType)
@pytest.mark.parametrize("rule", ["message-size", "message-size-advised"])
def test_the_limit_is_met_to_the_byte(sender: SenderType, rule: str) -> None:
    (number,) = send_rules(sender)[rule].params.carriers
    of_files = number.unit == "bytes of files"
    largest = number.maximum if of_files else (number.maximum - 814) * 100 // 137
    assert size(message(IMAGE), sender, rule, seen=fetched(largest))[0] is Outcome.PASSED
    assert size(message(IMAGE), sender, rule, seen=fetched(largest + 1))[0] is Outcome.FAILED


def test_limits_differ_by_kind_of_sender() -> None:
    limits = {
        sender: [
            (number.maximum, number.unit)
            for end in ("", "-advised")
            for number in send_rules(sender)[f"message-size{end}"].params.carriers
        ]
        for sender in SenderType
    }
    files, wire = "bytes of files", "bytes on the wire"
    assert limits == {
        SenderType.SHORT_CODE: [(1_400_000, wire), (600_000, files)],
        SenderType.LONG_CODE: [(1_650_000, wire), (600_000, files)],
        SenderType.TOLL_FREE: [(1_000_000, files), (525_000, files)],
    }


@pytest.mark.parametrize("bytes_", [734_317, 740_000, 1_000_000])
@pytest.mark.parametrize("sender", [None, *SenderType])
def test_a_picture_that_the_provider_takes_is_never_denied(sender: SenderType | None, bytes_: int) -> None:
    stored = message(slide(1, "Hello", media=[MediaKind.IMAGE]))
    observations = {URL: fetched(bytes_)}
    result = on_message("message-size", stored, observations=observations, sender=sender)
    assert result.outcome is Outcome.PASSED


def test_the_documented_estimate_is_used_and_rounded_up() -> None:
    assert size(message(IMAGE), seen=fetched(740_000)) == (Outcome.PASSED, 1_014_614)
    assert size(message(IMAGE), seen=fetched(1)) == (Outcome.PASSED, 2 + 814)


def test_a_file_on_two_slides_counts_twice_and_each_text_counts_as_a_file() -> None:
    first, second = (slide(n, "é", media=[MediaKind.IMAGE]) for n in (1, 2))
    assert size(message(first, second), seen=fetched(100))[1] == 2 * (137 + 814) + 2 * (3 + 814)


def test_the_text_as_sent_is_weighed() -> None:
    result = on_message("message-size", message(slide(1, "{$a}")), Changes(data=(("A", "x" * 100),)))
    assert result.evidence["total"] == 137 + 814


@pytest.mark.parametrize(
    "seen",
    [None, *(NotFetched(url=URL, reason=reason, received=5) for reason in Reason if reason not in UNSEEN)],
    ids=str,
)
def test_a_file_that_did_not_come_leaves_the_size_open(seen: Observation | None) -> None:
    result = on_message("message-size", message(IMAGE), observations={URL: seen} if seen else {})
    assert result.outcome is Outcome.CANT_TELL
    assert "photo.jpg on slide 1" in result.reason


@pytest.mark.parametrize("reason", sorted(UNSEEN))
def test_what_a_run_without_a_network_cannot_see_is_not_weighed(reason: Reason) -> None:
    unseen: dict[str, Observation] = {URL: NotFetched(url=URL, reason=reason)}
    assert on_message("message-size", message(IMAGE), observations=unseen).outcome is Outcome.INAPPLICABLE
    open_text = message(IMAGE, slide(2, "{$a}"))
    assert on_message("message-size", open_text, observations=unseen).outcome is Outcome.CANT_TELL
    other = slide(2, media=[MediaKind.IMAGE], url="http://media.example.com/gone.jpg")
    large: dict[str, Observation] = {
        URL: fetched(2_000_000),
        "http://media.example.com/gone.jpg": unseen[URL],
    }
    assert on_message("message-size", message(IMAGE, other), observations=large).outcome is Outcome.FAILED


def test_what_is_known_to_be_too_much_fails_whatever_else_is_missing() -> None:
    other = slide(2, media=[MediaKind.IMAGE], url="http://media.example.com/gone.jpg")
    result = on_message("message-size", message(IMAGE, other), observations={URL: fetched(2_000_000)})
    assert result.outcome is Outcome.FAILED
    assert result.wording["total"].startswith("at least ")


def test_a_file_cut_off_at_the_cap_weighs_at_least_what_arrived() -> None:
    cut = NotFetched(url=URL, reason=Reason.TOO_LARGE, received=50_000_000)
    assert size(message(IMAGE), seen=cut)[0] is Outcome.FAILED
    short = NotFetched(url=URL, reason=Reason.SHORT_BODY, received=50_000_000)
    assert size(message(IMAGE), seen=short)[0] is Outcome.CANT_TELL


def test_an_open_merge_tag_leaves_the_size_open() -> None:
    assert on_message("message-size", message(slide(1, "{$a}"))).outcome is Outcome.CANT_TELL


def test_the_largest_files_are_named_without_secrets() -> None:
    url = f"http://media.example.com/b.jpg?{SECRET}"
    stored = message(slide(1, "x", media=[MediaKind.IMAGE], url=url))
    result = on_message("message-size", stored, observations={url: fetched(2_000_000, url)})
    assert "b.jpg?…" in result.wording["largest"]
    assert "Signature" not in str(result.evidence) + str(result.wording)


def test_a_message_without_slides_has_nothing_to_weigh() -> None:
    stored = Mms(source="a", digest=DIGEST)
    assert on_message("message-size", stored).outcome is Outcome.INAPPLICABLE


ANY = st.text(st.characters(exclude_categories=()))


@given(
    name=st.none() | ANY,
    reason=ANY,
    hint=st.none() | ANY,
    excerpt=st.none() | ANY,
    strays=st.lists(st.tuples(ANY, st.none() | ANY)),
)
def test_no_text_makes_a_message_check_break(
    name: str | None, reason: str, hint: str | None, excerpt: str | None, strays: list[tuple[str, str | None]]
) -> None:
    problem = XmlProblem(reason=reason, line=1, hint=hint, excerpt=excerpt)
    assert on_message("xml-well-formed", unreadable(problem)).outcome is Outcome.FAILED
    stored = Mms(
        source="a",
        digest=DIGEST,
        name=None if name is None else text(name),
        strays=tuple(Stray(name=stray, line=1, expected=expected) for stray, expected in strays),
    )
    on_message("name-present", stored)
    assert (on_message("elements-known", stored).outcome is Outcome.PASSED) == (not strays)


def test_codes_are_those_of_the_provider() -> None:
    codes = {
        "xml-well-formed": ("E108", "E100"),
        "name-present": ("E311",),
        "slide-count": ("E312", "E225"),
        "subject-present": ("E314",),
        "subject-length": ("E314",),
        "slide-not-empty": ("E313",),
        "slide-text-length": ("E228", "E334"),
        "slide-duration": ("E230",),
        "mms-id-bound": ("E241", "E626"),
    }
    assert {rule: send_rules()[rule].provider_codes for rule in codes} == codes
