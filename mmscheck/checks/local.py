"""What can be said of a medium before it is uploaded: that its file is there, and is what its name says."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import unquote

from mmscheck.checks.media_types import canonical, same_type
from mmscheck.checks.mime import proven_type
from mmscheck.checks.observed import LONGEST_SENTENCE, explanation, printable
from mmscheck.model.check import Check, MediaTarget, NoParams, Result, cant_tell, failed, inapplicable, passed
from mmscheck.model.extensions import BY_EXTENSION
from mmscheck.model.observation import Fetched, Reason
from mmscheck.model.words import Because, TargetKind

_ONE_NAME = (frozenset({"image/heic", "image/heif"}), frozenset({"image/png", "image/apng"}))
"""Types whose files go by one another's extension, and rightly."""


def present(target: MediaTarget, _params: NoParams) -> Result:
    """A URL whose folder is mapped to a local one has its file there, under exactly that name."""
    seen = target.observation
    if seen.hops:
        return inapplicable("a server was asked, and no local folder")
    if isinstance(seen, Fetched):
        return passed(bytes=seen.size)
    if seen.reason is Reason.TOO_LARGE:
        return passed(bytes=seen.received)
    if seen.reason is Reason.OFFLINE:
        return inapplicable("no local folder is mapped to this URL")
    if seen.reason is Reason.NO_LOCAL_FILE:
        return failed(problem=printable(seen.detail or "no file", LONGEST_SENTENCE))
    return cant_tell(explanation(seen), Because.FILE)


def named_right(target: MediaTarget, _params: NoParams) -> Result:
    """The extension of the file's name is one for the type of its bytes."""
    extension = _extension(target)
    promised = BY_EXTENSION.get(extension.lower())
    if promised is None:
        return inapplicable("its name says nothing of its type")
    actual = proven_type(target.observation)
    if isinstance(actual, Result):
        return actual
    if same_type(promised, actual) or _share_a_name(promised, actual):
        return passed(extension=extension, actual=actual)
    return failed({"promised": promised}, extension=printable(extension), actual=printable(actual))


def _extension(target: MediaTarget) -> str:
    if target.ref.is_file:
        return PurePosixPath(target.ref.url).suffix
    path = target.ref.url.strip().partition("#")[0].partition("?")[0]
    return PurePosixPath(unquote(path)).suffix


def _share_a_name(one: str, other: str) -> bool:
    both = {canonical(one), canonical(other)}
    return any(both <= group for group in _ONE_NAME)


CHECKS: tuple[Check, ...] = (
    Check(
        name="asset-present",
        target=TargetKind.MEDIA,
        run=present,
        reports=frozenset({"problem"}),
        static=True,
    ),
    Check(
        name="extension-matches",
        target=TargetKind.MEDIA,
        run=named_right,
        reports=frozenset({"extension", "actual"}),
    ),
)
"""Every check of the family."""
