"""Calls as third-party clients make them: in a form's field, as a query, in chunks, in the older dialect."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote, quote_plus, urlsplit

import pytest
from lxml import etree

from mmscheck.sandbox import Postbacks, Sandbox, Ways
from tests.sandbox.raw_http import (
    Response,
    call,
    exchange,
    get,
    post,
    response,
    save_xml,
    send_xml,
    slide,
    text,
)
from tests.sandbox.receiver import receiving

LIST = "<REQUEST><ACTION>getMMSTemplates</ACTION><API_KEY>sandbox-key</API_KEY></REQUEST>"
SAVE = "<ACTION>saveMMS</ACTION><SUBJECT>s</SUBJECT><NAME>n</NAME>"
PART = 'Content-Disposition: form-data; name="XML"'


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as box:
        yield box


def port_of(box: Sandbox) -> int:
    port = urlsplit(box.provider_url).port
    assert port is not None
    return port


def fields(answer: Response) -> dict[str, str]:
    return {str(child.tag): child.text or "" for child in etree.fromstring(answer.body)}


@pytest.mark.parametrize(
    "body",
    [
        f"xml={quote_plus(LIST)}",
        f"a=1&XML={quote(LIST)}",
        f"--b\r\n{PART}\r\n\r\n{LIST}\r\n--b--\r\n",
        f"--b\r\nContent-Type: text/xml\r\n{PART}\r\n\r\n{LIST}\r\n--b--",
        LIST,
        f"\n {LIST}",
    ],
)
async def test_a_call_in_any_documented_wrapping_is_taken(box: Sandbox, body: str) -> None:
    assert fields(await post(box, body))["STATUS"] == "Success"


async def test_a_call_whose_fields_are_in_the_query_is_taken(box: Sandbox) -> None:
    found = await get(port_of(box), "/ep/v1/?action=getmmstemplates&api_key=sandbox-key")
    assert fields(found)["STATUS"] == "Success"
    saved = (await call(box, save_xml(slide(text()))))["mms-id"]
    query = (
        f"action=sendSavedMMS&api_key=sandbox-key&to=15551230001&from=28444&mmsid={saved}&fallbacksmstext=x"
    )
    assert fields(await get(port_of(box), f"/ep/v1/?{query}"))["STATUS"] == "Success"
    assert box.sent[0].mms_id == saved


async def test_a_query_that_is_no_call_is_refused(box: Sandbox) -> None:
    wrong = await get(port_of(box), "/ep/v1/?action=getmmstemplates&api_key=other")
    assert fields(wrong)["ERRORCODE"] == "E104"
    for query in ("a%20b=1", "&".join("a=1" for _ in range(99)), "a=%00"):
        assert fields(await get(port_of(box), f"/ep/v1/?{query}"))["error-code"] == "E100"


@pytest.mark.parametrize(
    ("head", "chunks", "status"),
    [
        ("", "%b", 200),
        ("Expect: 100-continue\r\n", "%b", 200),
        ("", "5;a=b\r\nabcde\r\n%b", 200),
        ("", "zz\r\n", 400),
        ("", "-1\r\n", 400),
        ("", "100001\r\n" + "x" * 0x100001, 413),
        ("", "5\r\nabcdef\r\n", 400),
        ("Content-Length: 5\r\n", "%b", 400),
    ],
)
async def test_a_call_may_come_in_chunks(box: Sandbox, head: str, chunks: str, status: int) -> None:
    document = f"{len(LIST):x}\r\n{LIST}\r\n0\r\nTrailer: x\r\n\r\n"
    found = await exchange(
        port_of(box),
        (
            f"POST /ep/v1/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}"
            f"Transfer-Encoding: chunked\r\n\r\n{chunks.replace('%b', document)}"
        ).encode(),
    )
    answer = response(found.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n"))
    assert answer.status == status


async def legacy(box: Sandbox, inner: str) -> dict[str, str]:
    return fields(await post(box, f"<REQUEST><API_KEY>sandbox-key</API_KEY>{inner}</REQUEST>"))


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ("<ACTION>sendSavedMMS</ACTION><FROM>28444</FROM><MMSID>{}</MMSID>", "E621"),
        ("<ACTION>sendSavedMMS</ACTION><TO>1</TO><FROM>28444</FROM><MMSID>{}</MMSID>", "E110"),
        ("<ACTION>sendSavedMMS</ACTION><TO>15551230001</TO><FROM>28444</FROM><MMSID>{}</MMSID>", "E622"),
        (f'{SAVE}<SLIDE DURATION="ten"><TEXT>t</TEXT></SLIDE>', "E230"),
        (f"{SAVE}<SLIDE><OBJECT><VCARD>http://nowhere.example/a.vcf</VCARD></OBJECT></SLIDE>", "E355"),
    ],
)
async def test_the_older_dialect_has_its_own_codes(box: Sandbox, inner: str, code: str) -> None:
    saved = (await call(box, save_xml(slide(text()))))["mms-id"]
    assert (await legacy(box, inner.format(saved)))["ERRORCODE"] == code


async def test_a_failed_send_repeats_its_recipient(box: Sandbox) -> None:
    answer = await call(box, send_xml("1", to="15551230001"))
    assert list(answer) == ["status", "error-code", "to", "error-info"]
    assert answer["to"] == "15551230001"
    assert "to" not in await call(box, "<request><action>saveMMS</action><to>1</to></request>")


async def test_an_answer_in_upper_case_is_not_labelled_as_xml(box: Sandbox) -> None:
    assert (await post(box, LIST)).values("content-type") == ["text/html; charset=utf-8"]
    modern = "<request><action>getMMSTemplates</action><api-key>sandbox-key</api-key></request>"
    assert (await post(box, modern)).values("content-type") == ["text/xml; charset=utf-8"]


async def test_who_calls_in_upper_case_is_notified_so() -> None:
    async with receiving() as receiver:
        ways = Ways(postbacks=Postbacks(url=receiver.url))
        async with Sandbox(ways=ways) as box:
            saved = (await call(box, save_xml(slide(text()))))["mms-id"]
            to = f"<TO>15551230001</TO><FROM>28444</FROM><MMSID>{saved}</MMSID>"
            sent = f"<ACTION>sendSavedMMS</ACTION>{to}<FALLBACKSMSTEXT>x</FALLBACKSMSTEXT>"
            assert (await legacy(box, sent))["STATUS"] == "Success"
            await box.settled()
    assert [one.root for one in receiver.posts] == ["POSTBACK"] * 3
    assert "SPID" in receiver.posts[1].fields
