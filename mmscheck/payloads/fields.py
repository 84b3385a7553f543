"""The values of a payload by one provider's table of fields: what is text, file, number, and what is odd."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

import msgspec

from mmscheck.base.json_text import Kind
from mmscheck.base.phone import digits
from mmscheck.base.text import enumerated, quoted
from mmscheck.model.mms import MediaRef, Mms, Payload, PayloadFault, Slide, Stray, Text
from mmscheck.model.provider import Field, FieldType, Form, Need, Provider, Role
from mmscheck.model.words import MediaKind
from mmscheck.payloads.leaf import Leaf

_NAME_WIDTH = 60  # characters
_CLOSE = 0.8  # of 1.0 by difflib, as for the elements of XML
_NEXT_URL = re.compile(r",\s*(?=https?://)", re.IGNORECASE)
_SEVERAL = "messages[1]"
_SEVERAL_WHY = "holds more than one message; give each in a document of its own"
_KINDS = {
    FieldType.STRING: frozenset({Kind.TEXT}),
    FieldType.STRINGS: frozenset({Kind.TEXT}),
    FieldType.SCALAR: frozenset({Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN}),
    FieldType.INTEGER: frozenset({Kind.NUMBER}),
    FieldType.BOOLEAN: frozenset({Kind.BOOLEAN}),
    FieldType.ANY: frozenset(Kind),
}
_EXPECTED = {
    FieldType.STRING: "a text",
    FieldType.STRINGS: "a text, or an array of them",
    FieldType.SCALAR: "a text, a number, or true or false",
    FieldType.INTEGER: "a whole number",
    FieldType.BOOLEAN: "true or false",
    FieldType.ANY: "anything",
}
_WHOLE = re.compile(r"-?\d+")


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    """A value, and the field it is one of."""

    name: str
    field: Field
    leaf: Leaf


class Fields:
    """What the values come to by the table of one provider."""

    def __init__(self, provider: Provider, values: Sequence[Leaf]) -> None:
        """Look every value up."""
        self._provider, self._values = provider, values
        found = [(leaf, self._known(leaf.path)) for leaf in values]
        self._given = [
            _Given(name=name, field=provider.fields[name], leaf=leaf) for leaf, name in found if name
        ]
        self._unknown = [
            leaf for leaf, name in found if name is None and not (_is_empty(leaf) and self._is_within(leaf))
        ]
        self._first: dict[str, str] = {}
        for each in self._given:
            if not _is_nothing(each.leaf):
                self._first.setdefault(each.name, each.leaf.text)

    @property
    def is_complete(self) -> bool:
        """Whether of everything that the provider needs something is there."""
        return all(map(self._is_met, self._provider.needs))

    @property
    def is_message(self) -> bool:
        """Whether it says something, and to or from whom."""
        roles = {each.field.role for each in self._given if not _is_nothing(each.leaf)}
        return bool(roles & {Role.TO, Role.FROM} and roles & {Role.MEDIA, Role.TEXT, Role.UNSEEN})

    @property
    def knows_all(self) -> bool:
        """Whether the provider has every field that is there, and takes each value of those it lists."""
        return not self._unknown and not any(
            each.field.values and each.leaf.text not in each.field.values for each in self._given
        )

    @property
    def roles(self) -> dict[str, Role]:
        """What the values are to a message, by their paths."""
        return {each.leaf.path: each.field.role for each in self._given}

    def message(self, holder: Mms, form: Form) -> Mms:
        """The message of these values."""
        read = [each for each in self._given if self._is_read(each)]
        media = tuple(
            self._medium(each, url, index)
            for index, (each, url) in enumerate(
                ((each, url) for each in read if each.field.role is Role.MEDIA for url in _several(each)), 1
            )
        )
        texts = tuple(_text(each) for each in read if each.field.role is Role.TEXT)
        subject = next((_text(each) for each in read if each.field.role is Role.SUBJECT), None)
        sender = next((each.leaf.text for each in read if each.field.role is Role.FROM), "")
        slide = Slide(
            number=1,
            line=self._values[0].line if self._values else 1,
            unseen=sum(each.field.role is Role.UNSEEN and not _is_nothing(each.leaf) for each in read),
            texts=tuple(text for text in texts if text.value),
            media=media,
        )
        return msgspec.structs.replace(
            holder,
            spelling=form.value,
            subject=subject,
            slides=(slide,),
            strays=tuple(sorted(self._strays(), key=_place)),
            payload=Payload(
                provider=self._provider.id,
                sender=digits(sender),
                recipients=sum(len(_several(each)) for each in read if each.field.role is Role.TO),
                faults=tuple(self._faults(read)),
            ),
        )

    def _known(self, path: str) -> str | None:
        """The name of the field whose value this is."""
        fields = self._provider.fields
        if path in fields:
            return path
        array = path.removesuffix("[]")
        if array in fields and fields[array].type is FieldType.STRINGS:
            return array
        return next(
            (
                name
                for name, field in fields.items()
                if field.type is FieldType.ANY and path.startswith((f"{name}.", f"{name}["))
            ),
            None,
        )

    def _is_within(self, leaf: Leaf) -> bool:
        """Whether fields lie in what is empty here."""
        above = (f"{leaf.path}.", f"{leaf.path}[")
        return any(name.startswith(above) or name == leaf.path for name in self._provider.fields)

    def _is_met(self, need: Need) -> bool:
        given = [name for name in self._first if self._first[name].strip()]
        return any(
            name == wanted or name.startswith((f"{wanted}.", f"{wanted}["))
            for wanted in need.one_of
            for name in given
        )

    def _value_of(self, name: str) -> str:
        return self._first.get(name, "") or self._provider.fields[name].otherwise

    def _is_read(self, each: _Given) -> bool:
        return all(self._value_of(name) == value for name, value in each.field.only_with.items())

    def _medium(self, each: _Given, url: str, index: int) -> MediaRef:
        leaf, kind = each.leaf, each.field.kind
        return MediaRef(
            url=url,
            kind=kind or MediaKind.IMAGE,
            guessed=kind is None,
            slide=1,
            index=index,
            line=leaf.line,
            column=leaf.column,
            pointer=quoted(leaf.pointer),
        )

    def _strays(self) -> Iterator[Stray]:
        for leaf in self._unknown:
            expected = self._likely(leaf.path)
            holds = "//" in leaf.text
            note = (
                " (holds a URL that is not checked)"
                if holds
                else f" ({self._provider.name} has no such field)"
            )
            yield _stray(leaf, note, expected, overlooked=holds)
        for each in self._given:
            if not self._is_read(each) and not _is_nothing(each.leaf):
                wanted = enumerated([f"{name} is {value}" for name, value in each.field.only_with.items()])
                yield _stray(each.leaf, f" (is read only where {wanted})", overlooked=True)
        for name, again in self._again():
            yield _stray(again, f" (given again; {name} takes one)", overlooked=True)

    def _again(self) -> Iterator[tuple[str, Leaf]]:
        """In a form: values of a field that takes one, beyond the first."""
        for leaf in self._unknown:
            name = leaf.path.removesuffix("[]")
            if name != leaf.path and name in self._provider.fields:
                yield name, leaf

    def _likely(self, path: str) -> str | None:
        fields = self._provider.fields
        plain = {_plain(name): name for name in fields}
        if (same := plain.get(_plain(path))) is not None:
            return same.removesuffix("[]")
        near = difflib.get_close_matches(_plain(path)[:_NAME_WIDTH], plain, n=1, cutoff=_CLOSE)
        return plain[near[0]] if near else None

    def _faults(self, read: Sequence[_Given]) -> Iterator[PayloadFault]:
        who = self._provider.name
        for need in self._provider.needs:
            if not self._is_met(need):
                names = " or ".join(f'"{name}"' for name in need.one_of)
                yield PayloadFault(
                    problem=f"there is no {names}, which {who} needs", line=1, codes=need.codes
                )
        for each in read:
            if (problem := _misfit(each)) is not None:
                yield _fault(each.leaf, f"{_shown(each.leaf)} {problem}")
        for name, field in self._provider.fields.items():
            if field.otherwise and name not in self._first and field.otherwise not in field.values:
                wanted = " or ".join(field.values)
                problem = f'"{name}" is left out, which means {field.otherwise}; expected {wanted}'
                yield PayloadFault(problem=problem, line=1)
        yield from self._unmet_choices()
        if any(leaf.pointer.startswith(_SEVERAL) for leaf in self._values):
            yield PayloadFault(problem=f"the document {_SEVERAL_WHY}", line=1)

    def _unmet_choices(self) -> Iterator[PayloadFault]:
        """A value that says what the message holds, where that is not in it."""
        chosen: dict[tuple[str, str], list[str]] = {}
        for name, field in self._provider.fields.items():
            for switch, value in field.only_with.items():
                chosen.setdefault((switch, value), []).append(name)
        for (switch, value), names in chosen.items():
            if self._value_of(switch) != value:
                continue
            files = [name for name in names if self._provider.fields[name].role is Role.MEDIA]
            wanted = files or [name for name in names if self._provider.fields[name].role is Role.TEXT]
            if wanted and not any(self._first.get(name, "").strip() for name in wanted):
                problem = f'there is no "{wanted[0]}", which "{switch}" {value} needs'
                yield PayloadFault(problem=problem, line=1)


def _misfit(each: _Given) -> str | None:
    """What is wrong with a value by its field, as the rest of a sentence about it."""
    leaf, field = each.leaf, each.field
    if leaf.kind is Kind.NULL:
        return None
    fits = leaf.kind in _KINDS[field.type] and not (
        field.type is FieldType.INTEGER and not _WHOLE.fullmatch(leaf.text)
    )
    if not fits:
        return f"is {leaf.kind.value}, expected {_EXPECTED[field.type]}"
    if field.values and leaf.text not in field.values:
        return f"is {quoted(leaf.text, _NAME_WIDTH) or 'empty'}, expected {' or '.join(field.values)}"
    if began := [each for each in field.never if leaf.text.lower().startswith(each)]:
        return f"begins with {began[0]}, so this is no MMS"
    if field.role in {Role.MEDIA, Role.TO} and not leaf.text.strip():
        return "is empty"
    return None


def _several(each: _Given) -> list[str]:
    """The values in one string, where its field takes several there."""
    leaf, between = each.leaf, each.field.between
    if leaf.kind is not Kind.TEXT or not leaf.text.strip():
        return []
    if between == ",":
        return [part for part in _NEXT_URL.split(leaf.text) if part.strip()]
    return [part for part in leaf.text.split(between) if part.strip()] if between else [leaf.text]


def _text(each: _Given) -> Text:
    leaf = each.leaf
    return Text(value=leaf.text, line=leaf.line, column=leaf.column, pointer=quoted(leaf.pointer))


def _is_empty(leaf: Leaf) -> bool:
    return leaf.kind in {Kind.ARRAY, Kind.OBJECT}


def _is_nothing(leaf: Leaf) -> bool:
    return leaf.kind in {Kind.NULL, Kind.ARRAY, Kind.OBJECT}


def _plain(name: str) -> str:
    """The name without what people write in different ways: case, hyphens, underscores, brackets, an s."""
    return "".join(filter(str.isalnum, name)).lower().removesuffix("s").rstrip("0123456789")


def _shown(leaf: Leaf) -> str:
    return f'"{quoted(leaf.pointer, _NAME_WIDTH)}"'


def _stray(leaf: Leaf, note: str, expected: str | None = None, *, overlooked: bool) -> Stray:
    return Stray(
        name=f"{quoted(leaf.pointer, _NAME_WIDTH)}{note}",
        line=leaf.line,
        column=leaf.column,
        pointer=quoted(leaf.pointer),
        expected=expected,
        overlooked=overlooked,
    )


def _fault(leaf: Leaf, problem: str) -> PayloadFault:
    return PayloadFault(problem=problem, line=leaf.line, column=leaf.column, pointer=quoted(leaf.pointer))


def _place(stray: Stray) -> tuple[int, int]:
    return stray.line, stray.column
