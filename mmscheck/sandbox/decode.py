"""A program of its own that decodes one file from standard input, so that no file can harm the sandbox.

It imports nothing of mmscheck, and is run by path. Exit 0: every frame of a stream of the wanted kind was
decoded. Exit 1: not, with the reason on standard output.
"""

from __future__ import annotations

import io
import resource
import sys
from types import ModuleType

CPU_SECONDS = 20
MEMORY_BYTES = 2_000_000_000


def main(kind: str) -> int:
    """Decode the ``audio``, ``video`` or (one frame) ``image`` on standard input."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    data = sys.stdin.buffer.read()
    # Only here: the import is most of the work.
    import av  # noqa: PLC0415

    av.logging.set_level(None)
    try:
        frames = _frames(av, data, "audio" if kind == "audio" else "video")
    except (av.error.FFmpegError, MemoryError, ValueError) as error:
        sys.stdout.write(str(error) or type(error).__name__)
        return 1
    if not frames:
        sys.stdout.write("no frame could be decoded")
    return 0 if frames else 1


def _frames(av: ModuleType, data: bytes, kind: str) -> int:
    with av.open(io.BytesIO(data)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        return sum(1 for _frame in container.decode(streams[0])) if streams else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
