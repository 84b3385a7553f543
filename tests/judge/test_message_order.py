"""Messages are judged in their order while media come in, and a run may end at the first denied one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from mmscheck.fetch import FetchPolicy, OnDone
from mmscheck.judge import message_run, pipeline
from mmscheck.judge.message_run import MessageRun
from mmscheck.judge.observe import ObserveOptions
from mmscheck.judge.pipeline import CheckOptions, check_messages, load_rules
from mmscheck.model.mms import MediaRef, Mms, Slide
from mmscheck.model.observation import NotFetched, Observation, Reason
from mmscheck.model.report import MessageReport, Report
from mmscheck.model.words import MediaKind
from tests.support.reports import message


def mms(source: str, *urls: str) -> Mms:
    refs = tuple(
        MediaRef(url=url, kind=MediaKind.IMAGE, slide=1, index=at, line=1) for at, url in enumerate(urls, 1)
    )
    return Mms(source=source, digest="", slides=(Slide(number=1, line=1, media=refs),))


class Run:
    """A run over messages named by a letter, of which some are denied; URLs come in a given order.

    Fetching and judging are replaced: which answer comes first is chance with real ones.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, bad: str, order: str) -> None:
        self.judged: list[str] = []
        self.asked: Sequence[str] | None = None
        self.came: list[str] = []
        self._order = order
        monkeypatch.setattr(pipeline, "observe", self._observe)
        monkeypatch.setattr(message_run, "judge", self._judge)
        monkeypatch.setattr(MessageRun, "is_permitted", lambda _, report: report.source not in bad)

    async def check(self, messages: Sequence[Mms], *, fail_fast: bool = True) -> Report:
        options = CheckOptions(
            policy=FetchPolicy(),
            fail_fast=fail_fast,
            on_done=lambda url, _: self.came.append(url),
            on_judged=lambda report: self.judged.append(report.source),
        )
        return await check_messages(messages, load_rules(), options)

    async def _observe(
        self, urls: Sequence[str], _options: ObserveOptions, on_done: OnDone, *, links: Sequence[str]
    ) -> dict[str, Observation]:
        assert not links
        self.asked = urls
        found: dict[str, Observation] = {
            url: NotFetched(url=url, reason=Reason.OFFLINE) for url in self._order if url in urls
        }
        for url, each in found.items():
            on_done(url, each)
        return found

    def _judge(
        self, _ruleset: object, asked: Mms, observations: Mapping[str, Observation], **_: Any
    ) -> MessageReport:
        assert all(ref.url in observations for ref in asked.media)
        return message(asked.source, ())


THREE = (mms("a", "1", "2"), mms("b", "3"), mms("c", "1", "4"))


@pytest.mark.parametrize("order", ["1234", "4321", "3142", "2413"])
async def test_it_ends_at_the_first_denied_message_in_order_whichever_answer_comes_first(
    monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    run = Run(monkeypatch, bad="bc", order=order)
    report = await run.check(THREE)
    assert run.judged == ["a", "b"]
    assert [each.source for each in report.messages] == ["a", "b"]
    assert report.not_checked == ("c",)


async def test_nothing_is_waited_for_once_it_is_clear_how_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(monkeypatch, bad="a", order="1234")
    await run.check(THREE)
    assert run.came == ["1", "2"]


async def test_a_message_without_media_that_is_denied_ends_it_before_anything_is_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = Run(monkeypatch, bad="a", order="1")
    report = await run.check((mms("a"), mms("b", "1")))
    assert (run.asked, run.judged, report.not_checked) == ((), ["a"], ("b",))


@pytest.mark.parametrize("order", ["1234", "4321"])
async def test_where_nothing_is_denied_every_message_is_judged_once(
    monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    run = Run(monkeypatch, bad="", order=order)
    report = await run.check(THREE)
    assert set(run.came) == set("1234")
    assert run.judged == ["a", "b", "c"]
    assert report.not_checked == ()


async def test_without_an_end_messages_are_judged_when_everything_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = Run(monkeypatch, bad="abc", order="4321")
    judged_before: list[Sequence[str]] = []
    run.came = Watching(lambda: judged_before.append(tuple(run.judged)))
    await run.check(THREE, fail_fast=False)
    assert judged_before == [()] * 4
    assert run.judged == ["a", "b", "c"]


class Watching(list[str]):
    """A list that calls something before each item."""

    def __init__(self, before: Any) -> None:
        super().__init__()
        self._before = before

    def append(self, item: str) -> None:
        self._before()
        super().append(item)
