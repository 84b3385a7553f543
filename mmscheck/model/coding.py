"""What Content-Encoding may say: the compressions, and what is none."""

from __future__ import annotations

COMPRESSIONS = frozenset(
    {"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip"}
)
"""IANA's HTTP Content Coding Registry (seen 2026-11), but for ``identity`` and ``aes128gcm``."""

UPLOAD_CODING = "aws-chunked"
"""Amazon S3's transfer coding of uploads, which other storages keep as a property of the object."""
