"""Whom the media are trusted by is not who may read the API key."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from tests.support.bound import bind_files
from tests.support.campaigns import DOCUMENT
from tests.support.command import fields, mmscheck
from tests.support.raw_provider import ACCEPTED, RawProvider, answer


@pytest.mark.parametrize("command", ["send", "save", "bind"])
async def test_the_authorities_of_media_are_not_trusted_with_the_key(tmp_path: Path, command: str) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    (tmp_path / "sale.xml").write_text(DOCUMENT)
    (tmp_path / "mmscheck.toml").write_text('ca-file = "ca.pem"\n')
    which = ["100001"] if command == "bind" else []
    more = fields() if command == "send" else []
    async with RawProvider(answer(ACCEPTED), context) as provider:
        at = f"https://127.0.0.1:{provider.port}/"
        await bind_files([tmp_path / "sale.xml"], at=at)
        given = (command, *which, "sale.xml", "--api-url", at, *more)
        for trusted in ((), ("--ca-file", "ca.pem")):
            ran = await mmscheck(*given, *trusted, cwd=tmp_path)
            assert ran.code == 5, ran
            assert "is not valid" in ran.out + ran.err
        assert b"sandbox-key" not in provider.received
        await mmscheck(*given, "--api-ca-file", "ca.pem", cwd=tmp_path)
        assert b"sandbox-key" in provider.received
    told = " ".join((await mmscheck(command, "--help", cwd=tmp_path)).out.split())
    assert "Trust these certificate authorities as well for media (PEM)." in told
