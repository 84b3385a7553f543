"""One message to many recipients: every row judged before the first send, each phone at most once."""

from __future__ import annotations

from mmscheck.campaign.counts import Watcher
from mmscheck.campaign.limits import CampaignLimits
from mmscheck.campaign.recipients import Recipients
from mmscheck.campaign.run import CampaignOutcome, CampaignPlan, CampaignRun

__all__ = ["CampaignLimits", "CampaignOutcome", "CampaignPlan", "CampaignRun", "Recipients", "Watcher"]
