"""Animations to GIF: whole frames, fewer a second, smaller, in fewer colours, until they fit."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import msgspec
from PIL import Image

from mmscheck.fix import likeness
from mmscheck.fix.fitting import within
from mmscheck.fix.values import Aims, Answer, Job, Measure, Mended, Unmended, too_large

TICK = 10
"""Milliseconds: GIF counts in hundredths of a second."""

HASTY = 20
"""Milliseconds: browsers and phones take a shorter time for 100 (Chromium, WebKit, Gecko)."""

UNTIMED = 100
"""Milliseconds that a frame without a time stays."""

LADDER = (
    *((1.0, 256), (1.0, 128), (1.0, 64), (0.85, 128), (0.85, 64), (0.7, 128), (0.7, 64), (0.7, 32)),
    *((0.55, 64), (0.55, 32), (0.4, 64), (0.4, 32), (0.3, 32), (0.3, 16), (0.2, 16)),
)
"""Sizes and numbers of colours in the order in which they are given up (a judgement)."""

LOOKED_AT = 6
"""Frames that are measured."""

MOST_PIXELS = 120_000_000
"""Pixels of all frames that are held: 360 MB of a process's 2 GB."""


class Frames(msgspec.Struct, frozen=True):
    """Pictures in RGB with the milliseconds of each, and how often all is repeated (0: for ever).

    ``repeated`` marks those that are the one before once more.
    """

    pictures: tuple[Image.Image, ...]
    times: tuple[int, ...]
    loop: int | None
    repeated: frozenset[int] = frozenset()


def mend(job: Job, picture: Image.Image) -> Answer:
    """The animation as a GIF within the bytes; RefusedError when a frame cannot be decoded."""
    done: list[str] = [] if picture.format == "GIF" else [f"turned from {picture.format} into GIF"]
    frames = _read(picture, job, done)
    if all(each.tobytes() == frames.pictures[0].tobytes() for each in frames.pictures):
        from mmscheck.fix.pictures import still  # noqa: PLC0415 - it needs this module

        return still(job, frames.pictures[0], [*done, "one picture, as nothing in it moves"])
    wanted = _paced(frames, job.aims, done)
    while True:
        for scale, colours in LADDER:
            data = _written(wanted, scale, colours)
            if len(data) <= job.most:
                how = f"written in {colours} colours" + ("" if scale == 1 else f" at {scale:.0%} of the size")
                return Mended(data=data, suffix=".gif", done=(*done, how), measure=_measured(wanted, data))
        fewer = _halved(wanted)
        if fewer is None:
            return Unmended(why=too_large(job))
        wanted = fewer
        done.append(f"cut to {len(wanted.pictures)} frames")


def _read(picture: Image.Image, job: Job, done: list[str]) -> Frames:
    """Every frame as it is shown, on the background and in the advised dimensions."""
    count = getattr(picture, "n_frames", 1)
    size = within(picture.size, job.aims.animation_canvases) or picture.size
    most = max(1, MOST_PIXELS // (size[0] * size[1]))
    step = -(-count // most)
    pictures: list[Image.Image] = []
    times: list[int] = []
    see_through = False
    for at in range(count):
        picture.seek(at)
        time = int(picture.info.get("duration") or 0)
        time = UNTIMED if time < HASTY else time
        if at % step:
            times[-1] += time
            continue
        shown = picture.convert("RGBA")
        see_through |= shown.getchannel("A").getextrema() != (255, 255)
        under = Image.new("RGBA", shown.size, (*job.wishes.background, 255))
        under.alpha_composite(shown)
        made = under.convert("RGB")
        pictures.append(made if size == made.size else made.resize(size, Image.Resampling.LANCZOS))
        times.append(time)
    if see_through:
        done.append(f"transparent parts put on #{bytes(job.wishes.background).hex()}")
    if size != picture.size:
        done.append(f"scaled from {picture.width} x {picture.height} to {size[0]} x {size[1]} pixels")
    return Frames(tuple(pictures), tuple(times), picture.info.get("loop"))


def _paced(frames: Frames, aims: Aims, done: list[str]) -> Frames:
    """At most and at least the advised frames a second, in the same time as far as that can be."""
    total = sum(frames.times)
    rate = len(frames.pictures) * 1000 / total
    if aims.fastest is not None and rate > aims.fastest:
        count = max(2, int(total * aims.fastest / 1000 + 1e-9))
        time = max(-(-total // count // TICK) * TICK, _ceiling(1000 / aims.fastest))
        told = "frames left out" if count * time <= total + count * TICK else "frames left out, and slower"
        done.append(f"{told}: {len(frames.pictures)} to {count}, {1000 / time:.3g} a second")
        picked = tuple(_at(frames, total * n // count) for n in range(count))
        return Frames(picked, (time,) * count, frames.loop)
    if aims.slowest is not None and rate < aims.slowest:
        return _repeated(frames, aims.slowest, done)
    return frames


def _ceiling(milliseconds: float) -> int:
    return -(-int(milliseconds) // TICK) * TICK


def _repeated(frames: Frames, slowest: float, done: list[str]) -> Frames:
    """Each frame as often as it takes to have that many a second; the time stays."""
    most = int(1000 / slowest) // TICK * TICK
    pictures: list[Image.Image] = []
    times: list[int] = []
    repeated: set[int] = set()
    for picture, time in zip(frames.pictures, frames.times, strict=True):
        count = max(1, -(-time // most))
        for n in range(count):
            if n % 2:
                repeated.add(len(pictures))
            pictures.append(picture)
            times.append(max(TICK, time // count // TICK * TICK))
    done.append(f"frames repeated, as {slowest:g} a second are the fewest advised")
    return Frames(tuple(pictures), tuple(times), frames.loop, frozenset(repeated))


def _marked(picture: Image.Image) -> Image.Image:
    """The same with one pixel of the corner in the next colour, as Pillow joins frames that are the same."""
    other = picture.copy()
    corner = other.getpixel((0, 0))
    assert isinstance(corner, int)  # noqa: S101 - for the type checker: it has a palette
    values = other.getpalette() or []
    colours = [tuple(values[at : at + 3]) for at in range(0, len(values), 3)]
    others = [at for at in range(len(colours)) if at != corner] or [1]
    near = min(others, key=lambda at: _distance(colours[at], colours[corner]) if colours[at:] else 0)
    other.putpixel((0, 0), near)
    return other


def _distance(one: Sequence[int], other: Sequence[int]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _at(frames: Frames, when: int) -> Image.Image:
    passed = 0
    for picture, time in zip(frames.pictures, frames.times, strict=True):
        passed += time
        if when < passed:
            return picture
    return frames.pictures[-1]


def _halved(frames: Frames) -> Frames | None:
    # Two frames are the fewest that move, and those that are repeated are the fewest that are advised.
    if len(frames.pictures) < 4 or frames.repeated:  # noqa: PLR2004 - see above
        return None
    times = [sum(frames.times[at : at + 2]) for at in range(0, len(frames.times), 2)]
    return Frames(frames.pictures[::2], tuple(times), frames.loop)


def _written(frames: Frames, scale: float, colours: int) -> bytes:
    pictures = [*_scaled(frames.pictures, scale)]
    palette = _palette(pictures, colours)
    dither = Image.Dither.NONE if colours > 64 else Image.Dither.FLOYDSTEINBERG  # noqa: PLR2004 - judgement
    reduced = [picture.quantize(palette=palette, dither=dither) for picture in pictures]
    for at in frames.repeated:
        reduced[at] = _marked(reduced[at])
    file = io.BytesIO()
    loop = {} if frames.loop is None else {"loop": frames.loop}
    reduced[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=reduced[1:],
        duration=list(frames.times),
        optimize=False,
        disposal=1,
        **loop,
    )
    return file.getvalue()


def _palette(pictures: Sequence[Image.Image], colours: int) -> Image.Image:
    """One palette for all frames, of the colours that they have together."""
    some = pictures[:: max(1, len(pictures) // LOOKED_AT)]
    sheet = Image.new("RGB", (some[0].width, some[0].height * len(some)))
    for at, picture in enumerate(some):
        sheet.paste(picture, (0, at * picture.height))
    there = sheet.getcolors(colours)  # a palette of no more than there are, as each takes three bytes
    return sheet.quantize(colours if there is None else len(there), Image.Quantize.MEDIANCUT)


def _scaled(pictures: Sequence[Image.Image], scale: float) -> Iterator[Image.Image]:
    for picture in pictures:
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        yield picture if scale == 1 else picture.resize(size, Image.Resampling.LANCZOS)


def _measured(frames: Frames, data: bytes) -> Measure:
    """The mean over some frames, which are those at the same moments."""
    values: list[float] = []
    count = len(frames.pictures)
    with Image.open(io.BytesIO(data), formats=("GIF",)) as made:
        same = getattr(made, "n_frames", 1) == count
        for at in range(0, count if same else 1, max(1, count // LOOKED_AT)):
            made.seek(at)
            values.append(likeness.ssim(frames.pictures[at], made.convert("RGB")))
    value = round(sum(values) / len(values), 4)
    return Measure(name="SSIM", value=value, of=f"brightness, mean of {len(values)} frames")
