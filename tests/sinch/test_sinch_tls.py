from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path

import pytest
import trustme

from mmscheck.errors import UsageError
from mmscheck.model.request import SendRequest, SendStatus
from mmscheck.model.verdict import Permit, mint_permit
from mmscheck.sinch import SinchClient
from tests.support.raw_provider import Act, RawProvider, answer, stall

REQUEST = SendRequest(mms_id="35674", to="14044790000")
ACCEPTED = "<response><status>Success</status><tracking-id>T1</tracking-id></response>"


def a_permit() -> Permit:
    return mint_permit(
        message_digest="sha256:m",
        media_digests=(),
        request_digest=REQUEST.digest,
        ruleset_digest="sha256:r",
        expires=time.time() + 60,
    )


def tls_provider(authority: trustme.CA, name: str, act: Act) -> RawProvider:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return RawProvider(act, context)


async def test_a_certificate_of_the_given_authority_is_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with tls_provider(authority, "127.0.0.1", answer(ACCEPTED)) as provider:
        client = SinchClient(api_url=provider.url, api_key="key", ca_file=tmp_path / "ca.pem")
        result = await client.send_saved_mms(a_permit(), REQUEST)
    assert result.status is SendStatus.ACCEPTED
    assert provider.connections == 1


async def test_a_certificate_that_does_not_verify_is_never_sent_to(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with tls_provider(authority, "127.0.0.1", answer(ACCEPTED)) as provider:
        client = SinchClient(api_url=provider.url, api_key="key")
        untrusted = await client.send_saved_mms(a_permit(), REQUEST)
    async with tls_provider(authority, "other.example.com", answer(ACCEPTED)) as elsewhere:
        client = SinchClient(api_url=elsewhere.url, api_key="key", ca_file=str(tmp_path / "ca.pem"))
        misnamed = await client.send_saved_mms(a_permit(), REQUEST)
    for result in (untrusted, misnamed):
        assert result.status is SendStatus.NOT_ATTEMPTED
        assert "certificate of 127.0.0.1 is not valid" in result.detail
    assert bytes(provider.received + elsewhere.received) == b""


async def test_a_server_that_does_not_finish_the_handshake_was_never_sent_to() -> None:
    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with RawProvider(listen) as provider:
        client = SinchClient(api_url=f"https://127.0.0.1:{provider.port}/", api_key="the-key", timeout=1.0)
        result = await client.send_saved_mms(a_permit(), REQUEST)
    assert result.status is SendStatus.NOT_ATTEMPTED
    assert "no connection within 1 seconds" in result.detail
    assert provider.connections == 1


async def test_a_server_that_speaks_no_tls_was_never_sent_to() -> None:
    async def not_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()

    async with RawProvider(not_tls) as provider:
        client = SinchClient(api_url=f"https://127.0.0.1:{provider.port}/", api_key="the-key")
        result = await client.send_saved_mms(a_permit(), REQUEST)
    assert result.status is SendStatus.NOT_ATTEMPTED
    assert "TLS handshake" in result.detail
    assert b"the-key" not in provider.received


async def test_silence_behind_tls_is_unknown(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with tls_provider(authority, "127.0.0.1", stall) as provider:
        client = SinchClient(
            api_url=provider.url, api_key="key", ca_file=str(tmp_path / "ca.pem"), timeout=1.5
        )
        result = await client.send_saved_mms(a_permit(), REQUEST)
    assert result.status is SendStatus.UNKNOWN


def test_an_unusable_ca_file_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing here")
    with pytest.raises(UsageError, match=r"empty\.pem: holds no certificate"):
        SinchClient(api_key="key", ca_file=tmp_path / "empty.pem")
    with pytest.raises(UsageError, match=r"missing\.pem: cannot be read"):
        SinchClient(api_key="key", ca_file=tmp_path / "missing.pem")
