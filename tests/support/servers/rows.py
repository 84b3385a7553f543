"""The table of server configurations: what every rule on serving media makes of each.

A row is one configuration, known by the host name that the files in ``conf`` give it; for each group of
files it says how the outcomes of the rules of the families http and mime differ from the usual ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mmscheck.model.words import Outcome
from tests.support.fault_rows import FaultRow, but
from tests.support.servers.files import ABOVE_64_KIB, BARE, EDGE

Outcomes = Mapping[str, Outcome]
Files = tuple[str, ...]
Cases = tuple[tuple[Files, Outcomes], ...]

PHOTOS = ("photo-small.jpg", "photo-large.jpg")
SOUNDS = ("chime-small.wav", "chime-large.wav")
CONTACTS = ("contact-small.vcf", "contact-large.vcf")
EVENTS = ("event-small.ics", "event-large.ics")
PASSES = ("pass-small.pkpass", "pass-large.pkpass")
NAMELESS = (BARE,)
OBJECTS = (*CONTACTS, *EVENTS, *PASSES)
SMALL = tuple(group[0] for group in (PHOTOS, SOUNDS, CONTACTS, EVENTS, PASSES))
LARGE = tuple(group[1] for group in (PHOTOS, SOUNDS, CONTACTS, EVENTS, PASSES))
ALL = (*SMALL, *LARGE)
EVERY = (*ALL, *NAMELESS)
SOME = (*PHOTOS, *CONTACTS)
FEW = (*SOME, *NAMELESS)
"""Enough where the server in front does not look at types."""

CHUNKED: Outcomes = but(
    failed="content-length not-chunked length-under-gzip", inapplicable="content-length-true"
)
NO_LENGTH: Outcomes = but(failed="content-length length-under-gzip", inapplicable="content-length-true")
NO_LENGTH_UNDER_GZIP: Outcomes = but(failed="length-under-gzip")
LENGTH_UNDER_GZIP: Outcomes = but(passed="length-under-gzip")
COMPRESSED: Outcomes = but(failed="not-compressed-under-gzip")
UNSTABLE: Outcomes = but(failed="stable", passed="length-under-gzip")
COLD_LENGTH: Outcomes = but(passed="length-when-cold")
NO_COLD_LENGTH: Outcomes = but(failed="length-when-cold")
GENERIC: Outcomes = but(failed="content-type-specific", inapplicable="content-type-matches")
OLD_NAME: Outcomes = but(failed="content-type-registered")
NO_TYPE: Outcomes = but(
    failed="content-type-present content-type-specific",
    inapplicable="content-type-valid content-type-matches content-type-registered",
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration; ``warmed`` has a visitor come before the check, so that caches are full.

    Each case says what its files add to the cases before it.
    """

    host: str
    says: str
    cases: Cases
    warmed: bool = False

    def files(self) -> list[FaultRow]:
        """Each file, under the URL that it is to be asked for."""
        differs: dict[str, dict[str, Outcome]] = {}
        for names, outcomes in self.cases:
            for name in names:
                differs.setdefault(name, {}).update(outcomes)
        return [
            FaultRow(name=url(self.host, name, warmed=self.warmed), answer=b"", differs=each)
            for name, each in differs.items()
        ]


CACHES = frozenset(
    {
        "stream.squid.example",
        "stream.varnish.example",
        "gzip.varnish.example",
        "file.varnish.example",
        "cache.nginx.example",
    }
)
"""Hosts with a cache, where a cold and a warm object need different URLs."""


def url(host: str, name: str, *, warmed: bool = False) -> str:
    """Where a file lies on a host."""
    folder = ("media/warm" if warmed else "media/cold") if host in CACHES else "media"
    return f"http://{host}/{folder}/{name}"


_DEBIAN_APACHE: Cases = (
    ((*PHOTOS, *CONTACTS, *EVENTS), {}),
    (SOUNDS, OLD_NAME),
    ((*PASSES, *NAMELESS), NO_TYPE),
)
_TYPED: Cases = ((ALL, {}), (NAMELESS, GENERIC))
_FEW_TYPED: Cases = ((SOME, {}), (NAMELESS, GENERIC))


ROWS: tuple[Row, ...] = (
    Row(
        host="stock.nginx.example",
        says="the mime.types of Debian's nginx 1.22 knows neither vcf, ics, pkpass nor wav",
        cases=((PHOTOS, {}), ((*SOUNDS, *CONTACTS, *EVENTS, *PASSES, *NAMELESS), GENERIC)),
    ),
    Row(
        host="gzip-stock.nginx.example",
        says="gzip on alone compresses nothing but text/html",
        cases=((PHOTOS, {}), (OBJECTS, GENERIC)),
    ),
    Row(
        host="gzip.nginx.example",
        says="gzip_types * takes the length from whoever accepts gzip, at any size",
        cases=((PHOTOS, {}), ((*SOUNDS, *OBJECTS), GENERIC), (ALL, NO_LENGTH_UNDER_GZIP), (ALL, COMPRESSED)),
    ),
    Row(
        host="nginx-gzip.varnish.example",
        says="the same nginx does not compress for a proxy that says Via",
        cases=((PHOTOS, {}), (OBJECTS, GENERIC), ((*PHOTOS, *OBJECTS), COLD_LENGTH)),
    ),
    Row(
        host="sub-filter.nginx.example", says="sub_filter over every type", cases=(*_TYPED, (EVERY, CHUNKED))
    ),
    Row(host="ssi.nginx.example", says="ssi over every type", cases=(*_TYPED, (EVERY, CHUNKED))),
    Row(host="addition.nginx.example", says="addition over every type", cases=(*_TYPED, (EVERY, CHUNKED))),
    Row(
        host="gunzip.nginx.example",
        says="gunzip of files that are there compressed only",
        cases=((ALL, CHUNKED), (ALL, LENGTH_UNDER_GZIP), (ALL, COMPRESSED)),
    ),
    Row(
        host="proxy.nginx.example",
        says="in front of an application that streams",
        cases=(*_FEW_TYPED, (FEW, CHUNKED)),
    ),
    Row(
        host="accel.nginx.example",
        says="the same, with a place for what X-Accel-Redirect names",
        cases=(*_FEW_TYPED, (FEW, CHUNKED)),
    ),
    Row(
        host="proxy-old.nginx.example",
        says="HTTP/1.0 to the application, no buffering, forced ranges: no difference",
        cases=(*_FEW_TYPED, (FEW, CHUNKED)),
    ),
    Row(
        host="cache.nginx.example",
        says="proxy_cache, MISS",
        cases=(*_FEW_TYPED, (FEW, CHUNKED), (FEW, NO_COLD_LENGTH)),
    ),
    Row(
        host="cache.nginx.example",
        says="proxy_cache, HIT: nginx does not learn the length from its cache",
        cases=(*_FEW_TYPED, (FEW, CHUNKED), (FEW, NO_COLD_LENGTH)),
        warmed=True,
    ),
    Row(
        host="trap.nginx.example",
        says="chunked_transfer_encoding off hides chunked and states no length: no fix",
        cases=(*_FEW_TYPED, (FEW, NO_LENGTH)),
    ),
    Row(
        host="stock.apache.example",
        says="Debian's mime.types knows no pkpass, and nothing without extension; wav is audio/x-wav",
        cases=_DEBIAN_APACHE,
    ),
    Row(
        host="deflate.apache.example",
        says="DEFLATE over every type: a length up to 65,536 bytes; above that where next to nothing is left",
        cases=(
            *_DEBIAN_APACHE,
            (EDGE, {}),
            ((*LARGE, ABOVE_64_KIB), NO_LENGTH_UNDER_GZIP),
            # 83 KB, of which gzip leaves 4 KB: less than the 8,096 bytes of DeflateBufferSize.
            ((EVENTS[1],), LENGTH_UNDER_GZIP),
            ((*EVERY, EDGE[0], ABOVE_64_KIB), COMPRESSED),
        ),
    ),
    Row(
        host="deflate-buffer.apache.example",
        # Elsewhere it was seen not to help; here it does as long as what gzip leaves fits the buffer.
        says="DEFLATE with a buffer of 1 MiB: a length again, of the compressed bytes",
        cases=(*_DEBIAN_APACHE, (EVERY, COMPRESSED)),
    ),
    Row(
        host="substitute.apache.example",
        says="mod_substitute over every type",
        cases=(*_DEBIAN_APACHE, (EVERY, CHUNKED)),
    ),
    Row(
        host="includes.apache.example",
        says="mod_include over every type keeps the length of files without directives",
        cases=_DEBIAN_APACHE,
    ),
    Row(host="file.aiohttp.example", says="web.FileResponse", cases=_TYPED),
    Row(host="response.aiohttp.example", says="web.StreamResponse", cases=(*_TYPED, (EVERY, CHUNKED))),
    Row(
        host="static.aiohttp.example",
        says="aiohttp's own table of types: old names, and no ics or pkpass",
        cases=((PHOTOS, {}), ((*SOUNDS, *CONTACTS), OLD_NAME), ((*EVENTS, *PASSES, *NAMELESS), GENERIC)),
    ),
    Row(
        host="neighbour.aiohttp.example",
        says="static with a compressed neighbour, which a client that accepts gzip gets instead",
        cases=(
            (PHOTOS, {}),
            ((*SOUNDS, *CONTACTS), OLD_NAME),
            ((*EVENTS, *PASSES), GENERIC),
            (ALL, COMPRESSED),
        ),
    ),
    Row(
        host="file.varnish.example",
        says="in front of an application that states the length",
        cases=(*_FEW_TYPED, (FEW, COLD_LENGTH)),
    ),
    Row(
        host="stream.varnish.example",
        says="in front of an application that streams, cold",
        cases=(*_FEW_TYPED, (FEW, CHUNKED), (FEW, NO_COLD_LENGTH), (FEW, UNSTABLE)),
    ),
    Row(
        host="stream.varnish.example",
        says="the same, warm: the length is there, until the object is gone from the cache",
        cases=(*_FEW_TYPED, (FEW, NO_COLD_LENGTH)),
        warmed=True,
    ),
    Row(
        host="gzip.varnish.example",
        says="do_gzip, cold",
        cases=(
            *_FEW_TYPED,
            (FEW, CHUNKED),
            (FEW, NO_COLD_LENGTH),
            (FEW, LENGTH_UNDER_GZIP),
            (FEW, COMPRESSED),
        ),
    ),
    Row(
        host="gzip.varnish.example",
        says="do_gzip, warm: it knows the length of the plain file too",
        cases=(*_FEW_TYPED, (FEW, NO_COLD_LENGTH), (FEW, COMPRESSED)),
        warmed=True,
    ),
)
