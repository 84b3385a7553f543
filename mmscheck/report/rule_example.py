"""An example of a rule: a message, what the web server answers, and what the rule makes of it."""

from __future__ import annotations

import re
from itertools import groupby

import msgspec

from mmscheck.report.escape import visible

MOST_LINES, WIDEST = 16, 100
"""How many lines of a message an example shows, and how many characters of each."""

FRAMINGS = {
    "length": "with Content-Length",
    "chunked": "with Transfer-Encoding: chunked",
    "close": "without a length; it ends when the connection closes",
}
"""What the framings of the cases mean."""

_HEAD_END = "\r\n\r\n"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the server answers for one URL; ``raw`` is the whole answer where it is given so.

    ``body`` says what the body is, ``framing`` how its end is marked.
    """

    url: str
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = "no body"
    framing: str = "length"
    raw: str | None = None
    tls: str = "trusted"


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One case of a rule; ``given`` holds sentences about the send, ``words`` what the rule says."""

    name: str
    outcome: str
    message: str
    given: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    words: tuple[str, ...] = ()


def message_lines(text: str) -> list[str]:
    """The lines of slide XML, trimmed: repeated lines once, long lines and long messages cut."""
    lines: list[str] = []
    for line, group in groupby(line.rstrip() for line in text.splitlines() if line.strip()):
        times = len(list(group))
        shown = visible(line)
        lines.append(shown if len(shown) <= WIDEST else f"{shown[:WIDEST]}…")
        if times > 1:
            lines.append(f"… the same line {times - 1} more time{'s' if times > 2 else ''}")  # noqa: PLR2004 - plural
    if len(lines) > MOST_LINES:
        return [*lines[: MOST_LINES - 1], f"… {len(lines) - MOST_LINES + 1} more lines"]
    return lines


def answer_lines(answer: Answer) -> list[str]:
    """The URL, then the answer's head as it comes over the wire, then what follows it."""
    lines = [f"GET {visible(answer.url)}"]
    if answer.tls != "trusted":
        lines.append(f"the server's certificate: {visible(answer.tls)}")
    if answer.raw is not None:
        head, mark, body = answer.raw.partition(_HEAD_END)
        lines += [visible(line) for line in head.splitlines()]
        lines.append(
            f"then {len(body)} bytes, and the connection closes" if mark else "then the connection closes"
        )
        return lines
    lines.append(f"HTTP/1.1 {answer.status}")
    lines += [f"{visible(name)}: {visible(value)}" for name, value in answer.headers]
    return [*lines, f"then {visible(answer.body)}, {_framing(answer)}"]


def _framing(answer: Answer) -> str:
    own = any(re.fullmatch("content-length", name.strip(), re.IGNORECASE) for name, _ in answer.headers)
    if answer.framing == "length" and own:
        return "with the Content-Length above"
    return FRAMINGS.get(answer.framing, visible(answer.framing))
