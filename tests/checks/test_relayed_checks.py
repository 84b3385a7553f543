"""A proxy's framing is taken for a fault where it shows one, and never for soundness."""

from __future__ import annotations

import pytest

from mmscheck.checks import CHECKS
from mmscheck.model.check import MediaTarget, NoParams
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Fetched, Hop, Sniffed, Timing
from mmscheck.model.words import MediaKind, Outcome

LENGTH = ("Content-Length", "3")
CHUNKED = ("Transfer-Encoding", "chunked")


def target(scheme: str, *headers: tuple[str, str], proxy: str | None = "http://10.0.0.1:3128") -> MediaTarget:
    url = f"{scheme}://media.example.com/a.jpg"
    seen = Fetched(
        url=url,
        hops=(Hop(url=url, status=200, headers=headers, proxy=proxy),),
        size=3,
        sha256="ab",
        timing_ms=Timing(first_byte=1, total=1),
        sniffed=Sniffed(type="image/jpeg"),
    )
    return MediaTarget(
        ref=MediaRef(url=url, kind=MediaKind.IMAGE, slide=1, index=1, line=1), observation=seen
    )


NAMES = (
    "length-stated",
    "length-true",
    "not-chunked",
    "not-encoded",
    "response-well-formed",
    "response-plain",
)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_proxy_wrote_anew_is_never_passed(name: str) -> None:
    result = CHECKS[name].run(target("http", LENGTH), NoParams())
    assert result.outcome is Outcome.CANT_TELL
    assert "proxy" in result.reason


@pytest.mark.parametrize("name", NAMES)
def test_what_came_through_a_tunnel_or_without_a_proxy_is_judged(name: str) -> None:
    assert CHECKS[name].run(target("https", LENGTH), NoParams()).outcome is Outcome.PASSED
    assert CHECKS[name].run(target("http", LENGTH, proxy=None), NoParams()).outcome is Outcome.PASSED


def test_a_fault_that_a_proxy_passes_on_is_a_fault() -> None:
    assert CHECKS["not-chunked"].run(target("http", CHUNKED), NoParams()).outcome is Outcome.FAILED
    assert CHECKS["length-stated"].run(target("http"), NoParams()).outcome is Outcome.FAILED
