"""The files of a rules folder: every one is claimed for what it holds, or is a fault.

A rule file under another ending, or in another folder, would otherwise be a rule that silently does
not run.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from mmscheck.errors import RuleSetError
from mmscheck.ruleset.toml import file_scope, unknown

FAMILIES = frozenset(
    {"message", "subject", "text", "slide", "url", "http", "mime", "media", "request", "recipient"}
)
"""The folders that hold rules."""

LIMITS, PROFILES, SERVERS, PROVIDERS, WORDS = "limits", "profiles", "servers", "providers", "words"
"""The folders of limits, profiles, servers' signs and remedies, other providers' messages, and word lists."""

_PACKAGING = frozenset({"__init__.py", "__pycache__"})


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """The claimed files of one rules folder, each in the order of its path."""

    rules: tuple[Path, ...]
    limits: tuple[Path, ...]
    profiles: tuple[Path, ...]
    servers: tuple[Path, ...]
    providers: tuple[Path, ...]
    words: tuple[Path, ...]


def packaged_root() -> Path:
    """The rules that belong to this program; RuleSetError when they are not there."""
    checkout = Path(__file__).resolve().parents[2]
    # A checkout is looked at first: with two of them in one environment, the package finder would
    # pair this one's code with the other one's rules.
    if (checkout / "pyproject.toml").is_file() and (checkout / "rules" / "__init__.py").is_file():
        return checkout / "rules"
    import importlib.resources  # noqa: PLC0415 - a checkout needs it not

    try:
        found = importlib.resources.files("mmscheck.rules")
    except ModuleNotFoundError as error:
        raise RuleSetError(["mmscheck.rules: missing, expected the packaged rules; reinstall"]) from error
    if not isinstance(found, Path):
        raise RuleSetError(["mmscheck.rules: not on disk, expected an installation in a folder"])
    return found


def claim(faults: list[str], root: Path, *, extra: bool = False) -> Folder:
    """Claim every file below ``root``, recording what cannot be; an ``extra`` one has no numbers."""
    allowed = FAMILIES | {PROFILES, SERVERS, WORDS} | (set() if extra else {LIMITS, PROVIDERS})
    claimed: dict[str, list[Path]] = {
        name: [] for name in FAMILIES | {PROFILES, LIMITS, SERVERS, PROVIDERS, WORDS}
    }
    for entry in _entries(faults, root):
        if entry.name in _PACKAGING and not extra:
            continue
        if not entry.is_dir():
            file_scope(faults, entry).fault(f"not claimed, expected only folders in {root.name}/")
        elif entry.name not in allowed:
            file_scope(faults, entry).fault(unknown("folder", entry.name, allowed))
        else:
            claimed[entry.name] = _claim_files(faults, entry)
    rules = tuple(path for family in sorted(FAMILIES) for path in claimed[family])
    if not rules:
        file_scope(faults, root).fault("no rules, expected at least one <family>/<id>.toml")
    return Folder(
        rules=rules,
        limits=tuple(claimed[LIMITS]),
        profiles=tuple(claimed[PROFILES]),
        servers=tuple(claimed[SERVERS]),
        providers=tuple(claimed[PROVIDERS]),
        words=tuple(claimed[WORDS]),
    )


def _claim_files(faults: list[str], folder: Path) -> list[Path]:
    claimed = []
    for entry in _entries(faults, folder):
        if entry.suffix == ".toml" and not entry.is_dir():
            claimed.append(entry)
        else:
            what = f"not claimed, expected only files named <name>.toml in {folder.name}/"
            file_scope(faults, entry).fault(what)
    return claimed


def _entries(faults: list[str], folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        what = f"cannot be read ({error.strerror or error}), expected a folder of rules"
        file_scope(faults, folder).fault(what)
        return []
