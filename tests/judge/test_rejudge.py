"""A judgement that takes over what is known of media says the same as one from the beginning."""

from __future__ import annotations

import msgspec
import pytest

from mmscheck.judge.engine import judge, rejudge
from mmscheck.judge.observe import ObserveOptions, observe
from mmscheck.judge.pipeline import load_rules
from mmscheck.model.check import Binding
from mmscheck.model.request import Changes, CustomText, SendRequest, SendWindow
from mmscheck.model.words import Outcome, TargetKind
from mmscheck.sandbox import Sandbox
from mmscheck.slidexml import parse
from tests.support.campaigns import reaching
from tests.support.command import image, message

DOCUMENT = message(
    "<message-text>Hello {$name}</message-text>" + image("photo-small.jpg"),
    "<message-text>Bye</message-text>",
    image("not-there.png"),
    subject="Sale for {$name|you}",
)
COMMON = SendRequest(mms_id="1", from_="28444", service_id="demo", fallback_sms_text="Sale today")
REQUESTS = (
    SendRequest(mms_id="1", to="15551230001", from_="28444", service_id="demo"),
    SendRequest(mms_id="1", to="1", from_="15551230002", changes=Changes(custom_subject="Ünd")),
    SendRequest(mms_id="2", to="15551230001", changes=Changes(data=(("name", "José"),))),
    SendRequest(changes=Changes(custom_texts=(CustomText(slide=2, value="x" * 6000),))),
)


async def test_a_rejudgement_is_the_judgement() -> None:
    rules, parsed = load_rules(), parse(DOCUMENT.encode(), "sale.xml")
    window = SendWindow(opens=0.0, closes=1.0)
    binding = Binding(mms_id="1", content=parsed.digest, state="ready")
    async with Sandbox() as box:
        seen = await observe([ref.url for ref in parsed.media], ObserveOptions(policy=reaching(box)))
    given = {"binding": binding, "window": window}
    base = judge(rules, parsed, seen, changes=Changes(), request=COMMON, **given)  # type: ignore[arg-type] # two kinds of value
    without = judge(rules, parsed, seen, changes=Changes(), **given)  # type: ignore[arg-type] # the same
    for request in REQUESTS:
        whole = judge(rules, parsed, seen, changes=request.changes, request=request, **given)  # type: ignore[arg-type] # the same
        for start in (base, without):
            again = rejudge(rules, parsed, start, changes=request.changes, request=request, binding=binding)
            assert again == whole
        assert any(item.outcome is Outcome.FAILED for item in whole.evaluations)


def test_only_a_slide_whose_text_is_the_same_keeps_its_judgement() -> None:
    rules, parsed = load_rules(), parse(DOCUMENT.encode(), "sale.xml")
    base = judge(rules, parsed, {}, changes=Changes(), request=COMMON)
    changes = Changes(data=(("name", "José"),))
    again = rejudge(rules, parsed, base, changes=changes, request=COMMON)
    kept = {id(item) for item in base.evaluations}
    slides = [item for item in again.evaluations if item.target.kind is TargetKind.SLIDE]
    assert {item.target.slide: id(item) in kept for item in slides} == {1: False, 2: True, 3: True}
    moved = rejudge(
        rules, msgspec.structs.replace(parsed, source="b.xml"), base, changes=changes, request=COMMON
    )
    assert not kept & {id(item) for item in moved.evaluations if item.target.kind is TargetKind.SLIDE}


def test_a_judgement_of_another_document_is_no_start() -> None:
    rules = load_rules()
    one, other = (parse(message(text).encode(), "a.xml") for text in ("<message-text>a</message-text>", ""))
    base = judge(rules, one, {}, changes=Changes(), request=COMMON)
    with pytest.raises(ValueError, match="another document"):
        rejudge(rules, other, base, changes=Changes(), request=COMMON)
