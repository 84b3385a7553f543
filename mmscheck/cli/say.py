"""The two streams: reports to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import os
import sys

from mmscheck.errors import ReportError
from mmscheck.formats.escape import muted


def write_stdout(text: str, *, commands: bool = False) -> None:
    """Write and flush; raises ReportError when standard output is closed, full or gone.

    Nothing written is a command to a CI runner, unless ``commands`` says that it is meant to be.
    """
    text = text if commands else muted(text)
    if sys.stdout is None:
        raise ReportError("the report could not be written: standard output is closed")
    try:
        sys.stdout.write(text.encode("utf-8", "backslashreplace").decode("utf-8"))
        sys.stdout.flush()
    except UnicodeEncodeError:
        sys.stdout.write(text.encode("ascii", "backslashreplace").decode("ascii"))
        sys.stdout.flush()
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


def complain(text: str, code: int, *, hint: str = "") -> int:
    """Say what went wrong on standard error, and return the exit code."""
    say("\n".join(part for part in (f"mmscheck: {text}", hint) if part))
    return int(code)


def say(text: str) -> None:
    """One line for people on standard error; a closed standard error is no reason to fail."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(muted(text).encode("utf-8", "backslashreplace").decode("utf-8") + "\n")
        sys.stderr.flush()
