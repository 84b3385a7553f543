"""What the terminal behind a stream can do and its user wants: colours, and links to files."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

_DUMB = frozenset({"dumb", "unknown"})

_PROGRAMS = frozenset({"iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper", "Tabby", "rio"})
"""Values of TERM_PROGRAM of terminals that follow OSC 8 links; others show nothing, or rubbish."""

_MARKS = ("KITTY_WINDOW_ID", "WT_SESSION", "KONSOLE_VERSION", "DOMTERM", "ALACRITTY_WINDOW_ID")
"""Variables that only terminals set which follow OSC 8 links."""

_VTE = 5000
"""VTE_VERSION from which on GNOME's terminals and their kin follow links (0.50)."""


def wants_color(stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Whether to paint: on a terminal, or anywhere where CLICOLOR_FORCE or FORCE_COLOR says so.

    NO_COLOR (no-color.org) wins over both, whatever it holds, and a dumb terminal is never painted unasked.
    """
    if "NO_COLOR" in environ or stream is None:
        return False
    if any(environ.get(name, "0") not in {"", "0"} for name in ("CLICOLOR_FORCE", "FORCE_COLOR")):
        return True
    return _is_terminal(stream) and environ.get("TERM") not in _DUMB


def links(stream: TextIO | None, environ: Mapping[str, str]) -> str:
    """The URL of the working folder, for links to files, on a terminal known to follow them; else empty."""
    if stream is None or not _is_terminal(stream) or not _follows_links(environ):
        return ""
    try:
        folder = Path.cwd()
    except OSError:
        return ""
    return f"file://{socket.gethostname()}{quote(str(folder).encode('utf-8', 'surrogateescape'))}/"


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:
        return False


def _follows_links(environ: Mapping[str, str]) -> bool:
    # Inside tmux and screen the variables are those of the terminal around them, which may be another by now.
    if environ.get("TERM", "").startswith(("dumb", "screen", "tmux", "linux")):
        return False
    vte = environ.get("VTE_VERSION", "")
    return (
        environ.get("TERM_PROGRAM") in _PROGRAMS
        or any(name in environ for name in _MARKS)
        or bool(re.fullmatch(r"[0-9]{4,6}", vte) and int(vte) >= _VTE)
    )
