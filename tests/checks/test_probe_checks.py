"""What the checks make of further answers, beside what the rule fixtures show over real sockets."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mmscheck.checks import READS_PROBES
from mmscheck.judge.observe import wanted_probes
from mmscheck.judge.pipeline import load_rules
from mmscheck.model.observation import Fetched, Hop, Probe, ProbeName, Reason
from mmscheck.model.words import Outcome, Owner, Severity
from tests.support.media_targets import JPEG, LENGTH, Headers, fetched, hop, judge, not_fetched, send_rules

RULES = ("length-under-gzip", "not-compressed-under-gzip", "length-when-cold", "stable", "response-time")
CHUNKED: Headers = (("Transfer-Encoding", "chunked"),)
GZIPPED: Headers = (("Content-Encoding", "gzip"),)
OLD: Headers = (("Age", "9"),)
TYPE: Headers = (("Content-Type", "image/jpeg"),)
FAILED, CANT_TELL, PASSED, INAPPLICABLE = (
    Outcome.FAILED,
    Outcome.CANT_TELL,
    Outcome.PASSED,
    Outcome.INAPPLICABLE,
)


def answered(name: ProbeName, headers: Headers = JPEG, **fields: Any) -> Probe:
    return Probe(name=name, hops=(hop(headers=headers),), **fields)


def whole(name: ProbeName = ProbeName.REPEAT, headers: Headers = JPEG, **fields: Any) -> Probe:
    return answered(name, headers, **{"size": 3, "sha256": "0" * 64, **fields})


def refused(name: ProbeName, reason: Reason = Reason.BAD_STATUS, *hops: Hop, **fields: Any) -> Probe:
    return Probe(name=name, reason=reason, hops=hops, **fields)


def with_probes(*probes: Probe, headers: Headers = JPEG, **fields: Any) -> Fetched:
    return fetched(headers, probes=probes, **fields)


def test_all_four_are_advice() -> None:
    assert {send_rules()[rule].severity for rule in RULES} == {Severity.WARNING}


def test_the_default_profile_asks_for_two_probes_and_a_deep_check_for_all() -> None:
    rules = load_rules()
    assert wanted_probes(rules) == (ProbeName.GZIP, ProbeName.COLD)
    assert wanted_probes(rules, cache_bust=False) == (ProbeName.GZIP,)
    assert wanted_probes(rules, deep=True) == tuple(ProbeName)
    assert READS_PROBES.keys() == {"length-under-gzip", "plain-under-gzip", "length-when-cold", "stable"}


def test_a_rule_that_is_not_selected_costs_no_request() -> None:
    rules = load_rules()
    others = set(RULES) - {"length-when-cold"}
    without = msgspec.structs.replace(
        rules, rules=tuple(rule for rule in rules.rules if rule.id not in others)
    )
    assert wanted_probes(without, deep=True) == (ProbeName.COLD,)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("reason", Reason)
def test_what_was_not_fetched_is_never_fine(rule: str, reason: Reason) -> None:
    assert judge(rule, not_fetched(reason, hop(headers=OLD))).outcome in {CANT_TELL, FAILED}
    assert judge(rule, not_fetched(reason)).outcome is CANT_TELL


# length-under-gzip


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        (LENGTH, PASSED),
        ((("Content-Length", "2"), *GZIPPED), PASSED),
        ((*LENGTH, *GZIPPED), FAILED),
        ((*LENGTH, ("Content-Encoding", "br")), FAILED),
        ((*LENGTH, ("Content-Encoding", "identity")), PASSED),
        ((*LENGTH, ("Content-Encoding", "aws-chunked")), PASSED),
        ((*LENGTH, ("Transfer-Encoding", "identity")), PASSED),
        ((), FAILED),
        (GZIPPED, FAILED),
        ((*CHUNKED, *GZIPPED), FAILED),
        ((*LENGTH, *CHUNKED), FAILED),
        ((("Content-Length", "3, 4"),), FAILED),
        ((("Content-Length", "+3"),), FAILED),
        ((("Transfer-Encoding", "gzip"), *LENGTH), FAILED),
    ],
)
def test_the_length_under_gzip_is_judged_by_the_lines_as_received(headers: Headers, outcome: Outcome) -> None:
    result = judge("length-under-gzip", with_probes(answered(ProbeName.GZIP, headers)))
    assert result.outcome is outcome
    _first, gzip = result.evidence["answers"]
    assert gzip["request"] == "accepting gzip"
    assert gzip["status"] == 200
    assert gzip["lines"] == [f"{name}: {value}" for name, value in _in_order(headers)]


def test_the_length_of_the_plain_file_beside_compressed_bytes_is_false() -> None:
    result = judge("length-under-gzip", with_probes(answered(ProbeName.GZIP, (*LENGTH, *GZIPPED))))
    assert result.outcome is FAILED
    assert "the transfer breaks off" in result.wording["problem"]
    assert "zlib.output_compression off" in result.fix


def test_a_file_that_is_stored_compressed_bears_its_own_length_in_both_answers() -> None:
    stored = (*LENGTH, *GZIPPED)
    probe = answered(ProbeName.GZIP, stored)
    assert judge("length-under-gzip", with_probes(probe, headers=stored)).outcome is PASSED


def _in_order(headers: Headers) -> list[tuple[str, str]]:
    order = ["Content-Type", "Content-Length", "Transfer-Encoding", "Content-Encoding"]
    return sorted(headers, key=lambda line: order.index(line[0]))


@pytest.mark.parametrize(
    "probes",
    [
        (),
        (Probe(name=ProbeName.GZIP, skipped="why"),),
        (refused(ProbeName.GZIP, Reason.TIMED_OUT),),
        (refused(ProbeName.GZIP, Reason.BAD_STATUS, hop(status=406)),),
        (refused(ProbeName.GZIP, Reason.RESET, hop(status=None, headers=LENGTH)),),
        (whole(ProbeName.REPEAT),),
    ],
)
def test_without_an_answer_to_gzip_nothing_is_known(probes: tuple[Probe, ...]) -> None:
    assert judge("length-under-gzip", with_probes(*probes)).outcome is CANT_TELL


def test_a_head_that_the_fetcher_refused_is_judged_all_the_same() -> None:
    probe = refused(ProbeName.GZIP, Reason.LENGTH_AND_CHUNKED, hop(headers=(*LENGTH, *CHUNKED)))
    assert judge("length-under-gzip", with_probes(probe)).outcome is FAILED


def test_a_length_in_an_answer_that_is_at_fault_proves_nothing() -> None:
    spaced = hop(headers=(("Content-Length ", "3"), ("X-Cache", "MISS")))
    for name, rule in ((ProbeName.GZIP, "length-under-gzip"), (ProbeName.COLD, "length-when-cold")):
        probe = refused(name, Reason.MALFORMED_HTTP, spaced)
        assert judge(rule, with_probes(probe, headers=(*LENGTH, *OLD))).outcome is CANT_TELL
    assert judge("length-when-cold", not_fetched(Reason.MALFORMED_HTTP, spaced)).outcome is CANT_TELL


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        (LENGTH, PASSED),
        (CHUNKED, PASSED),
        ((*LENGTH, *GZIPPED), FAILED),
        ((*CHUNKED, *GZIPPED), FAILED),
        ((*LENGTH, ("Content-Encoding", "identity")), PASSED),
        ((*LENGTH, ("Content-Encoding", "br, identity")), FAILED),
    ],
)
def test_a_compressed_answer_to_gzip_is_named_whatever_its_length(headers: Headers, outcome: Outcome) -> None:
    result = judge("not-compressed-under-gzip", with_probes(answered(ProbeName.GZIP, headers)))
    assert result.outcome is outcome


@pytest.mark.parametrize(("size", "said"), [(64 * 1024, False), (64 * 1024 + 1, True)])
def test_the_size_above_which_servers_chunk_is_named(size: int, *, said: bool) -> None:
    result = judge("length-under-gzip", with_probes(answered(ProbeName.GZIP, CHUNKED), size=size))
    assert ("only above 64 KiB" in result.wording["size"]) is said
    assert result.evidence["larger_than_64_kib"] is said


# length-when-cold


def test_where_nobody_asked_past_the_cache_the_flag_is_named_and_who_gave_it() -> None:
    result = judge("length-when-cold", with_probes(headers=(*LENGTH, *OLD)))
    assert result.outcome is CANT_TELL
    assert result.reason.endswith("it was not asked for past the cache, as with --no-cache-bust")
    assert (result.fix, result.owner) == ("Check once without --no-cache-bust.", Owner.SENDER)


def test_a_file_that_was_cut_off_is_not_put_down_to_the_flag() -> None:
    cut = not_fetched(Reason.SHORT_BODY, hop(headers=(*LENGTH, *OLD)), received=1)
    result = judge("length-when-cold", cut)
    assert "as the file did not come whole: body shorter" in result.reason
    assert (result.fix, result.owner) == ("", None)


@pytest.mark.parametrize(
    ("first", "cold", "outcome"),
    [
        (LENGTH, None, INAPPLICABLE),
        ((*LENGTH, ("CF-Cache-Status", "MISS")), None, PASSED),
        ((*LENGTH, ("X-Cache", "Miss from cloudfront")), None, PASSED),
        ((*LENGTH, ("X-Cache", "MISS")), None, CANT_TELL),
        ((*LENGTH, ("X-Varnish", "3"), ("Age", "0")), None, CANT_TELL),
        ((*LENGTH, ("X-Varnish", "3")), (*LENGTH, ("X-Varnish", "4")), PASSED),
        ((*LENGTH, ("X-Varnish", "3")), (*LENGTH, ("X-Varnish", "4 3")), CANT_TELL),
        ((*LENGTH, ("X-Varnish", "3")), (*CHUNKED, ("X-Varnish", "4")), FAILED),
        ((*CHUNKED, ("X-Cache", "MISS")), None, FAILED),
        ((*LENGTH, *OLD), None, CANT_TELL),
        ((*LENGTH, *OLD), LENGTH, PASSED),
        ((*LENGTH, *OLD), (*LENGTH, ("Age", "0")), PASSED),
        ((*LENGTH, *OLD), CHUNKED, FAILED),
        ((*LENGTH, *OLD), (*CHUNKED, *OLD), FAILED),
        ((*LENGTH, *OLD), (*LENGTH, *OLD), CANT_TELL),
        ((*LENGTH, *OLD), (*LENGTH, ("X-Cache", "MISS")), PASSED),
        ((*LENGTH, ("Age", "0")), (*LENGTH, ("Age", "0")), CANT_TELL),
        ((*LENGTH, ("Age", "0")), (*CHUNKED, ("Age", "0")), FAILED),
        ((*LENGTH, ("Age", "0")), (*LENGTH, ("X-Cache", "MISS")), PASSED),
        ((*LENGTH, ("Age", "0")), (*LENGTH, *OLD), CANT_TELL),
    ],
)
def test_the_cold_answer_is_the_one_that_counts(
    first: Headers, cold: Headers | None, outcome: Outcome
) -> None:
    probes = () if cold is None else (answered(ProbeName.COLD, cold),)
    assert judge("length-when-cold", with_probes(*probes, headers=first)).outcome is outcome


@pytest.mark.parametrize("at", range(3))
def test_one_answer_without_a_length_is_enough_among_several_with_one(at: int) -> None:
    cold = [answered(ProbeName.COLD, (*LENGTH, ("X-Varnish", "4")))] * 3
    first = (*LENGTH, ("X-Varnish", "3"))
    assert judge("length-when-cold", with_probes(*cold, headers=first)).outcome is PASSED
    cold[at] = refused(ProbeName.COLD, Reason.DEADLINE)
    assert judge("length-when-cold", with_probes(*cold, headers=first)).outcome is CANT_TELL
    cold[at] = answered(ProbeName.COLD, (*CHUNKED, ("X-Varnish", "4")))
    assert judge("length-when-cold", with_probes(*cold, headers=first)).outcome is FAILED


def test_a_signed_url_behind_a_cache_that_streams_is_not_called_fine() -> None:
    skipped = Probe(name=ProbeName.COLD, skipped="the URL is signed (sig)")
    result = judge("length-when-cold", with_probes(skipped, headers=(*LENGTH, ("X-Varnish", "3"))))
    assert result.outcome is CANT_TELL
    assert "one answer with a length proves nothing" in result.reason


def test_which_answer_was_judged_is_said() -> None:
    by_first = judge("length-when-cold", with_probes(headers=(*LENGTH, ("CF-Cache-Status", "MISS"))))
    assert by_first.evidence["judged"].startswith("in the first answer")
    by_second = judge(
        "length-when-cold", with_probes(answered(ProbeName.COLD, LENGTH), headers=(*LENGTH, *OLD))
    )
    assert "new query" in by_second.evidence["judged"]
    assert by_second.evidence["answers"][0]["cache"] == ["Age: 9"]


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        (Probe(name=ProbeName.COLD, skipped="the URL is signed (sig)"), "signed (sig)"),
        (refused(ProbeName.COLD, Reason.DEADLINE, detail="2 s"), "2 s"),
        (refused(ProbeName.COLD, Reason.BAD_STATUS, hop(status=403), detail="HTTP 403"), "403"),
    ],
)
def test_why_the_cold_answer_is_not_known_is_said(probe: Probe, words: str) -> None:
    result = judge("length-when-cold", with_probes(probe, headers=(*LENGTH, *OLD)))
    assert result.outcome is CANT_TELL
    assert words in result.reason


# stable


@pytest.mark.parametrize(
    ("probe", "words"),
    [
        (whole(sha256="1" * 64), "once more: other content"),
        (
            whole(headers=(*TYPE, *CHUNKED)),
            "once more: chunked (no Content-Length; Transfer-Encoding: chunked)",
        ),
        (whole(headers=TYPE), "once more: without a length"),
        (whole(headers=(*TYPE, ("Content-Length", "4"))), "a length of 4 bytes in place of 3 bytes"),
        (whole(headers=LENGTH), "no type in place of image/jpeg"),
        (whole(headers=(*JPEG, *GZIPPED)), "once more: compressed"),
        (
            whole(ProbeName.WEBP, (("Content-Type", "image/webp"), *LENGTH)),
            "accepting WebP: image/webp in place of image/jpeg, which is content negotiation by Accept",
        ),
        (
            whole(ProbeName.BROWSER, (("Content-Type", "image/avif"), *LENGTH)),
            "which is content negotiation by User-Agent",
        ),
        (
            whole(ProbeName.IPV6, (("Content-Type", "text/plain"), *LENGTH)),
            "over IPv6: text/plain in place of",
        ),
        (
            refused(ProbeName.BROWSER, detail="HTTP 403"),
            "as a browser: the server answered 403",
        ),
        (refused(ProbeName.REPEAT, Reason.SHORT_BODY, hop()), "once more: body shorter"),
        (answered(ProbeName.GZIP, (*TYPE, ("Content-Length", "9"))), "accepting gzip: a length of 9 bytes"),
        (answered(ProbeName.COLD, (("Content-Type", "text/html"), *LENGTH)), "past the cache: text/html"),
    ],
)
def test_every_difference_is_named(probe: Probe, words: str) -> None:
    result = judge("stable", with_probes(probe, whole(ProbeName.IPV4)))
    assert result.outcome is FAILED
    assert words in result.wording["problem"]
    assert len(result.evidence["answers"]) == 3


def test_a_web_page_is_no_negotiated_format() -> None:
    page = whole(ProbeName.BROWSER, (("Content-Type", "text/html"), *LENGTH))
    assert "negotiation" not in judge("stable", with_probes(page)).wording["problem"]


def test_one_chunked_answer_among_several_is_counted() -> None:
    probes = (whole(), whole(headers=(*TYPE, *CHUNKED)), whole())
    assert "once more (1 of 3 times): chunked" in judge("stable", with_probes(*probes)).wording["problem"]


@pytest.mark.parametrize(
    ("probes", "outcome"),
    [
        ((), INAPPLICABLE),
        ((answered(ProbeName.GZIP), answered(ProbeName.COLD)), INAPPLICABLE),
        ((answered(ProbeName.GZIP, (*TYPE, *GZIPPED, *CHUNKED)),), INAPPLICABLE),
        ((answered(ProbeName.COLD, (*TYPE, *CHUNKED)),), INAPPLICABLE),
        ((Probe(name=ProbeName.IPV6, skipped="one family"),), INAPPLICABLE),
        ((whole(),), PASSED),
        ((whole(), Probe(name=ProbeName.IPV6, skipped="one family")), PASSED),
        ((whole(headers=(("Content-Type", "IMAGE/JPEG; a=b"), *LENGTH)),), PASSED),
        ((whole(), refused(ProbeName.REPEAT, Reason.TIMED_OUT)), CANT_TELL),
        ((whole(), refused(ProbeName.REPEAT, Reason.BUSY, hop(status=503))), CANT_TELL),
        ((whole(), refused(ProbeName.IPV6, Reason.UNREACHABLE)), CANT_TELL),
        ((refused(ProbeName.GZIP, Reason.DEADLINE),), CANT_TELL),
        ((whole(sha256="1" * 64), refused(ProbeName.IPV6, Reason.UNREACHABLE)), FAILED),
    ],
)
def test_what_could_not_be_compared_is_not_called_the_same(
    probes: tuple[Probe, ...], outcome: Outcome
) -> None:
    assert judge("stable", with_probes(*probes)).outcome is outcome


def test_a_wall_that_lets_browsers_in_is_named() -> None:
    refusal = not_fetched(
        Reason.BAD_STATUS, hop(status=403), detail="HTTP 403", probes=(whole(ProbeName.BROWSER),)
    )
    assert "answered 403" in judge("stable", refusal).wording["problem"]
    both = (refused(ProbeName.BROWSER, Reason.BAD_STATUS, hop(status=403)),)
    assert judge("stable", not_fetched(Reason.BAD_STATUS, hop(status=403), probes=both)).outcome is CANT_TELL


@pytest.mark.parametrize("name", [ProbeName.GZIP, ProbeName.COLD, ProbeName.REPEAT])
@pytest.mark.parametrize(
    ("rule", "second", "told"),
    [
        ("content-type-present", LENGTH, "Content-Type when asked again"),
        ("content-type-present", (*LENGTH, ("Content-Type", "")), "when asked again"),
        ("content-type-specific", (*LENGTH, ("Content-Type", "application/octet-stream")), "asked again"),
    ],
)
def test_a_type_that_comes_and_goes_is_denied(rule: str, second: Headers, told: str, name: ProbeName) -> None:
    result = judge(rule, with_probes(answered(name), answered(name, second)))
    assert result.outcome is FAILED
    assert told in " ".join(result.wording.values())
    assert "every answer" in (result.fix or "")
    assert judge(rule, with_probes(answered(name), answered(name))).outcome is PASSED


def test_only_an_answer_with_the_file_says_that_the_type_goes() -> None:
    turned_away = refused(ProbeName.GZIP, Reason.BAD_STATUS, hop(status=503, headers=()))
    assert judge("content-type-present", with_probes(turned_away)).outcome is PASSED
