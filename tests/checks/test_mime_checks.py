from __future__ import annotations

import pytest

from mmscheck.checks.content_type import SpecificParams
from mmscheck.checks.media_types import ALIASES, ALSO_REGISTERED, canonical, is_well_formed
from mmscheck.checks.mime import AcceptedParams
from mmscheck.model.observation import Observation, Reason
from mmscheck.model.words import MediaKind, Outcome
from tests.support.media_targets import Headers, fetched, hop, judge, not_fetched, send_rules, sniffed

HEADER_RULES = (
    "content-type-present",
    "content-type-valid",
    "content-type-specific",
    "content-type-registered",
)
BYTE_RULES = ("media-type-known", "media-kind-matches", "media-type-accepted")
RULES = (*HEADER_RULES, *BYTE_RULES, "content-type-matches", "not-a-web-page")


UNLISTED = (
    *("image/webp", "image/heic", "image/avif", "image/bmp", "image/tiff", "video/quicktime"),
    *("audio/amr", "audio/aac", "audio/mp4", "video/webm", "application/zip", "text/plain"),
)


def typed(*values: str) -> Headers:
    return tuple(("Content-Type", value) for value in values)


def held(type_: str | None, **fields: str) -> Observation:
    return fetched(typed("image/jpeg"), sniffed=sniffed(type_, **fields))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "observation",
    [
        not_fetched(Reason.NOT_LOOKED),
        not_fetched(Reason.BAD_STATUS, hop(status=403)),
        not_fetched(Reason.BAD_STATUS, hop(status=403, headers=typed("text/html"))),
        not_fetched(Reason.TIMED_OUT, hop(status=None, headers=())),
        fetched((), hop(status=206)),
    ],
)
def test_without_a_file_no_type_is_known(rule: str, observation: Observation) -> None:
    if isinstance(observation, type(fetched())) and rule in BYTE_RULES:
        return  # a whole body under another status: its bytes were looked at
    assert judge(rule, observation).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize(
    ("values", "present", "valid", "specific"),
    [
        (("image/jpeg",), "passed", "passed", "passed"),
        (("image/jpeg; charset=utf-8",), "passed", "passed", "passed"),
        (('text/vcard;charset="utf\\"8" ; x=y',), "passed", "passed", "passed"),
        (("image/jpeg;",), "passed", "passed", "passed"),
        (("IMAGE/JPEG",), "passed", "passed", "passed"),
        ((), "failed", "inapplicable", "failed"),
        (("",), "failed", "failed", "failed"),
        (("jpeg",), "passed", "failed", "failed"),
        (("image/",), "passed", "failed", "failed"),
        (("image/jpeg, image/png",), "passed", "failed", "failed"),
        (("image / jpeg",), "passed", "failed", "failed"),
        (("image/jpeg; charset",), "passed", "failed", "passed"),
        (("image/jpeg; charset = utf-8",), "passed", "failed", "passed"),
        (("image/jpég",), "passed", "failed", "failed"),
        (("image/jpeg", "image/jpeg"), "passed", "failed", "passed"),
        (("image/jpeg", "image/png"), "passed", "failed", "failed"),
        (("image/jpeg", "application/octet-stream"), "passed", "failed", "failed"),
        (("image/jpeg", ""), "passed", "failed", "failed"),
        (("application/octet-stream",), "passed", "passed", "failed"),
        (("Application/Octet-Stream; charset=binary",), "passed", "passed", "failed"),
        (("binary/octet-stream",), "passed", "passed", "failed"),
        (("application/x-download",), "passed", "passed", "failed"),
        (("application/force-download",), "passed", "passed", "failed"),
        (("application/download",), "passed", "passed", "failed"),
        (("application/x-octet-stream",), "passed", "passed", "failed"),
        (("application/unknown",), "passed", "passed", "failed"),
        (("unknown/unknown",), "passed", "passed", "failed"),
        (("*/*",), "passed", "passed", "failed"),
        (("image/*",), "passed", "passed", "failed"),
    ],
)
def test_what_the_header_says_by_itself(
    values: tuple[str, ...], present: str, valid: str, specific: str
) -> None:
    for observation in (fetched(typed(*values)), not_fetched(Reason.SHORT_BODY, hop(headers=typed(*values)))):
        assert judge("content-type-present", observation).outcome == present
        assert judge("content-type-valid", observation).outcome == valid
        assert judge("content-type-specific", observation).outcome == specific


def test_the_grammar_takes_no_time_over_a_hostile_header() -> None:
    assert not is_well_formed("a/b" + " ;" * 20_000 + "?")


def test_the_two_rules_on_generic_types_share_one_list() -> None:
    rules = send_rules()
    specific, matches = rules["content-type-specific"].params, rules["content-type-matches"].params
    assert isinstance(specific, SpecificParams)
    assert specific == matches


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_an_alias_is_the_same_type_and_gets_the_usual_name_pointed_out(alias: str, name: str) -> None:
    observation = fetched(typed(alias), sniffed=sniffed(name))
    assert judge("content-type-matches", observation).outcome is Outcome.PASSED
    result = judge("content-type-registered", observation)
    assert (result.outcome, result.wording["wanted"]) == (Outcome.FAILED, name)
    assert canonical(name) == name


@pytest.mark.parametrize("name", ["image/jpeg", "audio/mpeg", "audio/wav", "text/vcard", *ALSO_REGISTERED])
def test_a_usual_name_is_left_alone(name: str) -> None:
    assert judge("content-type-registered", fetched(typed(name))).outcome is Outcome.PASSED


def test_without_one_named_type_there_is_no_alias() -> None:
    for values in ((), ("jpg",), ("image/jpg", "image/png")):
        assert judge("content-type-registered", fetched(typed(*values))).outcome is Outcome.INAPPLICABLE


def test_the_type_is_known_by_whichever_witness_and_the_evidence_names_it() -> None:
    result = judge("media-type-known", held("image/jpeg"))
    assert result.outcome is Outcome.PASSED
    assert result.evidence["decided_by"] == "libmagic"
    assert result.evidence["shown_by_bytes"] is True
    assert result.evidence["witnesses"][0]["type"] == "image/jpeg"
    by_name = judge("media-type-known", held("image/jpeg", witness="extension"))
    assert by_name.outcome is Outcome.PASSED
    assert by_name.evidence["shown_by_bytes"] is False


@pytest.mark.parametrize("type_", [None, "application/octet-stream", "application/x-empty"])
def test_a_type_nobody_could_tell_fails(type_: str | None) -> None:
    result = judge("media-type-known", held(type_))
    assert result.outcome is Outcome.FAILED
    assert result.wording["asked"] == "libmagic"


@pytest.mark.parametrize("rule", [*BYTE_RULES, "content-type-matches", "not-a-web-page"])
def test_a_worker_that_died_leaves_everything_open(rule: str) -> None:
    result = judge(rule, held("image/jpeg", problem="the worker was killed"))
    assert result.outcome is Outcome.CANT_TELL
    assert "the worker was killed" in result.reason


@pytest.mark.parametrize("rule", ["media-kind-matches", "media-type-accepted", "content-type-matches"])
@pytest.mark.parametrize("witness", ["extension", "anything-new"])
def test_a_name_proves_nothing_about_the_bytes(rule: str, witness: str) -> None:
    assert judge(rule, held("image/jpeg", witness=witness)).outcome is Outcome.CANT_TELL
    assert judge(rule, held(None)).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize(
    ("declared", "actual", "outcome"),
    [
        ("image/jpeg", "image/jpeg", "passed"),
        ("image/jpeg; q=1", "image/jpeg", "passed"),
        ("image/png", "image/jpeg", "failed"),
        ("text/plain", "text/vcard", "failed"),
        ("text/html", "image/jpeg", "failed"),
        ("audio/wav", "audio/x-wav", "passed"),
        ("audio/vnd.wave", "audio/x-wav", "passed"),
        ("audio/mp4", "video/mp4", "passed"),
        ("audio/3gpp", "video/3gpp", "passed"),
        ("video/mp4", "video/3gpp", "passed"),
        ("video/mp4", "video/quicktime", "failed"),
        ("video/x-ms-wmv", "video/x-ms-asf", "passed"),
        ("video/avi", "video/x-msvideo", "passed"),
        ("application/zip", "application/vnd.apple.pkpass", "failed"),
        ("application/octet-stream", "image/jpeg", "inapplicable"),
        ("*/*", "image/jpeg", "inapplicable"),
        ("jpeg", "image/jpeg", "inapplicable"),
    ],
)
def test_header_and_bytes_are_compared_by_type(declared: str, actual: str, outcome: str) -> None:
    result = judge("content-type-matches", fetched(typed(declared), sniffed=sniffed(actual)))
    assert result.outcome == outcome
    if outcome == "failed":
        assert result.wording == {"seen": f"Content-Type: {declared}", "actual": actual}


@pytest.mark.parametrize(
    ("kind", "actual", "outcome"),
    [
        ("image", "image/jpeg", "passed"),
        ("image", "image/webp", "passed"),
        ("image", "video/mp4", "failed"),
        ("image", "text/html", "failed"),
        ("audio", "audio/mpeg", "passed"),
        ("audio", "audio/x-m4a", "passed"),
        ("audio", "video/mp4", "cant-tell"),
        ("audio", "application/ogg", "cant-tell"),
        ("audio", "video/mpeg", "failed"),
        ("video", "video/mp4", "passed"),
        ("video", "video/x-ms-asf", "passed"),
        ("video", "audio/mp4", "cant-tell"),
        ("video", "image/gif", "failed"),
        ("vcard", "text/vcard", "passed"),
        ("vcard", "text/x-vcard", "passed"),
        ("vcard", "text/calendar", "failed"),
        ("vcard", "text/plain", "failed"),
        ("ical", "text/calendar", "passed"),
        ("pdf", "application/pdf", "passed"),
        ("pdf", "application/zip", "failed"),
        ("passbook", "application/vnd.apple.pkpass", "passed"),
        ("passbook", "application/zip", "failed"),
    ],
)
def test_an_element_holds_its_own_kind(kind: str, actual: str, outcome: str) -> None:
    assert judge("media-kind-matches", held(actual), MediaKind(kind)).outcome == outcome


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("image", ("image/gif", "image/jpeg", "image/png")),
        ("audio", ("audio/mpeg", "audio/x-wav")),
        ("video", ("video/3gpp", "video/mp4", "video/mpeg", "video/x-msvideo", "video/x-ms-asf")),
        ("vcard", ("text/vcard", "text/x-vcard")),
        ("ical", ("text/calendar",)),
        ("pdf", ("application/pdf",)),
        ("passbook", ("application/vnd.apple.pkpass",)),
    ],
)
def test_the_provider_lists_these_types_and_no_others(kind: str, types: tuple[str, ...]) -> None:
    for name in types:
        assert judge("media-type-accepted", held(name), MediaKind(kind)).outcome is Outcome.PASSED
    for name in UNLISTED:
        result = judge("media-type-accepted", held(name), MediaKind(kind))
        assert result.outcome is Outcome.FAILED
        assert result.wording["actual"] == name


def test_every_kind_has_a_list_of_accepted_types() -> None:
    kinds = {kind.value for kind in MediaKind}
    assert set(AcceptedParams.__struct_fields__) - {"enabled", "unseen"} == kinds


@pytest.mark.parametrize(
    "observation",
    [
        fetched(typed("text/html; charset=utf-8"), sniffed=sniffed("text/plain")),
        fetched(typed("text/html"), sniffed=sniffed("image/jpeg", witness="extension")),
        fetched(typed("text/html"), sniffed=sniffed("image/jpeg", web_page=True)),
        fetched(typed("application/xhtml+xml"), sniffed=sniffed(None)),
        fetched(typed("image/jpeg"), sniffed=sniffed("image/jpeg", web_page=True)),
        fetched(typed("image/jpeg"), sniffed=sniffed(None, web_page=True)),
        fetched(typed("image/jpeg"), sniffed=sniffed("text/html")),
        fetched((), sniffed=sniffed("application/xhtml+xml", witness="extension")),
        not_fetched(Reason.SHORT_BODY, hop(headers=typed("text/html")), received=1),
    ],
)
def test_a_page_is_found_by_its_header_or_its_bytes(observation: Observation) -> None:
    assert judge("not-a-web-page", observation).outcome is Outcome.FAILED


@pytest.mark.parametrize("name", ["image/jpeg", "text/vcard", "audio/mpeg", "application/pdf"])
def test_bytes_that_are_a_medium_are_no_page_and_their_type_is_to_be_stated(name: str) -> None:
    observation = fetched(typed("text/html; charset=utf-8"), sniffed=sniffed(name))
    assert judge("not-a-web-page", observation).outcome is Outcome.PASSED
    result = judge("content-type-matches", observation)
    assert result.outcome is Outcome.FAILED
    assert f"Content-Type: {name}." in result.fix


@pytest.mark.parametrize("rule", ["content-type-matches", "media-kind-matches", "media-type-accepted"])
def test_the_type_of_compressed_bytes_is_that_of_what_is_in_them(rule: str) -> None:
    packed = (*typed("image/jpeg"), ("Content-Encoding", "gzip"))
    result = judge(rule, fetched(packed, sniffed=sniffed("application/gzip")))
    assert result.outcome is Outcome.CANT_TELL
    assert "Content-Encoding: gzip" in result.reason
    assert judge(rule, fetched(packed)).outcome is Outcome.PASSED, "said to be compressed, and not"
    unsaid = fetched(typed("image/jpeg"), sniffed=sniffed("application/gzip"))
    assert judge(rule, unsaid).outcome is Outcome.FAILED


def test_what_is_no_page_passes_only_when_its_bytes_were_seen() -> None:
    assert judge("not-a-web-page", held("image/jpeg")).outcome is Outcome.PASSED
    assert judge("not-a-web-page", held(None)).outcome is Outcome.PASSED
    assert judge("not-a-web-page", not_fetched(Reason.SHORT_BODY, hop())).outcome is Outcome.CANT_TELL
