"""Messages: their bytes shared among their media, their texts mended, and all of it judged together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, unquote

import msgspec

from mmscheck.checks.sizes import ELASTIC
from mmscheck.fix import documents
from mmscheck.fix.aims import Bound
from mmscheck.fix.fit import Part, caps, excess
from mmscheck.fix.media import Shop, Source, Worked
from mmscheck.fix.plan import NO_WORKER
from mmscheck.fix.proof import Judge, Judged
from mmscheck.fix.values import Action, Entry, Found
from mmscheck.model.mms import Mms
from mmscheck.model.observation import NotFetched, Observation, Reason
from mmscheck.model.words import Outcome, Owner
from mmscheck.slidexml import parse

ROUNDS = 4
"""How often shares are worked out anew: a product is often smaller than its share, which leaves more."""

Done = dict[Path, Worked]
"""What came of each file, by its real path."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A stored message to be mended: its bytes, and where they come from and go to."""

    source: Source
    data: bytes
    message: Mms

    @property
    def meant(self) -> Mms:
        """The message; of one that no parser reads what it is when its text is mended, with its media."""
        if self.message.problem is None:
            return self.message
        return parse(documents.mended(self.data, self.source.name, {})[0], self.source.name)


class Messages:
    """Mends messages whose media have been worked on."""

    def __init__(
        self,
        judge: Judge,
        shop: Shop,
        limits: Sequence[Bound],
        named: Mapping[str, Source | None],
    ) -> None:
        """``named`` has the file of each URL that has one; ``limits`` are those of a whole message."""
        self._judge = judge
        self._shop = shop
        self._limits = limits
        self._named = {url: source for url, source in named.items() if source is not None}

    async def fit(self, documents_: Sequence[Document], done: Done) -> Done:
        """Work anew on what makes a message too large, until each fits or nothing more can be done."""
        stuck: set[Path] = set()
        for _round in range(ROUNDS):
            wanted: dict[Path, int] = {}
            for document in documents_:
                for name, most in self._caps(document.meant, done, stuck).items():
                    place = Path(name)
                    wanted[place] = min(most, wanted.get(place, most))
            if not wanted:
                break
            for place, most in wanted.items():
                worked = await self._shop.work(done[place].source, most)
                smaller = worked.now is not None and worked.now.passed and _size(worked) < _size(done[place])
                if smaller:
                    done[place] = worked
                else:
                    stuck.add(place)
        return done

    def _caps(self, message: Mms, done: Done, stuck: set[Path]) -> Mapping[str, int]:
        return caps(self._parts(message, done, stuck), _texts(message), self._limits)

    def _parts(self, message: Mms, done: Done, stuck: set[Path]) -> list[Part]:
        counts = Counter(self._named[ref.url].place for ref in message.media if ref.url in self._named)
        kinds = {self._named[ref.url].place: ref.kind for ref in message.media if ref.url in self._named}
        return [
            Part(
                name=str(place),
                size=_size(done[place]),
                count=count,
                elastic=kinds[place] in ELASTIC and place not in stuck,
                reduced=kinds[place] in ELASTIC,
            )
            for place, count in counts.items()
            if _size(done[place])
        ]

    def mend(self, document: Document, done: Done) -> Worked:
        """The message with its texts mended and the URLs of renamed files; judged as it would then be."""
        source = document.source
        before = self._judge.message(document.message, self._seen(document.message, done, {}), document.data)
        urls = {url: new for url, place in self._named.items() if (new := _renamed(url, done[place.place]))}
        data, notes = documents.mended(document.data, source.name, urls, self._shop.aims.slides)
        message = parse(data, source.name)
        after = self._judge.message(message, self._seen(message, done, urls, after=True), data)
        if any(worked.before is not None and worked.before.unstarted for worked in done.values()):
            entry = Entry(
                source=source.name,
                target=None,
                action=Action.LEFT,
                before=before.side,
                why=NO_WORKER,
                owner=Owner.SENDER,
            )
            now = _decided(before, self._judge.blocking(before), unseen=True)
            return Worked(source=source, entry=entry, before=before, now=now)
        left = self._judge.blocking(after)
        if left:
            entry = self._left(document, before, after, done)
            return Worked(source=source, entry=entry, before=before, now=_decided(after, left))
        action = Action.MENDED if data != document.data else Action.COPIED
        entry = Entry(
            source=source.name,
            target=str(source.target),
            action=action,
            before=before.side,
            after=after.side,
            done=tuple(notes),
        )
        return Worked(source=source, entry=entry, data=data, before=before, now=_decided(after, left))

    def _left(self, document: Document, before: Judged, after: Judged, done: Done) -> Entry:
        first = self._judge.blocking(after)[0]
        over = excess(self._parts(document.meant, done, set()), _texts(document.meant), self._limits)
        why = f"{first.message} {first.fix}"
        if over and first.rule.startswith("message-"):
            why = (
                f"it is {over:,} bytes too large for the tightest limit, whatever is done to its media. {why}"
            )
        return Entry(
            source=document.source.name,
            target=None,
            action=Action.LEFT,
            before=before.side,
            after=after.side,
            why=why,
            owner=first.owner,
        )

    def _seen(
        self, message: Mms, done: Done, urls: Mapping[str, str], *, after: bool = False
    ) -> dict[str, Observation]:
        """What is known of each URL, of the inputs or of what they became."""
        old = {new: url for url, new in urls.items()}
        return {
            ref.url: self._one(ref.url, old.get(ref.url, ref.url), done, after=after) for ref in message.media
        }

    def _one(self, url: str, named: str, done: Done, *, after: bool) -> Observation:
        source = self._named.get(named)
        if source is None:
            return NotFetched(url=url, reason=Reason.OFFLINE)
        worked = done[source.place]
        judged = worked.now if after else worked.before
        if judged is None or judged.seen is None:
            return NotFetched(url=url, reason=Reason.NO_LOCAL_FILE, detail=worked.unread)
        return msgspec.structs.replace(judged.seen, url=url)


def _decided(judged: Judged, left: Sequence[Found], *, unseen: bool = False) -> Judged:
    """By message and slides alone, as each medium is an entry; ``unseen`` where nobody saw the media."""
    undecided = bool(left or unseen) and all(each.outcome == Outcome.CANT_TELL for each in left)
    passed = not (left or unseen)
    verdict = msgspec.structs.replace(judged.verdict, passed_offline=passed, undecided=undecided)
    return msgspec.structs.replace(judged, verdict=verdict)


def _size(worked: Worked) -> int:
    return 0 if worked.now is None else worked.now.side.size


def _texts(message: Mms) -> list[int]:
    texts = ["".join(text.value for text in slide.texts) for slide in message.slides]
    return [len(text.encode("utf-8", "surrogatepass")) for text in texts if text]


def _renamed(url: str, worked: Worked) -> str | None:
    """The URL of a file that got another name; None where it kept its own."""
    entry = worked.entry
    if entry is None or entry.target is None:
        return None
    new, old = Path(entry.target).name, worked.source.file.name
    if new == old:
        return None
    head, mark, rest = _split(url)
    folder, _, last = head.rpartition("/")
    return f"{folder}/{quote(new)}{mark}{rest}" if unquote(last) == old else None


def _split(url: str) -> tuple[str, str, str]:
    """The URL as far as its path goes, and the query or fragment behind it."""
    at = min((place for mark in "?#" if (place := url.find(mark)) >= 0), default=len(url))
    return url[:at], url[at : at + 1], url[at + 1 :]
