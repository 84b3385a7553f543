"""The check of merge tags: will every one of them become what its writer meant."""

from __future__ import annotations

from mmscheck.base.text import listed, quoted
from mmscheck.checks import merging, tags
from mmscheck.checks.observed import MOST_KEPT
from mmscheck.model.check import Check, MessageTarget, NoParams, Result, failed, inapplicable, passed
from mmscheck.model.effective import slide_template, subject_template
from mmscheck.model.words import TargetKind


def merge_data(target: MessageTarget, _: NoParams) -> Result:
    """Every merge tag of subject and slide texts is well formed and has one value or a default."""
    templates = _templates(target)
    data = merging.gathered(target.changes.data)
    faults = [
        f"{place}: {fault}"
        for place, template, _sent in templates
        for fault in merging.faults(template, data)
    ]
    faults = faults or [
        f"{place}: after merging, {why}"
        for place, _template, sent in templates
        if (why := tags.unknown(sent))
    ]
    if faults:
        return failed({"faults": faults[:MOST_KEPT], "count": len(faults)}, faults=listed(faults))
    if not any(merging.has_tags(template) for _, template, _ in templates):
        return inapplicable("the message has no merge tags")
    return passed(names=[quoted(name) for name in sorted(data)])


def _templates(target: MessageTarget) -> list[tuple[str, str, str]]:
    """Each text that is merged: where it stands, as written, and as it would be sent."""
    subject = subject_template(target.message, target.changes)
    texts = [
        (f"slide {slide.number}", slide_template(slide, target.changes), target.effective.texts[slide.number])
        for slide in target.message.slides
    ]
    if subject is None:
        return texts
    return [("subject", subject, target.effective.subject or ""), *texts]


CHECKS: tuple[Check, ...] = (
    Check(
        name="merge-data-complete",
        target=TargetKind.MESSAGE,
        run=merge_data,
        reports=frozenset({"faults"}),
    ),
)
"""What this module offers to rule files."""
