"""What the end of a file's name says that the file is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

BY_EXTENSION: Mapping[str, str] = MappingProxyType(
    {
        ".3g2": "video/3gpp2",
        ".3gp": "video/3gpp",
        ".3gpp": "video/3gpp",
        ".aac": "audio/aac",
        ".amr": "audio/amr",
        ".asf": "video/x-ms-asf",
        ".avi": "video/x-msvideo",
        ".avif": "image/avif",
        ".bmp": "image/bmp",
        ".gif": "image/gif",
        ".heic": "image/heic",
        ".heif": "image/heif",
        ".hif": "image/heic",
        ".ics": "text/calendar",
        ".jpe": "image/jpeg",
        ".jpeg": "image/jpeg",
        ".jpg": "image/jpeg",
        ".m4a": "audio/mp4",
        ".m4v": "video/mp4",
        ".mov": "video/quicktime",
        ".mp3": "audio/mpeg",
        ".mp4": "video/mp4",
        ".mpe": "video/mpeg",
        ".mpeg": "video/mpeg",
        ".mpg": "video/mpeg",
        ".pdf": "application/pdf",
        ".pkpass": "application/vnd.apple.pkpass",
        ".png": "image/png",
        ".tif": "image/tiff",
        ".tiff": "image/tiff",
        ".vcard": "text/vcard",
        ".vcf": "text/vcard",
        ".wav": "audio/x-wav",
        ".webp": "image/webp",
        ".wmv": "video/x-ms-wmv",
    }
)
"""A table of our own: the system's differs from machine to machine, and so would the answers."""
