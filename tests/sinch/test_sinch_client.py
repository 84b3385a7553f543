from __future__ import annotations

import asyncio
import socket
import time

import pytest

from mmscheck.errors import PermitError, UsageError
from mmscheck.model.request import Changes, SaveRequest, SendRequest, SendResult, SendStatus
from mmscheck.model.verdict import Permit, mint_permit
from mmscheck.sinch import SinchClient, request_xml
from tests.support.raw_provider import Act, RawProvider, answer, hang_up_at_once, raw, stall

KEY = "k3y-that-nobody-may-see"
REQUEST = SendRequest(mms_id="35674", to="14044790000", from_="28444", service_id="s", fallback_sms_text="t")
ACCEPTED = (
    "<response><status>Success</status><mms-id>35674</mms-id><tracking-id>T1</tracking-id>"
    "<to>14044790000</to></response>"
)
REFUSED_2015 = (
    "<RESPONSE><STATUS>Failure</STATUS><ERRORCODE>E110</ERRORCODE><ERRORINFO>no</ERRORINFO></RESPONSE>"
)


def a_permit(request: SendRequest | SaveRequest = REQUEST, life: float = 60.0) -> Permit:
    return mint_permit(
        message_digest="sha256:m",
        media_digests=(),
        request_digest=request.digest,
        ruleset_digest="sha256:r",
        expires=time.time() + life,
    )


async def send_to(act: Act, seconds: float = 20.0) -> tuple[SendResult, RawProvider]:
    async with RawProvider(act) as provider:
        client = SinchClient(api_url=provider.url, api_key=KEY, timeout=seconds)
        result = await client.send_saved_mms(a_permit(), REQUEST)
        await asyncio.sleep(0.05)  # a second connection would come now
    assert KEY not in repr(result)
    return result, provider


async def test_a_permitted_send_is_one_post_of_exactly_the_document() -> None:
    result, provider = await send_to(answer(ACCEPTED))
    assert result.status is SendStatus.ACCEPTED
    assert result.tracking_id == "T1"
    assert provider.connections == 1
    head, _, body = bytes(provider.received).partition(b"\r\n\r\n")
    assert body == request_xml(REQUEST, KEY)
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /ep/v1/ HTTP/1.1"
    assert "Content-Type: text/xml; charset=utf-8" in lines
    assert f"Content-Length: {len(body)}" in lines
    assert not [line for line in lines if line.lower().startswith(("transfer-encoding", "cookie", "expect"))]


async def test_upper_case_tags_with_http_400_are_a_refusal() -> None:
    result, provider = await send_to(answer(REFUSED_2015, status="400 Bad Request"))
    assert (result.status, result.error_code, result.http_status) == (SendStatus.REFUSED, "E110", 400)
    assert provider.connections == 1


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (hang_up_at_once, "closed before an answer"),
        (raw(b""), "closed before an answer"),
        (raw(b"SSH-2.0-OpenSSH_9\r\n"), "not HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<response>"), "broke off"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), ""),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), ""),
        (answer("<html>Success</html>"), "could not be read"),
        (answer(b"\xff\xfe\x00garbage"), "could not be read"),
        (answer(ACCEPTED, status="500 Internal Server Error"), "server error"),
        (answer("", status="503 Service Unavailable"), "HTTP 503"),
        (answer(ACCEPTED.replace("</to>", "</to>" + "<x>a</x>" * 20_000)), "longer than"),
    ],
)
async def test_whatever_happens_after_the_connection_stands_is_unknown(act: Act, words: str) -> None:
    result, provider = await send_to(act)
    assert result.status is SendStatus.UNKNOWN
    assert words in result.detail
    assert "do not repeat it" in result.detail
    assert provider.connections == 1
    assert bytes(provider.received).count(b"POST ") <= 1


async def test_silence_after_the_request_is_unknown_once_the_time_is_up() -> None:
    begun = time.monotonic()
    result, provider = await send_to(stall, seconds=0.6)
    assert time.monotonic() - begun < 10
    assert result.status is SendStatus.UNKNOWN
    assert "time limit of 0.6 seconds" in result.detail
    assert provider.connections == 1
    assert bytes(provider.received).endswith(request_xml(REQUEST, KEY))


async def test_a_dripping_answer_does_not_outlive_the_time_limit() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"<")
            await asyncio.sleep(0.05)

    result, provider = await send_to(drip, seconds=0.6)
    assert result.status is SendStatus.UNKNOWN
    assert provider.connections == 1


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
)
async def test_a_redirect_is_not_followed(status: str) -> None:
    async with RawProvider(answer(ACCEPTED)) as other:
        result, provider = await send_to(answer("", status=status, headers=f"Location: {other.url}\r\n"))
    assert result.status is SendStatus.UNKNOWN
    assert "redirect" in result.detail
    assert (provider.connections, other.connections) == (1, 0)


async def test_an_endless_answer_is_read_no_further_than_an_answer_can_be() -> None:
    written = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n<response>")
        while True:
            writer.write(b" " * 65_536)
            written += 65_536
            await writer.drain()

    result, _provider = await send_to(flood, seconds=10)
    assert result.status is SendStatus.UNKNOWN
    assert "longer than" in result.detail
    assert written < 20_000_000


async def test_a_refused_connection_is_not_an_attempt() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = SinchClient(api_url=f"http://127.0.0.1:{unused.getsockname()[1]}/", api_key=KEY)
        result = await client.send_saved_mms(a_permit(), REQUEST)
    assert result.status is SendStatus.NOT_ATTEMPTED
    assert "never reached" in result.detail
    assert "connection refused" in result.detail
    assert "Nothing was sent" in result.detail


async def test_a_name_that_does_not_exist_is_not_an_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(*_question: object, **_how: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # A real look-up would leave this machine.
    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    client = SinchClient(api_url="https://provider.invalid/ep/v1/", api_key=KEY, timeout=10)
    result = await client.send_saved_mms(a_permit(), REQUEST)
    assert result.status is SendStatus.NOT_ATTEMPTED
    assert "provider.invalid" in result.detail


async def test_environment_proxies_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with RawProvider(answer(ACCEPTED)) as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        result, provider = await send_to(answer(ACCEPTED))
    assert result.status is SendStatus.ACCEPTED
    assert (provider.connections, proxy.connections) == (1, 0)


async def test_a_permit_is_good_for_one_send() -> None:
    async with RawProvider(answer(ACCEPTED)) as provider:
        client = SinchClient(api_url=provider.url, api_key=KEY)
        permit = a_permit()
        await client.send_saved_mms(permit, REQUEST)
        with pytest.raises(PermitError, match="has been used"):
            await client.send_saved_mms(permit, REQUEST)
        assert provider.connections == 1


async def test_of_many_senders_with_one_permit_one_sends() -> None:
    async with RawProvider(answer(ACCEPTED)) as provider:
        client = SinchClient(api_url=provider.url, api_key=KEY)
        permit = a_permit()
        sends = [client.send_saved_mms(permit, REQUEST) for _ in range(20)]
        ends = await asyncio.gather(*sends, return_exceptions=True)
        assert sum(isinstance(end, SendResult) for end in ends) == 1
        assert sum(isinstance(end, PermitError) for end in ends) == 19
        assert provider.connections == 1


class _LooksLikeAPermit:
    def redeem(self, request_digest: str, now: float) -> None:
        """Agree to everything."""


async def test_without_the_right_permit_no_socket_is_opened() -> None:
    async with RawProvider(answer(ACCEPTED)) as provider:
        client = SinchClient(api_url=provider.url, api_key=KEY)
        other = SendRequest(mms_id="1", to="2")
        for permit in (a_permit(other), a_permit(life=-1), None, _LooksLikeAPermit()):
            with pytest.raises(PermitError):
                await client.send_saved_mms(permit, REQUEST)  # type: ignore[arg-type] # that is the point
        assert provider.connections == 0
        with pytest.raises(PermitError, match="expired"):
            await client.send_saved_mms(a_permit(), REQUEST, now=time.time() + 61)
        assert provider.connections == 0


async def test_a_request_xml_cannot_carry_opens_no_socket_and_spends_no_permit() -> None:
    async with RawProvider(answer(ACCEPTED)) as provider:
        client = SinchClient(api_url=provider.url, api_key=KEY)
        bad = SendRequest(mms_id="35674", changes=Changes(custom_subject="a\x00b"))
        permit = a_permit(bad)
        for _ in range(2):
            with pytest.raises(UsageError, match=r"custom-subject: .*U\+0000"):
                await client.send_saved_mms(permit, bad)
        assert provider.connections == 0


@pytest.mark.parametrize("key", ["", "  ", "a b", "a\n", "a\x00b", "schlüssel"])
def test_an_unusable_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        SinchClient(api_key=key)
    assert not key.strip() or key not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/ep/v1/",
        "http://10.0.0.1/",
        "http://127.0.0.1.example.com/",
        "http://localhost.example.com/",
        "ftp://127.0.0.1/",
        "api.example.com",
        "https://",
        "https:///ep",
        "https://user:pw@example.com/",
        "https://exa mple.com/",
        "https://example.com:99999/",
        "https://[::1/",
        "https://example.com/#x",
        "",
    ],
)
def test_an_address_the_key_may_not_travel_to_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="provider's address") as caught:
        SinchClient(api_url=url, api_key=KEY)
    assert KEY not in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8801/ep/v1/", "http://127.8.9.1/", "http://localhost:1/", "http://[::1]:80/"]
)
def test_plain_http_is_for_this_machine(url: str) -> None:
    SinchClient(api_url=url, api_key=KEY)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_time_limit_of_nothing_is_refused(seconds: float) -> None:
    with pytest.raises(UsageError, match="time limit"):
        SinchClient(api_key=KEY, timeout=seconds)


def test_the_key_is_not_shown_by_the_client() -> None:
    client = SinchClient(api_key=KEY)
    assert KEY not in repr(client) + str(client)
