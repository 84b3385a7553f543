from __future__ import annotations

import base64
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmscheck.checks.signed_urls import signatures
from mmscheck.checks.signed_values import duration, shown
from mmscheck.model.check import MediaTarget, Result
from mmscheck.model.mms import MediaRef
from mmscheck.model.observation import Reason
from mmscheck.model.request import SendWindow
from mmscheck.model.words import MediaKind, Outcome
from tests.support.media_targets import fetched, hop, not_fetched, send_rules

BASE = "https://media.example.com/sale/photo.jpg"
NOON = 1_796_126_400  # 2026-12-01 12:00:00 UTC
MARGIN = 900
HOUR = SendWindow(opens=NOON, closes=NOON + 3600)
NEEDED = NOON + 3600 + MARGIN

V4 = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "AKIAEXAMPLE%2F20261201%2Fus-east-1%2Fs3%2Faws4_request",
    "X-Amz-Date": "20261201T120000Z",
    "X-Amz-Expires": "7200",
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Signature": "5ec2e7",
}
GOOGLE = {name.replace("Amz", "Goog"): value for name, value in V4.items()}
OSS = {
    "x-oss-signature-version": "OSS4-HMAC-SHA256",
    "x-oss-credential": "LTAIEXAMPLE/20261201/cn-hangzhou/oss/aliyun_v4_request",
    "x-oss-date": "20261201T120000Z",
    "x-oss-expires": "7200",
    "x-oss-signature": "5ec2e7",
}
AZURE = {"sv": "2022-11-02", "sr": "b", "sp": "r", "se": "2026-12-01T14%3A00%3A00Z", "sig": "5ec2e7%3D"}
LONG = "5ec2e7" * 6
IPS = {"AWS:SourceIp": "192.0.2.0/24"}
KEYS = {
    "AWSAccessKeyId": "AKIAEX",
    "GoogleAccessId": "a%40b.example",
    "KeyName": "k",
    "OSSAccessKeyId": "LTAI",
}


def url(parameters: dict[str, str] | None = None, **more: str) -> str:
    pairs = {**(parameters or {}), **more}
    return BASE + "?" + "&".join(f"{name}={value}" for name, value in pairs.items())


def changed(parameters: dict[str, str], **changes: str | None) -> str:
    """The URL with some parameters changed or, by None, left out; an underscore stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return url({name: value for name, value in {**parameters, **named}.items() if value is not None})


def ask(address: str, window: SendWindow | None = HOUR, observation: Any = None) -> Result:
    rule = send_rules()["url-not-expiring"]
    assert rule.params.margin == MARGIN
    ref = MediaRef(url=address, kind=MediaKind.IMAGE, slide=1, index=1, line=1)
    seen = observation or not_fetched(Reason.NOT_LOOKED)
    result = rule.check.run(MediaTarget(ref=ref, observation=seen, window=window), rule.params)
    if result.outcome is Outcome.FAILED:
        assert result.wording.keys() == rule.check.reports
    assert "5ec2e7" not in repr(result)
    return result


END = {"AWS:EpochTime": NEEDED}
_SOUND_STATEMENT = {"Resource": "*", "Condition": {"DateLessThan": {"AWS:EpochTime": NEEDED}}}


def encoded(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def policy(condition: object) -> str:
    text = base64.b64encode(json.dumps({"Statement": [{"Resource": "*", "Condition": condition}]}).encode())
    return text.decode().translate(str.maketrans("+=/", "-_~"))


def token(claims: object, header: object = None) -> str:
    return f"{encoded(header or {'alg': 'HS256', 'typ': 'JWT'})}.{encoded(claims)}.5ec2e7"


def cloudfront(**parameters: str) -> str:
    return url({**parameters, "Signature": "5ec2e7", "Key-Pair-Id": "K2"})


def stating(end: int) -> dict[str, str]:
    """A URL of each scheme that holds until ``end``, seconds since the epoch."""
    from datetime import UTC, datetime  # noqa: PLC0415 - only here

    moment = datetime.fromtimestamp(end, UTC)
    lasts = str(end - NOON)
    return {
        "aws-v4": changed(V4, X_Amz_Expires=lasts),
        "google-v4": changed(GOOGLE, X_Goog_Expires=lasts),
        "oss-v4": changed(OSS, x_oss_expires=lasts),
        **{key: url({key: value, "Expires": str(end), "Signature": "5ec2e7"}) for key, value in KEYS.items()},
        "cloudfront": cloudfront(Expires=str(end)),
        "cloudfront-policy": cloudfront(Policy=policy({"DateLessThan": {"AWS:EpochTime": end}})),
        "azure": changed(AZURE, se=f"{moment:%Y-%m-%dT%H:%M:%SZ}"),
        "azure-key": changed(AZURE, se="2027-01-01", ske=f"{moment:%Y-%m-%dT%H:%M:%SZ}", skt="2026-11-30"),
        "tencent": url(
            {"q-sign-time": f"{NOON};{end}", "q-key-time": f"{NOON};{end + 9}", "q-signature": "x"}
        ),
        "tencent-key": url(
            {"q-sign-time": f"{NOON};{end + 9}", "q-key-time": f"1;{end}", "q-signature": "x"}
        ),
        "token": url(token=token({"exp": end})),
        "token-elsewhere": url(jwt=token({"exp": end, "nbf": NOON})),
        "nginx": url(md5="5ec2e7", expires=str(end)),
        "bunny": url(token="5ec2e7", expires=str(end)),
        "expires-and-signature": url(Expires=str(end), Signature="5ec2e7"),
        "imgix": url(w="640", expires=str(end), s="5ec2e7"),
        "discord": url({"ex": f"{end:x}", "is": f"{NOON:x}", "hm": LONG}),
        "discord-without-is": url({"ex": f"{end:x}", "hm": LONG}),
        "facebook": url({"_nc_cat": "1", "oh": "00_5ec2e7", "oe": f"{end:X}"}),
        "akamai": url(hdnts=f"st={NOON}~exp={end}~acl=/*~hmac={LONG}"),
        "akamai-encoded": url(__token__=f"exp%3D{end}%7Eacl%3D%2F%2A%7Ehmac%3D{LONG}"),
        "akamai-older": url(hdnea=f"exp={end}~hmac={LONG}"),
        "cloudinary": url(__cld_token__=f"exp={end}~hmac={LONG}"),
        "media-cdn": url({"edge-cache-token": f"Expires={end}~URLPrefix=aHR0~KeyName=k~Signature=5ec2e7"}),
        "exp-and-sig": url(exp=str(end), sig=LONG),
        "expire-and-token": url(token=LONG, expire=str(end)),
        "expires-at": url(expires_at=str(end), signature=LONG),
        "milliseconds": url(expires=str(end * 1000), signature=LONG),
        "iso-8601": url(expires=f"{moment:%Y-%m-%dT%H:%M:%SZ}", signature=LONG),
        "iso-8601-basic": url(expiry=f"{moment:%Y%m%dT%H%M%SZ}", sig=LONG),
        "alone": url(Expires=str(end)),
        "valid-until": url(valid_until=str(end)),
        "e-and-t": url(e=str(end), t="5ec2e7"),
        "ex-in-seconds": url(ex=str(end)),
        "se-without-azure": url(sp="r", sv="2", se=f"{moment:%Y-%m-%dT%H:%M:%SZ}", sig=LONG),
        "token-without-end": url(token=token({"sub": "5ec2e7"}), expires=str(end)),
    }


SCHEMES = sorted(stating(NEEDED))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_url_that_holds_to_the_last_needed_second_passes(scheme: str) -> None:
    assert ask(stating(NEEDED)[scheme]).outcome is Outcome.PASSED


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_url_that_ends_one_second_early_fails_and_says_when(scheme: str) -> None:
    result = ask(stating(NEEDED - 1)[scheme])
    assert result.outcome is Outcome.FAILED
    assert result.wording["problem"] == (
        "expires at 2026-12-01 13:14:59 UTC, 74 minutes after the message may first go out"
    )
    assert result.wording["bounds"] == (
        "until 2026-12-01 13:15:00 UTC: until the end of the time in which the message is taken to go out"
        " (13:00:00 UTC; --send-at and --send-within say otherwise) and 15 minutes for the provider to fetch"
    )
    assert result.wording["needed"] == "2026-12-01 13:15:00 UTC"
    assert result.wording["planned"] == "2026-12-01 12:00:00 UTC to 2026-12-01 13:00:00 UTC"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_a_planned_time_a_signed_url_cannot_be_decided(scheme: str) -> None:
    assert ask(stating(NEEDED)[scheme], None).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize(
    "address",
    [
        V4 | {"X-Amz-Date": "20261201T120001Z"},
        GOOGLE | {"X-Goog-Date": "20261201T120001Z"},
        OSS | {"x-oss-date": "20261201T120001Z"},
        AZURE | {"st": "2026-12-01T12:00:01Z"},
        AZURE | {"skt": "2026-12-01T12:00:01Z", "st": "2026-12-01"},
        {"token": token({"exp": NEEDED, "nbf": NOON + 1})},
        {"token": token({"nbf": NOON + 1})},
        {"hdnts": f"st={NOON + 1}~exp={NEEDED}~hmac={LONG}"},
        {"q-sign-time": f"{NOON + 1};{NEEDED}", "q-key-time": f"{NOON};{NEEDED}", "q-signature": "x"},
        {
            "Policy": policy(
                {
                    "DateLessThan": {"AWS:EpochTime": NEEDED},
                    "DateGreaterThan": {"AWS:EpochTime": NOON + 1},
                }
            ),
            "Signature": "5ec2e7",
            "Key-Pair-Id": "K2",
        },
    ],
)
def test_a_url_that_is_not_valid_yet_when_the_send_begins_fails(address: dict[str, str]) -> None:
    result = ask(url(address))
    assert result.outcome is Outcome.FAILED
    assert result.wording["problem"] == (
        "is not valid before 2026-12-01 12:00:01 UTC, 1 second after the message may first go out"
    )
    assert result.wording["bounds"] == (
        "from 2026-12-01 12:00:00 UTC on, when the message may first go out"
        " (--send-at and --send-within say otherwise)"
    )


def test_a_url_that_is_expired_when_the_send_begins_says_for_how_long() -> None:
    result = ask(url(md5="5ec2e7", expires=str(NOON - 3 * 86_400)))
    assert result.wording["problem"] == (
        "expires at 2026-11-28 12:00:00 UTC, 3 days before the message may first go out"
    )


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (0, "less than a second"),
        (1, "1 second"),
        (90, "90 seconds"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (3600, "1 hour"),
        (5400, "90 minutes"),
        (86_400, "1 day"),
        (86_401, "24 hours"),
        (1_000 * 86_400, "2 years"),
        (math.nan, "an unknown time"),
        (math.inf, "an unknown time"),
    ],
)
def test_a_duration_is_told_in_a_unit_that_says_enough(length: float, words: str) -> None:
    assert duration(length) == words


def test_a_moment_of_another_day_keeps_its_date() -> None:
    assert shown(NOON, NOON + 1) == "12:00:00 UTC"
    assert shown(NOON, NOON + 86_400) == "2026-12-01 12:00:00 UTC"
    assert shown(NOON, math.nan) == "2026-12-01 12:00:00 UTC"


@pytest.mark.parametrize(
    "address",
    [
        url({**V4, "X-Amz-Security-Token": "FwoG"}),
        url({**V4, "x-amz-security-token": "FwoG"}),
        changed(V4, X_Amz_Credential=V4["X-Amz-Credential"].replace("AKIA", "ASIA")),
        url(AWSAccessKeyId="ASIAEX", Expires=str(NEEDED), Signature="5ec2e7"),
        url(
            {
                "AWSAccessKeyId": "AKIAEX",
                "Expires": str(NEEDED),
                "Signature": "x",
                "x-amz-security-token": "F",
            }
        ),
        url({"OSSAccessKeyId": "STS.x", "Expires": str(NEEDED), "Signature": "x", "security-token": "F"}),
        url({**OSS, "x-oss-security-token": "F"}),
        url(
            {
                "q-sign-time": f"{NOON};{NEEDED}",
                "q-key-time": f"{NOON};{NEEDED}",
                "q-signature": "x",
                "x-cos-security-token": "F",
            }
        ),
    ],
)
def test_a_signature_of_a_temporary_session_fails_though_the_url_states_a_later_end(address: str) -> None:
    result = ask(address)
    assert result.outcome is Outcome.FAILED
    assert "temporary session, at a time that it does not tell" in result.wording["problem"]
    assert "at the latest" in result.wording["problem"]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (changed(V4, X_Amz_Expires=None), "X-Amz-Expires is missing"),
        (changed(V4, X_Amz_Date=None), "X-Amz-Date is missing"),
        (changed(V4, X_Amz_Signature=None), "X-Amz-Signature is missing"),
        (changed(V4, X_Amz_Credential=None), "X-Amz-Credential is missing"),
        (changed(V4, X_Amz_Expires="-1"), "no plain number"),
        (changed(V4, X_Amz_Expires="7200s"), "no plain number"),
        (changed(V4, X_Amz_Expires="%EF%BC%97%EF%BC%92%EF%BC%90%EF%BC%90"), "no plain number"),
        (changed(V4, X_Amz_Expires=""), "no plain number"),
        (changed(V4, X_Amz_Expires="604801"), "seven days"),
        (changed(V4, X_Amz_Expires="9" * 4000), "no plain number"),
        (changed(V4, X_Amz_Date="2026-12-01T12:00:00Z"), "no time such as"),
        (changed(V4, X_Amz_Date="20261301T120000Z"), "no time that exists"),
        (changed(V4, X_Amz_Credential="AKIA%2F20261130%2Fus-east-1%2Fs3%2Faws4_request"), "different days"),
        (url(V4) + "&X-Amz-Expires=604800", "X-Amz-Expires is given 2 times"),
        (url(V4) + "&x-amz-expires=604800", "X-Amz-Expires is given 2 times"),
        (url(V4) + "&amp;X-Amz-Expires=604800", "X-Amz-Expires is given 2 times"),
        (url(V4).replace("X-Amz-Date", "x-amz-date"), "X-Amz-Date in another case"),
        (url(V4).replace("&", "&amp;"), "in another case"),
        (cloudfront(Expires=str(NEEDED * 1000)), "no plain number"),
        (cloudfront(), "Expires is missing"),
        (cloudfront(expires=str(NEEDED)), "Expires in another case"),
        (cloudfront(Policy="e30"), "no single statement"),
        (cloudfront(Policy="%25"), "no JSON"),
        (cloudfront(Policy=policy({})), "DateLessThan of Policy is no number"),
        (cloudfront(Policy=policy({"DateLessThan": {"AWS:EpochTime": str(NEEDED)}})), "is no number"),
        (cloudfront(Policy=policy({"DateLessThan": {"AWS:EpochTime": True}})), "is no number"),
        (cloudfront(Policy=policy({"DateLessThan": {"AWS:EpochTime": NEEDED}}), Expires="1"), "both Policy"),
        (
            url(Policy=policy({"DateLessThan": {"AWS:EpochTime": NEEDED}}), Key="") + "&Key-Pair-Id=K",
            "Signature",
        ),
        (cloudfront(Policy=encoded({"Statement": [_SOUND_STATEMENT] * 2})), "no single statement"),
        (url(KeyName="k", Expires=str(NEEDED)), "Signature is missing"),
        (
            url({"q-sign-time": f"{NOON};{NEEDED}", "q-key-time": f"{NOON};{NEEDED}"}),
            "q-signature is missing",
        ),
        (url({"q-key-time": f"{NOON};{NEEDED}", "q-signature": "x"}), "q-sign-time is missing"),
        (cloudfront(Expires="999999999999"), "no plain number"),
        (changed(AZURE, se=None, si="readers"), "stored access policy"),
        (changed(AZURE, se=None), "se is missing"),
        (changed(AZURE, sig=None) + "&sig=1&sig=2", "sig is given 2 times"),
        (changed(AZURE, se="2026-12-02T00:00:00"), "se is no time such as"),
        (changed(AZURE, se="2026-12-02T00:00:00+02:00"), "se is no time such as"),
        (changed(AZURE, se="2026-12-02T25:00Z"), "se is no time that exists"),
        (changed(AZURE, se="2027-01-01", ske="tomorrow"), "ske is no time"),
        (url(token=token({"exp": "1"})), "exp of the token is no number"),
        (url(token=token({"exp": -1})), "exp of the token is no number"),
        (url(token=token({"exp": 1e300})), "exp of the token is no number"),
        (url(token=token(b'{"exp":NaN}')), "exp of the token is no number"),
        (url(token=token(b'{"exp":%d,"exp":%d}' % (1, NEEDED))), "no JSON"),
        (url(token=token(b"[" * 100_000)), "no JSON"),
        (url(token=token([NEEDED])), "no JSON object"),
        (url(token=token({"exp": NEEDED}) + ".a.b"), "encrypted"),
        (url(md5="5ec2e7", expires="tomorrow"), "expires is no plain number of seconds since the epoch"),
        (
            url({"q-sign-time": f"{NOON}", "q-key-time": f"{NOON};{NEEDED}", "q-signature": "x"}),
            "no plain number",
        ),
        (url({"q-sign-time": f"{NOON};{NEEDED}", "q-signature": "x"}), "q-key-time is missing"),
        (changed(AZURE, sip="192.0.2.7"), "one of the addresses it is bound to (sip)"),
        (
            cloudfront(Policy=policy({"DateLessThan": END, "IpAddress": IPS})),
            "bound to (IpAddress of Policy)",
        ),
        (url(hdnts=f"ip=192.0.2.7~exp={NEEDED}~hmac={LONG}"), "the address it is bound to (ip)"),
        (url(hdnts=f"acl=/*~hmac={LONG}"), "its end is given 0 times"),
        (url(hdnts=f"exp={NEEDED}~exp={NEEDED}~hmac={LONG}"), "its end is given 2 times"),
        (url(hdnts=f"exp=soon~hmac={LONG}"), "exp is no plain number"),
        (url(auth_key=f"{NEEDED}-0-0-{'5e' * 16}"), "whether its time is that of signing"),
        (url(sig=LONG), "no other parameter is known as its end"),
        (url(Signature=LONG), "no other parameter is known as its end"),
        (url(token=LONG), "no other parameter is known as its end"),
        (url(Policy=LONG, Signature="5ec2e7"), "no other parameter is known as its end"),
        (url(sig=LONG, sp="r", sv="2"), "no other parameter is known as its end"),
        (url(exp=str(NEEDED)) + f"&exp={NEEDED}", "exp is given 2 times"),
        (url(exp="1577836800") + f"&exp={NEEDED}", "exp is given 2 times"),
        (url(expires="2026-12-02T10:00:00"), "expires is no time such as"),
        (url(expires="2026-12-02T10:00:00+02:00"), "expires is no time such as"),
        (url(expires="60", s="5ec2e7"), "expires is no plain number of seconds since the epoch"),
    ],
)
def test_what_is_malformed_or_contradictory_cannot_be_decided(address: str, reason: str) -> None:
    result = ask(address)
    assert result.outcome is Outcome.CANT_TELL
    assert reason in result.reason


@pytest.mark.parametrize(
    "address",
    [
        BASE,
        f"{BASE}?v=2",
        f"{BASE}?Expires=1",
        f"{BASE}?token=0b5c6f7e-8a8b-4d0c-9d54-3f1d8f5c2a11",
        f"{BASE}?name=photo.large.jpg",
        f"{BASE}?alg.none.x=1",
        f"{BASE}?sig=5ec2e7",
        f"{BASE}?token={token({})}",
        f"{BASE}?v={LONG}",
        f"{BASE}?hash={LONG}&md5={LONG}&h={LONG}&key={LONG}",
        f"{BASE}?id=0b5c6f7e-8a8b-4d0c-9d54-3f1d8f5c2a11&cb=1577836800",
        f"{BASE}?w=640&s=5ec2e7",
        f"{BASE}?w=640&s={LONG}",
        f"{BASE}?alt=media&token=0B5C6F7E-8a8b-4d0c-9d54-3f1d8f5c2a11",
        f"{BASE}?policy=public&sign=none&design={LONG}",
        f"{BASE}?e=1&ex=12&oe=utf-8&se=3",
        f"{BASE}?ex=5f5e0ff0",
        f"{BASE}?ex=2019-01-01&e=20190101T000000Z",
        f"{BASE}?exp=2019-01-01-b&se=2019-01-01-b",
        f"{BASE}?exp=blue&token=abc",
        f"{BASE}?e=99999999&expires=999999999999999",
        f"{BASE}?expires=946684799&exp=4102444801",
        f"{BASE}?filter=exp=5~size=2",
        f"{BASE}?sig=5ec2e7&sp=r&sv=2",
        f"{BASE}#X-Amz-Expires=1",
        "",
    ],
)
def test_a_url_without_a_signature_of_a_known_scheme_is_no_matter_of_this_rule(address: str) -> None:
    assert ask(address).outcome is Outcome.INAPPLICABLE


def test_a_wrong_case_is_no_excuse_for_an_expired_signature() -> None:
    assert ask(cloudfront(expires=str(NEEDED - 1))).outcome is Outcome.FAILED


def test_of_two_signatures_each_bounds() -> None:
    both = url(V4) + "&" + cloudfront(Expires=str(NEEDED)).partition("?")[2]
    assert ask(both).outcome is Outcome.PASSED
    assert ask(both.replace(str(NEEDED), "1")).outcome is Outcome.FAILED
    assert ask(both.replace(str(NEEDED), "soon")).outcome is Outcome.CANT_TELL


def test_a_policy_for_every_address_is_bound_to_none() -> None:
    everywhere = {"DateLessThan": END, "IpAddress": {"AWS:SourceIp": "0.0.0.0/0"}}
    assert ask(cloudfront(Policy=policy(everywhere))).outcome is Outcome.PASSED


def test_a_token_of_a_network_in_front_counts_beside_a_buckets_signature() -> None:
    both = url({**V4, "hdnts": f"exp={NEEDED - 1}~hmac={LONG}"})
    assert ask(both).outcome is Outcome.FAILED
    assert ask(both.replace(str(NEEDED - 1), str(NEEDED))).outcome is Outcome.PASSED


def test_an_expiry_for_people_far_away_passes_beside_a_signature() -> None:
    assert ask(url(md5="5ec2e7", expires="32503680000")).outcome is Outcome.PASSED


def test_values_are_decoded_once_and_no_more() -> None:
    assert ask(changed(AZURE, se="2027-01-01T00%3A00%3A00Z")).outcome is Outcome.PASSED
    assert ask(changed(AZURE, se="2027-01-01T00%253A00%253A00Z")).outcome is Outcome.CANT_TELL


@pytest.mark.parametrize(
    "end", ["2027-01-01", "2027-01-01T00:00Z", "2027-01-01T00:00:00.0000000Z", "2027-01-01T00:00%2B05:30"]
)
def test_every_form_of_time_that_azure_documents_is_read(end: str) -> None:
    assert ask(changed(AZURE, se=end)).outcome is Outcome.PASSED


def test_the_end_of_the_delegated_key_counts_when_it_is_the_earlier() -> None:
    assert ask(changed(AZURE, se="2027-01-01", ske="2026-12-01T13:00:00Z")).outcome is Outcome.FAILED


def test_an_expiry_in_a_redirect_is_not_held_against_the_url_as_written() -> None:
    seen = fetched((), hop(BASE, 302), hop(cloudfront(Expires="1")))
    assert ask(BASE, observation=seen).outcome is Outcome.INAPPLICABLE


@pytest.mark.parametrize(
    "window",
    [
        SendWindow(opens=NOON, closes=math.nan),
        SendWindow(opens=math.nan, closes=NOON),
        SendWindow(opens=NOON, closes=math.inf),
        SendWindow(opens=NOON, closes=1e15),
    ],
)
def test_a_time_of_sending_that_no_calendar_has_is_never_outlived(window: SendWindow) -> None:
    assert ask(url(V4), window).outcome is Outcome.FAILED


@settings(deadline=None)
@given(st.text(), st.sampled_from([HOUR, None]))
def test_no_query_makes_it_raise(text: str, window: SendWindow | None) -> None:
    assert ask(f"{BASE}?{text}", window).outcome is not None


NAMES = st.sampled_from(
    [
        *V4,
        *AZURE,
        *OSS,
        *KEYS,
        "Expires",
        "Signature",
        "Key-Pair-Id",
        "Policy",
        "token",
        "ske",
        "si",
        "expires",
    ]
)


@settings(deadline=None)
@given(st.lists(st.tuples(NAMES, st.sampled_from(["", "0", "7200", "AKIA", "20261201T120000Z", "soon"]))))
def test_parameters_that_state_no_late_end_never_pass(pairs: list[tuple[str, str]]) -> None:
    short = [(name, "60" if value == "7200" else value) for name, value in pairs]
    outcome = ask(f"{BASE}?" + "&".join(f"{name}={value}" for name, value in short)).outcome
    assert outcome is not Outcome.PASSED


def test_no_scheme_sees_a_signature_where_there_is_none() -> None:
    assert signatures(f"{BASE}?w=640&h=480&format=jpeg") == ()


SEGMENTS = (
    "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE2MDAwMDAwMDB9.c2lnbmF0dXJl",
    "exp=1600000000~acl=%2Fmedia%2F*~hmac=0123456789abcdef",
    "eyJfcmFpbHMiOnsiZGF0YSI6ImEiLCJleHAiOiIyMDIwLTA5LTEzVDEyOjI2OjQwLjAwMFoiLCJwdXIiOiJibG9iX2tleSJ9fQ==--0f",
)


@pytest.mark.parametrize("segment", SEGMENTS)
def test_a_token_with_an_end_is_read_out_of_the_path_as_out_of_the_query(segment: str) -> None:
    for url in (
        f"https://media.example.com/{segment}/photo.jpg",
        f"https://media.example.com/a.jpg?t={segment}",
    ):
        (said,) = signatures(url)
        assert (said.ends, said.doubt) == (1_600_000_000, "")


@pytest.mark.parametrize(
    "segment",
    [
        "eyJfcmFpbHMi.jpg",
        "eyJhbGciOiJIUzI1NiJ9",
        "exp=12",
        "photo~large~v2.jpg",
        "Signature=abc",
        # {"_rails":{"message":"a","exp":null,"pur":"blob_id"}}: what has no end.
        "eyJfcmFpbHMiOnsibWVzc2FnZSI6ImEiLCJleHAiOm51bGwsInB1ciI6ImJsb2JfaWQifX0=--0f",
    ],
)
def test_what_only_looks_like_a_token_in_the_path_has_no_end(segment: str) -> None:
    assert not [said for said in signatures(f"https://media.example.com/{segment}/a.jpg") if said.ends]


@pytest.mark.parametrize("option", ["exp:1600000000", "expires:1600000000", "exp%3A1600000000"])
def test_the_end_of_an_imgproxy_url_is_read_out_of_its_path(option: str) -> None:
    (said,) = signatures(f"https://img.example.com/AfrOrF3gWeDA6VOlDG4TzxMv/rs:fit:300/{option}/plain/a.jpg")
    assert (said.ends, said.doubt) == (1_600_000_000, "")


@pytest.mark.parametrize("segment", ["exp:12", "exp:soon", "expires:", "v:1600000000"])
def test_other_options_of_imgproxy_are_no_end(segment: str) -> None:
    assert not signatures(f"https://img.example.com/AfrOrF3gWeDA6VOlDG4TzxMv/{segment}/plain/a.jpg")


@pytest.mark.parametrize(
    "query",
    [
        "verify=1764500000-rW7hNQfHfQiXnm8P0gdYwBwMKHrDkqwQ5YV5Xc7UmAk%3D",
        "Authorization=3_20261130175000_f4a1c2b3_0123456789abcdef_dnld",
    ],
)
def test_a_signature_whose_end_stands_at_the_host_leaves_it_open(query: str) -> None:
    (said,) = signatures(f"https://media.example.com/file/bucket/a.jpg?{query}")
    assert said.ends is None
    assert "how long" in said.doubt


@pytest.mark.parametrize("query", ["verify=1", "verify=yes-we-can", "authorization=none"])
def test_parameters_of_these_names_alone_are_no_signatures(query: str) -> None:
    assert not signatures(f"https://media.example.com/a.jpg?{query}")
