"""Messages, slides and sends made by hand for tests of single checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from mmscheck.checks import CHECKS
from mmscheck.model.check import Binding, MessageTarget, RequestTarget, Result, SlideTarget, Target
from mmscheck.model.effective import effective
from mmscheck.model.mms import MediaRef, Mms, Slide, Text
from mmscheck.model.observation import Fetched, Hop, Observation, Sniffed, Timing
from mmscheck.model.request import Changes, SendRequest
from mmscheck.model.rule import Rule
from mmscheck.model.words import MediaKind, Outcome, SenderType
from mmscheck.ruleset import load_ruleset

URL = "http://media.example.com/photo.jpg"
DIGEST = "sha256:" + "a" * 64
NO_CHANGES = Changes()


def text(value: str, line: int = 3) -> Text:
    """A text that stands on a line."""
    return Text(value=value, line=line)


def slide(
    number: int = 1,
    *texts: str,
    media: Sequence[MediaKind] = (),
    duration: str | None = None,
    url: str = URL,
) -> Slide:
    """A slide whose media all have the same URL."""
    return Slide(
        number=number,
        line=4,
        texts=tuple(text(value) for value in texts),
        media=tuple(
            MediaRef(url=url, kind=kind, slide=number, index=index, line=5)
            for index, kind in enumerate(media, start=1)
        ),
        duration=None if duration is None else text(duration, 6),
    )


def message(*slides: Slide, subject: str | None = "Summer sale", name: str | None = "sale") -> Mms:
    """A message; without slides it gets one with a text."""
    return Mms(
        source="sale.xml",
        digest=DIGEST,
        name=None if name is None else text(name, 2),
        subject=None if subject is None else text(subject),
        slides=slides or (slide(1, "Hello"),),
    )


def fetched(size: int, url: str = URL) -> Fetched:
    """A file of so many bytes."""
    return Fetched(
        url=url,
        hops=(Hop(url=url, status=200),),
        size=size,
        sha256="0" * 64,
        timing_ms=Timing(total=1),
        sniffed=Sniffed(type="image/jpeg"),
    )


def message_target(
    stored: Mms, changes: Changes = NO_CHANGES, observations: Mapping[str, Observation] | None = None
) -> MessageTarget:
    """The message as it would be sent."""
    return MessageTarget(
        message=stored,
        effective=effective(stored, changes),
        changes=changes,
        observations=observations or {},
    )


@cache
def send_rules(sender: SenderType | None = None) -> Mapping[str, Rule]:
    """The rules of the send profile by id."""
    return {rule.id: rule for rule in load_ruleset(checks=CHECKS, profile="send", sender=sender).rules}


def judge(rule: str, target: Target, sender: SenderType | None = None) -> Result:
    """What the rule's check answers with the rule's own parameters; the answer must be whole.

    Whole: it can be written as JSON, and when it failed every placeholder of the rule's text is there.
    """
    chosen = send_rules(sender)[rule]
    result = chosen.check.run(target, chosen.params)
    assert isinstance(result, Result)
    assert msgspec.json.encode({"wording": result.wording, "evidence": result.evidence})
    assert result.reason.encode() or result.outcome in {Outcome.PASSED, Outcome.FAILED}
    if result.outcome is Outcome.FAILED:
        assert result.wording.keys() == chosen.check.reports
    return result


def on_message(
    rule: str,
    stored: Mms,
    changes: Changes = NO_CHANGES,
    observations: Mapping[str, Observation] | None = None,
    sender: SenderType | None = None,
) -> Result:
    """A rule on a whole message."""
    return judge(rule, message_target(stored, changes, observations), sender)


def on_subject(rule: str, subject: str | None, **data: str) -> Result:
    """A rule on a message with this subject and merge data."""
    return on_message(rule, message(subject=subject), Changes(data=tuple(data.items())))


def on_slide(rule: str, page: Slide, as_sent: str | None = None) -> Result:
    """A rule on one slide; its text as sent is its own unless given."""
    own = "\n".join(part.value for part in page.texts)
    return judge(
        rule, SlideTarget(message=message(page), slide=page, text=own if as_sent is None else as_sent)
    )


def on_request(rule: str, request: SendRequest, binding: Binding | None = None) -> Result:
    """A rule on one send of a message."""
    return judge(rule, RequestTarget(request=request, message=message(), binding=binding))
