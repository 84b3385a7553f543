"""What a notification in JSON is answered, by the installed listener: an empty 200, or the body asked for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mmscheck.cli.main import main
from tests.support.listener import postback, running

_JSON = b'{"origin":"MMS_MO","code":"N302","from":"15551230001","to":"28444","tracking-id":"mo-1"}'
_BODY = '{"status": "ok"}'


async def _answered(port: int, body: bytes) -> tuple[bytes, bytes]:
    """Head in lower case and body of the answer to one notification."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    above, _, below = answer.partition(b"\r\n\r\n")
    return above.lower(), below


async def test_one_in_json_gets_the_documented_200_unless_told_otherwise(tmp_path: Path) -> None:
    async with running(str(tmp_path / "ledger.db")) as listener:
        head, body = await _answered(listener.port, _JSON)
    assert head.startswith(b"http/1.1 200 ")
    assert body == b""


async def test_the_body_asked_for_goes_to_json_alone_and_only_once_kept(tmp_path: Path) -> None:
    async with running(str(tmp_path / "ledger.db"), "--json-answer", _BODY) as listener:
        head, body = await _answered(listener.port, _JSON)
        assert head.startswith(b"http/1.1 200 ")
        assert b"content-type: application/json" in head
        assert body == _BODY.encode()
        assert (await _answered(listener.port, postback("N101", tracking_id="T1")))[1] == b""
        head, body = await _answered(listener.port, b'{"code": "N101", "code": "E102"}')
        assert head.startswith(b"http/1.1 400 ")
        assert body == b""
        await listener.until("unsubscribed")


@pytest.mark.parametrize("text", ["{", "ok", '{"a": NaN}', "\udce9"])
def test_an_answer_that_is_no_json_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["postbacks", "--listen", "127.0.0.1:0", "--no-secret", "--json-answer", text]) == 2
    assert "--json-answer: expected JSON" in capsys.readouterr().err
