"""What runs inside a worker process: its preparation, and the task it is given again and again."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from mmscheck.media.confinement import Confinement, confine, grant_cpu
from mmscheck.media.libraries import libmagic_says
from mmscheck.media.sample import Sample
from mmscheck.media.sniffing import sniff
from mmscheck.model.observation import Sniffed


def prepare(limits: Confinement, parent: int) -> None:
    """Load what every task needs, then take on the limits; runs once, before the first task."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # code that hangs in C would never run a handler
    libmagic_says(Sample(data=b"warm", size=4))
    confine(limits, parent)


def examine(samples: Sequence[Sample], cpu_seconds: int) -> list[Sniffed | None]:
    """The type of each sample's bytes in that much CPU time; None asks for the whole file."""
    grant_cpu(cpu_seconds)
    return [look(sample) for sample in samples]


def look(sample: Sample) -> Sniffed | None:
    """The type of one sample; lack of memory is the sample's problem."""
    try:
        return sniff(sample)
    except MemoryError:
        return Sniffed(type=None, problem="looking at the bytes took more memory than a worker may use")
