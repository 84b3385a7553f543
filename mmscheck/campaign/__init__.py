"""One message to many recipients: every row judged before the first send, each phone at most once."""

from __future__ import annotations

from mmscheck.campaign.limits import Limits
from mmscheck.campaign.progress import Watcher
from mmscheck.campaign.rows import Recipients
from mmscheck.campaign.run import Campaign, Outcome, Plan

__all__ = ["Campaign", "Limits", "Outcome", "Plan", "Recipients", "Watcher"]
