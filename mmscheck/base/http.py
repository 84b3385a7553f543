"""Words of HTTP that mean the same to the fetcher, to checks and to the recognition of servers."""

from __future__ import annotations

OK = 200
"""The one status that comes with a file."""

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""Statuses whose Location a GET follows (RFC 9110, section 15.4); 300 and 304 lead nowhere."""

REFUSALS = frozenset({401, 403, 406, 429})
"""Statuses by which a server, or a wall before it, turns a client away that another client might not be.

Others say that something is missing or broken, whoever asks.
"""

WEB_PAGES = frozenset({"text/html", "application/xhtml+xml"})
"""Types of pages for people."""

COMPRESSIONS = frozenset(
    {"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip"}
)
"""IANA's HTTP Content Coding Registry (seen 2026-11), but for ``identity`` and ``aes128gcm``."""

CLIFF = 64 * 1024
"""Bytes up to which Apache's mod_deflate keeps a length (measured on 2.4.71; others have such a size too)."""

UPLOAD_CODING = "aws-chunked"
"""Amazon S3's transfer coding of uploads, which other storages keep as a property of the object."""
