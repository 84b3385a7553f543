"""A film's frames as the product has them: upright, whole, scaled, in 4:2:0 and in the light of screens."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mmscheck.fix import light
from mmscheck.fix.footage import Film, Way
from mmscheck.fix.light import STEEP

CLOCK = 90_000
"""Ticks a second of the product's time, as MPEG has them."""


class Prepared:
    """Frames turned, whole, scaled, in 4:2:0, at most so many a second, with the product's time."""

    def __init__(self, film: Film, way: Way) -> None:
        """Say what the film is, and how its product is to be."""
        self._film = film
        self._way = way
        self._graph: Graph | None = None
        self._form: tuple[int, int, str] | None = None
        self._start: float | None = None
        self._next = 0.0
        self._times: deque[float] = deque()

    def ready(self, frame: VideoFrame, stream: VideoStream) -> Iterator[VideoFrame]:
        """What is ready when the next frame has come: it, an earlier one, or none."""
        time = float(frame.time or 0)
        self._start = time if self._start is None else self._start
        time -= self._start
        if time >= self._way.seconds:
            return
        form = (frame.width, frame.height, frame.format.name)
        if self._form != form:  # a film may change its size on the way
            yield from self.rest()
            self._graph, self._form = None, form
        graph = self._graph = self._graph or self._made(stream, frame)
        self._times.append(time)
        graph.vpush(frame)
        yield from self._pulled(graph)

    def rest(self) -> Iterator[VideoFrame]:
        """What is still to come behind the last frame: a filter that looks ahead holds one back."""
        if self._graph is not None and self._times:
            self._graph.vpush(None)
            yield from self._pulled(self._graph)

    def _pulled(self, graph: Graph) -> Iterator[VideoFrame]:
        while self._times:
            try:
                made = graph.vpull()
            except (BlockingIOError, EOFError):  # it waits for the next, or there is none
                return
            assert isinstance(made, VideoFrame)  # noqa: S101 - for the type checker
            time = self._times.popleft()
            if self._is_wanted(time):
                yield self._timed(made, time)

    def _is_wanted(self, time: float) -> bool:
        """Whether the frame of that moment is one of so many a second."""
        if self._way.rate is None:
            return True
        if time + 1e-4 < self._next:
            return False
        self._next = max(self._next + 1 / self._way.rate, time)
        return True

    def _timed(self, made: VideoFrame, time: float) -> VideoFrame:
        if self._film.light in STEEP:
            made = _darkened(made, self._film.light)
        made.pts = round(time * CLOCK)
        made.time_base = Fraction(1, CLOCK)
        made.pict_type = 0
        return made

    def _made(self, stream: VideoStream, frame: VideoFrame) -> Graph:
        graph = Graph()
        graph.threads = 1
        node = graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format,
            time_base=stream.time_base or Fraction(1, CLOCK),
        )
        for name, given in self._steps():
            after = graph.add(name, given or None)
            node.link_to(after)
            node = after
        node.link_to(graph.add("buffersink"))
        graph.configure()
        return graph

    def _steps(self) -> Iterator[tuple[str, str]]:
        """FFmpeg's filters, in their order, with what they are told."""
        width, height = self._way.size
        if self._film.interlaced:
            yield "bwdif", "mode=send_frame:deint=interlaced"
        if self._film.turn in {90, 270}:
            yield "transpose", "clock" if self._film.turn == 90 else "cclock"  # noqa: PLR2004 - degrees
        elif self._film.turn:
            yield "hflip", ""
            yield "vflip", ""
        yield "scale", f"{width}:{height}:flags=bicubic"
        yield "setsar", "1"
        yield "format", "rgb24" if self._film.light in STEEP else "yuv420p"


def _darkened(frame: VideoFrame, curve: int) -> VideoFrame:
    """A frame with more light than screens show, as one that they do."""
    given: Any = frame
    maker: Any = VideoFrame
    picture = given.to_image(threads=1).filter(light.table(curve))
    made: VideoFrame = maker.from_image(picture).reformat(format="yuv420p", threads=1)
    return made
