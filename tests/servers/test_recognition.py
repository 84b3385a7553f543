"""Recognition: layers, hops, probes, what is only likely, and nothing that an answer can make slow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mmscheck.base.redact import redact_text
from mmscheck.judge.pipeline import load_rules
from mmscheck.model.observation import Probe, ProbeName, Reason
from mmscheck.model.report import ServerAdvice
from mmscheck.model.server import Condition, Detected, Mark, Remedy, Server, ServerKind
from mmscheck.report.layout import shown_lines
from mmscheck.servers.recognition import (
    Recognised,
    advice,
    describe,
    join_fix,
    likeness,
    recognise,
)
from tests.support.media_targets import fetched, hop, not_fetched, sniffed

SERVERS = load_rules("send").servers
NGINX = ("Server", "nginx/1.22.1")
CHUNKED = ("Transfer-Encoding", "chunked")


def seen(*headers: tuple[str, str], **fields: Any) -> Recognised:
    return recognise(SERVERS, fetched(headers, **fields))


def phrase(*headers: tuple[str, str]) -> str:
    return describe(seen(*headers)).phrase


def test_what_stands_in_front_is_told_from_what_stands_behind() -> None:
    assert phrase(("CF-RAY", "8f1e-AMS"), NGINX) == "Cloudflare in front of nginx"
    assert phrase(NGINX, ("X-Served-By", "cache-ams1"), ("X-Varnish", "3"), ("X-Powered-By", "PHP/8.2")) == (
        "Varnish and Fastly in front of nginx with PHP"
    )
    assert phrase(("Server", "AmazonS3"), ("Via", "1.1 a.cloudfront.net (CloudFront)")) == (
        "CloudFront in front of Amazon S3"
    )
    assert phrase(("X-Powered-By", "Express")) == "Express"
    layers = seen(NGINX, ("X-Powered-By", "Express"), ("CF-RAY", "8f1e-AMS"), ("CF-Mitigated", "challenge"))
    assert describe(layers).names == ("Cloudflare", "nginx", "Express", "Cloudflare challenge")
    assert describe(layers).phrase == "Cloudflare in front of nginx with Express: a Cloudflare challenge page"


def test_nothing_is_said_where_nothing_is_recognised() -> None:
    found = seen(("Server", "my own"), CHUNKED)
    assert found.found == ()
    assert advice(found, "not-chunked") == ()
    assert likeness(found, "not-a-web-page") == ""
    assert recognise(SERVERS, not_fetched(Reason.DNS_NOT_FOUND)).found == ()


def test_the_hosts_of_redirects_are_told_in_their_order_and_only_the_last_is_advised_on() -> None:
    first = hop(status=302, headers=(NGINX, ("Location", "/b.jpg")))
    last = hop("http://b.example/b.jpg", headers=(("Server", "Apache"), CHUNKED))
    found = recognise(SERVERS, fetched((), first, last))
    assert describe(found).phrase == "nginx, then Apache"
    assert [each.name for each in advice(found, "not-chunked")] == ["Apache"]


def test_what_is_only_known_is_worded_as_likely_whatever_the_data_say() -> None:
    for server, remedy in remedies():
        for mark, words in ((remedy.cause_evidence, remedy.cause), (remedy.fix_evidence, remedy.fix)):
            told = all_advice(server, remedy)
            if words and mark is Mark.KNOWLEDGE:
                assert f"Likely: {words.strip()}" in told
            if words and mark is Mark.REPORTED:
                assert f"As reported: {words.strip()}" in told
        name = describe(alone(server)).names[0]
        assert name.endswith("(likely)") == (server.evidence is Mark.KNOWLEDGE)


def remedies() -> Iterator[tuple[Server, Remedy]]:
    return ((server, remedy) for server in SERVERS for remedy in server.remedies)


def alone(server: Server, *remedies: Remedy) -> Recognised:
    """Only this server, recognised in whatever answer, with these remedies only."""
    made = Server(
        id=server.id,
        name=server.name,
        kind=server.kind,
        signs=(Condition(status=(200,)),),
        evidence=server.evidence,
        source="test",
        looks_like=server.looks_like,
        remedies=remedies,
    )
    return recognise((made,), fetched(sniffed=sniffed(None)))


def all_advice(server: Server, remedy: Remedy) -> str:
    always = Remedy(**{**{f: getattr(remedy, f) for f in remedy.__struct_fields__}, "when": ()})
    return str(*advice(alone(server, always), remedy.rules[0]))


def test_no_entry_speaks_of_the_setting_that_only_hides_the_chunks() -> None:
    for server, remedy in remedies():
        assert "chunked_transfer_encoding" not in f"{remedy.cause} {remedy.fix} {server.looks_like}".lower()
    nginx = next(server for server in SERVERS if server.id == "nginx")
    assert any("only hide the chunks" in remedy.fix for remedy in nginx.remedies)


def test_remedies_survive_what_keeps_secrets_and_controls_out_of_reports() -> None:
    for _, remedy in remedies():
        text = f"{remedy.cause}\n{remedy.fix}"
        assert redact_text(text) == text
        assert " ".join(" ".join(shown_lines(text)).split()) == " ".join(text.split())
        assert "\nFor " not in text


def test_advice_stands_below_the_rules_own_fix() -> None:
    told = (ServerAdvice(name="nginx", words="a\n    b"), ServerAdvice(name="PHP", words="c"))
    assert join_fix("Mend it.", told) == "Mend it.\nFor nginx: a\n    b\nFor PHP: c"
    assert join_fix("Mend it.", ()) == "Mend it."


def test_rules_about_another_answer_are_advised_by_that_answer() -> None:
    gzip = Probe(
        name=ProbeName.GZIP,
        hops=(
            hop(headers=(("Server", "Apache"), ("ETag", '"5f-gzip"'), ("Content-Encoding", "gzip"), CHUNKED)),
        ),
    )
    found = seen(("Server", "Apache"), ("Content-Length", "70000"), size=70_000, probes=(gzip,))
    assert "no-gzip" in "".join(map(str, advice(found, "length-under-gzip")))
    assert advice(found, "content-length") == ()
    small = seen(("Server", "Apache"), ("ETag", '"5f-gzip"'), ("Content-Length", "9"), size=9)
    assert advice(small, "content-length") == ()
    big = seen(("Server", "Apache"), ("ETag", '"5f-gzip"'), size=65_537)
    assert "64 KiB" in "".join(map(str, advice(big, "content-length")))


def test_undecided_rules_are_only_advised_on_by_what_answers_in_place_of_the_file() -> None:
    wall = seen(NGINX, CHUNKED, ("CF-Mitigated", "challenge"))
    assert advice(wall, "not-chunked", decided=False) == ()
    assert advice(wall, "not-chunked") != ()
    assert advice(wall, "media-reachable", decided=False) != ()


def test_one_server_on_two_hops_is_named_once() -> None:
    first = hop(status=301, headers=(NGINX, ("Location", "/b.jpg")))
    found = recognise(SERVERS, fetched((), first, hop("http://media.example.com/b.jpg", headers=(NGINX,))))
    assert describe(found) == Detected(names=("nginx",), phrase="nginx")


def test_what_a_framework_behind_it_does_is_not_put_down_to_the_server() -> None:
    squeezed = (NGINX, CHUNKED, ("Content-Encoding", "gzip"), ("ETag", 'W/"5f"'))
    told = [each.name for each in advice(seen(*squeezed), "not-chunked")]
    behind = seen(*squeezed, ("X-Powered-By", "Express"))
    assert told == ["nginx"]
    assert [each.name for each in advice(behind, "not-chunked")] == ["nginx", "Express"]
    plain = seen(NGINX, CHUNKED, ("ETag", 'W/"5f"'), ("X-Powered-By", "Express"))
    assert not [text for text in map(str, advice(plain, "not-chunked")) if "filter" in text]


def test_a_remedy_may_ask_for_what_else_was_recognised() -> None:
    remedy = Remedy(
        rules=("not-chunked",),
        cause="",
        cause_evidence=Mark.MEASURED,
        fix="Mend.",
        fix_evidence=Mark.MEASURED,
        source="test",
        when=(Condition(chunked=True, beside=("other",)),),
    )
    one, other = (
        Server(
            id=name,
            name=name,
            kind=ServerKind.SERVER,
            signs=(Condition(headers={"server": name}),),
            evidence=Mark.MEASURED,
            source="test",
            remedies=(remedy,) if name == "one" else (),
        )
        for name in ("one", "other")
    )
    assert advice(recognise((one, other), fetched((("Server", "one"), CHUNKED))), "not-chunked") == ()
    both = recognise((one, other), fetched((("Server", "one other"), CHUNKED)))
    assert advice(both, "not-chunked") == (ServerAdvice(name="one", words="Mend."),)


@pytest.mark.parametrize("name", ["image/jpeg", "text/vcard", "application/vnd.apple.pkpass"])
def test_bytes_of_a_medium_are_not_taken_for_a_page(name: str) -> None:
    html = ("Content-Type", "text/html")
    found = seen(html, excerpt="BEGIN:VCARD", sniffed=sniffed(name))
    assert found.found == ()
    by_name = seen(html, excerpt="hello", sniffed=sniffed(name, witness="extension"))
    assert [each.server.id for each in by_name.found] == ["web-page"]


def test_what_is_a_last_resort_is_only_spoken_of_alone() -> None:
    html = ("Content-Type", "text/html")
    page = seen(html, excerpt="<p>hello", sniffed=sniffed("text/plain"))
    assert likeness(page, "not-a-web-page") == "It looks like a web page."
    assert likeness(seen(html), "not-a-web-page") == "", "bytes that are no text are no page"
    challenge = seen(html, ("CF-Mitigated", "challenge"))
    assert likeness(challenge, "not-a-web-page") == "It looks like a Cloudflare challenge page."
    assert likeness(challenge, "content-length") == ""
