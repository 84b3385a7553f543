"""The frame of every page: style and script inside it, and a policy that lets nothing else run or load."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from importlib import resources

import msgspec

from mmscheck.report.html.markup import Markup, Part, join, raw, tag
from mmscheck.report.html.pictures import icons

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LEADING = re.compile(r"\n\s*")


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """The style sheet and the script of a page, as they stand in it."""

    style: str
    script: str

    def policy(self, images: str) -> str:
        """The Content-Security-Policy (CSP 3): nothing from elsewhere, only these two by their digests."""
        return "; ".join(
            (
                "default-src 'none'",
                f"img-src {images}",
                f"style-src {_digest(self.style)}",
                f"script-src {_digest(self.script)}",
                "base-uri 'none'",
                "form-action 'none'",
            )
        )


def look() -> Look:
    """Read both from the package."""
    return Look(style=_packed("report.css"), script=_packed("report.js"))


def _packed(name: str) -> str:
    source = (resources.files("mmscheck.report.html") / name).read_text(encoding="utf-8")
    return _LEADING.sub("\n", _COMMENT.sub("", source)).strip()


def _digest(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode('utf-8')).digest()).decode('ascii')}'"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between pages: the title, and where pictures may come from."""

    look: Look
    title: str
    images: str = "data:"

    def opening(self, *, skip: str) -> Markup:
        """Everything up to the body's content; ``skip`` says where the first link leads."""
        head = tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=self.look.policy(self.images)),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("meta", name="referrer", content="no-referrer"),
            tag("meta", name="robots", content="noindex"),
            tag("title", self.title),
            tag("style", raw(self.look.style)),
        )
        return join(
            raw('<!DOCTYPE html>\n<html lang="en">'),
            head,
            raw("<body>"),
            tag("a", skip, class_="skip", href="#main"),
            icons(),
        )

    def closing(self, *parts: Part) -> Markup:
        """Everything behind the content."""
        return join(*parts, tag("script", raw(self.look.script)), raw("</body></html>\n"))


def main(parts: Iterable[Part]) -> Iterator[str]:
    """The main part of a page, piece by piece."""
    yield '<main id="main">'
    yield from (join(part, "\n") for part in parts if part)
    yield "</main>"
