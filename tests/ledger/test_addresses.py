"""The parameters of a PostgreSQL address: libpq's are taken, others are named, and no password is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.errors import LedgerError, UsageError
from mmscheck.ledger import open_ledger
from mmscheck.ledger.where import KNOWN, arguments, place_of
from tests.support.command import mmscheck
from tests.support.postgres import Cluster

SECRET = "s3cret-word"
BASE = f"postgresql://ann:{SECRET}@127.0.0.1:1/ledger"


@pytest.mark.parametrize("name", ["foo", "sslrootcrt", "sslMode", "server_settings", "dsn", "pool_size"])
async def test_a_parameter_that_is_unknown_is_named_and_nothing_is_connected_to(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        await open_ledger(f"{BASE}?{name}={SECRET}")
    assert repr(name) in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("sslmode=sometimes", "sslmode"),
        ("ssl=sometimes", "sslmode"),
        ("connect_timeout=soon", "connect_timeout"),
        ("application_name=a&application_name=b", "application_name"),
        ("options=work_mem", "options"),
        ("options=-c%20a=1%20rest", "options"),
        ("channel_binding=require", "channel_binding"),
        ("gssencmode=require", "gssencmode"),
        ("client_encoding=latin1", "client_encoding"),
        (f"x={SECRET}@127.0.0.1/ledger", "%40"),
        (f"password={SECRET}&{SECRET}@h/d=1", "%40"),
    ],
)
async def test_a_value_that_cannot_be_read_is_a_usage_error(query: str, wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        await open_ledger(f"{BASE}?{query}")
    assert wanted in str(caught.value)
    assert SECRET not in str(caught.value)


def test_what_libpq_knows_goes_where_asyncpg_wants_it() -> None:
    query = (
        "sslmode=verify-full&sslrootcert=/tls/root.pem&connect_timeout=1&application_name=night"
        "&options=-c%20statement_timeout%3D5s%20--search_path=a\\%20b&target_session_attrs=read-write"
        "&keepalives=1&channel_binding=prefer&user=bob&command_timeout=7.5&statement_cache_size=0"
    )
    url, connecting, settings = arguments(place_of(f"{BASE}?{query}").url)
    assert (url.username, url.host, dict(url.query)) == ("bob", "127.0.0.1", {})
    assert connecting == {
        "target_session_attrs": "read-write",
        "timeout": 2.0,
        "command_timeout": 7.5,
        "statement_cache_size": 0,
        "dsn": "postgresql:///?sslmode=verify-full&sslrootcert=%2Ftls%2Froot.pem",
    }
    assert settings == {"statement_timeout": "5s", "search_path": "a b", "application_name": "night"}


async def test_every_parameter_gets_as_far_as_the_connection(postgres: Cluster) -> None:
    """None is a TypeError of the driver: each address opens, or fails for a file that is not there."""
    where = postgres.fresh()
    values = {
        "sslmode": "disable",
        "ssl": "disable",
        "host": "127.0.0.1",
        "port": str(postgres.port),
        "dbname": where.rpartition("/")[2],
        "database": where.rpartition("/")[2],
        "user": "mmscheck",
        "target_session_attrs": "any",
        "options": "-c%20work_mem=1MB",
        "gsslib": "gssapi",
        "channel_binding": "prefer",
        "gssencmode": "prefer",
        "client_encoding": "UTF8",
        "sslnegotiation": "postgres",
        "ssl_min_protocol_version": "TLSv1.2",
        "ssl_max_protocol_version": "TLSv1.3",
        "passfile": "/nowhere/passfile",
    }
    failed = set()
    for name in sorted(KNOWN):
        try:
            async with await open_ledger(f"{where}?{name}={values.get(name, '30')}"):
                pass
        except LedgerError:
            failed.add(name)
    assert failed <= {"sslcert", "sslkey", "sslrootcert", "sslcrl"}


async def test_an_application_name_and_options_reach_the_server(postgres: Cluster) -> None:
    asked = "SELECT current_setting('application_name') AS name, current_setting('work_mem') AS memory"
    query = "application_name=night&options=-c%20work_mem%3D3MB%20-c%20synchronous_commit%3Doff"
    async with await open_ledger(f"{postgres.fresh()}?{query}") as ledger:
        assert await ledger._database.rows(asked) == [{"name": "night", "memory": "3MB"}]
        durable = await ledger._database.rows("SELECT current_setting('synchronous_commit') AS it")
        assert durable == [{"it": "on"}]


async def test_a_certificate_that_is_missing_is_told_without_the_password() -> None:
    with pytest.raises(LedgerError) as caught:
        await open_ledger(f"{BASE}?sslmode=verify-full&sslrootcert=/nowhere/root.pem")
    assert SECRET not in str(caught.value)


async def test_the_command_says_what_is_wrong_with_an_address(tmp_path: Path) -> None:
    ran = await mmscheck("ledger", "list", "--ledger", f"{BASE}?foo={SECRET}", cwd=tmp_path)
    assert (ran.code, "'foo'" in ran.err, SECRET in ran.err) == (2, True, False)
