"""``mmscheck fix``: mend what can be mended, and prove it by lint's own rules before it is kept."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import click
import msgspec
from msgspec.structs import replace

from mmscheck.base.phone import is_region
from mmscheck.cli.commands import with_options
from mmscheck.cli.files import replace_file
from mmscheck.cli.options import (
    ConfigOptions,
    Exclude,
    JudgingOptions,
    NoProgress,
    configurations,
    offline_ruleset,
)
from mmscheck.cli.output import Destination, destinations
from mmscheck.cli.paths import STDIN, Paths, sort_paths
from mmscheck.cli.progress import Progress, ProgressStage
from mmscheck.cli.running import run
from mmscheck.cli.say import say, write_stdout
from mmscheck.cli.spared import spare
from mmscheck.errors import InputError, UsageError
from mmscheck.fix.files import sweep
from mmscheck.fix.log import Log
from mmscheck.fix.media import demand_apart
from mmscheck.fix.places import Places
from mmscheck.fix.report import FIX_FORMATS
from mmscheck.fix.run import Document, Outcome, Settings, Source, fix
from mmscheck.fix.values import Result, Shape, Wishes
from mmscheck.fix.worktree import demand_clean
from mmscheck.lint.assets import locate
from mmscheck.model.exits import Exit
from mmscheck.ruleset import Config, demand_folders
from mmscheck.slidexml import is_other_xml, parse, read_inputs


class FixOptions(msgspec.Struct, frozen=True, kw_only=True):
    """All options of ``mmscheck fix``."""

    output: Annotated[
        Path | None,
        click.option(
            "--output",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Where the mended copies go: a new or empty folder, or one of an earlier run.",
        ),
    ]
    in_place: Annotated[
        bool,
        click.option(
            "--in-place",
            is_flag=True,
            help="Write over the files themselves, where git holds each of them as it is.",
        ),
    ]
    dry_run: Annotated[
        bool,
        click.option("--dry-run", is_flag=True, help="Do the work, say what would be done, write nothing."),
    ]
    shape: Annotated[
        str | None,
        click.option(
            "--shape",
            type=click.Choice([each.value for each in Shape]),
            help="Pictures that are not 9:16: keep them (default), extend them with the background, or crop"
            " them; with --strict the default is to extend.",
        ),
    ]
    background: Annotated[
        str,
        click.option(
            "--background", metavar="RRGGBB", default="ffffff", help="Behind transparent parts (ffffff)."
        ),
    ]
    still: Annotated[
        bool, click.option("--still", is_flag=True, help="Make the first frame of an animation a picture.")
    ]
    trim: Annotated[
        bool,
        click.option("--trim", is_flag=True, help="Cut films and sounds to the advised length."),
    ]
    country: Annotated[
        str | None,
        click.option(
            "--country",
            metavar="CC",
            help="Where the telephone numbers in contact cards are dialled that have no country code (two"
            " letters, as in US); without it they stay as they are.",
        ),
    ]
    jobs: Annotated[
        int,
        click.option(
            "--jobs",
            type=click.IntRange(1, 64),
            default=2,
            metavar="N",
            help="Files worked on at a time (2).",
        ),
    ]
    formats: Annotated[
        tuple[str, ...],
        click.option(
            "--format",
            "formats",
            multiple=True,
            metavar="FORMAT[=FILE]",
            help="text (default), json or html; repeatable.",
        ),
    ]
    skip_other_xml: Annotated[
        bool,
        click.option(
            "--skip-other-xml", is_flag=True, help="Leave out .xml and .json files that are no messages."
        ),
    ]
    judging: JudgingOptions
    config: ConfigOptions
    exclude: Exclude
    no_progress: NoProgress


@click.command(name="fix")
@click.argument("paths", nargs=-1, metavar="PATH...")
@with_options(FixOptions)
def command(paths: tuple[str, ...], *, options: FixOptions) -> int:
    """Write mended copies of media files and messages to DIR, each judged by lint's rules before it is kept.

    PATH: an .xml or .json file, a media file, or a folder. Files that messages refer to are mended too, where
    [assets] of the configuration maps their URLs to a folder. What is right is copied byte for byte; what
    cannot be mended is not written, and the report says why and who can.

    Exit codes: 0 all that is there now passes lint, 1 something still fails, 2 nothing was done or an input
    could not be read, 3 something is open, 4 internal error, or a file could not be written.
    """
    wanted = destinations(options.formats, FIX_FORMATS)
    if [options.output is not None, options.dry_run, options.in_place].count(True) != 1:
        raise UsageError("give one of these: --output DIR for mended copies, --in-place, or --dry-run")
    found = sort_paths(paths, options.exclude)
    places = Places(paths, options.output, in_place=options.in_place)
    groups = [
        _read(options, config, found, own, places)
        for config, own in configurations(options.config, (*found.documents, *found.media))
    ]
    for group in groups:
        _guard(options, wanted, group)
    demand_apart(source for group in groups for source in group.sources())
    log = None if options.output is None else Log(options.output)
    if options.output is not None:
        sweep(options.output)
    for folder in {file.parent for group in groups for file in group.files()} if options.in_place else ():
        sweep(folder, below=False)
    with Progress(wanted=not options.no_progress) as line:
        stage = line.stage("files", sum(len(group.files()) for group in groups))
        parts = [_mended(options, wanted, group, places=places, log=log, stage=stage) for group in groups]
    result = _result(options, parts, found.unread)
    if not result.entries:
        return _nothing(sum(group.skipped for group in groups), result.unread)
    _write(wanted, result)
    return result.exit_code


def _guard(options: FixOptions, wanted: Sequence[Destination], group: _Group) -> None:
    """Nothing is written over that is read; with --in-place only what git holds."""
    files = [*group.files(), *group.placed()]
    copies = group.copies() if options.output is not None else ()
    spare(options, wanted, inputs=files, config=group.config, copies=copies)
    if options.in_place:
        demand_clean(files)


def _nothing(skipped: int, unread: Sequence[str]) -> int:
    """There is nothing to mend: fine only when all there was were documents to be skipped."""
    if unread or not skipped:
        raise InputError("; ".join(unread) or "nothing was found to mend")
    say(f"mmscheck: none of {skipped} file{'s' if skipped > 1 else ''} is a message; skipped")
    return int(Exit.PERMITTED)


class _Group(msgspec.Struct, frozen=True, kw_only=True):
    """What lies under one configuration; ``skipped`` counts XML files that are no messages."""

    config: Config
    documents: tuple[Document, ...]
    media: tuple[Source, ...]
    unread: tuple[str, ...]
    skipped: int

    def sources(self) -> tuple[Source, ...]:
        """Every file with its place."""
        return (*self.media, *(document.source for document in self.documents))

    def files(self) -> tuple[Path, ...]:
        """Every file that is read."""
        return tuple(source.file for source in self.sources())

    def copies(self) -> tuple[Path, ...]:
        """Where each goes, as far as it keeps its name."""
        return tuple(source.target for source in self.sources())

    def placed(self) -> Iterator[Path]:
        """The local files that the messages' URLs are mapped to."""
        refs = (ref for document in self.documents for ref in document.meant.media)
        located = (locate(ref.url, self.config.assets) for ref in refs)
        return (place for place in located if isinstance(place, Path))


def _read(options: FixOptions, config: Config, paths: Paths, own: Sequence[str], places: Places) -> _Group:
    mine = frozenset(own)
    named = [path for path in paths.documents if path in mine and not places.is_made(path)]
    if STDIN in named:
        raise UsageError("-: what comes by standard input has no name for a copy; name a file")
    inputs, unread = read_inputs(named, io.BytesIO()) if named else ((), ())
    messages = [each for each in inputs if not (options.skip_other_xml and is_other_xml(each.data))]
    media = [path for path in paths.media if path in mine and not places.is_made(path)]
    if messages or media:
        demand_folders(config)
    return _Group(
        config=config,
        documents=tuple(
            Document(source=places.source(each.source), data=each.data, message=parse(each.data, each.source))
            for each in messages
        ),
        media=tuple(places.source(path) for path in media),
        unread=unread,
        skipped=len(inputs) - len(messages),
    )


def _mended(
    options: FixOptions,
    wanted: Sequence[Destination],
    group: _Group,
    *,
    places: Places,
    log: Log | None,
    stage: ProgressStage,
) -> Outcome:
    strict = options.judging.strict or group.config.strict
    outcome = run(
        fix(
            group.documents,
            group.media,
            offline_ruleset(options.judging, group.config),
            _settings(options, strict=strict, previews=any(item.format == "html" for item in wanted)),
            assets=group.config.assets,
            beside=places.beside(group.config.assets),
            log=log,
            tell=lambda _entry: stage.add(),
        )
    )
    return replace(outcome, unread=(*group.unread, *outcome.unread))


def _settings(options: FixOptions, *, strict: bool, previews: bool) -> Settings:
    shape = options.shape or (Shape.EXTEND if strict else Shape.KEEP)
    wishes = Wishes(
        shape=Shape(shape),
        background=_colour(options.background),
        still=options.still,
        trim=options.trim,
        country=_country(options.country),
    )
    return Settings(
        wishes=wishes,
        strict=strict,
        jobs=options.jobs,
        write=not options.dry_run,
        in_place=options.in_place,
        previews=previews,
    )


def _colour(text: str) -> tuple[int, int, int]:
    try:
        red, green, blue = bytes.fromhex(text.removeprefix("#"))
    except ValueError:
        raise UsageError(f"--background {text!r}: expected six hexadecimal digits, as in ffffff") from None
    return red, green, blue


def _country(name: str | None) -> str | None:
    if name is not None and not is_region(name.upper()):
        raise UsageError(f"--country {name!r}: expected the two letters of a country, as in US")
    return None if name is None else name.upper()


def _result(options: FixOptions, parts: Sequence[Outcome], unread: Sequence[str]) -> Result:
    missing = (*unread, *(sentence for part in parts for sentence in part.unread))
    code = Exit.NOTHING_CHECKED if missing else _code(parts)
    return Result(
        tool_version=version("mmscheck"),
        ruleset_digest=", ".join(dict.fromkeys(part.ruleset_digest for part in parts)),
        entries=tuple(entry for part in parts for entry in part.entries),
        dry=options.dry_run,
        strict=options.judging.strict,
        passed=code == Exit.PERMITTED,
        exit_code=int(code),
        output=None if options.output is None else str(options.output),
        unread=missing,
    )


def _code(parts: Sequence[Outcome]) -> Exit:
    if any(part.denied for part in parts):
        return Exit.DENIED
    return Exit.UNDECIDED if any(part.undecided for part in parts) else Exit.PERMITTED


def _write(wanted: Sequence[Destination], result: Result) -> None:
    for item in wanted:
        text = FIX_FORMATS[item.format](result)
        if item.file is None:
            write_stdout(text)
        else:
            replace_file(item.file, text)
