"""Bytes to facts, in worker processes."""

from mmscheck.media.workers import MediaWorkers

__all__ = ["MediaWorkers"]
