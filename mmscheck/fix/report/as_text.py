"""The run as plain text: a block for each file that was mended or could not be, and the count."""

from __future__ import annotations

from collections.abc import Iterator

from mmscheck.fix.values import Action, Entry, Found, Result, Side
from mmscheck.report.escape import visible


def render(result: Result) -> str:
    """The whole report, ending in a line feed."""
    blocks = ["\n".join(_block(entry, dry=result.dry)) for entry in result.entries if _is_told(entry)]
    return "\n\n".join([*blocks, "\n".join(_summary(result))]) + "\n"


def _is_told(entry: Entry) -> bool:
    return entry.action is not Action.COPIED or bool(entry.before.findings)


def _block(entry: Entry, *, dry: bool) -> Iterator[str]:
    yield visible(entry.source)
    match entry.action:
        case Action.MENDED | Action.RENAMED:
            again = ", as an earlier run had done already" if entry.reused else ""
            yield f"  {'would be ' if dry else ''}{entry.action.value}: {visible(entry.target or '')}{again}"
            yield from _sides(entry)
        case Action.LEFT:
            yield f"  not mended, and not written: {visible(entry.why)}"
            yield f"  who can: {entry.owner or 'content'}"
        case Action.COPIED:
            yield f"  {'would be ' if dry else ''}copied as it is" + (
                f": {visible(entry.why)}" if entry.why else ""
            )
    yield from (f"  left: {visible(_finding(each))}" for each in entry.left)


def _sides(entry: Entry) -> Iterator[str]:
    if entry.after is not None:
        yield f"  {_size(entry.before)} -> {_size(entry.after)}"
    yield from (f"  - {visible(clause)}" for clause in entry.done)
    if entry.measure is not None:
        yield f"  {entry.measure.name} {entry.measure.value:.4g} ({visible(entry.measure.of)})"
    if entry.gone:
        yield f"  gone: {', '.join(dict.fromkeys(each.rule for each in entry.gone))}"


def _size(side: Side) -> str:
    parts = [f"{side.size:,} bytes", side.type or "unknown type"]
    width, height = side.facts.get("width"), side.facts.get("height")
    if width and height:
        parts.append(f"{width} x {height}")
    duration = side.facts.get("duration")
    if isinstance(duration, int | float):
        parts.append(f"{duration:.3g} s")
    return ", ".join(parts)


def _finding(found: Found) -> str:
    kind = "" if found.severity == "error" else " (advice)"
    return f"{found.rule}{kind}: {found.message}"


def _summary(result: Result) -> Iterator[str]:
    yield from (f"not read: {visible(sentence)}" for sentence in result.unread)
    names = {
        Action.MENDED: "mended",
        Action.RENAMED: "named otherwise",
        Action.COPIED: "copied as they are",
        Action.LEFT: "not mended",
    }
    counts = ", ".join(f"{result.count(action):,} {name}" for action, name in names.items())
    where = "; nothing was written, as this is a dry run" if result.dry else ""
    yield f"{len(result.entries):,} file{'s' if len(result.entries) != 1 else ''}: {counts}{where}."
    yield _verdict(result)


def _verdict(result: Result) -> str:
    if result.passed:
        return "What there is now passes lint; check and send judge it again, with the network."
    return "Not all of it passes lint: see what is left."
