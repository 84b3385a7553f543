from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mmscheck.checks.images import AspectParams, FitsParams
from mmscheck.checks.playing import PlayingTimeParams
from mmscheck.model.check import Result
from mmscheck.model.facts import (
    AudioFacts,
    CalendarFacts,
    ContactFacts,
    Decoded,
    DocumentFacts,
    ImageFacts,
    PassFacts,
    Undecoded,
    VideoFacts,
)
from mmscheck.model.observation import Reason
from mmscheck.model.request import SendWindow
from mmscheck.model.words import Because, MediaKind, Outcome, Severity
from tests.support.media_targets import fetched, judge, not_fetched, send_rules, sniffed

JPEG = ImageFacts(format="JPEG", width=640, height=1138, mode="RGB")
GIF = ImageFacts(format="GIF", width=480, height=720, mode="P", frames=8, frame_rate=4.0, duration=2.0)
MP3 = AudioFacts(container="mp3", codec="mp3", duration=12.0)
MP4 = VideoFacts(
    container="mp4",
    codec="h264",
    width=640,
    height=1138,
    brand="mp42",
    frame_rate=30.0,
    duration=20.0,
    audio_codec="aac",
)
CARD = ContactFacts(contacts=1, version="3.0", named=True)
EVENT = CalendarFacts(events=1, version="2.0")
FLYER = DocumentFacts(version="1.7", encrypted=False, pages=1)
COUPON = PassFacts(entries=4, unpacked=2000)

TYPES = {
    "image/jpeg": MediaKind.IMAGE,
    "image/gif": MediaKind.IMAGE,
    "image/png": MediaKind.IMAGE,
    "audio/mpeg": MediaKind.AUDIO,
    "video/mp4": MediaKind.VIDEO,
    "video/quicktime": MediaKind.VIDEO,
    "text/vcard": MediaKind.VCARD,
    "text/calendar": MediaKind.ICAL,
    "application/pdf": MediaKind.PDF,
    "application/vnd.apple.pkpass": MediaKind.PASSBOOK,
}
GOOD: dict[str, Decoded] = {
    "image/jpeg": JPEG,
    "image/gif": GIF,
    "audio/mpeg": MP3,
    "video/mp4": MP4,
    "text/vcard": CARD,
    "text/calendar": EVENT,
    "application/pdf": FLYER,
    "application/vnd.apple.pkpass": COUPON,
}
DECODE = {
    "image-decodes": "image/jpeg",
    "audio-decodes": "audio/mpeg",
    "video-decodes": "video/mp4",
    "vcard-valid": "text/vcard",
    "ical-valid": "text/calendar",
    "pdf-valid": "application/pdf",
    "passbook-valid": "application/vnd.apple.pkpass",
}
"""The rules that ask for a whole decode, each with a type it is for."""

ADVICE = {
    "image-dimensions-advised": "image/jpeg",
    "image-aspect-advised": "image/jpeg",
    "image-no-transparency": "image/jpeg",
    "image-upright": "image/jpeg",
    "image-screen-colours": "image/jpeg",
    "image-whole": "image/jpeg",
    "audio-whole": "audio/mpeg",
    "gif-frame-rate": "image/gif",
    "gif-dimensions-advised": "image/gif",
    "video-duration-advised": "video/mp4",
    "video-dimensions-advised": "video/mp4",
    "video-frame-rate-advised": "video/mp4",
    "audio-duration-advised": "audio/mpeg",
    "vcard-advised": "text/vcard",
    "vcard-photo-advised": "text/vcard",
    "ical-advised": "text/calendar",
}
PLAYS = {"video-codec": "video/mp4", "video-container": "video/mp4", "audio-codec": "video/mp4"}
ALL = DECODE | ADVICE | PLAYS

REFUSED = Undecoded(expected="image", reason="it is cut short")
DIED = Undecoded(expected="image", reason="killed after 20 s", contained=True)


def look(rule: str, type_: str | None, decoded: Decoded | None, kind: MediaKind | None = None) -> Result:
    """What the rule answers on bytes of that type in the element they belong in, or in another."""
    element = kind or TYPES[type_ or "image/jpeg"]
    return judge(rule, fetched(sniffed=sniffed(type_), decoded=decoded), element)


def changed(facts: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(facts, **changes)


def test_these_are_all_the_rules_about_what_is_inside() -> None:
    modules = {"decoded", "playing", "images", "objects"}
    found = {
        rule.id for rule in send_rules().values() if rule.check.run.__module__.rpartition(".")[2] in modules
    }
    assert found == set(ALL)


@pytest.mark.parametrize(("rule", "type_"), ALL.items())
def test_a_good_file_passes(rule: str, type_: str) -> None:
    facts = GOOD[type_] if rule != "vcard-photo-advised" else changed(CARD, largest_photo=200_000)
    assert look(rule, type_, facts).outcome is Outcome.PASSED


@pytest.mark.parametrize(("rule", "type_"), ALL.items())
@pytest.mark.parametrize("other", GOOD)
def test_no_rule_judges_bytes_it_is_not_for(rule: str, type_: str, other: str) -> None:
    kind = TYPES[other]
    if kind is TYPES[type_] or (rule == "audio-codec" and kind is MediaKind.AUDIO):
        return
    for element in MediaKind:
        result = look(rule, other, GOOD[other], element)
        if {element, kind} == {MediaKind.AUDIO, MediaKind.VIDEO}:
            assert result.outcome is not Outcome.PASSED
        else:
            assert result.outcome is Outcome.INAPPLICABLE
            assert result.reason


@pytest.mark.parametrize(("rule", "type_"), ALL.items())
def test_what_did_not_come_or_is_of_no_known_type_is_undecided_where_the_rule_is_for_the_element(
    rule: str, type_: str
) -> None:
    seen = (
        not_fetched(Reason.TIMED_OUT),
        fetched(sniffed=sniffed(None)),
        fetched(sniffed=sniffed(problem="x")),
    )
    for observation in seen:
        assert judge(rule, observation, TYPES[type_]).outcome is Outcome.CANT_TELL
        other = MediaKind.PDF if TYPES[type_] is not MediaKind.PDF else MediaKind.ICAL
        assert judge(rule, observation, other).outcome is Outcome.INAPPLICABLE


@pytest.mark.parametrize(("rule", "type_"), ALL.items())
@pytest.mark.parametrize("other", ["text/plain", "text/html", "application/zip"])
def test_bytes_that_are_no_medium_are_left_to_the_rules_about_types(
    rule: str, type_: str, other: str
) -> None:
    for decoded in (None, REFUSED, MP4):
        assert look(rule, other, decoded, TYPES[type_]).outcome is Outcome.INAPPLICABLE


@pytest.mark.parametrize(("rule", "type_"), ALL.items())
def test_a_file_that_no_decoder_looked_at_is_undecided(rule: str, type_: str) -> None:
    assert look(rule, type_, None).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize(("rule", "type_"), DECODE.items())
def test_a_file_that_its_decoder_refused_fails_and_one_that_it_died_on_is_undecided(
    rule: str, type_: str
) -> None:
    refused = look(rule, type_, REFUSED)
    assert (refused.outcome, refused.wording) == (Outcome.FAILED, {"problem": "it is cut short"})
    died = look(rule, type_, DIED)
    assert died.outcome is Outcome.CANT_TELL
    assert died.reason == "it could not be decoded to its end here: killed after 20 s"


@pytest.mark.parametrize("lost", [Because.TIME, Because.CPU_TIME])
def test_what_took_too_long_is_said_to_be_slow_and_what_would_tell(lost: Because) -> None:
    stopped = Undecoded(expected="video", reason="it was stopped", contained=True, lost=lost)
    slow = look("video-decodes", "video/mp4", stopped)
    assert slow.outcome is Outcome.CANT_TELL
    assert "too slow to be judged here" in slow.reason
    assert "a smaller file would tell" in slow.reason
    assert "died on it" not in slow.reason


def test_what_was_not_decoded_to_its_end_says_so_in_its_own_words() -> None:
    for extent in ("it was not decoded, as its type is refused whatever it holds", "the first 60 s"):
        found = look("video-decodes", "video/mp4", changed(MP4, extent=extent))
        assert found.outcome is Outcome.CANT_TELL
        assert found.reason.endswith(extent)
        assert found.reason.startswith("only a part of it was decoded") is extent.startswith("the ")


@pytest.mark.parametrize(("rule", "type_"), (ADVICE | PLAYS).items())
@pytest.mark.parametrize("found", [REFUSED, DIED])
def test_advice_on_what_could_not_be_decoded_is_undecided(rule: str, type_: str, found: Undecoded) -> None:
    result = look(rule, type_, found)
    assert result.outcome is Outcome.CANT_TELL
    assert found.reason in result.reason


@pytest.mark.parametrize(
    ("rule", "type_", "facts"),
    [
        ("image-decodes", "image/gif", changed(GIF, extent="the first 500 frames")),
        ("audio-decodes", "audio/mpeg", changed(MP3, extent="the first 600 s")),
        ("video-decodes", "video/mp4", changed(MP4, extent="the first 60 s")),
    ],
)
def test_what_was_decoded_up_to_a_cap_only_is_undecided_and_the_cap_is_named(
    rule: str, type_: str, facts: Any
) -> None:
    result = look(rule, type_, facts)
    assert result.outcome is Outcome.CANT_TELL
    assert facts.extent in result.reason


@pytest.mark.parametrize(
    ("rule", "type_", "element", "facts", "problem"),
    [
        ("video-decodes", "video/mp4", MediaKind.VIDEO, MP3, "what it holds is a sound"),
        ("audio-decodes", "video/mp4", MediaKind.AUDIO, MP4, "what it holds is a film"),
    ],
)
def test_a_container_without_what_its_element_is_for_fails(
    rule: str, type_: str, element: MediaKind, facts: Decoded, problem: str
) -> None:
    result = look(rule, type_, facts, element)
    assert (result.outcome, result.wording) == (Outcome.FAILED, {"problem": problem})


def test_a_container_in_an_element_for_neither_is_judged_by_what_it_holds() -> None:
    assert look("audio-decodes", "audio/mp4", MP3, MediaKind.IMAGE).outcome is Outcome.PASSED
    assert look("video-decodes", "audio/mp4", MP3, MediaKind.IMAGE).outcome is Outcome.INAPPLICABLE
    assert look("audio-decodes", "audio/mp4", None, MediaKind.IMAGE).outcome is Outcome.CANT_TELL
    assert look("video-decodes", "audio/mp4", None, MediaKind.IMAGE).outcome is Outcome.INAPPLICABLE
    assert look("video-decodes", "video/mp4", REFUSED, MediaKind.IMAGE).outcome is Outcome.FAILED


@pytest.mark.parametrize("rule", ["image-decodes", "image-dimensions-advised", "image-upright"])
def test_facts_of_another_family_than_the_bytes_never_pass(rule: str) -> None:
    assert look(rule, "image/jpeg", FLYER).outcome in {Outcome.FAILED, Outcome.CANT_TELL}


@pytest.mark.parametrize("rule", [rule for rule, type_ in ALL.items() if type_ == "image/jpeg"])
@pytest.mark.parametrize(
    "changes", [{"mode": "CMYK"}, {"progressive": True}, {"mode": "YCCK", "progressive": True}]
)
def test_cmyk_and_progressive_pictures_are_as_good_as_others_but_for_advice(
    rule: str, changes: dict[str, Any]
) -> None:
    advised = rule == "image-screen-colours" and changes["mode"] == "CMYK" if "mode" in changes else False
    wanted = Outcome.FAILED if advised else Outcome.PASSED
    assert look(rule, "image/jpeg", changed(JPEG, **changes)).outcome is wanted
    assert send_rules()["image-screen-colours"].severity is Severity.WARNING


def test_no_rule_about_what_is_inside_can_see_where_the_index_is_or_whether_frames_come_evenly() -> None:
    # Such films are as good as others; fixtures/rules/video-decodes has real ones.
    assert not {"index", "moov", "variable"} & set(VideoFacts.__struct_fields__)


def sized(width: int, height: int, **changes: Any) -> ImageFacts:
    return ImageFacts(format="JPEG", width=width, height=height, mode="RGB", **changes)


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        (sized(1080, 1920), Outcome.PASSED),
        (sized(1920, 1080), Outcome.PASSED),
        (sized(1081, 1920), Outcome.FAILED),
        (sized(1080, 1921), Outcome.FAILED),
        (sized(1921, 10), Outcome.FAILED),
        (sized(1500, 1500), Outcome.FAILED),
        (sized(96, 96), Outcome.PASSED),
        (changed(GIF, frames=1), Outcome.PASSED),
        (GIF, Outcome.INAPPLICABLE),
        (sized(4000, 4000, frames=3), Outcome.FAILED),
    ],
)
def test_pictures_up_to_the_largest_canvas_either_way_round_are_as_advised(
    facts: ImageFacts, outcome: Outcome
) -> None:
    type_ = f"image/{facts.format.lower()}"
    assert look("image-dimensions-advised", type_, facts).outcome is outcome


@pytest.mark.parametrize(
    ("facts", "outcome", "shape"),
    [
        (sized(640, 1138), Outcome.PASSED, None),
        (sized(1080, 1920), Outcome.PASSED, None),
        (sized(590, 1000), Outcome.PASSED, None),
        (sized(591, 1000), Outcome.FAILED, "portrait"),
        (sized(535, 1000), Outcome.PASSED, None),
        (sized(534, 1000), Outcome.FAILED, "portrait"),
        (sized(1920, 1080), Outcome.FAILED, "landscape"),
        (sized(500, 500), Outcome.FAILED, "square"),
        (sized(1920, 1080, orientation=6), Outcome.PASSED, None),
        (sized(1920, 1080, orientation=8), Outcome.PASSED, None),
        (sized(1920, 1080, orientation=3), Outcome.FAILED, "landscape"),
        (sized(1080, 1920, orientation=5), Outcome.FAILED, "landscape"),
    ],
)
def test_the_shape_that_is_shown_is_near_nine_to_sixteen(
    facts: ImageFacts, outcome: Outcome, shape: str | None
) -> None:
    result = look("image-aspect-advised", "image/jpeg", facts)
    assert result.outcome is outcome
    assert result.wording.get("shape") == shape


@pytest.mark.parametrize(
    ("width", "height", "outcome"),
    [
        (480, 720, Outcome.PASSED),
        (640, 640, Outcome.PASSED),
        (481, 720, Outcome.FAILED),
        (480, 721, Outcome.FAILED),
        (641, 480, Outcome.FAILED),
        (640, 641, Outcome.FAILED),
        (10, 10, Outcome.PASSED),
    ],
)
def test_an_animation_fits_one_of_the_advised_canvases(width: int, height: int, outcome: Outcome) -> None:
    facts = changed(GIF, width=width, height=height)
    assert look("gif-dimensions-advised", "image/gif", facts).outcome is outcome


@pytest.mark.parametrize(
    ("width", "height", "outcome"),
    [
        (1280, 720, Outcome.PASSED),
        (640, 1138, Outcome.PASSED),
        (1281, 720, Outcome.FAILED),
        (1280, 721, Outcome.FAILED),
        (641, 1138, Outcome.FAILED),
        (720, 1280, Outcome.FAILED),
        (720, 720, Outcome.PASSED),
    ],
)
def test_a_film_fits_one_of_the_advised_canvases(width: int, height: int, outcome: Outcome) -> None:
    facts = changed(MP4, width=width, height=height)
    assert look("video-dimensions-advised", "video/mp4", facts).outcome is outcome


@pytest.mark.parametrize(
    ("rate", "outcome"),
    [
        (2.0, Outcome.PASSED),
        (4.0, Outcome.PASSED),
        (4.04, Outcome.PASSED),
        (4.1, Outcome.FAILED),
        (1.9, Outcome.FAILED),
        (10.0, Outcome.FAILED),
        (None, Outcome.CANT_TELL),
    ],
)
def test_an_animation_shows_two_to_four_frames_a_second(rate: float | None, outcome: Outcome) -> None:
    assert look("gif-frame-rate", "image/gif", changed(GIF, frame_rate=rate)).outcome is outcome


def test_the_rules_for_animations_leave_still_pictures_alone_also_when_these_are_broken() -> None:
    for rule in ("gif-frame-rate", "gif-dimensions-advised"):
        assert look(rule, "image/gif", changed(GIF, frames=1)).outcome is Outcome.INAPPLICABLE
        assert look(rule, "image/png", REFUSED).outcome is Outcome.INAPPLICABLE
        assert look(rule, "image/gif", REFUSED).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize(
    ("rate", "outcome"),
    [
        (29.97, Outcome.PASSED),
        (30.0, Outcome.PASSED),
        (30.1, Outcome.FAILED),
        (60.0, Outcome.FAILED),
        (7.5, Outcome.PASSED),
        (None, Outcome.CANT_TELL),
    ],
)
def test_a_film_shows_at_most_thirty_frames_a_second(rate: float | None, outcome: Outcome) -> None:
    assert look("video-frame-rate-advised", "video/mp4", changed(MP4, frame_rate=rate)).outcome is outcome


@pytest.mark.parametrize(
    ("size", "seconds", "outcome"),
    [
        ((640, 1138), 30.0, Outcome.PASSED),
        ((640, 1138), 30.4, Outcome.PASSED),
        ((640, 1138), 30.5, Outcome.FAILED),
        ((1280, 719), 30.0, Outcome.PASSED),
        ((1280, 720), 20.0, Outcome.PASSED),
        ((1280, 720), 21.0, Outcome.FAILED),
        ((1080, 1920), 21.0, Outcome.FAILED),
        ((640, 1138), None, Outcome.CANT_TELL),
    ],
)
def test_a_film_lasts_thirty_seconds_and_in_hd_twenty(
    size: tuple[int, int], seconds: float | None, outcome: Outcome
) -> None:
    facts = changed(MP4, width=size[0], height=size[1], duration=seconds)
    assert look("video-duration-advised", "video/mp4", facts).outcome is outcome


@pytest.mark.parametrize(
    ("seconds", "outcome"), [(30.2, Outcome.PASSED), (31.0, Outcome.FAILED), (None, Outcome.CANT_TELL)]
)
def test_a_sound_lasts_as_long_as_a_slide_may(seconds: float | None, outcome: Outcome) -> None:
    assert look("audio-duration-advised", "audio/mpeg", changed(MP3, duration=seconds)).outcome is outcome


@pytest.mark.parametrize("type_", ["image/jpeg", "image/gif", "image/png"])
def test_transparent_parts_are_advised_against_in_every_picture(type_: str) -> None:
    facts = changed(GIF if type_ == "image/gif" else JPEG, transparent=True)
    assert look("image-no-transparency", type_, facts).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (2, "mirrored"),
        (3, "upside down"),
        (4, "upside down and mirrored"),
        (5, "on its side and mirrored"),
        (6, "on its side"),
        (7, "on its side and mirrored"),
        (8, "on its side"),
        (0, "turned in a way that is not defined"),
    ],
)
def test_every_orientation_but_upright_is_named(orientation: int, turn: str) -> None:
    result = look("image-upright", "image/jpeg", changed(JPEG, orientation=orientation))
    assert result.outcome is Outcome.FAILED
    assert result.wording == {"turn": turn, "orientation": orientation}


@pytest.mark.parametrize("format_", ["HEIC", "HEIF"])
def test_what_the_decoder_does_not_look_for_is_undecided(format_: str) -> None:
    facts = changed(JPEG, format=format_)
    for rule in ("image-no-transparency", "image-upright"):
        assert look(rule, "image/jpeg", facts).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize("codec", ["h264", "mpeg4", "h263", "mpeg1video", "mpeg2video", "wmv2", "wmv3"])
def test_pictures_in_a_listed_codec_play(codec: str) -> None:
    assert (
        look("video-codec", "video/mp4", changed(MP4, codec=codec, container="avi")).outcome is Outcome.PASSED
    )


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("hevc", "HEVC (H.265)"),
        ("av1", "AV1"),
        ("vp8", "VP8"),
        ("vp9", "VP9"),
        ("prores", "ProRes"),
        ("some\ncodec", "some\\ncodec"),
    ],
)
def test_pictures_in_another_codec_do_not_and_are_named(codec: str, name: str) -> None:
    result = look("video-codec", "video/mp4", changed(MP4, codec=codec))
    assert result.outcome is Outcome.FAILED
    assert (result.wording["codec"], result.wording["container"]) == (name, "video/mp4")
    assert "H.264" in result.wording["playable"]


@pytest.mark.parametrize(
    ("container", "playable"),
    [
        ("mp3", "mp3"),
        ("wav", "pcm_s16le pcm_u8"),
        ("rf64", ""),
        ("aac", "aac"),
        ("amr", "amr_nb amr_wb"),
        ("mp4", "aac amr_nb amr_wb"),
        ("3gp", "aac amr_nb amr_wb"),
        ("avi", "mp3 mp2 pcm_s16le pcm_u8 aac amr_nb amr_wb wmav2"),
        ("asf", "mp3 mp2 pcm_s16le pcm_u8 aac amr_nb amr_wb wmav2"),
    ],
)
def test_sound_is_judged_by_its_codec_in_its_container(container: str, playable: str) -> None:
    codecs = (
        *["mp3", "mp2", "aac", "amr_nb", "amr_wb", "wmav2"],
        "pcm_s16le",
        "pcm_u8",
        "pcm_f32le",
        "opus",
        "flac",
    )
    for of, type_ in ((MP3, "audio/mpeg"), (MP4, "video/mp4")):
        field = "codec" if of is MP3 else "audio_codec"
        found = {
            codec: look("audio-codec", type_, changed(of, container=container, **{field: codec})).outcome
            for codec in codecs
        }
        assert {codec for codec in codecs if found[codec] is Outcome.PASSED} == set(playable.split())
        assert set(found.values()) <= {Outcome.PASSED, Outcome.FAILED}


@pytest.mark.parametrize(
    ("profile", "outcome"),
    [
        ("LC", Outcome.PASSED),
        ("HE-AAC", Outcome.PASSED),
        ("HE-AACv2", Outcome.PASSED),
        (None, Outcome.PASSED),
        ("xHE-AAC", Outcome.FAILED),
        ("ELD", Outcome.FAILED),
        ("Main", Outcome.FAILED),
    ],
)
def test_aac_is_judged_by_its_profile(profile: str | None, outcome: Outcome) -> None:
    result = look("audio-codec", "video/mp4", changed(MP4, audio_profile=profile))
    assert result.outcome is outcome
    if outcome is Outcome.FAILED:
        assert result.wording["codec"] == f"AAC, {profile}"


@pytest.mark.parametrize(
    ("profile", "pixels", "outcome"),
    [
        ("Constrained Baseline", "yuv420p", Outcome.PASSED),
        ("High", "yuvj420p", Outcome.PASSED),
        (None, None, Outcome.PASSED),
        ("High 10", "yuv420p10le", Outcome.FAILED),
        ("High 4:2:2", "yuv422p", Outcome.FAILED),
        ("High 4:4:4 Predictive", "gbrp", Outcome.FAILED),
        ("High 4:4:4 Predictive", "yuv420p", Outcome.FAILED),
        ("Extended", "yuv420p", Outcome.FAILED),
        ("High", "yuv444p", Outcome.FAILED),
        (None, "yuv420p10le", Outcome.FAILED),
    ],
)
def test_h264_is_judged_by_its_profile_and_by_how_its_pictures_are_sampled(
    profile: str | None, pixels: str | None, outcome: Outcome
) -> None:
    result = look("video-codec", "video/mp4", changed(MP4, profile=profile, pixel_format=pixels))
    assert result.outcome is outcome
    if outcome is Outcome.FAILED:
        assert str(pixels) in str(result.wording["codec"])


def test_a_film_without_sound_has_no_sound_that_could_not_play() -> None:
    assert look("audio-codec", "video/mp4", changed(MP4, audio_codec=None)).outcome is Outcome.INAPPLICABLE


@pytest.mark.parametrize(
    ("type_", "brand", "outcome"),
    [
        ("video/mp4", "mp42", Outcome.PASSED),
        ("video/mp4", "isom", Outcome.PASSED),
        ("video/mp4", None, Outcome.PASSED),
        ("video/mp4", "qt", Outcome.FAILED),
        ("video/quicktime", "qt", Outcome.FAILED),
        ("video/quicktime", None, Outcome.FAILED),
    ],
)
def test_a_quicktime_movie_shows_by_its_type_or_its_brand(
    type_: str, brand: str | None, outcome: Outcome
) -> None:
    assert look("video-container", type_, changed(MP4, brand=brand)).outcome is outcome


@pytest.mark.parametrize(
    ("rule", "type_", "facts", "problem"),
    [
        ("vcard-valid", "text/vcard", changed(CARD, contacts=0), "it holds no contact"),
        ("vcard-valid", "text/vcard", changed(CARD, named=False), "no contact in it has a name"),
        ("ical-valid", "text/calendar", changed(EVENT, events=0), "it holds no event"),
        (
            "pdf-valid",
            "application/pdf",
            changed(FLYER, encrypted=True, pages=None),
            "it is encrypted and opens with a password only",
        ),
        ("pdf-valid", "application/pdf", changed(FLYER, pages=0), "it has no page"),
        (
            "passbook-valid",
            "application/vnd.apple.pkpass",
            changed(COUPON, faults=("a\n", "b", "c", "d", "e")),
            "a\\n; b; c; and 2 more",
        ),
    ],
)
def test_objects_that_a_handset_can_do_nothing_with_fail(
    rule: str, type_: str, facts: Decoded, problem: str
) -> None:
    result = look(rule, type_, facts)
    assert (result.outcome, result.wording) == (Outcome.FAILED, {"problem": problem})


@pytest.mark.parametrize(
    ("rule", "valid", "type_", "facts"),
    [
        ("vcard-advised", "vcard-valid", "text/vcard", CARD),
        ("ical-advised", "ical-valid", "text/calendar", EVENT),
    ],
)
def test_what_some_phones_read_otherwise_is_advice_and_no_error(
    rule: str, valid: str, type_: str, facts: Decoded
) -> None:
    odd = changed(facts, oddities=("a (line 1)", "b (line 2)", "c (line 3)", "d (line 4)"))
    result = look(rule, type_, odd)
    assert result.outcome is Outcome.FAILED
    assert result.wording == {"problem": "a (line 1); b (line 2); c (line 3); and 1 more"}
    assert send_rules()[rule].severity is Severity.WARNING
    assert look(valid, type_, odd).outcome is Outcome.PASSED


def test_a_pdf_whose_pages_nobody_counted_is_undecided() -> None:
    assert look("pdf-valid", "application/pdf", changed(FLYER, pages=None)).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize(
    ("photo", "outcome"),
    [(None, Outcome.INAPPLICABLE), (200_000, Outcome.PASSED), (200_001, Outcome.FAILED)],
)
def test_the_picture_in_a_contact_card_has_at_most_200_kilobytes(photo: int | None, outcome: Outcome) -> None:
    facts = changed(CARD, largest_photo=photo)
    assert look("vcard-photo-advised", "text/vcard", facts).outcome is outcome


def test_hostile_words_of_a_decoder_are_cut_and_escaped() -> None:
    hostile = Undecoded(expected="image", reason="\x1b[2J" + "x" * 1000)
    problem = look("image-decodes", "image/jpeg", hostile).wording["problem"]
    assert problem.isprintable()
    assert len(problem) < 500


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (FitsParams, {"subject": "film", "canvases": []}),
        (AspectParams, {"width": 0, "height": 16, "tolerance": 0.05}),
        (AspectParams, {"width": 9, "height": 0, "tolerance": 0.05}),
        (AspectParams, {"width": 9, "height": 16, "tolerance": 1.0}),
        (AspectParams, {"width": 9, "height": 16, "tolerance": -0.1}),
        (PlayingTimeParams, {"subject": "film", "maximum": 30, "hd": 20}),
        (PlayingTimeParams, {"subject": "film", "maximum": 30, "hd_from": 720}),
        (PlayingTimeParams, {"subject": "sound", "maximum": 30, "hd": 20, "hd_from": 720}),
    ],
)
def test_parameters_that_make_no_sense_are_refused(kind: type, values: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match="expected"):
        msgspec.convert(values, kind)


def test_every_file_made_to_break_a_rule_is_used_by_one() -> None:
    fixtures = Path(__file__).parents[2] / "fixtures"
    cases = [file.read_text() for file in (fixtures / "rules").glob("*/cases.toml")]
    used = {name for text in cases for name in re.findall(r"fixtures/odd-media/([\w.-]+)", text)}
    assert used == {file.name for file in (fixtures / "odd-media").iterdir()}


@pytest.mark.parametrize(
    ("ends", "problem"),
    [
        (1000.0, {"problem": "the certificate of its signer ends at 1970-01-01 00:16:40 UTC"}),
        (2000.0, {}),
        (None, {}),
    ],
)
def test_the_certificate_of_a_pass_holds_until_the_message_has_gone_out(
    ends: float | None, problem: dict[str, str]
) -> None:
    type_ = "application/vnd.apple.pkpass"
    seen = fetched(sniffed=sniffed(type_), decoded=changed(COUPON, signed_until=ends))
    window = SendWindow(opens=900.0, closes=1500.0)
    assert judge("passbook-valid", seen, MediaKind.PASSBOOK, window=window).wording == problem


@pytest.mark.parametrize("facts", [changed(FLYER, encrypted=True), changed(FLYER, repaired=True)])
def test_a_document_that_every_reader_opens_passes(facts: Decoded) -> None:
    assert look("pdf-valid", "application/pdf", facts).outcome is Outcome.PASSED
