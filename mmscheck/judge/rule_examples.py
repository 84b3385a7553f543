"""Examples of a rule: its own cases, which the tests run, judged here where their message alone decides.

The cases stand beside the rules folder, in ``fixtures/rules/<id>/cases.toml``: in a checkout, in an
installation, and where ``mmscheck rules new`` writes them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from mmscheck.errors import InputError
from mmscheck.judge.documents import read_message
from mmscheck.judge.engine import judge
from mmscheck.model.request import Changes, CustomText, SendRequest
from mmscheck.model.rule import Rule, RuleSet
from mmscheck.report.rule_text import Example, ExampleAnswer
from mmscheck.ruleset.providers import other_providers

WANTED = ("failed", "passed")
"""The outcomes that examples are shown for, in this order."""

SHOWN_BY = {"failed": "fail-", "passed": "pass-"}
"""How the names of their cases begin."""


class CaseBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent: a file, a text or hexadecimal digits, ``repeat`` times."""

    file: str | None = None
    text: str | None = None
    hex: str | None = None
    repeat: int = 1


class CaseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the server answers for one URL."""

    url: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: CaseBody | None = None
    framing: str = "length"
    raw: str | None = None
    tls: str = "trusted"


class CaseOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluation that comes of the case."""

    outcome: str
    contains: tuple[str, ...] = ()


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One ``[[case]]``; what only the tests need is passed over."""

    name: str
    message: str | None = None
    message_file: str | None = None
    meant_for: str = ""
    sender: str | None = None
    carriers: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    transcoding: bool = False
    config: dict[str, tuple[str, ...]] = {}
    changes: dict[str, Any] = {}
    request: dict[str, str] | None = None
    web: tuple[CaseAnswer, ...] = ()
    folder: dict[str, str] | None = None
    expect: tuple[CaseOutcome, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """What the case asks for in options and configuration, which decide whose numbers count."""
        return (
            *((f"--sender {self.sender}",) if self.sender else ()),
            *(f"--carrier {each}" for each in self.carriers),
            *(f"--provider {each}" for each in self.providers),
            *(("transcoding",) if self.transcoding else ()),
            *((f"--as {self.meant_for}",) if self.meant_for else ()),
            *(f"{key} = {list(value)}".replace("'", '"') for key, value in self.config.items()),
        )


class _CasesFile(msgspec.Struct, frozen=True, kw_only=True):
    case: tuple[Case, ...]


def cases_file(rule_file: Path) -> Path:
    """Where the cases of the rule in this file are, whether or not they are there."""
    return rule_file.parents[2] / "fixtures" / "rules" / rule_file.stem / "cases.toml"


def read_examples(rule: Rule, rule_file: Path) -> tuple[Example, ...]:
    """A case that fails and one that passes, as far as there are any. Raises InputError."""
    file = cases_file(rule_file)
    if not file.is_file():
        return ()
    try:
        cases = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _CasesFile).case
        return tuple(_example(rule, case, outcome, file) for outcome, case in _chosen(cases))
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: the examples cannot be read: {error}") from error


def _chosen(cases: tuple[Case, ...]) -> Iterator[tuple[str, Case]]:
    for outcome in WANTED:
        named = [case for case in cases if case.name.startswith(SHOWN_BY[outcome])]
        if named:
            yield outcome, named[0]


def _example(rule: Rule, case: Case, outcome: str, file: Path) -> Example:
    # Cases name their files from the folder that holds rules/ and fixtures/.
    home = file.parents[3]
    document = (
        (home / case.message_file).read_bytes() if case.message_file else (case.message or "").encode("utf-8")
    )
    return Example(
        name=case.name,
        outcome=outcome,
        message=document.decode("utf-8", "backslashreplace"),
        given=tuple(_given(case)),
        answers=tuple(_answer(page) for page in case.web),
        words=_words(rule, case, outcome, document),
    )


def _given(case: Case) -> Iterator[str]:
    if case.flags:
        yield f"checked with {', '.join(case.flags)}"
    if case.folder is not None:
        files = ", ".join(f"{name} (the file {file})" for name, file in case.folder.items())
        yield f"linted, with a local folder for http://media.example.com/ that has {files or 'nothing'}"
    changes = _changes(case.changes)
    if changes.custom_subject is not None:
        yield f"custom subject: {changes.custom_subject!r}"
    yield from (f"custom text of slide {text.slide}: {text.value!r}" for text in changes.custom_texts)
    yield from (f"merge data {name}: {value!r}" for name, value in changes.data)
    if case.request is not None:
        fields = ", ".join(f"{name.replace('_', '-')} {value!r}" for name, value in case.request.items())
        yield f"send: {fields}"


def _answer(web: CaseAnswer) -> ExampleAnswer:
    return ExampleAnswer(
        url=web.url,
        status=web.status,
        headers=web.headers,
        body=_body(web.body),
        framing=web.framing,
        raw=web.raw,
        tls=web.tls,
    )


def _body(body: CaseBody | None) -> str:
    if body is None:
        return "no body"
    if body.file is not None:
        once = f"the file {body.file}"
    else:
        size = len(bytes.fromhex(body.hex)) if body.hex is not None else len((body.text or "").encode())
        return f"{size * body.repeat:,} bytes"
    return once if body.repeat == 1 else f"{once} {body.repeat} times"


def _words(rule: Rule, case: Case, outcome: str, document: bytes) -> tuple[str, ...]:
    """What the rule says: its own words where it can be asked here, else those the tests hold it to."""
    said = _judged(rule, case, document)
    if said is not None:
        return tuple(f"{seen}: {words}" for seen, words in said)
    quotes = (
        ", ".join(f'"{part}"' for part in expect.contains)
        for expect in case.expect
        if expect.outcome == outcome
    )
    return tuple(f"{outcome}: it says {quote}" if quote else outcome for quote in dict.fromkeys(quotes))


def _judged(rule: Rule, case: Case, document: bytes) -> tuple[tuple[str, str], ...] | None:
    """The outcomes and words of the rule itself; None when the case needs more than its message.

    The outcomes must be those the case expects: an example that is not what it says would be worse than none.
    """
    if case.web or case.flags or case.folder is not None:
        return None
    changes = _changes(case.changes)
    request = _request(case.request, changes)
    alone = RuleSet(profile="", rules=(rule,), digest="", sender="", others=other_providers())
    report = judge(
        alone, read_message(document, "message.xml", case.meant_for), {}, changes=changes, request=request
    )
    outcomes = [item.outcome.value for item in report.evaluations]
    if outcomes != [expect.outcome for expect in case.expect]:
        return None
    return tuple(dict.fromkeys((item.outcome.value, item.message) for item in report.evaluations))


def _changes(raw: dict[str, Any]) -> Changes:
    return Changes(
        custom_subject=raw.get("custom_subject"),
        custom_texts=msgspec.convert(raw.get("custom_texts", ()), tuple[CustomText, ...]),
        data=tuple(raw.get("data", {}).items()),
    )


def _request(raw: dict[str, str] | None, changes: Changes) -> SendRequest | None:
    if raw is None:
        return None
    fields = {("from_" if name == "from" else name): value for name, value in raw.items()}
    return msgspec.structs.replace(msgspec.convert(fields, SendRequest), changes=changes)
