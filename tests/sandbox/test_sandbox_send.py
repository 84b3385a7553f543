from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from lxml import etree

from mmscheck.sandbox import Sandbox
from tests.sandbox.raw_http import KEY, call, post, save_xml, send_xml, slide, text


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox() as sandbox:
        yield sandbox


async def saved(box: Sandbox, subject: str = "Sale", name: str = "n") -> str:
    answer = await call(box, save_xml(slide(text()), slide(text()), subject=subject, name=name))
    return answer["mms-id"]


async def test_a_send_is_answered_as_documented_and_remembered(box: Sandbox) -> None:
    mms_id = await saved(box)
    answer = await call(box, send_xml(mms_id))
    assert set(answer) == {"status", "mms-id", "tracking-id", "to", "from", "status-details"}
    assert answer["status"] == "Success"
    assert (answer["mms-id"], answer["to"], answer["from"]) == (mms_id, "14044790000", "28444")
    (sent,) = box.sent
    assert (sent.tracking_id, sent.mms_id, sent.subject) == (answer["tracking-id"], mms_id, "Sale")
    assert sent.dropped is None
    event = box.events[-1]
    assert (event.action, event.outcome, event.tracking_id) == ("sendSavedMMS", "Success", sent.tracking_id)
    again = await call(box, send_xml(mms_id))
    assert again["tracking-id"] != sent.tracking_id


@pytest.mark.parametrize(
    ("changes", "extra", "wanted"),
    [
        ({"api_key": "wrong"}, "", "E104"),
        ({"api_key": None}, "", "E104"),
        ({"action": "send_saved_mms"}, "", "E107"),
        ({"to": None}, "", "E110"),
        ({"to": "+14044790000"}, "", "E110"),
        ({"to": "0014044790000"}, "", "E110"),
        ({"to": "404-479-0000"}, "", "E110"),
        ({"from_": None}, "", "E111"),
        ({"from_": "Shop"}, "", "E111"),
        ({"mms_id": None}, "", "E620"),
        ({"mms_id": "1"}, "", "E241"),
        ({"service_id": None}, "", "E627"),
        ({"service_id": " "}, "", "E627"),
        ({"fallback_sms_text": None}, "", "E622"),
        ({"operator_id": "AT&amp;T"}, "", "E650"),
        ({"operator_id": ""}, "", "E650"),
        ({"operator_id": "999999"}, "", "E651"),
        ({"operator_id": "4"}, "", "E651"),
        ({"custom_subject": ""}, "", "E314"),
        ({"custom_subject": "x" * 81}, "", "E314"),
        ({}, "<custom-text><value>a</value></custom-text>", "E100"),
        ({}, "<custom-text><slide>1</slide></custom-text>", "E100"),
        ({}, "<custom-text><value>a</value><slide>0</slide></custom-text>", "E100"),
        ({}, "<custom-text><value>a</value><slide>3</slide></custom-text>", "E100"),
        ({}, f"<custom-text><value>{'x' * 5001}</value><slide>1</slide></custom-text>", "E228"),
    ],
)
async def test_a_send_the_documentation_refuses_is_refused(
    box: Sandbox, changes: dict[str, str | None], extra: str, wanted: str
) -> None:
    mms_id = await saved(box)
    answer = await call(box, send_xml(mms_id, extra, **changes))
    assert (answer["status"], answer["error-code"]) == ("Failure", wanted)
    assert box.sent == []
    assert box.events[-1].error_code == wanted


async def test_every_documented_optional_field_is_taken(box: Sandbox) -> None:
    extra = (
        "<custom-text><value>One</value><slide>1</slide></custom-text>"
        "<custom-text><value>Two</value><slide>2</slide></custom-text>"
        "<custom-subject>Other</custom-subject><data><firstname>Bill</firstname></data>"
        "<ddm-force>true</ddm-force><ddm-message-text>t</ddm-message-text>"
        "<ddm-message-subject>s</ddm-message-subject><ddm-message-timeout>10</ddm-message-timeout>"
        "<operator-id>31002</operator-id>"
    )
    assert (await call(box, send_xml(await saved(box), extra)))["status"] == "Success"
    assert box.sent[0].subject == "Other"


@pytest.mark.parametrize(
    ("subject", "extra", "final"),
    [
        ("Caf\u00e9", "", "Caf\u00e9"),
        ("Sale", "<custom-subject>Sale \u2013 now</custom-subject>", "Sale \u2013 now"),
        ("Hi {$Name|you}", "<data><NAME>Jos\u00e9</NAME></data>", "Hi Jos\u00e9"),
        ("Hi {$name|ma\u00f1ana}", "", "Hi ma\u00f1ana"),
    ],
)
async def test_a_subject_that_ends_up_non_ascii_is_accepted_and_dropped_later(
    box: Sandbox, subject: str, extra: str, final: str
) -> None:
    answer = await call(box, send_xml(await saved(box, subject), extra))
    assert answer["status"] == "Success"
    (sent,) = box.sent
    assert sent.subject == final
    assert sent.dropped is not None
    assert sent.dropped.startswith("the carrier would drop this: the subject holds U+")
    assert box.events[-1].notes == (sent.dropped,)


async def test_merging_alone_drops_nothing(box: Sandbox) -> None:
    await call(box, send_xml(await saved(box, "Hi {$name|you}"), "<data><name>Bill</name></data>"))
    assert (box.sent[0].subject, box.sent[0].dropped) == ("Hi Bill", None)


async def test_the_legacy_send_is_answered_in_upper_case_and_asks_for_less(box: Sandbox) -> None:
    mms_id = await saved(box)
    body = (
        f"<REQUEST><ACTION>sendsavedMMS</ACTION><API_KEY>{KEY}</API_KEY><MMSID>{mms_id}</MMSID>"
        "<TO>14044790000</TO><FROM>60856</FROM><FALLBACKSMSTEXT>x</FALLBACKSMSTEXT></REQUEST>"
    )
    answer = await call(box, body)
    assert answer["STATUS"] == "Success"
    assert answer["TRACKINGID"] == box.sent[0].tracking_id
    assert answer["MMSID"] == mms_id


async def test_a_deleted_message_cannot_be_sent(box: Sandbox) -> None:
    mms_id = await saved(box)
    body = f"<request><action>deleteMMSID</action><api-key>{KEY}</api-key>%s</request>"
    assert (await call(box, body % f"<mms-id>{mms_id}</mms-id>")) == {"status": "Success", "mms-id": mms_id}
    assert (await call(box, body % f"<mms-id>{mms_id}</mms-id>"))["error-code"] == "E241"
    assert (await call(box, body % ""))["error-code"] == "E620"
    assert (await call(box, send_xml(mms_id)))["error-code"] == "E241"


def templates_xml(fields: str = "") -> str:
    return f"<request><action>getMMSTemplates</action><api-key>{KEY}</api-key>{fields}</request>"


async def test_templates_are_listed_newest_first_and_by_page(box: Sandbox) -> None:
    ids = [await saved(box, name=f"n{number}") for number in range(5)]
    everything = etree.fromstring((await post(box, templates_xml())).body)
    assert [everything.findtext(name) for name in ("status", "page-number", "items-per-page")] == [
        "Success",
        "1",
        "100",
    ]
    assert everything.findtext("total-results") == "5"
    assert [row.findtext("mms-id") for row in everything.iterfind("mms-template")] == ids[::-1]
    row = everything.find("mms-template")
    assert row is not None
    assert [part.tag for part in row] == [
        "mms-id",
        "mms-name",
        "mms-subject",
        "date-created",
        "total-slides",
        "mms-size",
    ]
    assert (row.findtext("mms-name"), row.findtext("total-slides")) == ("n4", "2")
    asked = templates_xml("<page-number>2</page-number><items-per-page>2</items-per-page>")
    page = etree.fromstring((await post(box, asked)).body)
    assert [row.findtext("mms-id") for row in page.iterfind("mms-template")] == [ids[2], ids[1]]


async def test_templates_are_listed_from_a_date_on(box: Sandbox) -> None:
    await saved(box)
    for date, total in (("2014-03-31T11:30:00+00:00", "1"), ("2999-01-01T00:00:00", "0")):
        answer = await call(box, templates_xml(f"<start-date>{date}</start-date>"))
        assert (answer["status"], answer["start-date"], answer["total-results"]) == ("Success", date, total)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ("<page-number>0</page-number>", "E212"),
        ("<page-number>x</page-number>", "E212"),
        ("<page-number>-1</page-number>", "E212"),
        ("<items-per-page>0</items-per-page>", "E213"),
        ("<items-per-page>1001</items-per-page>", "E213"),
        ("<items-per-page>1000000000000000001</items-per-page>", "E213"),
        ("<start-date>yesterday</start-date>", "E214"),
        ("<start-date/>", "E214"),
    ],
)
async def test_a_listing_that_cannot_be_made_is_refused(box: Sandbox, fields: str, wanted: str) -> None:
    assert (await call(box, templates_xml(fields)))["error-code"] == wanted
