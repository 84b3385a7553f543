"""Bytes to facts, in worker processes."""

from mmscheck.media.confinement import ISOLATED, keep_secret, offered
from mmscheck.media.workers import MediaWorkers

__all__ = ["ISOLATED", "MediaWorkers", "keep_secret", "offered"]
