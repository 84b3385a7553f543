"""What the headers of caches say about where a response came from."""

from __future__ import annotations

import pytest

from mmscheck.servers.caches import CacheState, caching
from tests.support.media_targets import Headers, hop

HIT, MISS, UNCLEAR, NONE = CacheState.HIT, CacheState.MISS, CacheState.UNCLEAR, CacheState.NONE


@pytest.mark.parametrize(
    ("state", "headers"),
    [
        (NONE, ()),
        (NONE, (("Via", "1.1 google"), ("Cache-Control", "max-age=60"), ("ETag", '"hit"'))),
        (HIT, (("Age", "1"),)),
        (HIT, (("age", "086400"),)),
        (UNCLEAR, (("Age", "0"),)),
        (UNCLEAR, (("Age", ""),)),
        (HIT, (("X-Varnish", "32770 5"), ("Age", "0"))),
        (MISS, (("X-Varnish", "32770"), ("Age", "0"))),
        (HIT, (("X-Varnish", "32770"), ("Age", "9"))),
        (HIT, (("X-Cache", "HIT"),)),
        (HIT, (("X-Cache", "Hit from cloudfront"),)),
        (HIT, (("X-Cache", "RefreshHit from cloudfront"),)),
        (MISS, (("X-Cache", "Miss from cloudfront"),)),
        (HIT, (("X-Cache", "MISS, HIT"), ("X-Served-By", "cache-a, cache-b"))),
        (HIT, (("X-Cache", "HIT, MISS"),)),
        (MISS, (("X-Cache", "MISS, MISS"), ("X-Served-By", "cache-a"), ("X-Cache-Hits", "0, 0"))),
        (HIT, (("X-Cache-Hits", "0, 3"),)),
        (HIT, (("X-Cache", "TCP_MEM_HIT from a"),)),
        (UNCLEAR, (("X-Cache", "CONFIG_NOCACHE"),)),
        (UNCLEAR, (("X-Served-By", "cache-fra-1"),)),
        *((HIT, (("CF-Cache-Status", word),)) for word in ("HIT", "STALE", "REVALIDATED", "UPDATING")),
        *((MISS, (("CF-Cache-Status", word),)) for word in ("MISS", "EXPIRED", "BYPASS", "DYNAMIC")),
        (HIT, (("CF-Cache-Status", "MISS"), ("Age", "5"))),
        (HIT, (("Cache-Status", "ExampleCache; hit; ttl=30"),)),
        (MISS, (("Cache-Status", "ExampleCache; fwd=miss; stored"),)),
        (HIT, (("Cache-Status", "Origin; fwd=miss, Edge; hit"),)),
        (MISS, (("Cache-Status", '"hit"; fwd=uri-miss'),)),
        (UNCLEAR, (("Cache-Status", "ExampleCache; key=hit"),)),
        (HIT, (("X-Cache-Status", "HIT"),)),
        (MISS, (("X-Proxy-Cache", "EXPIRED"),)),
        (HIT, (("Age ", "5"),)),
    ],
)
def test_the_headers_say_where_a_response_came_from(state: CacheState, headers: Headers) -> None:
    found = caching(hop(headers=headers))
    assert found.state is state
    assert bool(found.lines) is (state is not NONE)
    assert set(found.lines) <= set(headers)
