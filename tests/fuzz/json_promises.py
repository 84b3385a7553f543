"""What an independent reading (the standard library's) says of a JSON document that was judged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TypeGuard

from mmscheck.model.mms import Mms
from tests.fuzz.xml_documents import MARKER

_SURROGATES = re.compile("[\ud800-\udfff]")
_TEXTS = frozenset({"message-text", "message-subject", "name", "fallback-sms-text"})
_LONGEST_TEXT, _LONGEST_SUBJECT, _MOST_SLIDES = 5000, 80, 8


class _UnsoundError(ValueError):
    """Raised where two programs may read two documents."""


def broken(data: bytes, message: Mms, *, permitted: bool) -> Iterator[str]:
    """What does not hold of the reading, or of a permit."""
    try:
        value = _independently(data)
    except (ValueError, RecursionError):
        if message.problem is None:
            yield "it was read, though another parser refuses it, or reads it in two ways"
        return
    if permitted and (fault := _fault(value)):
        yield f"permitted, though {fault}"


def _independently(data: bytes) -> Any:
    return json.loads(data.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_no_number)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise _UnsoundError("equal keys")
    if any(_SURROGATES.search(text) for pair in pairs for text in pair if isinstance(text, str)):
        raise _UnsoundError("half a character")
    return dict(pairs)


def _no_number(word: str) -> Any:
    raise _UnsoundError(word)


def _fault(value: Any) -> str:
    """Why nobody may permit this message when no file could be fetched; empty where nothing is against it."""
    if not isinstance(value, dict) or value.get("action") not in {"savemms", "sendmms"}:
        return "it is neither a savemms nor a sendmms"
    slides = value.get("slide")
    if not isinstance(slides, list) or not 1 <= len(slides) <= _MOST_SLIDES:
        return "it has no 1 to 8 slides"
    if value["action"] == "savemms" and not _is_text(value.get("name")):
        return "it has no name"
    subject = value.get("message-subject", "Spring")
    if not _is_text(subject) or not re.fullmatch(r"[ -~]+", subject) or len(subject) > _LONGEST_SUBJECT:
        return "its subject is none"
    for slide in slides:
        text = slide.get("message-text") if isinstance(slide, dict) else None
        if not _is_text(text) or len(text) > _LONGEST_TEXT:
            return "a slide without a file has no text"
    return "it names a file" if _names_file(value) else ""


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value.strip())


def _names_file(value: Any, key: str = "") -> bool:
    if isinstance(value, str):
        return MARKER in value and key not in _TEXTS
    if isinstance(value, dict):
        return any(_names_file(each, name) for name, each in value.items())
    return isinstance(value, list) and any(_names_file(each) for each in value)
