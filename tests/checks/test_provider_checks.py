"""Other providers' limits, to the byte and the character."""

from __future__ import annotations

import msgspec
import pytest

from mmscheck.checks.providers import ProviderLimits, fits_providers
from mmscheck.checks.sizes import Published
from mmscheck.model.check import Result
from mmscheck.model.observation import Observation, Sniffed
from mmscheck.model.words import MediaKind, Outcome
from tests.support.message_targets import URL, fetched, message, message_target, slide

OTHER_URL = "http://media.example.com/clip.mp4"


def ten(name: str = "Ten", maximum: int = 10) -> tuple[Published, ...]:
    return (Published(name=name, maximum=maximum, source="a page (checked 2026-11-15)"),)


def seen(size: int, shown: str | None = "image/jpeg", url: str = URL) -> Observation:
    sniffed = Sniffed(type=shown or "application/octet-stream", witness="libmagic")
    return msgspec.structs.replace(fetched(size, url), sniffed=sniffed)


def on_file(params: ProviderLimits, observation: Observation | None) -> Result:
    stored = message(slide(1, media=[MediaKind.IMAGE]))
    return fits_providers(
        message_target(stored, observations={URL: observation} if observation else {}), params
    )


@pytest.mark.parametrize(("count", "outcome"), [(10, Outcome.PASSED), (11, Outcome.FAILED)])
def test_files_are_counted(count: int, outcome: Outcome) -> None:
    stored = message(slide(1, media=[MediaKind.IMAGE] * count))
    result = fits_providers(message_target(stored), ProviderLimits(media_count=ten()))
    assert result.outcome is outcome
    assert result.evidence["limits"][0]["seen"] == count


@pytest.mark.parametrize(("size", "outcome"), [(5, Outcome.PASSED), (6, Outcome.FAILED)])
def test_the_whole_message_is_files_as_they_are_and_text_in_bytes(size: int, outcome: Outcome) -> None:
    stored = message(slide(1, "ééx", media=[MediaKind.IMAGE]))
    target = message_target(stored, observations={URL: seen(size)})
    assert fits_providers(target, ProviderLimits(message_bytes=ten())).outcome is outcome


@pytest.mark.parametrize(
    ("size", "shown", "outcome"),
    [
        (20, "image/jpeg", Outcome.PASSED),
        (21, "image/jpeg", Outcome.FAILED),
        (20, "image/gif", Outcome.PASSED),
        (10, "image/tiff", Outcome.PASSED),
        (11, "image/tiff", Outcome.FAILED),
        (10, None, Outcome.PASSED),
        (11, None, Outcome.CANT_TELL),
        (21, None, Outcome.FAILED),
    ],
)
def test_a_file_is_held_to_the_number_for_what_its_bytes_show(
    size: int, shown: str | None, outcome: Outcome
) -> None:
    params = ProviderLimits(image_bytes=ten(maximum=20), file_bytes=ten(maximum=10))
    assert on_file(params, seen(size, shown)).outcome is outcome


def test_pictures_have_the_number_of_other_files_where_they_have_none_of_their_own() -> None:
    params = ProviderLimits(image_bytes=ten("Another", 99), file_bytes=ten())
    assert on_file(params, seen(11)).outcome is Outcome.FAILED


def test_a_file_that_was_not_fetched_is_not_known_to_fit() -> None:
    assert on_file(ProviderLimits(file_bytes=ten()), None).outcome is Outcome.CANT_TELL
    assert on_file(ProviderLimits(message_bytes=ten()), None).outcome is Outcome.CANT_TELL


def test_the_worst_file_is_the_one_reported() -> None:
    stored = message(slide(1, media=[MediaKind.IMAGE]), slide(2, media=[MediaKind.VIDEO], url=OTHER_URL))
    target = message_target(stored, observations={URL: seen(5), OTHER_URL: seen(12, "video/mp4", OTHER_URL)})
    result = fits_providers(target, ProviderLimits(file_bytes=ten()))
    assert "clip.mp4 on slide 2 has 12" in result.wording["exceeded"]
    assert len(result.evidence["limits"]) == 1


@pytest.mark.parametrize(("text", "outcome"), [("t" * 10, Outcome.PASSED), ("t" * 11, Outcome.FAILED)])
def test_subject_slide_and_whole_text_are_counted_in_characters(text: str, outcome: Outcome) -> None:
    stored = message(slide(1, text), subject=text)
    for params in (
        ProviderLimits(body_length=ten()),
        ProviderLimits(slide_text=ten()),
        ProviderLimits(subject=ten()),
    ):
        assert fits_providers(message_target(stored), params).outcome is outcome


def test_the_whole_text_is_that_of_all_slides_and_a_slides_text_only_its_own() -> None:
    target = message_target(message(slide(1, "t" * 6), slide(2, "t" * 6)))
    assert fits_providers(target, ProviderLimits(body_length=ten())).outcome is Outcome.FAILED
    assert fits_providers(target, ProviderLimits(slide_text=ten())).outcome is Outcome.PASSED


def test_an_open_merge_tag_is_not_known_to_fit_unless_the_rest_exceeds() -> None:
    params = ProviderLimits(body_length=ten())
    assert fits_providers(message_target(message(slide(1, "{$name}"))), params).outcome is Outcome.CANT_TELL
    exceeded = message_target(message(slide(1, "{$name}" + "t" * 11)))
    assert fits_providers(exceeded, params).outcome is Outcome.FAILED


def test_every_provider_exceeded_is_named_with_number_and_source_and_others_only_in_the_evidence() -> None:
    params = ProviderLimits(subject=(*ten("Ten"), *ten("Eleven", 11), *ten("Wide", 99)))
    result = fits_providers(message_target(message(subject="s" * 12)), params)
    assert result.wording["exceeded"] == (
        "Ten takes 10 characters, and the subject has 12 (a page (checked 2026-11-15)); "
        "Eleven takes 11 characters, and the subject has 12 (a page (checked 2026-11-15))"
    )
    outcomes = {each["provider"]: each["outcome"] for each in result.evidence["limits"]}
    assert outcomes == {"Ten": "failed", "Eleven": "failed", "Wide": "passed"}


def test_without_a_provider_it_does_not_apply() -> None:
    assert fits_providers(message_target(message()), ProviderLimits()).outcome is Outcome.INAPPLICABLE
