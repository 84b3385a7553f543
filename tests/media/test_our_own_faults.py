"""An exception of our own call, or of a library that changed, is never told as the fault of the file."""

from __future__ import annotations

import functools
import inspect
import io
import itertools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import msgspec
import pytest
from PIL import Image

from mmscheck.checks import CHECKS
from mmscheck.judge.engine import judge_alone
from mmscheck.media import worker
from mmscheck.media.decoding import DECODERS
from mmscheck.media.refusal import trace
from mmscheck.media.sample import Sample
from mmscheck.media.sniffing import failed
from mmscheck.model.facts import Undecoded
from mmscheck.model.observation import Inspected
from mmscheck.model.report import Evaluation
from mmscheck.model.rule import RuleSet
from mmscheck.model.words import MediaKind, Outcome, Owner
from mmscheck.ruleset import load_ruleset
from tests.support.command import mmscheck
from tests.support.media_targets import fetched

MEDIA = Path(__file__).parents[2] / "fixtures" / "media"
PACKAGE = str(Path(worker.__file__).parent)
OURS = "a fault of mmscheck, not of the file"
ERRORS = (
    *(TypeError, AttributeError, RuntimeError, ValueError, KeyError, ImportError, IndexError, OSError),
    *(NotImplementedError, EOFError, SyntaxError, StopIteration),
)
"""What a call that a library no longer takes may raise, in turn."""

ENDS = frozenset({EOFError})
"""What Pillow answers to whoever asks for a frame behind the last one."""

OUTSIDE = frozenset({"worker.py", "refusal.py", "sample.py", "decoding.py", "sniffing.py", "gif.py"})
"""Modules that handle what the others raise, and a parser of our own. Nothing in them calls a library."""

FILES = {
    "photo-small.jpg": MediaKind.IMAGE,
    "logo-small.png": MediaKind.IMAGE,
    "dance-small.gif": MediaKind.IMAGE,
    "photo-small.webp": MediaKind.IMAGE,
    "photo-small.avif": MediaKind.IMAGE,
    "photo-small.heic": MediaKind.IMAGE,
    "picture.bmp": MediaKind.IMAGE,
    "picture.tiff": MediaKind.IMAGE,
    "jingle-small.mp3": MediaKind.AUDIO,
    "jingle-odd.mp3": MediaKind.AUDIO,
    "chime-small.wav": MediaKind.AUDIO,
    "clip-small.mp4": MediaKind.VIDEO,
    "clip-small.3gp": MediaKind.VIDEO,
    "contact-small.vcf": MediaKind.VCARD,
    "event-small.ics": MediaKind.ICAL,
    "flyer-small.pdf": MediaKind.PDF,
    "pass-small.pkpass": MediaKind.PASSBOOK,
}

DECODES = {
    MediaKind.IMAGE: "image-decodes",
    MediaKind.AUDIO: "audio-decodes",
    MediaKind.VIDEO: "video-decodes",
    MediaKind.VCARD: "vcard-valid",
    MediaKind.ICAL: "ical-valid",
    MediaKind.PDF: "pdf-valid",
    MediaKind.PASSBOOK: "passbook-valid",
}


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker does is done in this process, whose CPU time is nobody's to limit."""
    monkeypatch.setattr("mmscheck.media.worker.grant_cpu", lambda _seconds: None)


def content(name: str) -> bytes:
    if not name.startswith("picture"):
        return (MEDIA / name).read_bytes()
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, name.rpartition(".")[2])
    return file.getvalue()


def inspected(data: bytes) -> Inspected:
    found = worker.inspect(Sample(data=data, size=len(data), decode=True))
    assert found is not None
    return found


Line = tuple[str, int]


def traced(data: bytes, at_line: Callable[[Line, bool], object]) -> Inspected:
    """What became of the file where this is called before each line of ours that looks into it.

    It is told whether the line is a generator's.
    """

    def local(frame: FrameType, event: str, _given: Any) -> Any:
        if event == "line":
            line = _ours(frame.f_code.co_filename), frame.f_lineno
            at_line(line, bool(frame.f_code.co_flags & inspect.CO_GENERATOR))
        return local

    def entered(frame: FrameType, _event: str, _given: Any) -> Any:
        return local if _ours(frame.f_code.co_filename) else None

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        return inspected(data)
    finally:
        sys.settrace(before)


@functools.cache  # asked at each call and each line
def _ours(filename: str) -> str:
    """The name of our module; nothing of others and of those outside."""
    path = Path(filename)
    return path.name if str(path.parent) == PACKAGE and path.name not in OUTSIDE else ""


def lines(data: bytes) -> list[Line]:
    seen: dict[Line, None] = {}
    traced(data, lambda line, _generator: seen.setdefault(line))
    return list(seen)


def with_error(data: bytes, line: Line, error: type[Exception]) -> Inspected:
    """What became of the file where that line raises this, once."""
    left = [line]

    def at_line(here: Line, generator: bool) -> None:  # noqa: FBT001 - called by position alone
        if here in left:
            left.remove(here)
            # So Python has it when a call in a generator raises it, but not when a tracer does.
            raised = RuntimeError if generator and error is StopIteration else error
            raise raised("open() got an unexpected keyword argument 'metadata_errors'")

    try:
        found = traced(data, at_line)
    except (error, RuntimeError):  # as for whatever comes out of a worker: mmscheck.media.workers
        found = Inspected(sniffed=failed((), trace()))
    assert not left
    return found


def is_ours(found: Inspected, sound: Inspected) -> bool:
    """Whether nobody holds it against the file: said to be our fault, or found out by other means."""
    if found.sniffed.fault:
        return found.sniffed.type is None and OURS in str(found.sniffed.problem)
    if isinstance(found.decoded, Undecoded):
        return bool(found.decoded.fault) and found.decoded.contained and OURS in found.decoded.reason
    return (found.sniffed.type, found.decoded) == (sound.sniffed.type, sound.decoded)


@pytest.mark.parametrize("name", FILES)
def test_whatever_line_breaks_off_while_a_file_is_looked_into_the_file_is_not_blamed(name: str) -> None:
    data = content(name)
    sound = inspected(data)
    assert not isinstance(sound.decoded, Undecoded)
    places = lines(data)
    assert len(places) > 15
    turns = itertools.cycle([error for error in ERRORS if error not in ENDS])
    blamed = [
        (line, error.__name__, found)
        for line, error in zip(places, turns, strict=False)
        if not is_ours(found := with_error(data, line, error), sound)
    ]
    assert blamed == []


CALLS = {
    "photo-small.jpg": "PIL.Image.open",
    "photo-small.heic": "av.open",
    "jingle-small.mp3": "av.open",
    "clip-small.mp4": "av.open",
    "contact-small.vcf": "mmscheck.media.contacts.read",
    "event-small.ics": "mmscheck.media.calendars.read",
    "flyer-small.pdf": "pikepdf.open",
    "pass-small.pkpass": "mmscheck.media.passes.zipfile.ZipFile",
}
"""For each decoder the function that it calls first: its library's, or our own reader."""


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("name", CALLS)
def test_a_library_that_takes_the_call_no_longer_is_told_as_a_fault_of_mmscheck_by_every_rule(
    name: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(*_given: object, **_named: object) -> NoReturn:
        raise error("open() got an unexpected keyword argument")

    data = content(name)
    sound = inspected(data)
    assert (sound.sniffed.type or "") in DECODERS
    with monkeypatch.context() as patch:
        patch.setattr(CALLS[name], changed)
        found = inspected(data)
    judged = evaluations(name, found)
    assert failures(judged) == failures(evaluations(name, sound))
    decodes = next(item for item in judged if item.rule == DECODES[FILES[name]])
    assert (decodes.outcome, decodes.crashed, decodes.owner) == (Outcome.CANT_TELL, True, Owner.SENDER)
    open_ = [item for item in judged if item.outcome is Outcome.CANT_TELL]
    assert all(item.crashed and OURS in item.message for item in open_)
    assert all(error.__name__ in item.evidence["traceback"] for item in open_)
    assert not any("unexpected keyword" in item.message + item.reason + item.fix for item in judged)


def failures(judged: Sequence[Evaluation]) -> list[str]:
    return [item.rule for item in judged if item.outcome is Outcome.FAILED]


def evaluations(name: str, found: Inspected) -> tuple[Evaluation, ...]:
    """What the rules of lint say of it."""
    seen = fetched(sniffed=found.sniffed, decoded=found.decoded, size=len(content(name)))
    local = msgspec.structs.replace(seen, hops=())
    return judge_alone(lint_rules(), name, FILES[name], local).evaluations


@functools.cache
def lint_rules() -> RuleSet:
    return load_ruleset(checks=CHECKS, profile="lint", sender=None, config=None)


async def test_the_command_blames_itself_where_a_library_has_dropped_an_argument(tmp_path: Path) -> None:
    newer = tmp_path / "newer" / "pikepdf"
    newer.mkdir(parents=True)
    # Workers read only where packages are installed.
    (newer.parent / "icalendar-99.0.dist-info").mkdir()
    (newer / "__init__.py").write_text(
        "def __getattr__(name): return type(name, (Exception,), {})\n\n\ndef open(data): ...\n",
        encoding="utf-8",
    )
    (tmp_path / "flyer.pdf").write_bytes(content("flyer-small.pdf"))
    ran = await mmscheck("lint", "flyer.pdf", cwd=tmp_path, PYTHONPATH=str(newer.parent))
    words = " ".join(ran.out.split())
    assert ran.code == 3
    assert "mmscheck itself failed in rule pdf-valid; please report it." in words
    assert "unexpected keyword" not in ran.out + ran.err
    assert "content" not in words.rpartition("Who can fix what")[2]
    ran = await mmscheck("lint", "flyer.pdf", "--format", "json", cwd=tmp_path, PYTHONPATH=str(newer.parent))
    told = msgspec.json.decode(ran.out)["messages"][0]["evaluations"]
    (open_,) = [item for item in told if item["outcome"] == "cant-tell"]
    assert (open_["rule"], open_["crashed"], open_["owner"]) == ("pdf-valid", True, "sender")
    assert OURS in open_["reason"]
    assert "unexpected keyword argument" in open_["evidence"]["traceback"]
