from __future__ import annotations

import msgspec
import pytest

from mmscheck.checks.media import SizeParams
from mmscheck.model.observation import Observation, Reason
from mmscheck.model.words import MediaKind, Outcome
from tests.support.media_targets import LENGTH, Headers, fetched, hop, judge, not_fetched, sniffed

LIMITS = {
    MediaKind.IMAGE: 1_000_000,
    MediaKind.AUDIO: 1_000_000,
    MediaKind.VIDEO: 1_000_000,
    MediaKind.VCARD: 2_097_152,
    MediaKind.ICAL: 2_097_152,
    MediaKind.PDF: 2_097_152,
    MediaKind.PASSBOOK: 2_097_152,
}


def length(number: int) -> Headers:
    return (("Content-Length", str(number)),)


def cut(number: int | None, received: int | None, reason: Reason = Reason.TIMED_OUT) -> Observation:
    headers = () if number is None else length(number)
    return not_fetched(reason, hop(headers=headers), received=received)


@pytest.mark.parametrize("kind", MediaKind)
def test_exactly_the_limit_is_within_it_and_one_byte_more_is_not(kind: MediaKind) -> None:
    most = LIMITS[kind]
    assert judge("media-size", fetched(size=most), kind).outcome is Outcome.PASSED
    result = judge("media-size", fetched(size=most + 1), kind)
    assert result.outcome is Outcome.FAILED
    assert result.wording == {"size": f"{most + 1:,} bytes", "limit": f"{most:,} bytes"}


@pytest.mark.parametrize(
    ("observation", "outcome", "words"),
    [
        (cut(None, 1_000_001, Reason.TOO_LARGE), Outcome.FAILED, "at least 1,000,001 bytes"),
        (cut(None, 1_000_000, Reason.TOO_LARGE), Outcome.CANT_TELL, "at least 1,000,000 bytes"),
        (cut(1_000_001, 5), Outcome.FAILED, "1,000,001 bytes by its Content-Length"),
        (cut(99_000_000, None, Reason.TOO_LARGE), Outcome.FAILED, "99,000,000 bytes by its Content-Length"),
        (cut(10, 2_000_000), Outcome.FAILED, "at least 2,000,000 bytes"),
        (cut(1_000_000, 5), Outcome.CANT_TELL, "1,000,000 bytes"),
        (cut(None, None, Reason.LENGTH_AND_CHUNKED), Outcome.CANT_TELL, "nothing says"),
        (not_fetched(Reason.NOT_LOOKED), Outcome.CANT_TELL, "nothing says"),
        (
            not_fetched(Reason.BAD_STATUS, hop(status=404, headers=length(5_000_000)), received=5_000_000),
            Outcome.CANT_TELL,
            "nothing says",
        ),
    ],
)
def test_a_file_that_did_not_come_whole_is_too_large_or_undecided(
    observation: Observation, outcome: Outcome, words: str
) -> None:
    result = judge("media-size", observation)
    assert result.outcome is outcome
    assert words in (result.reason or result.wording["size"])


@pytest.mark.parametrize(
    ("kind", "type_", "size", "outcome"),
    [
        (MediaKind.IMAGE, "image/jpeg", 740_000, "passed"),
        (MediaKind.IMAGE, "image/jpeg", 740_001, "failed"),
        (MediaKind.IMAGE, "image/gif", 600_000, "passed"),
        (MediaKind.IMAGE, "image/gif", 600_001, "failed"),
        (MediaKind.IMAGE, None, 600_000, "passed"),
        (MediaKind.IMAGE, None, 600_001, "cant-tell"),
        (MediaKind.IMAGE, None, 740_001, "failed"),
        (MediaKind.VIDEO, "video/mp4", 740_000, "passed"),
        (MediaKind.VIDEO, "video/mp4", 740_001, "failed"),
        (MediaKind.AUDIO, "audio/mpeg", 999_999, "inapplicable"),
        (MediaKind.PDF, "application/pdf", 1_000_000, "passed"),
        (MediaKind.VCARD, "text/vcard", 1_000_001, "failed"),
        (MediaKind.PASSBOOK, "application/vnd.apple.pkpass", 1_000_001, "inapplicable"),
    ],
)
def test_the_advised_size_is_another_for_gif(
    kind: MediaKind, type_: str | None, size: int, outcome: str
) -> None:
    observation = fetched(size=size, sniffed=sniffed(type_))
    assert judge("media-size-advised", observation, kind).outcome == outcome


def test_only_the_bytes_say_that_an_image_is_a_gif() -> None:
    by_name = fetched(size=700_000, sniffed=sniffed("image/jpeg", witness="extension"))
    assert judge("media-size-advised", by_name).outcome is Outcome.CANT_TELL
    broken = fetched(size=700_000, sniffed=sniffed("image/jpeg", problem="the worker was killed"))
    assert judge("media-size-advised", broken).outcome is Outcome.CANT_TELL


def test_a_number_for_gif_needs_one_for_other_images() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"gif": 1}, SizeParams)


@pytest.mark.parametrize(
    ("observation", "outcome"),
    [
        (fetched(size=1), Outcome.PASSED),
        (fetched(size=0), Outcome.FAILED),
        (fetched((), size=0), Outcome.FAILED),
        (cut(3, 1), Outcome.PASSED),
        (cut(0, None, Reason.MALFORMED_HTTP), Outcome.FAILED),
        (cut(3, 0), Outcome.CANT_TELL),
        (cut(3, None), Outcome.CANT_TELL),
        (not_fetched(Reason.BAD_STATUS, hop(status=404, headers=LENGTH), received=3), Outcome.CANT_TELL),
        (not_fetched(Reason.REFUSED), Outcome.CANT_TELL),
    ],
)
def test_a_file_is_not_empty_once_a_byte_of_it_came(observation: Observation, outcome: Outcome) -> None:
    assert judge("media-not-empty", observation).outcome is outcome
