"""Likenesses of media: made where a report shows them, kept with results, and in no other report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from mmscheck.cache.reuse import manner
from mmscheck.cache.store import ResultCache
from mmscheck.cli.output import Destination, shows_media
from mmscheck.fetch import FetchPolicy
from mmscheck.judge import gate
from mmscheck.judge.observe import ObserveOptions, observe
from mmscheck.judge.pipeline import check, load_rules
from mmscheck.lint.offline import lint
from mmscheck.model.observation import Fetched, Observation
from mmscheck.model.report import Report
from mmscheck.report import FORMATS, View
from mmscheck.slidexml import parse
from tests.support.command import image, message
from tests.support.rawserver import RawServer, policy, response, serve

FILE = Path(__file__).parents[2] / "fixtures" / "media" / "photo-small.jpg"
PICTURE = response(FILE.read_bytes(), "Content-Type: image/jpeg")


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[ResultCache]:
    with ResultCache(tmp_path / "kept", 600) as opened:
        yield opened


def drawn(found: dict[str, Observation]) -> bool:
    (seen,) = found.values()
    assert isinstance(seen, Fetched)
    return seen.preview is not None


@pytest.mark.parametrize(("decode", "previews"), [(True, False), (True, True), (False, False), (False, True)])
async def test_a_fetched_picture_has_a_likeness_only_where_one_is_wanted(
    decode: bool,  # noqa: FBT001 - a parameter of the test
    previews: bool,  # noqa: FBT001 - see above
) -> None:
    async with serve(PICTURE) as raw:
        found = await observe(
            [raw.url()], ObserveOptions(policy=policy(raw), decode=decode, previews=previews)
        )
    assert drawn(found) == previews


async def looked(raw: RawServer, cache: ResultCache, *, previews: bool) -> bool:
    return drawn(
        await observe([raw.url()], ObserveOptions(policy=policy(raw), cache=cache, previews=previews))
    )


async def test_a_kept_result_without_a_likeness_does_not_stand_in_where_one_is_wanted(
    cache: ResultCache,
) -> None:
    async with serve(PICTURE) as raw:
        assert [await looked(raw, cache, previews=wanted) for wanted in (False, True, True)] == [
            False,
            True,
            True,
        ]
    assert len(raw.requests) == 2
    assert manner(FetchPolicy(), decode=True, previews=True) != manner(FetchPolicy(), decode=True)


async def test_a_kept_likeness_is_the_one_that_was_made(cache: ResultCache) -> None:
    async with serve(PICTURE) as raw:
        (first,), (kept,) = [
            (
                await observe([raw.url()], ObserveOptions(policy=policy(raw), cache=cache, previews=True))
            ).values()
            for _ in range(2)
        ]
    assert isinstance(first, Fetched)
    assert isinstance(kept, Fetched)
    assert kept.cached_at is not None
    assert kept.preview == first.preview is not None


async def report(*, previews: bool) -> Report:
    return await lint([], [str(FILE)], load_rules("lint"), previews=previews)


def written(found: Report, format_: str) -> str:
    same = msgspec.structs.replace(found, started="2026-01-01T00:00:00.000Z", duration_ms=1)
    return FORMATS[format_](View(report=same, verdict=gate.verdict(same)))


async def test_local_files_have_likenesses_and_only_formats_for_looking_at_show_them() -> None:
    with_, without = await report(previews=True), await report(previews=False)
    assert b'"preview":{' in msgspec.json.encode(with_)
    assert b'"preview":{' not in msgspec.json.encode(without)
    for format_ in FORMATS:
        if not format_.startswith("html"):
            assert written(with_, format_) == written(without, format_), format_


async def test_a_checked_message_is_judged_the_same_with_and_without_likenesses() -> None:
    async with serve(PICTURE) as raw:
        mms = parse(
            message(image("a.jpg").replace("http://media.example.com/a.jpg", raw.url())).encode(), "a.xml"
        )
        reports = [
            await check([mms], load_rules("send"), policy(raw), previews=wanted) for wanted in (True, False)
        ]
    outcomes = [[(each.rule, each.outcome) for each in one.messages[0].evaluations] for one in reports]
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0]) > 20


def test_only_an_html_report_wants_likenesses() -> None:
    assert not shows_media([Destination(format="text"), Destination(format="json")])
    assert shows_media([Destination(format="text"), Destination(format="html", file=Path("a.html"))])
