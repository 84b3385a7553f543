from __future__ import annotations

from collections.abc import Sequence

import pytest

from mmscheck.judge.in_order import InOrder, OnDone
from mmscheck.model.mms import MediaRef, Mms, Slide
from mmscheck.model.observation import NotFetched, Observation, Reason
from mmscheck.model.report import MessageReport
from mmscheck.model.words import MediaKind
from tests.support.reports import message


def mms(source: str, *urls: str) -> Mms:
    refs = tuple(
        MediaRef(url=url, kind=MediaKind.IMAGE, slide=1, index=at, line=1) for at, url in enumerate(urls, 1)
    )
    return Mms(source=source, digest="", slides=(Slide(number=1, line=1, media=refs),))


class Run:
    """A run over messages named by a letter, of which some are denied; URLs come in a given order."""

    def __init__(self, messages: Sequence[Mms], bad: str, order: str) -> None:
        self.judged: list[str] = []
        self.asked: Sequence[str] | None = None
        self.came: list[str] = []
        self._order = order
        self.run = InOrder(
            messages,
            self._judge,
            ends=lambda report: report.source in bad,
            on_judged=lambda report: self.judged.append(report.source),
        )

    async def follow(self, urls: str) -> dict[str, Observation]:
        return await self.run.follow(self._look, list(urls), lambda url, _: self.came.append(url))

    async def _look(self, urls: Sequence[str], tell: OnDone | None) -> dict[str, Observation]:
        self.asked = urls
        seen = {url: NotFetched(url=url, reason=Reason.OFFLINE) for url in self._order if url in urls}
        for url, each in seen.items():
            assert tell is not None
            tell(url, each)
        return dict(seen)

    def _judge(self, message_: Mms, seen: object) -> MessageReport:
        assert isinstance(seen, dict)
        assert all(ref.url in seen for ref in message_.media)
        return message(message_.source, ())


THREE = (mms("a", "1", "2"), mms("b", "3"), mms("c", "1", "4"))


@pytest.mark.parametrize("order", ["1234", "4321", "3142", "2413"])
async def test_it_ends_at_the_first_denied_message_in_order_whichever_answer_comes_first(order: str) -> None:
    run = Run(THREE, bad="bc", order=order)
    await run.follow("1234")
    assert run.judged == ["a", "b"]
    assert [each.source for each in run.run.judged] == ["a", "b"]
    assert run.run.not_checked == ("c",)


async def test_nothing_is_waited_for_once_it_is_clear_how_it_ends() -> None:
    run = Run(THREE, bad="a", order="1234")
    seen = await run.follow("1234")
    assert run.came == ["1", "2"]
    assert set(seen) == {"1", "2"}


async def test_a_message_without_media_that_is_denied_ends_it_before_anything_is_fetched() -> None:
    run = Run((mms("a"), mms("b", "1")), bad="a", order="1")
    await run.follow("1")
    assert (run.asked, run.judged, run.run.not_checked) == ((), ["a"], ("b",))


@pytest.mark.parametrize("order", ["1234", "4321"])
async def test_where_nothing_is_denied_every_message_is_judged_once(order: str) -> None:
    run = Run(THREE, bad="", order=order)
    assert set(await run.follow("1234")) == set("1234")
    assert run.judged == ["a", "b", "c"]
    assert run.run.not_checked == ()


async def test_without_an_end_messages_are_judged_when_everything_is_there() -> None:
    judged: list[str] = []

    async def look(urls: Sequence[str], tell: OnDone | None) -> dict[str, Observation]:
        assert tell is None
        assert not judged
        return {url: NotFetched(url=url, reason=Reason.OFFLINE) for url in urls}

    def judge(message_: Mms, _seen: object) -> MessageReport:
        judged.append(message_.source)
        return message(message_.source, ())

    order = InOrder(THREE, judge)
    await order.follow(look, list("1234"), None)
    assert judged == ["a", "b", "c"]
