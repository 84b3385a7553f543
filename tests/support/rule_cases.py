"""Rule fixtures, ``fixtures/rules/<rule-id>/cases.toml``, as values, read strictly.

Every host name of a case that has a web of its own gets the case's own prefix when it is run, so that no
two cases can meet at one URL.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from mmscheck.judge.documents import read_message
from mmscheck.model.mms import Mms
from mmscheck.model.request import Changes, CustomText, SendRequest
from mmscheck.model.words import Outcome, SenderType
from tests.support.web import response

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "fixtures" / "rules"

_NAME = re.compile(r"(pass|fail|cant-tell|inapplicable)-[a-z0-9]+(-[a-z0-9]+)*")
_HOST = re.compile(
    r"(https?://(?:[^/\s@<>\"']*@)?)((?=[a-z0-9._-]*[a-z])[a-z0-9][a-z0-9._-]*)", re.IGNORECASE
)
_OUTCOMES = {
    "pass": Outcome.PASSED,
    "fail": Outcome.FAILED,
    "cant-tell": Outcome.CANT_TELL,
    "inapplicable": Outcome.INAPPLICABLE,
}


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exactly one of the three, ``repeat`` times."""

    file: str | None = None
    text: str | None = None
    hex: str | None = None
    repeat: int = 1

    def __post_init__(self) -> None:
        if [self.file, self.text, self.hex].count(None) != 2:
            raise ValueError("expected one of file, text, hex")

    @property
    def content(self) -> bytes:
        if self.file is not None:
            once = (ROOT / self.file).read_bytes()
        else:
            once = bytes.fromhex(self.hex) if self.hex is not None else (self.text or "").encode()
        return once * self.repeat


class Page(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the loopback web server answers for one URL; ``tls`` is the certificate an https host shows.

    With ``asked`` only a request that asks in that way gets it (`tests.support.web.WAYS`).
    ``after`` is seconds before the answer.
    """

    url: str
    asked: Literal["", "gzip", "cold", "browser", "webp", "again"] = ""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: Body | None = None
    framing: Literal["length", "chunked", "close", "raw"] = "length"
    raw: str | None = None
    after: float = 0.0
    tls: Literal["trusted", "untrusted", "other-host", "expired", "ending"] = "trusted"

    def __post_init__(self) -> None:
        if (self.framing == "raw") != (self.raw is not None):
            raise ValueError("expected raw exactly when framing is raw")
        if self.raw is not None and (self.headers or self.body or self.status != 200):
            raise ValueError("expected nothing beside raw, which is the whole answer")
        if _HOST.match(self.url) is None:
            raise ValueError(f"expected an absolute URL with a host name, got {self.url!r}")

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or {"http": 80, "https": 443}[self.scheme]

    @property
    def answer(self) -> bytes:
        if self.raw is not None:
            return self.raw.encode("latin-1")
        body = self.body.content if self.body else b""
        return response(body, status=self.status, headers=self.headers, framing=self.framing)


class CaseText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A custom text."""

    slide: int
    value: str


class CaseChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the send changes."""

    custom_subject: str | None = None
    custom_texts: tuple[CaseText, ...] = ()
    data: dict[str, str] = {}

    @property
    def changes(self) -> Changes:
        return Changes(
            custom_subject=self.custom_subject,
            custom_texts=tuple(CustomText(slide=text.slide, value=text.value) for text in self.custom_texts),
            data=tuple(self.data.items()),
        )


class CaseRequest(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}
):
    """The fields of a send."""

    mms_id: str | None = None
    to: str | None = None
    from_: str | None = None
    service_id: str | None = None
    fallback_sms_text: str | None = None
    operator_id: str | None = None
    ddm_force: str | None = None
    ddm_message_text: str | None = None
    ddm_message_subject: str | None = None
    ddm_message_timeout: str | None = None


class Expect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One evaluation of the rule; ``slide`` and ``media`` are compared where they are given."""

    outcome: Outcome
    slide: int | None = None
    media: int | None = None
    contains: tuple[str, ...] = ()


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message, the web around it, and every evaluation of the rule that is to come of it.

    With ``folder``, names and the files they are, the message is linted: the folder is what is mapped to
    http://media.example.com/, and there is no web.
    """

    name: str
    message: str | None = None
    message_file: str | None = None
    meant_for: str = ""
    sender: SenderType | None = None
    carriers: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    transcoding: bool = False
    config: dict[str, tuple[str, ...]] = {}
    deep: bool = False
    cache_bust: bool = True
    changes: CaseChanges = CaseChanges()
    request: CaseRequest | None = None
    web: tuple[Page, ...] = ()
    folder: dict[str, str] | None = None
    expect: Annotated[tuple[Expect, ...], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        shape = _NAME.fullmatch(self.name)
        if shape is None:
            raise ValueError(f"expected a name such as fail-nine-slides, got {self.name!r}")
        if (self.message is None) == (self.message_file is None):
            raise ValueError("expected one of message, message_file")
        if self.folder is not None and (self.web or self.request):
            raise ValueError("expected neither web nor request beside folder")
        if _OUTCOMES[shape[1]] not in {expected.outcome for expected in self.expect}:
            raise ValueError(f"{self.name}: expected an outcome that the name promises")

    @property
    def document(self) -> bytes:
        if self.message_file is not None:
            return (ROOT / self.message_file).read_bytes()
        return (self.message or "").encode()

    @property
    def send(self) -> SendRequest | None:
        if self.request is None:
            return None
        fields = {name: getattr(self.request, name) for name in CaseRequest.__struct_fields__}
        return SendRequest(changes=self.changes.changes, **fields)


class CaseFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ``cases.toml``."""

    case: Annotated[tuple[Case, ...], msgspec.Meta(min_length=1)]


class RuleCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case, the rule it is for, and the number that keeps its hosts apart from other cases'."""

    rule: str
    case: Case
    number: int

    @property
    def id(self) -> str:
        return f"{self.rule}/{self.case.name}"

    @property
    def prefix(self) -> str:
        """What the host names of this case begin with; empty when no web needs to be kept apart."""
        return f"case{self.number}--" if self.case.web else ""

    def apart(self, text: str) -> str:
        """The text with this case's host names."""
        return _HOST.sub(lambda match: f"{match[1]}{self.prefix}{match[2]}", text)

    @property
    def pages(self) -> tuple[Page, ...]:
        return tuple(
            msgspec.structs.replace(
                page,
                url=self.apart(page.url),
                headers=tuple((name, self.apart(value)) for name, value in page.headers),
            )
            for page in self.case.web
        )

    @property
    def message(self) -> Mms:
        # ISO-8859-1 there and back keeps every byte of a document in whatever encoding.
        data = self.apart(_dated(self.case.document.decode("latin-1"))).encode("latin-1")
        return read_message(data, self.id, self.case.meant_for)


_NOW = re.compile(r"@now\+(\d+)d(\+\d\d:\d\d)?@")


def _dated(text: str) -> str:
    """The text with ``@now+2d@`` as that moment in UTC, or with ``@now+2d+02:00@`` as it is called there."""
    return _NOW.sub(lambda found: _moment(int(found[1]), found[2]), text)


def _moment(days: int, zone: str | None) -> str:
    at = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    there = at.astimezone(dt.datetime.fromisoformat(f"2026-01-01T00:00:00{zone or '+00:00'}").tzinfo)
    return there.isoformat(timespec="seconds").replace("+00:00", "Z")


def read_cases(folder: Path = FOLDER) -> tuple[RuleCase, ...]:
    """Every case of every rule; ValueError naming file and key for what does not belong there."""
    found: list[tuple[str, Case]] = []
    for entry in sorted(folder.iterdir()):
        for file in sorted(entry.iterdir()):
            if file.name != "cases.toml":
                raise ValueError(f"{file}: expected nothing but cases.toml")
            cases = read_file(file)
            found += [(entry.name, case) for case in cases]
    return tuple(RuleCase(rule=rule, case=case, number=n) for n, (rule, case) in enumerate(found))


def read_file(file: Path) -> tuple[Case, ...]:
    """The cases of one file; ValueError naming file and key."""
    try:
        cases = msgspec.convert(tomllib.loads(file.read_text()), CaseFile, strict=True).case
    except (ValueError, msgspec.ValidationError) as error:
        raise ValueError(f"{file}: {error}") from error
    names = [case.name for case in cases]
    if len(set(names)) != len(names):
        raise ValueError(f"{file}: expected every name once")
    return cases
