"""One message to many recipients: every row judged before the first send, each phone at most once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmscheck.base.late import names_of

if TYPE_CHECKING:
    from mmscheck.campaign.counts import Watcher as Watcher
    from mmscheck.campaign.ending import as_send as as_send
    from mmscheck.campaign.ending import exit_code as exit_code
    from mmscheck.campaign.limits import CampaignLimits as CampaignLimits
    from mmscheck.campaign.proof import Approver as Approver
    from mmscheck.campaign.proof import ProofPlan as ProofPlan
    from mmscheck.campaign.proof import read_phones as read_phones
    from mmscheck.campaign.recipients import Recipients as Recipients
    from mmscheck.campaign.run import CampaignOutcome as CampaignOutcome
    from mmscheck.campaign.run import CampaignPlan as CampaignPlan
    from mmscheck.campaign.run import CampaignRun as CampaignRun

_HOMES = {
    "Approver": "proof",
    "CampaignLimits": "limits",
    "CampaignOutcome": "run",
    "CampaignPlan": "run",
    "CampaignRun": "run",
    "ProofPlan": "proof",
    "Recipients": "recipients",
    "Watcher": "counts",
    "read_phones": "proof",
    "as_send": "ending",
    "exit_code": "ending",
}

__getattr__ = names_of(__name__, _HOMES)

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the type checker reads the imports above
