"""Ids that the ledger knows, as `mmscheck save` would have bound them."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger import Ledger, Save, open_ledger
from mmscheck.model.ledger import MmsState
from mmscheck.send.order import provider_account
from mmscheck.sinch import DEFAULT_API_URL
from mmscheck.slidexml import parse
from tests.support.command import FIELDS, Ran, mmscheck

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"


async def bind(
    ledger: Ledger, document: bytes | str, *mms_ids: str, at: str | None, state: MmsState = MmsState.READY
) -> None:
    """Bind ids (default: that of ``FIELDS``) to a document whose media are files of fixtures/media.

    ``at`` is the provider's address, None for that of a client that has none.
    """
    data = document.encode() if isinstance(document, str) else document
    message = parse(data, "bound.xml")
    media = tuple((ref.url, digest_of(ref.url)) for ref in message.media)
    for mms_id in mms_ids or (FIELDS["--mms-id"],):
        await ledger.record_save(
            Save(
                mms_id=mms_id,
                digest=message.digest,
                media=tuple(dict(media).items()),
                name=message.name.value if message.name else None,
                subject=message.subject.value if message.subject else None,
                state=state,
                replace=True,
                account=provider_account(at),
            )
        )


async def bind_files(
    files: Iterable[Path], *mms_ids: str, at: str = DEFAULT_API_URL, where: str | None = None
) -> None:
    """Bind ids to files in the test's own ledger, or the one at ``where``; of several the last counts."""
    async with await open_ledger(where) as ledger:
        for file in files:
            await bind(ledger, file.read_bytes(), *mms_ids, at=at)


def digest_of(url: str) -> str:
    """The digest of the file of fixtures/media that the sandbox serves under a URL."""
    file = MEDIA / urlsplit(url).path.rpartition("/")[2]
    return "sha256:" + hashlib.sha256(file.read_bytes() if file.is_file() else b"").hexdigest()


async def send_bound(path: object, *arguments: object, cwd: Path, **how: Any) -> Ran:
    """``mmscheck send`` of a file whose id the ledger knows, as after a save of it."""
    given = [str(argument) for argument in arguments]
    mms_id = given[given.index("--mms-id") + 1] if "--mms-id" in given else FIELDS["--mms-id"]
    where = given[given.index("--ledger") + 1] if "--ledger" in given else None
    at = given[given.index("--api-url") + 1] if "--api-url" in given else DEFAULT_API_URL
    # Some tests give a ledger that cannot be used.
    with contextlib.suppress(LedgerError, UsageError, ValueError):
        await bind_files([cwd / str(path)], mms_id, at=at, where=where)
    return await mmscheck("send", path, *given, cwd=cwd, **how)
