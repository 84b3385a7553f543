"""Reports for the tests of HTML: real media with their likenesses, judged by the real rules."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from msgspec.structs import replace

from mmscheck.judge import gate
from mmscheck.judge.engine import judge
from mmscheck.judge.pipeline import load_rules, window
from mmscheck.judge.reports import make_report, start_clock
from mmscheck.media.decoding import decode
from mmscheck.media.previews import preview
from mmscheck.model.facts import Preview
from mmscheck.model.mms import MediaRef, Mms
from mmscheck.model.observation import Fetched, Hop, NotFetched, Observation, Reason, Sniffed
from mmscheck.model.report import MessageReport, SlideReport
from mmscheck.model.request import Changes
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import MediaKind
from mmscheck.report import View
from mmscheck.slidexml import parse
from tests.support import reports

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
HOST = "http://media.example.com/"
TYPES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".mp4": "video/mp4",
    ".mp3": "audio/mpeg",
    ".vcf": "text/vcard",
    ".ics": "text/calendar",
    ".pdf": "application/pdf",
    ".pkpass": "application/vnd.apple.pkpass",
}

ATTACK = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>=cmd|calc{{7*7}}\u202e<!--"
"""Would run, break out of an attribute, load something, turn text around, or be a formula."""

EVERY_KIND = """
<slide><image><url>{host}photo-large.jpg?token=hunter2hunter2</url></image>
  <message-text>Hello {{$firstname|friend}},\nlook at this.</message-text><duration>8</duration></slide>
<slide><video><url>{host}clip-small.mp4</url></video>
  <message-text>A film \u201cnew\u201d</message-text></slide>
<slide><audio><url>{host}jingle-small.mp3</url></audio><image><url>{host}dance-small.gif</url></image></slide>
<slide><vcard><url>{host}contact-small.vcf</url></vcard></slide>
<slide><ical><url>{host}event-small.ics</url></ical></slide>
<slide><pdf><url>{host}flyer-small.pdf</url></pdf></slide>
<slide><passbook><url>{host}pass-small.pkpass</url></passbook></slide>
<slide><image><url>{host}chunked/logo-small.png</url></image><message-text>Tall</message-text></slide>
"""
BROKEN = """
<slide><image><url>{host}chunked/photo-small.jpg</url></image></slide>
<slide><image><url>{host}no-length/logo-small.png</url></image>
  <message-text>Open daily.</message-text></slide>
<slide><audio><url>{host}gone/jingle-small.mp3</url></audio></slide>
<slide><vcard><url>{host}untyped/contact-small.vcf</url></vcard></slide>
"""
GOOD = """
<slide><image><url>{host}photo-small.jpg</url></image><message-text>Hello</message-text></slide>
"""


def document(name: str, subject: str, slides: str) -> Mms:
    """A stored message."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<request><action>saveMMS</action>\n'
        f"<message-subject>{subject}</message-subject><name>{name}</name>\n"
        f"{slides.format(host=HOST)}</request>"
    )
    return parse(text.encode("utf-8"), f"mms/{name}.xml")


@cache
def answer(url: str) -> Observation:
    """What a media host gives for a URL; the folder in its path says how it spoils the answer."""
    path = url.removeprefix(HOST).partition("?")[0]
    fault, _, name = path.rpartition("/")
    if fault == "gone":
        return NotFetched(
            url=url, reason=Reason.TIMED_OUT, detail="no answer within 10 s", hops=(Hop(url=url),)
        )
    data, type_ = (MEDIA / name).read_bytes(), TYPES[Path(name).suffix]
    length = {"chunked": [("Transfer-Encoding", "chunked")], "no-length": []}
    headers = (
        ("Server", "nginx/1.22.1"),
        ("Content-Type", "application/octet-stream" if fault == "untyped" else type_),
        *length.get(fault, [("Content-Length", str(len(data)))]),
    )
    decoded = decode(type_, data)
    seen = reports.fetched(url, size=len(data), decoded=decoded)
    hop = replace(seen.hops[0], headers=headers, address="93.184.216.34", resolved=("93.184.216.34",))
    sniffed = Sniffed(type=type_, witness="libmagic")
    return replace(seen, hops=(hop,), sniffed=sniffed, preview=preview(type_, data, decoded))


@cache
def rules() -> RuleSet:
    """The rules of a send."""
    return load_rules("send")


def judged_message(message: Mms) -> MessageReport:
    """The message as the real rules see it."""
    seen = {ref.url: answer(ref.url) for ref in message.media}
    return judge(rules(), message, seen, changes=Changes(), window=window())


def view(*messages: MessageReport) -> View:
    """A run over these messages, with the gate's own verdict."""
    made = make_report(rules(), messages, start_clock(), strict=False, unread=())
    return View(report=made, verdict=gate.verdict(made))


@cache
def everything() -> View:
    """One message with every kind of medium, and a subject with characters that no carrier takes."""
    return view(
        judged_message(document("everything", "Caf\u00e9 \u2019n\u2019 \u202etac \U0001f431", EVERY_KIND))
    )


@cache
def three() -> View:
    """A good message, a broken one, and the one with everything."""
    return view(
        judged_message(document("good", "Summer sale", GOOD)),
        judged_message(document("broken", "Summer sale \U0001f31e", BROKEN)),
        everything().report.messages[0],
    )


def many(number: int, distinct: int = 50) -> View:
    """A run of so many messages with so many distinct media; every third is broken.

    Likenesses differ by a few bytes behind the end of the picture, which no decoder minds.
    """
    good = judged_message(document("good", "Summer sale", GOOD))
    broken = judged_message(document("broken", "Summer sale \U0001f31e", BROKEN))
    made = [_numbered(broken if at % 3 == 2 else good, at, distinct) for at in range(number)]
    return view(*made)


def _numbered(message: MessageReport, at: int, distinct: int) -> MessageReport:
    observations: dict[str, Observation] = {}
    for place, (url, seen) in enumerate(message.observations.items()):
        observations[url] = _other(seen, (at * 3 + place) % distinct)
    return replace(
        message,
        source=f"mms/{message.name}-{at:05d}.xml",
        name=f"{message.name} {at:05d}",
        observations=observations,
    )


def _other(seen: Observation, number: int) -> Observation:
    if not isinstance(seen, Fetched) or seen.preview is None or not seen.preview.image:
        return seen
    image = seen.preview.image + number.to_bytes(3, "big")
    return replace(seen, preview=replace(seen.preview, image=image))


def attacked() -> View:
    """A report whose every string is an attack."""
    base = reports.broken_message()
    items = tuple(
        replace(
            item,
            message=ATTACK,
            why=ATTACK,
            fix=f"{ATTACK}\nFor {ATTACK}: x\n    {ATTACK}",
            provider_codes=(ATTACK,),
            rule=item.rule if item.outcome == "passed" else f"r{ATTACK}",
        )
        for item in base.evaluations
    )
    hop = Hop(url=f"http://x/{ATTACK}", status=200, headers=((ATTACK, ATTACK), ("X-Long", "x" * 10_000_000)))
    preview = Preview(
        image=b"x", image_type='image/png"><script>', width=4, height=4, lines=((ATTACK, ATTACK),)
    )
    ref = MediaRef(url=f"http://x/{ATTACK}", kind=MediaKind.VCARD, slide=1, index=1, line=3)
    message = replace(
        base,
        source=ATTACK,
        name=ATTACK,
        subject=ATTACK,
        evaluations=items,
        media=(ref, *base.media[1:]),
        observations={**base.observations, ref.url: reports.fetched(ref.url, hops=(hop,), preview=preview)},
        slides=(SlideReport(number=1, line=3, text=ATTACK * 300, media=(1, 2, 3), duration=ATTACK),),
        excerpts={3: ATTACK},
    )
    run = reports.report(message, unread=(ATTACK,), allowances=(ATTACK,), profile=ATTACK)
    return View(report=run, verdict=reports.judged(run, 1, reports.deny(ATTACK, ATTACK), reasons=(ATTACK,)))
