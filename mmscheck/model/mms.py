"""A message as parsed from a document, with the line each part came from; one for XML and JSON."""

from __future__ import annotations

import msgspec

from mmscheck.model.words import Dialect, Document, DocumentKind, MediaKind, document_of

_ALONE = {document: frozenset({document}) for document in Document}


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of text and the line its element starts on (from 1).

    Here and below ``column`` (from 1) and ``pointer`` (``slide[0].image.url``, items counted from 0, as
    JSONPath does) say where in a JSON document it stands; 0 and empty in XML, where a line is known alone.
    """

    value: str
    line: int
    column: int = 0
    pointer: str = ""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field of the document beside name, subject and slides, by the name it is documented under."""

    name: str
    value: str | bool
    line: int
    column: int = 0
    pointer: str = ""

    @property
    def text(self) -> str:
        """The value as it is written."""
        return self.value if isinstance(self.value, str) else str(self.value).lower()


class MediaRef(msgspec.Struct, frozen=True, kw_only=True):
    """A media URL exactly as written, its kind and where it stands.

    ``slide`` counts from 1; ``index`` counts the media of the whole message from 1, so two
    references to one URL stay apart. For a medium that was given by itself ``url`` is its path or URL as
    given, and ``slide`` and ``line`` are 0. ``guessed`` tells that nothing says its kind, which is that
    of the file.
    """

    url: str
    kind: MediaKind
    slide: int
    index: int
    line: int
    column: int = 0
    pointer: str = ""
    guessed: bool = False

    @property
    def is_alone(self) -> bool:
        """Whether it was given by itself, so that no slide refers to it."""
        return self.slide == 0

    @property
    def is_file(self) -> bool:
        """Whether it is a local file that was given by itself."""
        return self.is_alone and "://" not in self.url


class Slide(msgspec.Struct, frozen=True, kw_only=True):
    """One page: its texts, media and duration as written; ``number`` counts from 1.

    ``unseen`` counts pictures that are made for each recipient when it is sent: nobody can look at them.
    """

    number: int
    line: int
    unseen: int = 0
    texts: tuple[Text, ...] = ()
    media: tuple[MediaRef, ...] = ()
    duration: Text | None = None
    column: int = 0
    pointer: str = ""


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """An element or attribute the provider does not document, or spells otherwise.

    ``expected`` is the spelling to use instead, or None when there is none. ``overlooked`` marks content that
    the provider might use and no rule looks at: a URL in an unknown place, a second subject.
    """

    name: str
    line: int
    expected: str | None = None
    overlooked: bool = False
    column: int = 0
    pointer: str = ""


class Misfit(msgspec.Struct, frozen=True, kw_only=True):
    """A value of JSON that is not what its field takes: what it is, and what was expected, as clauses."""

    what: str
    expected: str
    line: int
    column: int
    pointer: str


class XmlProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a document, of XML or JSON, could not be read as a message; ``excerpt`` shows the line."""

    reason: str
    line: int | None = None
    hint: str | None = None
    excerpt: str | None = None
    column: int = 0
    pointer: str = ""


class PayloadFault(msgspec.Struct, frozen=True, kw_only=True):
    """What a payload lacks, or has and may not have, as a clause; ``codes`` are the provider's own for it."""

    problem: str
    line: int
    column: int = 0
    pointer: str = ""
    codes: tuple[str, ...] = ()


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What a message for another provider says beside its text and files; ``provider`` is whose, by id.

    It is empty for a bare list of URLs, which is for nobody. ``sender`` is the number it is from, digits only
    and empty where it names none, and ``recipients`` are counted.
    """

    provider: str
    sender: str = ""
    recipients: int = 0
    faults: tuple[PayloadFault, ...] = ()


class Mms(msgspec.Struct, frozen=True, kw_only=True):
    """One stored message.

    ``source`` is the path as given or ``<stdin>``; ``digest`` is ``sha256:`` and the hex digest of
    the document's bytes. When ``problem`` is set nothing else of the content is to be relied on.
    ``excerpts`` are the lines that its parts stand on, by number, without secrets and cut, for people.
    ``kind`` is what the document asks for and ``dialect`` what it is written in; rules say by both which
    messages they are for. ``spelling`` is that of its names: ``modern``, ``legacy`` or ``legacy-content``.
    ``action`` is what it asks for as it says so, in lower case (``savemms``, ``sendmms``), or empty.
    ``payload`` is what one for another provider says more, and None in every message for Sinch.
    ``fields`` are what else it says, such as ``client-reference``; no key of an account is among them.
    """

    source: str
    digest: str
    kind: DocumentKind = DocumentKind.SAVED
    dialect: Dialect = Dialect.XML
    spelling: str = "modern"
    action: str = ""
    name: Text | None = None
    subject: Text | None = None
    slides: tuple[Slide, ...] = ()
    fields: tuple[Field, ...] = ()
    strays: tuple[Stray, ...] = ()
    misfits: tuple[Misfit, ...] = ()
    problem: XmlProblem | None = None
    excerpts: dict[int, str] = {}
    payload: Payload | None = None

    @property
    def document(self) -> Document:
        """Kind and dialect in one word."""
        return document_of(self.kind, self.dialect)

    @property
    def may_be(self) -> frozenset[Document]:
        """The one document that it is; where it could not be read, all that it may be."""
        if self.problem is None or self.kind is DocumentKind.OTHER:
            return _ALONE[self.document]
        kinds = (DocumentKind.SAVED, DocumentKind.ONE_SHOT)
        return frozenset(document_of(kind, self.dialect) for kind in kinds)

    def field(self, name: str) -> Field | None:
        """The field of this name."""
        return next((each for each in self.fields if each.name == name), None)

    @property
    def is_list(self) -> bool:
        """Whether it is a bare list of URLs, and for nobody."""
        return self.payload is not None and not self.payload.provider and self.problem is None

    @property
    def media(self) -> tuple[MediaRef, ...]:
        """Every media reference in slide order."""
        return tuple(ref for slide in self.slides for ref in slide.media)
