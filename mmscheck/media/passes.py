"""Wallet passes: the archive's directory judged before anything is read, then digests, content and signature.

What a pass needs: Apple, Wallet passes, "Creating the source for a pass" and "Building a pass".
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mmscheck.media import image
from mmscheck.media.archives import (
    CONTENT,
    MANIFEST,
    SIGNATURE,
    ZIP,
    check_directory,
    folder_of,
    read_files,
    shown,
)
from mmscheck.media.refusal import RefusedError, judging
from mmscheck.media.signed_data import Signer, signer
from mmscheck.model.facts import PassFacts

UNLISTED = frozenset({MANIFEST, SIGNATURE})
"""Files that the manifest does not list."""

ICONS = ("icon.png", "icon@2x.png", "icon@3x.png")
"""One of them is enough."""

REQUIRED_KEYS = (
    "description",
    "organizationName",
    "passTypeIdentifier",
    "serialNumber",
    "teamIdentifier",
)
"""Keys that every pass.json has, beside formatVersion; each has a text."""

STYLES = ("boardingPass", "coupon", "eventTicket", "generic", "storeCard")
"""Keys of which every pass.json has one, for what kind of pass it is."""

MOST_FAULTS = 20

_PNG = b"\x89PNG\r\n\x1a\n"
_APPLE_PNG = slice(12, 16), b"CgBI"
"""Where a PNG says that Xcode packed it: only Apple's devices read it, and passes are for those."""


def decode(data: bytes, _type: str) -> PassFacts:
    """The facts of a pass with all its faults; RefusedError for a broken archive.

    An archive within the archive is a file like others: it is not opened.
    """
    with judging(ZIP), zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        unpacked = sum(entry.file_size for entry in entries)
        check_directory(entries, unpacked)
        files, faults = read_files(archive, entries)
    facts = PassFacts(entries=len(entries), unpacked=unpacked)
    if folder := folder_of(files):
        fault = f"its files lie in a folder {shown(folder)} and not at the top of the archive"
        return msgspec.structs.replace(facts, faults=(fault,))
    content = _object(files.get(CONTENT, b""))
    faults += [
        *_missing(files),
        *_manifest_faults(files),
        *_content_faults(files),
        *_icon_faults(files),
    ]
    signed, fault = _signer(files)
    faults += [fault] if fault else _signer_faults(signed, content or {})
    return msgspec.structs.replace(
        facts, faults=tuple(faults[:MOST_FAULTS]), signed_until=signed.ends if signed else None
    )


def _missing(files: Mapping[str, bytes]) -> Iterator[str]:
    for name in (CONTENT, MANIFEST, SIGNATURE):
        if name not in files:
            yield f"{name} is missing"
    if files.keys().isdisjoint(ICONS):
        yield f"{ICONS[0]} is missing"


def _manifest_faults(files: Mapping[str, bytes]) -> list[str]:
    """Where the manifest and the files disagree."""
    if MANIFEST not in files:
        return []
    manifest = _object(files[MANIFEST])
    if manifest is None:
        return [f"{MANIFEST} is no JSON object"]
    listed = {name: data for name, data in files.items() if name not in UNLISTED}
    faults = [
        f"{shown(name)} is in the manifest but not in the pass" for name in manifest if name not in files
    ]
    for name, data in listed.items():
        if name not in manifest:
            faults.append(f"{shown(name)} is not in the manifest")
        elif str(manifest[name]).lower() != hashlib.sha1(data, usedforsecurity=False).hexdigest():
            faults.append(f"{shown(name)} differs from its digest in the manifest")
    return faults


def _content_faults(files: Mapping[str, bytes]) -> Iterator[str]:
    """What pass.json lacks."""
    content = _object(files[CONTENT]) if CONTENT in files else {}
    if content is None:
        yield f"{CONTENT} is no JSON object"
    elif CONTENT in files:
        yield from _key_faults(content)
        yield from _style_faults(content)


def _key_faults(content: Mapping[str, Any]) -> Iterator[str]:
    for key in REQUIRED_KEYS:
        if content.get(key) in (None, ""):
            yield f"{CONTENT} has no {key}"
        elif not isinstance(content[key], str):
            yield f"{key} in {CONTENT} is no text"
    version = content.get("formatVersion")
    if version is None:
        yield f"{CONTENT} has no formatVersion"
    elif version != 1 or isinstance(version, bool):
        yield f"formatVersion in {CONTENT} is not 1"


def _style_faults(content: Mapping[str, Any]) -> Iterator[str]:
    styles = [key for key in STYLES if key in content]
    if not styles:
        yield f"{CONTENT} has no style ({', '.join(STYLES[:-1])} or {STYLES[-1]})"
    elif len(styles) > 1:
        yield f"{CONTENT} has more than one style ({', '.join(styles)})"
    elif not isinstance(content[styles[0]], dict):
        yield f"{styles[0]} in {CONTENT} is no JSON object"


def _icon_faults(files: Mapping[str, bytes]) -> Iterator[str]:
    """Which icon a phone could not show."""
    place, mark = _APPLE_PNG
    for name in ICONS:
        icon = files.get(name)
        if icon is None or icon[place] == mark:
            continue
        if not icon.startswith(_PNG):
            yield f"{name} is no PNG"
            continue
        try:
            image.decode(icon, "image/png")
        except RefusedError:
            yield f"{name} is a damaged PNG"


def _signer(files: Mapping[str, bytes]) -> tuple[Signer | None, str]:
    """Who signed the manifest, or what is wrong with the signature; neither where one of both is missing."""
    if not files.keys() >= UNLISTED:
        return None, ""
    try:
        return signer(files[SIGNATURE], files[MANIFEST]), ""
    except RefusedError as refused:
        return None, f"the signature {refused}"


def _signer_faults(signed: Signer | None, content: Mapping[str, Any]) -> Iterator[str]:
    """Where the signer's certificate is not for this pass; what pass.json lacks is told elsewhere."""
    if signed is None:
        return
    for key, names in (("passTypeIdentifier", signed.users), ("teamIdentifier", signed.units)):
        wanted = content.get(key)
        if isinstance(wanted, str) and wanted and wanted not in names:
            told = " or ".join(map(shown, sorted(names))) or "none at all"
            yield f"{key} is {shown(wanted)}, but the signer's certificate is for {told}"


def _object(data: bytes) -> dict[str, Any] | None:
    """The JSON object in those bytes, or None."""
    try:
        value = json.loads(data)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
