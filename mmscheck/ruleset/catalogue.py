"""Everything the rules folders hold, read once: rules, limits, profiles, servers, others, and words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from mmscheck.model.check import Check
from mmscheck.model.provider import Provider
from mmscheck.model.report import MEDIA
from mmscheck.model.rule import Rule
from mmscheck.model.server import Server
from mmscheck.model.vocabulary import WordList
from mmscheck.ruleset.floor import missing_floor
from mmscheck.ruleset.folder import Folder, claim
from mmscheck.ruleset.limits import KnownLimits, Selection, load_limits
from mmscheck.ruleset.profiles import OFFLINE, Selected, load_profile
from mmscheck.ruleset.providers import load_providers
from mmscheck.ruleset.rulefile import Reader, inspect_causes
from mmscheck.ruleset.servers import load_servers
from mmscheck.ruleset.toml import file_scope
from mmscheck.ruleset.words import load_words

PAGES = "pages.toml"
"""The file of ``rules/servers`` with pages, which their links tell before anybody answers."""


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """What was read; where there were faults, less than the folders hold.

    ``known`` and ``profile_names`` go by file names, so that a faulty file is one fault and not also an
    unknown name wherever it is named. ``extra`` holds the ids that come from extra folders.
    """

    rules: Mapping[str, Rule]
    known: frozenset[str]
    extra: frozenset[str]
    profiles: Mapping[str, Selected]
    profile_names: frozenset[str]
    limits: KnownLimits
    servers: tuple[Server, ...]
    others: tuple[Provider, ...]
    words: tuple[WordList, ...]


def read_catalogue(
    faults: list[str],
    *,
    checks: Mapping[str, Check],
    selection: Selection,
    root: Path,
    extra_roots: tuple[Path, ...] = (),
    offline: bool = False,
) -> Catalogue:
    """Read every file below ``root`` and the extra folders, recording every fault.

    ``offline`` leaves out the servers' files, as no server is asked then, but for those on pages: these are
    known by their links too.
    """
    own = claim(faults, root)
    extras = tuple(claim(faults, each, extra=True) for each in extra_roots)
    limits = load_limits(faults, own.limits, selection)
    files = _unique(faults, "rule", [path for folder in (own, *extras) for path in folder.rules])
    for rule_id in missing_floor(path.stem for path in own.rules):
        file_scope(faults, root).fault(f"lacks the rule {rule_id!r}, expected every rule of the floor")
    reader = Reader(checks=checks, limits=limits)
    read = {rule_id: reader.read(faults, path) for rule_id, path in files.items()}
    rules = {rule_id: rule for rule_id, rule in read.items() if rule is not None}
    inspect_causes(faults, files, rules)
    profiles, names = _profiles(faults, own, extras, rules, frozenset(files))
    described = tuple(
        path for folder in (own, *extras) for path in folder.servers if not offline or path.name == PAGES
    )
    servers = load_servers(faults, described, files)
    others = load_providers(faults, own.providers, files, limits)
    words = load_words(faults, [path for folder in (own, *extras) for path in folder.words])
    if not faults and (len(rules), len(profiles)) != (len(files), len(names)):
        # No known way leads here; a rule lost without a fault must not be a rule that does not run.
        what = f"{len(rules)} of {len(files)} rules loaded, expected all; this is a fault of mmscheck"
        file_scope(faults, root).fault(what)
    return Catalogue(
        rules=rules,
        known=frozenset(files),
        extra=frozenset(files) - {path.stem for path in own.rules},
        profiles=profiles,
        profile_names=names,
        limits=limits,
        servers=servers,
        others=others,
        words=words,
    )


def _profiles(
    faults: list[str],
    own: Folder,
    extras: tuple[Folder, ...],
    rules: Mapping[str, Rule],
    known: frozenset[str],
) -> tuple[dict[str, Selected], frozenset[str]]:
    for path in (path for folder in extras for path in folder.profiles if path.stem == MEDIA):
        file_scope(faults, path).at("id").fault(
            f"{MEDIA!r} is what a check of single URLs is called, expected another name"
        )
    files = _unique(faults, "profile", [path for folder in (own, *extras) for path in folder.profiles])
    read = {
        name: load_profile(
            faults,
            path,
            rules,
            known,
            # Only ours: another folder's "lint" could be selected for a send.
            may_omit_floor=name == OFFLINE and path in own.profiles,
        )
        for name, path in files.items()
    }
    profiles = {name: profile for name, profile in read.items() if profile is not None}
    return profiles, frozenset(files)


def _unique(faults: list[str], what: str, paths: list[Path]) -> dict[str, Path]:
    """The files by id, recording each that has the id of an earlier one."""
    files: dict[str, Path] = {}
    for path in paths:
        first = files.setdefault(path.stem, path)
        if first is not path:
            scope = file_scope(faults, path)
            other = file_scope(faults, first).file
            scope.at("id").fault(f"duplicate {what} {path.stem!r}, expected it only in {other}")
    return files
