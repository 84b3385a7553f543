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

from mmscheck.cli.commands import with_options
from mmscheck.cli.files import replace_file
from mmscheck.cli.fix_places import Places
from mmscheck.cli.options import ConfigOptions, Exclude, JudgingOptions, configurations, offline_ruleset
from mmscheck.cli.output import Destination, destinations
from mmscheck.cli.paths import STDIN, Paths, sort_paths
from mmscheck.cli.running import run
from mmscheck.cli.say import write_stdout
from mmscheck.cli.spared import spare
from mmscheck.errors import InputError, UsageError
from mmscheck.fix.files import sweep
from mmscheck.fix.log import Log
from mmscheck.fix.report import FIX_FORMATS
from mmscheck.fix.run import Document, Outcome, Settings, Source, fix
from mmscheck.fix.values import Result, Shape, Wishes
from mmscheck.lint.assets import locate
from mmscheck.model.exits import Exit
from mmscheck.ruleset import Config, demand_folders
from mmscheck.slidexml import parse, read_inputs


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
            help="text (default) or json; repeatable.",
        ),
    ]
    judging: JudgingOptions
    config: ConfigOptions
    exclude: Exclude


@click.command(name="fix")
@click.argument("paths", nargs=-1, metavar="PATH...")
@with_options(FixOptions)
def command(paths: tuple[str, ...], *, options: FixOptions) -> int:
    """Write mended copies of media files and messages to DIR, each judged by lint's rules before it is kept.

    PATH: an .xml file, a media file, or a folder. Files that messages refer to are mended too, where
    [assets] of the configuration maps their URLs to a folder. What is right is copied byte for byte; what
    cannot be mended is not written, and the report says why and who can.

    Exit codes: 0 all that is there now passes lint, 1 something still fails, 2 nothing was done or an input
    could not be read, 3 something is open, 4 internal error, or a file could not be written.
    """
    wanted = destinations(options.formats, FIX_FORMATS)
    output = options.output
    if (output is None) is not options.dry_run:
        raise UsageError("--output DIR: name the folder for the mended copies, or give --dry-run alone")
    found = sort_paths(paths, options.exclude)
    places = Places(paths, output)
    groups = [
        _read(config, found, own, places)
        for config, own in configurations(options.config, (*found.documents, *found.media))
    ]
    for group in groups:
        spare(
            options,
            wanted,
            inputs=[*group.files(), *group.placed()],
            config=group.config,
            copies=group.copies() if output is not None else (),
        )
    log = None if output is None else Log(output)
    if output is not None:
        sweep(output)
    parts = [_mended(options, group, places, log) for group in groups]
    result = _result(options, parts, found.unread)
    if not result.entries:
        raise InputError("; ".join(result.unread) or "nothing was found to mend")
    _write(wanted, result)
    return result.exit_code


class _Group(msgspec.Struct, frozen=True, kw_only=True):
    """What lies under one configuration."""

    config: Config
    documents: tuple[Document, ...]
    media: tuple[Source, ...]
    unread: tuple[str, ...]

    def _sources(self) -> tuple[Source, ...]:
        return (*self.media, *(document.source for document in self.documents))

    def files(self) -> tuple[Path, ...]:
        """Every file that is read."""
        return tuple(source.file for source in self._sources())

    def copies(self) -> tuple[Path, ...]:
        """Where each goes, as far as it keeps its name."""
        return tuple(source.target for source in self._sources())

    def placed(self) -> Iterator[Path]:
        """The local files that the messages' URLs are mapped to."""
        refs = (ref for document in self.documents for ref in document.message.media)
        located = (locate(ref.url, self.config.assets) for ref in refs)
        return (place for place in located if isinstance(place, Path))


def _read(config: Config, paths: Paths, own: Sequence[str], places: Places) -> _Group:
    mine = frozenset(own)
    named = [path for path in paths.documents if path in mine and not places.is_made(path)]
    if STDIN in named:
        raise UsageError("-: what comes by standard input has no name for a copy; name a file")
    inputs, unread = read_inputs(named, io.BytesIO()) if named else ((), ())
    media = [path for path in paths.media if path in mine and not places.is_made(path)]
    if inputs or media:
        demand_folders(config)
    return _Group(
        config=config,
        documents=tuple(
            Document(source=places.source(each.source), data=each.data, message=parse(each.data, each.source))
            for each in inputs
        ),
        media=tuple(places.source(path) for path in media),
        unread=unread,
    )


def _mended(options: FixOptions, group: _Group, places: Places, log: Log | None) -> Outcome:
    strict = options.judging.strict or group.config.strict
    outcome = run(
        fix(
            group.documents,
            group.media,
            offline_ruleset(options.judging, group.config),
            _settings(options, strict=strict),
            assets=group.config.assets,
            beside=places.beside(group.config.assets),
            log=log,
        )
    )
    return replace(outcome, unread=(*group.unread, *outcome.unread))


def _settings(options: FixOptions, *, strict: bool) -> Settings:
    shape = options.shape or (Shape.EXTEND if strict else Shape.KEEP)
    wishes = Wishes(
        shape=Shape(shape),
        background=_colour(options.background),
        still=options.still,
        trim=options.trim,
    )
    return Settings(wishes=wishes, strict=strict, jobs=options.jobs, write=not options.dry_run)


def _colour(text: str) -> tuple[int, int, int]:
    try:
        red, green, blue = bytes.fromhex(text.removeprefix("#"))
    except ValueError:
        raise UsageError(f"--background {text!r}: expected six hexadecimal digits, as in ffffff") from None
    return red, green, blue


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
