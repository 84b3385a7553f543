"""A message as parsed from a document, with the line each part came from; one for XML and JSON."""

from __future__ import annotations

import msgspec

from mmscheck.model.words import Dialect, Document, DocumentKind, MediaKind, document_of


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of text and the line its element starts on (from 1)."""

    value: str
    line: int


class MediaRef(msgspec.Struct, frozen=True, kw_only=True):
    """A media URL exactly as written, its kind and where it stands.

    ``slide`` counts from 1; ``index`` counts the media of the whole message from 1, so two
    references to one URL stay apart. For a medium that was given by itself ``url`` is its path or URL as
    given, and ``slide`` and ``line`` are 0.
    """

    url: str
    kind: MediaKind
    slide: int
    index: int
    line: int

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


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """An element or attribute the provider does not document, or spells otherwise.

    ``expected`` is the spelling to use instead, or None when there is none. ``overlooked`` marks content that
    the provider might use and no rule looks at: a URL in an unknown place, a second subject.
    """

    name: str
    line: int
    expected: str | None = None
    overlooked: bool = False


class XmlProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a document could not be read as a stored message; ``excerpt`` shows the line."""

    reason: str
    line: int | None = None
    hint: str | None = None
    excerpt: str | None = None


class Mms(msgspec.Struct, frozen=True, kw_only=True):
    """One stored message.

    ``source`` is the path as given or ``<stdin>``; ``digest`` is ``sha256:`` and the hex digest of
    the document's bytes. When ``problem`` is set nothing else of the content is to be relied on.
    ``excerpts`` are the lines that its parts stand on, by number, without secrets and cut, for people.
    ``kind`` is what the document asks for and ``dialect`` what it is written in; rules say by both which
    messages they are for. ``spelling`` is that of its names: ``modern``, ``legacy`` or ``legacy-content``.
    ``action`` is what it asks for as it says so, in lower case (``savemms``, ``sendmms``), or empty.
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
    strays: tuple[Stray, ...] = ()
    problem: XmlProblem | None = None
    excerpts: dict[int, str] = {}

    @property
    def document(self) -> Document:
        """Kind and dialect in one word."""
        return document_of(self.kind, self.dialect)

    @property
    def may_be(self) -> frozenset[Document]:
        """The one document that it is; where it could not be read, all that it may be."""
        if self.problem is None or self.kind is DocumentKind.OTHER:
            return frozenset({self.document})
        kinds = (DocumentKind.SAVED, DocumentKind.ONE_SHOT)
        return frozenset(document_of(kind, self.dialect) for kind in kinds)

    @property
    def media(self) -> tuple[MediaRef, ...]:
        """Every media reference in slide order."""
        return tuple(ref for slide in self.slides for ref in slide.media)
