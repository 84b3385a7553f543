"""What runs inside a worker process: its preparation, and the task it is given again and again."""

from __future__ import annotations

import importlib
import signal
from collections.abc import Sequence

from mmscheck.media.confinement import Confinement, confine, grant_cpu
from mmscheck.media.decoding import decode
from mmscheck.media.libraries import libmagic_says
from mmscheck.media.previews import CPU_SECONDS, preview
from mmscheck.media.sample import HEAD, Sample
from mmscheck.media.sniffing import sniff
from mmscheck.model.observation import Inspected, Sniffed


def prepare(limits: Confinement, parent: int, decode: bool) -> None:  # noqa: FBT001 - the pool passes no names
    """Load what every task needs, then take on the limits; runs once, before the first task."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # code that hangs in C would never run a handler
    libmagic_says(Sample(data=b"warm", size=4))
    if decode:
        # Nearly every message has a picture, and now the network is being waited for.
        importlib.import_module("mmscheck.media.pictures")
    confine(limits, parent)


def examine(samples: Sequence[Sample], cpu_seconds: int) -> list[Inspected | None]:
    """The type of each sample's bytes and what was asked besides, each in that much CPU time.

    None asks for the whole file.
    """
    return [inspect(sample, cpu_seconds) for sample in samples]


def inspect(sample: Sample, cpu_seconds: int) -> Inspected | None:
    """The type of one sample, by its head where that tells enough, and its facts where they are wanted."""
    grant_cpu(cpu_seconds)
    sniffed = look(sample.head(HEAD)) or (look(sample) if sample.whole else None)
    if sniffed is None:
        return None
    decoded = decode(sniffed.type, sample.data, sample.usable) if sample.decode else None
    if decoded is None or not sample.preview:
        return Inspected(sniffed=sniffed, decoded=decoded)
    grant_cpu(min(CPU_SECONDS, cpu_seconds))
    return Inspected(sniffed=sniffed, decoded=decoded, preview=preview(sniffed.type, sample.data, decoded))


def look(sample: Sample) -> Sniffed | None:
    """The type of one sample; lack of memory is the sample's problem."""
    try:
        return sniff(sample)
    except MemoryError:
        return Sniffed(type=None, problem="looking at the bytes took more memory than a worker may use")
