"""Bytes to facts, in worker processes."""

from mmscheck.media.confinement import ISOLATED, demand_confinement, keep_secret, offered
from mmscheck.media.workers import MediaWorkers

__all__ = ["ISOLATED", "MediaWorkers", "demand_confinement", "keep_secret", "offered"]
