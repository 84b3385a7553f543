"""Secrets in URLs and headers do not reach anything a person or another program reads."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from mmscheck.base.redact import LONGEST_PATH, redact_header, redact_text, redact_url, stored_url
from tests.support.command import image, message, mmscheck

SECRET = "SECRETwordThatMustNotShow"


@pytest.mark.parametrize(
    "url",
    [
        f"https://media.example/a.jpg?X-Amz-Signature={SECRET}",
        f"https://user:{SECRET}@media.example/a.jpg",
        f"http:/user:{SECRET}@media.example/a.jpg",
        f"http:user:{SECRET}@media.example/a.jpg",
        f"//user:{SECRET}@media.example/a.jpg",
        f"http:\\\\user:{SECRET}@media.example/a.jpg",
        f"http://user:pa/{SECRET}@media.example/a.jpg",
        f"http://user:{SECRET}#x@media.example/a.jpg",
        f"http://user:pa#{SECRET}@media.example/a.jpg",
        f"https://media.example/a.jpg;sig={SECRET}",
        f"https://media.example/a.jpg%3Fsig={SECRET}",
        f"https://media.example/a.jpg#{SECRET}",
        f"https://media.example/a.jpg?id={SECRET[:9]}",
    ],
)
def test_a_secret_in_a_url_is_not_shown_however_the_url_is_mistyped(url: str) -> None:
    shown = redact_url(url)
    assert SECRET[:9] not in shown
    assert redact_url(shown) == shown
    assert SECRET[:9] not in redact_text(f"{shown} said")


@pytest.mark.parametrize(
    "url",
    [
        "https://media.example/a.jpg",
        "https://media.example:8443/@team/a.jpg",
        "https://media.example/a.jpg?v=3",
        "http://[2001:db8::1]/a.jpg",
        "a.jpg",
        "",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(url: str) -> None:
    assert redact_url(url) == url


def test_two_signed_urls_stay_apart() -> None:
    assert redact_url("https://a.example/x?sig=1") != redact_url("https://a.example/x?sig=2")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Set-Cookie", f"session={SECRET}"),
        ("X-Amz-Security-Token", SECRET),
        ("WWW-Authenticate", f"Bearer realm={SECRET}"),
        ("X-Original", f"/path/a.jpg?X-Amz-Signature={SECRET}"),
        ("Location", f"/b.jpg?sig={SECRET}"),
    ],
)
def test_a_secret_in_a_header_is_not_shown(name: str, value: str) -> None:
    assert SECRET not in redact_header(name, value)


def test_a_query_without_its_url_is_not_shown_in_a_sentence() -> None:
    assert SECRET not in redact_text(f"HTTP 403 denied for 'x?sig={SECRET}'")
    assert redact_text("Is it 2 + 2 = 4? Yes, x=4.") == "Is it 2 + 2 = 4? Yes, x=4."


@pytest.mark.parametrize("mark", [",", ".", ";", ":", "!", "?", ")", "],", "})."])
def test_a_url_has_one_digest_whatever_mark_of_the_sentence_follows(mark: str) -> None:
    url = f"https://media.example/a.jpg?sig={SECRET}"
    shown = redact_url(url)
    assert redact_text(f"see {url}{mark} whose bytes") == f"see {shown}{mark} whose bytes"
    assert redact_text(f"see {shown}{mark} whose bytes") == f"see {shown}{mark} whose bytes"
    query = f"?sig={SECRET}"
    assert redact_text(f"see {query}{mark} whose") == redact_text(f"see {query} whose").replace(
        " whose", f"{mark} whose"
    )


IN_PATHS = [
    f"hdntl=exp=1700000000~acl=/*~data=x~hmac={SECRET}/a.jpg",
    f"token={SECRET}/a.jpg",
    f"token/{SECRET}/a.jpg",
    f"v1,key={SECRET}/a.jpg",
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI{SECRET}.{SECRET}/a.jpg",
    f"a.jpg%3Ftoken%3DeyJhbGciOiJIUzI1NiJ9.{SECRET}.{SECRET}",
    f"bot123456:{SECRET}/file.jpg",
    f"a.jpg%3Fsig%3D{SECRET}",
    f"a.jpg%253Fsig%253D{SECRET}",
    f"a.jpg%26sig={SECRET}",
    f"a.jpg&sig={SECRET}",
    f"a.jpg&amp;sig={SECRET}",
    f"a.jpg;sig={SECRET}",
    f"a.jpg%3Bsig={SECRET}",
    f"a.jpg;{SECRET}",
    f"x=a1{SECRET}/a.jpg",
]


@pytest.mark.parametrize("path", IN_PATHS)
def test_a_secret_in_a_path_is_not_shown(path: str) -> None:
    url = f"https://media.example/{path}"
    shown = redact_url(url)
    assert SECRET not in shown
    assert shown.startswith("https://media.example/")
    assert redact_url(shown) == shown
    for sentence in (f"see '{url}', which", f"{url}\nand {url}."):
        assert SECRET not in redact_text(sentence)
        assert redact_text(redact_text(sentence)) == redact_text(sentence)
    assert SECRET not in redact_header("Location", f"/{path}")


@pytest.mark.parametrize(
    "path",
    [
        "cdn-cgi/image/width=80,quality=75,fit=cover/a.jpg",
        "w_100,h_100/a.jpg",
        "Tom&Jerry.jpg",
        "Tom&amp;Jerry.jpg",
        "why%3F.jpg",
        "a.jpg&w=100",
        "date=2026-01-01/lang=en/a.jpg",
        "key/visual.jpg",
        "signature/summer-collection-2026/a.jpg",
        "d41d8cd98f00b204e9800998ecf8427e/a.jpg",
        "a;1.jpg",
        "rs:fill:300:400/plain/a.jpg",
        "author=anna/a.jpg",
    ],
)
def test_an_ordinary_path_stays_readable(path: str) -> None:
    for host in ("media.example", "auth.media.example:8443", "[2001:db8::1]:8080"):
        assert redact_url(f"https://{host}/{path}") == f"https://{host}/{path}"


@pytest.mark.parametrize(
    "name", ["X-Sig", "X-Hmac", "X-Key", "X-Pass", "X-Jwt", "X-Vault", "Authorization", "X-Media-Pwd"]
)
def test_a_header_named_for_a_secret_is_not_shown(name: str) -> None:
    for written in (name, name.lower(), name.upper()):
        assert redact_header(written, "S") == "…"


@pytest.mark.parametrize(
    "value",
    [
        f"see Bearer {SECRET} there",
        f"bearer {SECRET}",
        "Basic dXNlcjpTRUNSRVR3b3JkVGhhdE11c3ROb3RTaG93",
        f"token={SECRET}; path=/",
        f'{{"api_key": "{SECRET}"}}',
        f"ok eyJhbGciOiJIUzI1NiJ9.{SECRET}.{SECRET} ok",
    ],
)
def test_a_secret_within_a_header_is_not_shown(value: str) -> None:
    shown = redact_header("X-Debug", value)
    assert SECRET not in shown
    assert "dXNlcjpTRUNSRVR" not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Surrogate-Key", "photo/1 all"),
        ("X-Cache-Key", "/a.jpg"),
        ("Cache-Status", 'Fastly; hit; key="/a.jpg"'),
        ("X-Author", "Ann"),
        ("X-Plan", "Basic subscription"),
        ("Content-Type", "image/jpeg; charset=utf-8"),
        ("Strict-Transport-Security", "max-age=31536000"),
        ("Content-Security-Policy", "default-src 'self'"),
    ],
)
def test_a_header_that_people_need_stays_readable(name: str, value: str) -> None:
    assert redact_header(name, value) == value


@pytest.mark.parametrize("unit", ["/", "a", ";a", "/token=a", "%3f", "&a", "…0123456789ab", "/…", ";…0"])
def test_a_path_without_end_is_cut_and_stays_as_it_was_cut(unit: str) -> None:
    url = "https://media.example/" + unit * 9_000
    shown = redact_url(url)
    assert len(shown) < LONGEST_PATH + 100
    assert redact_url(shown) == shown
    assert redact_url(url + "/x.jpg") != shown


async def test_each_run_digests_secrets_with_a_key_of_its_own(tmp_path: Path) -> None:
    secret = "msisdn=15551234567"
    (tmp_path / "a.xml").write_text(message(image(f"a.jpg?{secret}"), image(f"a.jpg?{secret}")))
    first, second = [await mmscheck("lint", "a.xml", "--format", "json", cwd=tmp_path) for _ in range(2)]
    marks = [set(re.findall(r"\?…([0-9a-f]{12})", each.out)) for each in (first, second)]
    # Within one report it tells URLs apart; to another run, and to who guesses, it tells nothing.
    assert [len(each) for each in marks] == [1, 1]
    assert marks[0] != marks[1]
    assert hashlib.sha256(secret.encode()).hexdigest()[:12] not in first.out + second.out


def test_the_ledger_finds_a_url_again_in_every_run_and_what_older_versions_stored() -> None:
    signed = f"https://media.example/a.jpg?sig={SECRET}"
    was = f"https://media.example/a.jpg?…{hashlib.sha256(f'sig={SECRET}'.encode()).hexdigest()[:12]}"
    assert stored_url(signed) == was == stored_url(was)
    # As 0.x stored a path that it took for harmless.
    assert stored_url(f"https://media.example/token={SECRET}/a.jpg") == stored_url(
        stored_url(f"https://media.example/token={SECRET}/a.jpg")
    )
