"""Whether the certificates of https servers are valid now, at the time of the send, and for a while after."""

from __future__ import annotations

import msgspec

from mmscheck.base.text import LONGEST_SENTENCE, quoted
from mmscheck.checks.evidence import explanation, is_https
from mmscheck.checks.signed_values import duration, shown
from mmscheck.checks.unreached import handshake_fix
from mmscheck.model.check import (
    Check,
    MediaTarget,
    NoParams,
    Result,
    advising,
    cant_tell,
    failed,
    inapplicable,
    passed,
)
from mmscheck.model.observation import Certificate, NotFetched, Observation, Reason
from mmscheck.model.words import Owner, TargetKind

SHARE = 3
"""A warning comes only in the last third of a certificate's life, after which its renewal is overdue."""

_RENEW = (
    "Renew the certificate before the message goes out, and see why it was not renewed by itself. If it will"
    " be by then, check again afterwards."
)


class CertificateParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``margin``: seconds that a certificate is to be valid beyond the planned time of the send."""

    margin: int | float


def tls_valid(target: MediaTarget, _params: NoParams) -> Result:
    """Every https hop answered, which it only does over a verified chain, and will until the send is over."""
    observation = target.observation
    if (refused := _refused(observation)) is not None:
        return refused
    secure = [hop for hop in observation.hops if is_https(hop)]
    if not observation.hops:
        return cant_tell(f"no connection was made: {explanation(observation)}")
    if not secure:
        return inapplicable("the file is served over plain http")
    if any(hop.status is None for hop in secure):
        return cant_tell(f"the https server did not answer: {explanation(observation)}")
    first = _first_to_end(observation)
    if first is not None and _left(first, target) < 0:
        return _ending(first, target)
    return passed(https_hops=len(secure), until=shown(first.ends) if first else None)


def _refused(observation: Observation) -> Result | None:
    if not isinstance(observation, NotFetched):
        return None
    if observation.reason is Reason.TLS_CERTIFICATE:
        return failed(problem=quoted(observation.detail or observation.reason.value, LONGEST_SENTENCE))
    if observation.reason is Reason.TLS_HANDSHAKE:
        result = failed(problem=quoted(observation.detail or observation.reason.value, LONGEST_SENTENCE))
        return advising(result, handshake_fix(observation), Owner.HOSTING)
    return None


def _first_to_end(observation: Observation) -> Certificate | None:
    ends = [hop.certificate for hop in observation.hops if is_https(hop) and hop.certificate is not None]
    return min(ends, key=lambda each: each.ends, default=None)


def _left(certificate: Certificate, target: MediaTarget) -> float:
    """Seconds from the last planned moment of the send to the end; endless where nothing is planned."""
    return float("inf") if target.window is None else certificate.ends - target.window.closes


def _ending(certificate: Certificate, target: MediaTarget) -> Result:
    closes = target.window.closes if target.window else 0
    which = "an intermediate certificate" if certificate.intermediate else "it"
    when = f"the message is taken to go out until {shown(closes)}"
    problem = f"{which} is valid until {shown(certificate.ends)}, and {when}"
    return advising(failed({"until": shown(certificate.ends)}, problem=problem), _RENEW, Owner.HOSTING)


def tls_lasts(target: MediaTarget, params: CertificateParams) -> Result:
    """No certificate ends soon after the send; what ends before is the matter of ``tls-valid``."""
    observation = target.observation
    if not observation.hops:
        return cant_tell(f"no connection was made: {explanation(observation)}")
    secure = [hop for hop in observation.hops if is_https(hop)]
    if not secure or target.window is None:
        return inapplicable("the file is served over plain http" if not secure else "no send is planned")
    first = _first_to_end(observation)
    if first is None or any(hop.certificate is None for hop in secure):
        return cant_tell(f"no certificate was seen and accepted: {explanation(observation)}")
    left = _left(first, target)
    if left < 0:
        return inapplicable("it ends before the send, as tls-valid says")
    if left < min(params.margin, (first.ends - first.begins) / SHARE):
        return failed(until=shown(first.ends), left=duration(left))
    return passed(until=shown(first.ends))


CHECKS: tuple[Check, ...] = (
    Check(name="tls-valid", target=TargetKind.MEDIA, run=tls_valid, reports=frozenset({"problem"})),
    Check(
        name="tls-lasts",
        target=TargetKind.MEDIA,
        run=tls_lasts,
        params=CertificateParams,
        reports=frozenset({"until", "left"}),
    ),
)
"""The checks of certificates."""
