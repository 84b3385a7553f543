"""The demo's listener: a process of its own, and why it did not start when it did not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mmscheck.cli.demo import ListenerOutput, listening
from mmscheck.errors import SandboxError
from mmscheck.sinch import DEFAULT_API_URL
from tests.support.listener import SECRET, post, postback


async def test_a_listener_that_does_not_start_is_told_with_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_bytes(b"no ledger at all " * 500)
    with pytest.raises(SandboxError) as told:
        async with listening(tmp_path, DEFAULT_API_URL):
            pass
    text = str(told.value)
    assert text.startswith("mmscheck postbacks did not start: the ledger ")
    assert "not a database" in text


async def test_a_postback_secret_of_the_user_is_not_the_demos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMSCHECK_POSTBACK_SECRET", SECRET)
    async with listening(tmp_path, DEFAULT_API_URL) as told:
        port = int(told.url.rpartition(":")[2].strip("/"))
        assert await post(port, postback("N003", mms_id="7")) == 200
        assert "N003" in await told.line("N003")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (b"", "it said nothing"),
        (b"Traceback\n  line\nOSError: \x1b[2Jno room\n\n", "OSError: \\x1b[2Jno room"),
        (b"mmscheck: broken\nNo postback was taken.\n", "broken"),
    ],
)
async def test_the_last_complaint_is_shown_clean(said: bytes, wanted: str) -> None:
    output = asyncio.StreamReader()
    output.feed_data(said)
    output.feed_eof()
    told = ListenerOutput(output)
    assert await told.line("listening on") == ""
    assert told.complaint == wanted
