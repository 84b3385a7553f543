"""What is wrong on a host, and what this program advises there: as a block that it prints, or in words."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from types import MappingProxyType

from mmscheck.model.report import Evaluation
from tests.support.servers.files import ABOVE_64_KIB
from tests.support.servers.mend import ACCEL, COLD, FILE, GZIP, LENGTH, STREAM, TYPE, Mend
from tests.support.servers.mends_apps import APPS
from tests.support.servers.mends_more import MORE
from tests.support.servers.rows import ALL, CONTACTS, EVENTS, OBJECTS, PASSES, PHOTOS, SOME, SOUNDS

_BLOCK = re.compile(r"(?:^    .*\n?)+", re.MULTILINE)


MENDS: tuple[Mend, ...] = (
    Mend(
        host="stock.nginx.example",
        says="a types block",
        turned=TYPE,
        files=(*SOUNDS, *OBJECTS),
        said="types {",
    ),
    Mend(
        host="gzip.nginx.example",
        says="gzip off and a types block",
        turned=GZIP,
        files=(*PHOTOS, *SOUNDS, *OBJECTS),
        said="gzip off;",
    ),
    Mend(
        host="sub-filter.nginx.example",
        says="sub_filter for pages only",
        turned=LENGTH,
        files=ALL,
        said="Remove sub_filter_types * and ssi_types * from the location of the media",
        fault="sub_filter_types *;",
        done="",
    ),
    Mend(
        host="ssi.nginx.example",
        says="ssi for pages only",
        turned=LENGTH,
        files=ALL,
        said="Remove sub_filter_types * and ssi_types * from the location of the media",
        fault="ssi_types *;",
        done="",
    ),
    Mend(
        host="addition.nginx.example",
        says="no addition to media",
        turned=LENGTH,
        files=ALL,
        said="Remove the filter from the location of the media.",
        fault="addition_types *;",
        done="",
    ),
    Mend(
        host="gunzip.nginx.example",
        says="no gunzip on media",
        turned=LENGTH,
        files=ALL,
        said="Remove the filter from the location of the media.",
        fault="gzip_static always; gunzip on;",
        done="",
    ),
    Mend(
        host="proxy.nginx.example",
        says="an application that states the length",
        turned=LENGTH,
        files=SOME,
        said="Let the application set Content-Length",
        fault=STREAM,
        done=FILE,
    ),
    Mend(
        host="cache.nginx.example",
        says="an application that states the length, behind a cache",
        turned=COLD,
        files=SOME,
        said="Let the application set Content-Length",
        fault=STREAM,
        done=FILE,
    ),
    Mend(
        host="accel.nginx.example",
        says="an application that has nginx send the file",
        turned=LENGTH,
        files=SOME,
        said="X-Accel-Redirect",
        fault=STREAM,
        done=ACCEL,
    ),
    Mend(
        host="stock.apache.example",
        says="AddType",
        turned=("content-type-present", "content-type-specific"),
        files=PASSES,
        said="AddType ",
    ),
    Mend(
        host="deflate.apache.example",
        says="no-gzip for media",
        turned=GZIP,
        files=(PHOTOS[1], CONTACTS[1], ABOVE_64_KIB),
        said="no-gzip",
    ),
    Mend(
        host="substitute.apache.example",
        says="SUBSTITUTE for pages only",
        turned=LENGTH,
        files=(*PHOTOS, *CONTACTS, *EVENTS),
        said="AddOutputFilterByType SUBSTITUTE text/html",
        fault="SetOutputFilter SUBSTITUTE",
    ),
    Mend(
        host="response.aiohttp.example",
        says="web.FileResponse",
        turned=LENGTH,
        files=ALL,
        said="return web.FileResponse(path)",
        fault="web.StreamResponse",
        done="web.FileResponse",
    ),
    Mend(
        host="static.aiohttp.example",
        says="types added to aiohttp's own table",
        turned=TYPE,
        files=(*EVENTS, *PASSES),
        said="CONTENT_TYPES.add_type(",
    ),
    Mend(
        host="stream.varnish.example",
        says="do_stream = false",
        turned=COLD,
        files=SOME,
        said="set beresp.do_stream = false;",
    ),
    Mend(
        host="gzip.varnish.example",
        says="do_stream = false, and no do_gzip, as the advice for what is compressed says",
        turned=COLD,
        files=SOME,
        said="set beresp.do_stream = false;",
        fault="set beresp.do_gzip = true;",
        done="set beresp.do_stream = false;",
    ),
    *MORE,
    *APPS,
)

FAULTS: Mapping[str, str] = MappingProxyType({mend.host: mend.fault for mend in MENDS})
"""By host: what stands in its configuration before anybody follows any advice."""


def advised(mend: Mend, shown: Evaluation) -> str:
    """What is to stand in the configuration, taken from the text that a user is shown."""
    assert mend.said in shown.fix, f"{mend.host}: expected {mend.said!r} in the advice:\n{shown.fix}"
    if mend.done is not None:
        return mend.done
    blocks = [block for block in _BLOCK.findall(shown.fix) if mend.said in block]
    assert len(blocks) == 1, f"{mend.host}: expected one block with {mend.said!r} in:\n{shown.fix}"
    return textwrap.dedent(blocks[0])
