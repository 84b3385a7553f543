"""The files of ``rules/words`` to word lists, strictly, and which of them a configuration switches on."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from mmscheck.model.vocabulary import ListKind, Vocabulary, WordList
from mmscheck.ruleset.config import Config
from mmscheck.ruleset.toml import Scope, file_scope, read_table, read_toml, shorten, unknown


def load_words(faults: list[str], files: Collection[Path]) -> tuple[WordList, ...]:
    """The list of every file, in their order; each fault of a file is recorded."""
    found: dict[str, WordList] = {}
    for path in files:
        scope = file_scope(faults, path)
        raw = read_toml(scope, path)
        read = None if raw is None else read_table(scope, raw, WordList)
        if read is None:
            continue
        if read.id != path.stem:
            scope.at("id").fault(f"{shorten(read.id)} is not the file's name, expected {shorten(path.stem)}")
        elif read.id in found:
            scope.at("id").fault(f"duplicate list {read.id!r}, expected it once")
        else:
            found[read.id] = read
            _inspect(scope, read)
    return tuple(found.values())


def _inspect(scope: Scope, read: WordList) -> None:
    """Entries are compared in small letters, and each stands once: a second would be found twice."""
    seen: set[str] = set()
    if not read.topics:
        scope.at("topics").fault("empty, expected at least one topic")
    for topic, entry in read.entries:
        place = scope.at("topics").at(topic)
        if entry != entry.casefold() or entry != " ".join(entry.split()):
            place.fault(
                f"{shorten(entry)} is not as it is compared, expected small letters and single blanks"
            )
        if entry in seen:
            place.fault(f"{shorten(entry)} stands there more than once")
        seen.add(entry)
    if read.kind is ListKind.RESTRICTED and not (read.country and read.language):
        scope.fault("restricted words without a country and a language, expected both")


def choose(faults: list[str], lists: tuple[WordList, ...], config: Config | None) -> Vocabulary:
    """What is in force: lists of restricted words only where ``words`` of the configuration names them."""
    given = config or Config()
    restricted = {each.id for each in lists if each.kind is ListKind.RESTRICTED}
    scope = file_scope(faults, given.path).at("words")
    for at, name in enumerate(given.words):
        if name not in restricted:
            scope.at(at).fault(unknown("list of words", name, restricted))
    wanted = set(given.words)
    return Vocabulary(
        lists=tuple(each for each in lists if each.kind is not ListKind.RESTRICTED or each.id in wanted),
        own_domains=given.own_domains,
        sender_names=given.sender_names,
    )
