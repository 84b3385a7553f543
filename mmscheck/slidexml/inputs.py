"""Paths to documents: files, folders as .gitignore and --exclude leave them, and standard input.

Nothing is left out in silence: links that are not followed are named, and the rest is counted. Whatever was
named and gave no document is a sentence, and a caller that gets sentences must not say that all is well.
Patterns are those of git (its documentation, gitignore, "Pattern format"; read 2026-12-01).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from mmscheck.base.text import escaped
from mmscheck.slidexml.decode import MAX_BYTES, is_json_message

IGNORE_FILE = ".gitignore"
_LARGEST = 1 << 20
"""Bytes of such a file that are read; more is no list that anybody wrote."""

_GLOB_TOKEN = re.compile(r"\\(?P<plain>.)|(?P<class>\[[!^]?\]?[^\]]*\])|\*\*|\*|\?|.", re.DOTALL)


class Pattern(msgspec.Struct, frozen=True):
    """One line: what it matches, whether it takes back an earlier one, whether only folders are meant."""

    matcher: re.Pattern[str]
    takes_back: bool
    folders_only: bool


class Ignored(msgspec.Struct, frozen=True):
    """The patterns that apply below one folder; ``base`` is that folder, absolute."""

    base: str
    patterns: tuple[Pattern, ...]

    def decides(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether the absolute path is ignored; None where no pattern is about it. The last one counts."""
        if not path.startswith(self.base.rstrip("/") + "/"):
            return None
        below = path[len(self.base.rstrip("/")) + 1 :]
        for pattern in reversed(self.patterns):
            if (is_folder or not pattern.folders_only) and pattern.matcher.fullmatch(below):
                return not pattern.takes_back
        return None


def patterns_of(lines: Iterable[str]) -> tuple[Pattern, ...]:
    """The patterns in these lines; comments, empty lines and what is no pattern are none."""
    return tuple(pattern for line in lines if (pattern := _pattern(line)) is not None)


def above(folder: str) -> Iterator[Ignored]:
    """What the repository of a folder (its real path) ignores, from its root down to itself; nearest last."""
    here = Path(folder)
    root = next((each for each in (here, *here.parents) if (each / ".git").exists()), here)
    between = [here, *here.parents][: len(here.parts) - len(root.parts) + 1]
    for each in reversed(between):
        yield from inside(str(each))


def inside(folder: str) -> Iterator[Ignored]:
    """What the list in this very folder (its real path) ignores, if there is one that can be read."""
    try:
        with Path(folder, IGNORE_FILE).open("rb") as file:
            lines = file.read(_LARGEST).decode("utf-8", "surrogateescape").splitlines()
    except OSError:
        return
    yield Ignored(folder, patterns_of(lines))


def is_ignored(lists: Iterable[Ignored], path: str, *, is_folder: bool) -> bool:
    """Whether lists, outermost first, ignore the absolute path: the nearest that is about it decides."""
    found = [each.decides(path, is_folder=is_folder) for each in lists]
    return next((each for each in reversed(found) if each is not None), False)


def _pattern(line: str) -> Pattern | None:
    text = line if line.endswith("\\ ") else line.rstrip(" ")
    if not text or text.startswith("#"):
        return None
    takes_back, text = (True, text[1:]) if text.startswith("!") else (False, text)
    folders_only, text = text.endswith("/"), text.rstrip("/")
    if not text:
        return None
    anywhere = "/" not in text
    source = "".join(_parts(text.removeprefix("/")))
    try:
        matcher = re.compile(f"(?:.*/)?{source}" if anywhere else source, re.DOTALL)
    except re.error:
        return None
    return Pattern(matcher, takes_back, folders_only)


def _parts(text: str) -> Iterator[str]:
    text = re.sub(r"^(\*\*/)+", "\0", text)
    text = re.sub(r"/(\*\*/)+", "\1", text)
    text = re.sub(r"/\*\*$", "\2", text)
    whole = {"\0": "(?:.*/)?", "\1": "/(?:.*/)?", "\2": "/.+", "**": "[^/]*", "*": "[^/]*", "?": "[^/]"}
    for found in _GLOB_TOKEN.finditer(text):
        if found["plain"] is not None:
            yield re.escape(found["plain"])
        elif (listed := found["class"]) is not None:
            body = listed[1:-1].replace("\\", "\\\\").replace("[", "\\[")
            yield f"(?!/)[{'^' + body[1:] if body[0] in '!^' else body}]"
        else:
            yield whole.get(found[0], re.escape(found[0]))


MOST_NAMED = 3
"""Links that are named in a sentence; the others are counted."""


class Unread(msgspec.Struct, frozen=True):
    """Something that was named, or is in a folder that was, and could not be read."""

    sentence: str


class Left(msgspec.Struct, frozen=True):
    """Something that was left out on purpose: an ignored or excluded entry, or (``why``) a link.

    ``other`` is a file whose name ends as messages' names do, and which plainly is none.
    """

    path: str
    why: str = ""
    other: bool = False


def walk(
    folder: str, suffixes: Collection[str], *, exclude: Sequence[str] = (), ignoring: bool = True
) -> Iterator[str | Unread | Left]:
    """Every file below with one of these suffixes (small letters), folder by folder, by name.

    Not in hidden folders, nor through links to folders: what lies below is met where it lies. A link to a
    file is followed where that file is below ``folder`` too. ``exclude`` are patterns as in ``.gitignore``,
    from ``folder`` or from the working folder; without ``ignoring`` nothing but links is left out.
    """
    root = os.path.realpath(folder)
    patterns = patterns_of(exclude)
    excluded = tuple(Ignored(base, patterns) for base in (os.path.realpath(os.curdir), root))
    # With a list of its own of what is still to be walked: folders may lie deeper than calls may.
    waiting = [(folder, root, (*(above(root) if ignoring else ()), *excluded))]
    while waiting:
        here, real, lists = waiting.pop()
        try:
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield Unread(f"{escaped(here)}/: {(error.strerror or str(error)).lower()}")
            continue
        deeper: list[tuple[str, str]] = []
        for entry in entries:
            is_folder = _is_folder(entry)
            if entry.name.startswith(".") if is_folder else Path(entry.name).suffix.lower() not in suffixes:
                continue
            path = str(Path(here) / entry.name)
            place = f"{real.rstrip('/')}/{entry.name}"
            if is_ignored(lists, place, is_folder=is_folder):
                yield Left(path)
            elif entry.is_symlink() and (why := _leads_away(path, root, is_folder=is_folder)) is not None:
                yield from (Left(path, why),) if why else ()
            elif is_folder:
                deeper.append((path, place))
            else:
                yield Left(path, other=True) if _is_other_json(path) else path
        below = lists[: -len(excluded)]
        for path, place in reversed(deeper):
            own_list = inside(place) if ignoring else ()
            waiting.append((path, place, (*below, *own_list, *excluded)))


def _is_other_json(path: str) -> bool:
    """Whether a file is called as one in JSON, and holds no message: folders are full of such files."""
    if not path.lower().endswith(_JSON):
        return False
    read = _file(path)
    return isinstance(read, Input) and not is_json_message(read.data)


def left_out(left: Sequence[Left]) -> Iterator[str]:
    """Sentences on what was left out: the links by name, the rest by number."""
    others = sum(each.other for each in left)
    if others:
        count = "1 .json file holds" if others == 1 else f"{others:,} .json files hold"
        yield f"{count} no message, and {'was' if others == 1 else 'were'} left out."
    links = [each for each in left if each.why]
    if links:
        named = ", ".join(f"{escaped(each.path)} ({each.why})" for each in links[:MOST_NAMED])
        more = f" and {len(links) - MOST_NAMED:,} more" if len(links) > MOST_NAMED else ""
        count = "1 link was" if len(links) == 1 else f"{len(links):,} links were"
        yield f"{count} not followed: {named}{more}."
    if rest := len(left) - len(links) - others:
        count = "1 file or folder was" if rest == 1 else f"{rest:,} files or folders were"
        yield f"{count} left out, as .gitignore or --exclude say."


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _leads_away(path: str, root: str, *, is_folder: bool) -> str | None:
    """Why a link is not followed, None where it is, and nothing where it leads to what is met anyhow."""
    target = os.path.realpath(path)
    if not os.path.exists(target):  # noqa: PTH110 - Path.exists raises for loops of links
        return "it leads nowhere"
    if target != root and not target.startswith(root.rstrip("/") + "/"):
        return "it leads out of the folder that was given"
    return "" if is_folder else None


_JSON = ".json"
DOCUMENTS = frozenset({".xml", _JSON})
"""How the names of documents end, in small letters."""

STDIN = "<stdin>"
"""The source of the document that came by standard input."""

_NOTHING = "nothing was named to read: give files, folders or - for standard input"
# Opening a named pipe without this flag would wait for a writer for ever.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One document as read: ``source`` is its path as given (or ``<stdin>``), ``data`` its bytes.

    At most ``MAX_BYTES`` + 1 bytes are read; the reader of the XML refuses what is larger.
    """

    source: str
    data: bytes


def read_inputs(paths: Sequence[str], stdin: BinaryIO) -> tuple[tuple[Input, ...], tuple[str, ...]]:
    """The documents in the order given, folders by name, and sentences for what could not be read.

    A path named twice is read once. ``-`` is standard input. OS errors are sentences, never raised, and so
    is what a folder holds and does not give; who leaves out on purpose walks it first (``walk``).
    """
    if not paths:
        return (), (_NOTHING,)
    places = dict.fromkeys(place for path in paths for place in _places(path))
    read = [_read(place, stdin) for place in places]
    inputs = tuple(result for result in read if isinstance(result, Input))
    return inputs, tuple(result.sentence for result in read if isinstance(result, Unread))


def document_places(paths: Sequence[str]) -> Iterator[str]:
    """The files that ``read_inputs`` would open for these paths, as the file system names them."""
    for path in paths:
        yield from (place for place in _places(path) if isinstance(place, str) and place != "-")


def _read(place: str | Unread, stdin: BinaryIO) -> Input | Unread:
    if isinstance(place, Unread):
        return place
    return _standard_input(stdin) if place == "-" else _file(place)


def _places(path: str) -> Iterator[str | Unread]:
    if not path:
        yield Unread("an empty path was given")
    elif path != "-" and os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises on a NUL in the name
        yield from _folder(path)
    else:
        yield path


def _standard_input(stdin: BinaryIO) -> Input | Unread:
    try:
        data = _up_to_cap(stdin)
    except (OSError, ValueError) as error:
        return Unread(f"standard input: {_words(error)}")
    return Input(source=STDIN, data=data) if data else Unread("standard input is empty")


def _file(path: str) -> Input | Unread:
    source = escaped(path)
    try:
        with open(os.open(path, _FLAGS), "rb") as file:  # noqa: PTH123 - the flags need os.open
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return Unread(f"{source}: not a regular file")
            return Input(source=source, data=_up_to_cap(file))
    except (OSError, ValueError) as error:
        return Unread(f"{source}: {_words(error)}")


def _folder(path: str) -> Iterator[str | Unread]:
    """Every document below the folder by name, and sentences for what is not read."""
    found = False
    for place in walk(path, DOCUMENTS, ignoring=False):
        if isinstance(place, Left) and place.other:
            continue
        found = True
        yield Unread(f"{escaped(place.path)}: {place.why}") if isinstance(place, Left) else place
    if not found:
        yield Unread(f"{escaped(path).rstrip('/')}/: no message in it (.xml or .json)")


def _up_to_cap(stream: BinaryIO) -> bytes:
    parts: list[bytes] = []
    wanted = MAX_BYTES + 1
    # A raw stream may give less than was asked for, so only an empty read is the end.
    while wanted > 0 and (part := stream.read(wanted)):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


def _words(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or "could not be read"
