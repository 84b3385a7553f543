"""The two streams: reports to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType

from mmscheck.errors import ReaderGoneError, ReportError

_quoted: list[str] = []

_SIGNS = re.compile(r"[/=:,@]+")
"""What an argument may be taken apart at before a part of it is quoted."""


def write_stdout(text: str, *, commands: bool = False) -> None:
    """Write and flush; raises ReportError when standard output is closed, full or gone.

    Nothing written is a command to a CI runner, unless ``commands`` says that it is meant to be.
    """
    text = text if commands else _escape().muted(text)
    if sys.stdout is None:
        raise ReportError("the report could not be written: standard output is closed")
    try:
        sys.stdout.write(text.encode("utf-8", "backslashreplace").decode("utf-8"))
        sys.stdout.flush()
    except UnicodeEncodeError:
        sys.stdout.write(text.encode("ascii", "backslashreplace").decode("ascii"))
        sys.stdout.flush()
    except BrokenPipeError as error:
        raise ReaderGoneError(
            "the report could not be written whole: who read it stopped reading, as head does; "
            "--format FORMAT=FILE writes a file"
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ReportError(f"the report could not be written to standard output: {reason}") from error


def silence_stdout() -> bool:
    """Flush standard output; when that fails point it nowhere, so that Python's own flush keeps quiet."""
    if sys.stdout is None:
        return True
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def watch(arguments: Sequence[str]) -> None:
    """Remember what the command was called with, so that ``complain`` knows it where it is quoted."""
    parts = {part for text in arguments for part in (text, *_SIGNS.split(text))}
    _quoted[:] = sorted((part for part in parts if not part.isprintable()), key=len, reverse=True)


def internal(error: BaseException) -> str:
    """What to say of an error that nobody foresaw; with MMSCHECK_DEBUG its traceback is shown before."""
    if os.environ.get("MMSCHECK_DEBUG"):
        say("".join(traceback.format_exception(error)))
    return f"internal error: {type(error).__name__}: {error} (MMSCHECK_DEBUG=1 shows where)"


def complain(text: str, code: int, *, hint: str = "") -> int:
    """Say what went wrong on standard error, and return the exit code.

    An argument that is quoted in it stays on its line, whatever is in the argument.
    """
    for part in _quoted:
        text = text.replace(part, _escape().visible(part))
    say("\n".join(part for part in (f"mmscheck: {text}", hint) if part))
    return int(code)


def say(text: str) -> None:
    """Lines for people on standard error; a closed standard error is no reason to fail."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(_escape().muted(_safe(text)) + "\n")
        sys.stderr.flush()


def tell(text: str) -> None:
    """Lines for people on standard output, of a command that makes no report. Raises ReportError."""
    write_stdout(_safe(text))


def _safe(text: str) -> str:
    safe: str = _escape().visible_lines(text)
    return safe


def _escape() -> ModuleType:
    # The package of the formats takes 0.08 s to import, half of --version, which needs none of them.
    from mmscheck.report import escape  # noqa: PLC0415

    return escape
