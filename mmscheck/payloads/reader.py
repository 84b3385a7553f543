"""Bytes to a message for another provider, by the table of its fields; and whose it is, told by its content.

It is taken for a provider's only where no other one could be meant: all that it needs is there, and of
several such providers one alone knows every field. Reading never fails: what cannot be read, or fits two, is
a ``problem``. A field that the provider does not have is a stray, and so is content that it would pass over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from mmscheck.base.json_text import JsonError, Lines, read
from mmscheck.base.text import quoted
from mmscheck.model.mms import MediaRef, Mms, Payload, Slide, XmlProblem
from mmscheck.model.provider import Form, Provider, Role
from mmscheck.model.words import Dialect, DocumentKind, MediaKind
from mmscheck.payloads.excerpts import shown_lines
from mmscheck.payloads.fields import Fields
from mmscheck.payloads.forms import is_form, read_form
from mmscheck.payloads.leaf import Leaf, leaves
from mmscheck.payloads.lists import is_list, is_listed, read_list

MAX_BYTES = 10_000_000
"""Bytes: as of every other document."""

LIST = "urls"
"""What a bare list of URLs is called where somebody says what a document is."""

_MARK = b"\xef\xbb\xbf"


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a document, and what it is written in; None is a list."""

    form: Form | None
    leaves: tuple[Leaf, ...]
    text: str


def parse(data: bytes, source: str, providers: Mapping[str, Provider], wanted: str = "") -> Mms | None:
    """The message in ``data``; None where nothing says that it is one for these providers, or a list of URLs.

    ``wanted`` is the provider it is for as somebody says, or ``urls``; then there always is one.
    """
    holder = Mms(
        source=source,
        digest="sha256:" + hashlib.sha256(data).hexdigest(),
        kind=DocumentKind.OTHER,
        dialect=Dialect.JSON,
        payload=Payload(provider=providers[wanted].id if wanted in providers else ""),
    )
    if data.lstrip(_MARK + b" \t\r\n")[:1] == b"<" and not wanted:
        return None
    try:
        found = _values(data)
    except JsonError as fault:
        return _unread(holder, fault, data) if wanted else None
    if found is None:
        return _unread(holder, JsonError(_NOTHING, 0, _EXPECTED), data) if wanted else None
    return _message(holder, found, providers, wanted)


_NOTHING = "this is no JSON, no form and no list of URLs"
_EXPECTED = "Give the body of the request as it would be sent, or one URL on each line"


def _values(data: bytes) -> _Read | None:
    """The values; None for what begins as none of the three. Raises JsonError."""
    if len(data) > MAX_BYTES:
        raise JsonError(f"the document is larger than {MAX_BYTES:,} bytes", 0)
    try:
        text = data.removeprefix(_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        raise JsonError("the bytes are not UTF-8", len(before), "Save the file as UTF-8") from None
    if text.lstrip()[:1] in {"{", "["}:
        root = read(text)
        values = leaves(root, text)
        return _Read(form=None if is_listed(values) else Form.JSON, leaves=values, text=text)
    if is_list(text):
        return _Read(form=None, leaves=read_list(text), text=text)
    return _Read(form=Form.FORM, leaves=read_form(text), text=text) if is_form(text) else None


def _message(holder: Mms, found: _Read, providers: Mapping[str, Provider], wanted: str) -> Mms | None:
    if found.form is None:
        return _list(holder, found)
    if wanted == LIST:
        return _problem(holder, "this is no list of URLs", _EXPECTED)
    named = [providers[wanted]] if wanted in providers else _candidates(found, providers.values())
    if not named:
        return None
    if len(named) > 1:
        names = " or ".join(each.name for each in named)
        said = " or ".join(f"--as {each.id}" for each in named)
        reason = f"this may be a message for {names}, and nothing in it says which"
        return _problem(holder, reason, f"Say {said}")
    (provider,) = named
    if found.form not in provider.forms:
        takes = " or ".join(_FORMS[each] for each in provider.forms)
        reason = f"this is {_FORMS[found.form]}, and {provider.name} takes {takes}"
        return _problem(holder, reason, "Give the body of the request as it would be sent")
    fields = Fields(provider, found.leaves)
    shown = shown_lines(found.text, found.leaves, fields.roles)
    return msgspec.structs.replace(fields.message(holder, found.form), excerpts=shown)


_FORMS = {Form.FORM: "a form", Form.JSON: "JSON"}


def _candidates(found: _Read, providers: Iterable[Provider]) -> list[Provider]:
    """Whose it may be.

    Of those that need nothing more the ones that know every field; without one all that need nothing more,
    and all that know every field: who forgot something must not be told of another provider's fields.
    """
    if any(leaf.path == "action" or leaf.path.startswith("slide") for leaf in found.leaves):
        return []  # Sinch's, however much else is in it
    read = [(each, Fields(each, found.leaves)) for each in providers]
    able = [each for each, fields in read if fields.is_complete]
    knowing = [each for each, fields in read if fields.knows_all and fields.is_message]
    both = [each for each in able if each in knowing]
    return both or [each for each, _ in read if each in able or each in knowing]


def _list(holder: Mms, found: _Read) -> Mms:
    """A list of URLs as one page with all of them; each is named where it is no URL by the rules on URLs."""
    media = tuple(
        MediaRef(
            url=each.text.strip(),
            kind=MediaKind.IMAGE,
            guessed=True,
            slide=1,
            index=index,
            line=each.line,
            column=each.column,
            pointer=each.pointer,
        )
        for index, each in enumerate(found.leaves, 1)
    )
    return msgspec.structs.replace(
        holder,
        spelling="list",
        slides=(Slide(number=1, line=found.leaves[0].line, media=media),),
        excerpts=shown_lines(found.text, found.leaves, {"[]": Role.MEDIA}),
    )


def _unread(holder: Mms, fault: JsonError, data: bytes) -> Mms:
    text = data.removeprefix(_MARK).decode("utf-8", "replace")
    line, column = Lines(text).place(min(fault.at, len(text)))
    problem = XmlProblem(
        reason=quoted(fault.reason),
        hint=fault.hint or None,
        line=line,
        column=column,
        pointer=quoted(fault.pointer),
    )
    return msgspec.structs.replace(holder, problem=problem)


def _problem(holder: Mms, reason: str, hint: str) -> Mms:
    return msgspec.structs.replace(holder, problem=XmlProblem(reason=reason, hint=hint))
