"""One rule with everything that is told about it: its family and every published number it goes by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from mmscheck.model.rule import FLOOR, NEVER_WAIVED, SECOND_GATE, Rule
from mmscheck.model.words import Document, Owner, Severity, TargetKind

FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "message": "the message as a whole",
        "subject": "the subject line",
        "text": "what people read, and its links",
        "slide": "each slide",
        "url": "each URL as written",
        "http": "what the web server answers",
        "mime": "what the file is said to be",
        "media": "the file itself",
        "request": "the fields of the send",
        "recipient": "whether it may be texted now",
    }
)
"""The families in the order a message is looked at, with what each is about."""

OWNERS: Mapping[Owner, str] = MappingProxyType(
    {
        Owner.CONTENT: "content (who writes the message and makes its media)",
        Owner.HOSTING: "hosting (who runs the web server or CDN)",
        Owner.SENDER: "sender (who makes the call that saves or sends)",
    }
)
"""Who can mend what a rule finds."""


TARGETS: Mapping[TargetKind, str] = MappingProxyType(
    {
        TargetKind.MESSAGE: "the message as a whole",
        TargetKind.SLIDE: "each slide",
        TargetKind.MEDIA: "each media URL, and what came back for it",
        TargetKind.REQUEST: "the fields of the send",
    }
)
"""What a rule looks at."""


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """One published number for one parameter; ``name`` is its name in the limits files.

    ``whose`` says for whom it holds: empty for everybody, else such as ``short-code`` or a carrier's name.
    """

    param: str
    name: str
    value: int | float
    unit: str
    source: str
    checked: dt.date
    whose: str = ""


class RuleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A rule as loaded, the family its file stands in, and the numbers of the limits it names.

    ``parties`` holds the parameters that are arrays of numbers, one for each ``carrier`` or ``provider``.
    """

    rule: Rule
    family: str
    numbers: tuple[Number, ...] = ()
    parties: Mapping[str, str] = {}

    @property
    def params(self) -> dict[str, Any]:
        """The parameters as JSON values, with limits put in."""
        values: dict[str, Any] = msgspec.json.decode(
            msgspec.json.encode(self.rule.params, order="deterministic")
        )
        return values

    @property
    def shown_params(self) -> dict[str, str]:
        """The parameters that say something, for people."""
        return {name: self._shown(name, value) for name, value in self.params.items() if value is not None}

    def _shown(self, name: str, value: Any) -> str:
        party = self.parties.get(name)
        if party is None:
            return plain(value)
        named = ", ".join(str(item["name"]) for item in value)
        general = "the general numbers, or " if party == "carrier" else ""
        return f"{general}one number for each {party} named with --{party}" + (f" ({named})" if named else "")

    @property
    def applied(self) -> tuple[Number, ...]:
        """Of each limit the first number that has the value the rule goes by."""
        params = self.params
        found = {each.param: each for each in reversed(self.numbers) if each.value == params[each.param]}
        return tuple(found[param] for param in self.rule.limits if param in found)


def in_order(entries: tuple[RuleEntry, ...]) -> tuple[tuple[str, tuple[RuleEntry, ...]], ...]:
    """The entries by family, each family in the order given; families nobody knows come last."""
    names = dict.fromkeys((*FAMILIES, *sorted({entry.family for entry in entries})))
    groups = ((name, tuple(entry for entry in entries if entry.family == name)) for name in names)
    return tuple((name, group) for name, group in groups if group)


def weight(rule: Rule) -> str:
    """What the severity means for the gate, and what can be done about it, in a sentence or two."""
    if rule.severity is Severity.WARNING:
        return "warning: advice. It never blocks, unless with --strict."
    if rule.id in FLOOR:
        return "error: guards the gate. It is part of the floor: no file can soften or waive it."
    if rule.id in SECOND_GATE:
        return "error: guards the gate. It holds a send to what was saved: no file can soften or waive it."
    if rule.id in NEVER_WAIVED:
        return "error: guards the gate. It cannot be waived."
    return (
        "error: guards the gate. A waiver can let a failure through, with a reason and until a date; "
        "what could not be decided is never waived."
    )


def for_documents(rule: Rule) -> str:
    """The kinds of document that the rule is for."""
    if set(rule.documents) == set(Document):
        return "every kind"
    return ", ".join(each.value for each in Document if each in rule.documents)


def amount(value: float, unit: str = "") -> str:
    """A number with its thousands apart, and its unit."""
    return f"{value:,} {unit}".rstrip()


def plain(value: Any) -> str:
    """A parameter's value for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return amount(value)
    if isinstance(value, list):
        apart = "; " if any(isinstance(item, dict) for item in value) else ", "
        return apart.join(map(plain, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {plain(item)}" for key, item in value.items()) or "none"
    return str(value)


class LimitItem(msgspec.Struct, frozen=True, kw_only=True):
    """The number a parameter got from the limits files."""

    param: str
    name: str
    value: int | float
    unit: str
    source: str
    checked: dt.date


class TextItem(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's words."""

    why: str
    fix: str
    failed: str
    cant_tell: str


class RuleItem(msgspec.Struct, frozen=True, kw_only=True):
    """One rule; keys are stable once released. ``params`` has the numbers of ``limits`` put in."""

    id: str
    title: str
    severity: str
    target: str
    owner: str
    check: str
    params: dict[str, Any]
    limits: tuple[LimitItem, ...]
    provider_codes: tuple[str, ...]
    source: str
    text: TextItem
    family: str
    floor: bool
    documents: tuple[str, ...]


def render_json(entries: tuple[RuleEntry, ...]) -> str:
    """The array as text, indented by two, ending with a line feed."""
    items = [_item(entry) for _, group in in_order(entries) for entry in group]
    return msgspec.json.format(msgspec.json.encode(items), indent=2).decode() + "\n"


def _item(entry: RuleEntry) -> RuleItem:
    rule = entry.rule
    return RuleItem(
        id=rule.id,
        title=rule.title,
        severity=rule.severity.value,
        target=rule.target.value,
        owner=rule.owner.value,
        check=rule.check.name,
        params=entry.params,
        limits=tuple(_limit(number) for number in entry.applied),
        provider_codes=rule.provider_codes,
        source=rule.source,
        text=TextItem(
            why=rule.text.why, fix=rule.text.fix, failed=rule.text.failed, cant_tell=rule.text.cant_tell
        ),
        family=entry.family,
        floor=rule.id in FLOOR,
        documents=tuple(each.value for each in Document if each in rule.documents),
    )


def _limit(number: Number) -> LimitItem:
    return LimitItem(
        param=number.param,
        name=number.name,
        value=number.value,
        unit=number.unit,
        source=number.source,
        checked=number.checked,
    )
