"""Which configuration applies to a message: the nearest above it, and none that others can have put there.

As git looks for a repository: upward, and what is found must belong to who asks (git, ``safe.directory``,
since 2.35.2; CVE-2022-24765). Unlike git, root's files count as well, because an administrator may configure
a machine. The walk ends at the home folder, at the root of a repository, and at a folder of somebody else,
each looked into itself: what lies beyond is not about these messages. A file that is not trusted is an error
and is never passed over, because without it the verdict could be another.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from mmscheck.errors import RuleSetError
from mmscheck.ruleset.config import OWN_FILE, SHARED_FILE, configures

NETWORK_KEYS = ("allow_net", "connect_to", "proxy", "ca_file")
"""Fields of a configuration that say to which machines requests go, and whom they are believed."""

_EVENTS = ("GITHUB_EVENT_NAME", "CI_PIPELINE_SOURCE", "CI_PIPELINE_EVENT", "CODEBUILD_WEBHOOK_EVENT")
_NUMBERS = (
    *("CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID", "BITBUCKET_PR_ID", "CHANGE_ID"),
    *("CIRCLE_PULL_REQUEST", "CIRCLE_PR_NUMBER", "TRAVIS_PULL_REQUEST", "BUILDKITE_PULL_REQUEST"),
    *("SYSTEM_PULLREQUEST_PULLREQUESTID", "DRONE_PULL_REQUEST", "CI_COMMIT_PULL_REQUEST"),
    *("APPVEYOR_PULL_REQUEST_NUMBER", "CIRRUS_PR", "SEMAPHORE_GIT_PR_NUMBER"),
)
PULL_REQUEST_VARIABLES = (*_EVENTS, *_NUMBERS)
"""By what CI systems tell a run for a pull or merge request (their own documentation, 2026-11-30)."""


def find_config(start: Path) -> Path | None:
    """The nearest configuration file in ``start``, or the folder of it, or above; None without one.

    A ``pyproject.toml`` counts when it has ``[tool.mmscheck]``, and also when it cannot be read: then
    ``load_config`` says so, instead of a configuration being passed over. RuleSetError when a folder
    cannot be looked into, and for a file that others own or may write to.
    """
    return find_configs((start,))[0]


def find_configs(starts: Iterable[Path]) -> list[Path | None]:
    """The configuration of each start, None where there is none; no folder is looked at twice."""
    known: dict[Path, Path | None] = {}
    found = []
    for start in starts:
        here = start.resolve()
        folder = here if here.is_dir() else here.parent
        if folder not in known:
            known[folder] = _upward(folder)
        found.append(known[folder])
    return found


def is_for_pull_request(environment: dict[str, str]) -> bool:
    """Whether a CI system runs this for a change that somebody proposes: its files may be anybody's."""
    events = (environment.get(name, "").lower().replace("-", "_") for name in _EVENTS)
    if any("pull_request" in event or "merge_request" in event for event in events):
        return True
    return any(environment.get(name, "").lower() not in {"", "false", "0"} for name in _NUMBERS)


def _upward(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        try:
            found = _find_in(folder)
            last = found is not None or _ends_at(folder)
        except OSError as error:
            what = f"cannot be looked into ({error.strerror or error}), expected a readable folder"
            raise RuleSetError([f"{folder}: {what}"]) from error
        if found is not None:
            _demand_trust(found)
            return found
        if last:
            return None
    return None


def _find_in(folder: Path) -> Path | None:
    own, shared = folder / OWN_FILE, folder / SHARED_FILE
    # A link to nowhere is somebody's configuration too; load_config says that it cannot be read.
    if own.exists() or own.is_symlink():
        return own
    return shared if shared.is_file() and configures(shared) else None


def _ends_at(folder: Path) -> bool:
    return (
        str(folder) == os.path.realpath(os.path.expanduser("~"))  # noqa: PTH111 - Path.home raises without one
        or (folder / ".git").exists()
        or (folder.exists() and not _is_ours(folder.stat()))
    )


def _demand_trust(file: Path) -> None:
    """Raise RuleSetError for a file, or a link to one, that somebody else has or may change."""
    for place in (file, file.resolve()) if file.is_symlink() else (file,):
        if place.exists() and (why := next(_distrust(place), None)):
            what = (
                f"{why}, so it is not used unasked: whoever put it there would decide over your messages. "
                f"Name the one that counts with --config (this one too, if you trust it)"
            )
            raise RuleSetError([f"{file}: {what}"])


def _distrust(place: Path) -> Iterator[str]:
    if not hasattr(os, "getuid"):
        return
    status, folder = place.lstat(), place.parent.stat()
    named = f"the folder {place.parent}"
    if not _is_ours(status):
        yield f"it belongs to {_owner(status.st_uid)}"
    if not _is_ours(folder):
        yield f"{named} belongs to {_owner(folder.st_uid)}"
    if not stat.S_ISLNK(status.st_mode) and _others_may_write(status):
        yield "others may write to it"
    if _others_may_write(folder):
        # With the sticky bit nobody can replace a file of ours, but can give another one this name.
        if not folder.st_mode & stat.S_ISVTX:
            yield f"others may write to {named}"
        if status.st_nlink > 1:
            yield f"others may write to {named}, and it has another name elsewhere"


def _is_ours(status: os.stat_result) -> bool:
    """Whether this user or root owns it; for root by way of sudo also who called, as git has it."""
    if not hasattr(os, "getuid"):
        return True
    me = os.geteuid()
    caller = os.environ.get("SUDO_UID", "") if me == 0 else ""
    return status.st_uid in {0, me, int(caller) if caller.isascii() and caller.isdigit() else 0}


def _others_may_write(status: os.stat_result) -> bool:
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _is_private(status.st_gid, status.st_uid)


def _is_private(group: int, owner: int) -> bool:
    """Whether the owner alone is in the group: many systems give each user one that may write (umask 002)."""
    import grp  # noqa: PLC0415 - not on every system, and seldom needed
    import pwd  # noqa: PLC0415

    try:
        name = pwd.getpwuid(owner).pw_name
        members = {*grp.getgrgid(group).gr_mem}
    except KeyError:
        return False
    members |= {user.pw_name for user in pwd.getpwall() if user.pw_gid == group}
    return members == {name}


def _owner(uid: int) -> str:
    import pwd  # noqa: PLC0415 - see above

    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the user {uid}"
