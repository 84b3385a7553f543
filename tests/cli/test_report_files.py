"""Report files: their modes, and targets that are no files."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mmscheck.cli import files
from mmscheck.cli.main import main
from mmscheck.errors import ReportError
from tests.support.command import PROGRAM, fields, image, message, shell, surroundings

FORMS = ("text", "json", "html", "csv")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sale.xml").write_text(message(image("photo-small.jpg")))
    (tmp_path / "people.csv").write_text("to\n15551230001\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MMSCHECK_API_KEY", "sandbox-key")
    return tmp_path


@pytest.fixture(params=[0o022, 0o027, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


@pytest.mark.parametrize("form", FORMS)
def test_a_new_report_is_made_with_the_umask(form: str, lab: Path, umask: int) -> None:
    main(("lint", "sale.xml", "--format", f"{form}=report"))
    assert mode(lab / "report") == 0o666 & ~umask


@pytest.mark.parametrize("old", [0o600, 0o640, 0o664])
@pytest.mark.parametrize("form", FORMS)
def test_an_old_report_keeps_its_mode(form: str, old: int, lab: Path) -> None:
    (lab / "report").write_text("old")
    (lab / "report").chmod(old)
    main(("lint", "sale.xml", "--format", f"{form}=report"))
    assert mode(lab / "report") == old
    assert (lab / "report").read_text() != "old"


@pytest.mark.parametrize("form", FORMS)
def test_a_new_report_of_a_send_is_for_its_owner_alone(form: str, lab: Path) -> None:
    before = os.umask(0)
    try:
        for extra in (fields(), [*fields(to=None), "--recipients", "people.csv", "--row-log", "rows.csv"]):
            main(("send", "sale.xml", *extra, "--format", f"{form}=report", "--timeout", "1"))
            assert mode(lab / "report") == 0o600
            (lab / "report").unlink()
        assert mode(lab / "rows.csv") == 0o600
    finally:
        os.umask(before)


def test_an_old_row_log_keeps_its_mode(lab: Path) -> None:
    (lab / "rows.csv").write_text("old")
    (lab / "rows.csv").chmod(0o640)
    with files.opened_file(lab / "rows.csv", private=True) as opened:
        opened.write("new")
    assert (mode(lab / "rows.csv"), (lab / "rows.csv").read_text()) == (0o640, "new")


def test_pages_of_a_private_report_are_private(lab: Path) -> None:
    for number in range(101):
        (lab / f"{number}.xml").write_text(message(image("photo-small.jpg")))
    (lab / "report.html").write_text("")
    (lab / "report.html").chmod(0o600)
    main(("lint", ".", "--format", "html=report.html"))
    assert (mode(lab / "report.html"), mode(lab / "report_files")) == (0o600, 0o700)


def test_a_report_that_fails_half_way_leaves_nothing(lab: Path) -> None:
    def broken() -> Iterator[str]:
        yield "some"
        raise OSError(28, "No space left on device")

    with pytest.raises(ReportError, match="No space left"):
        files.replace_file(lab / "report", broken())
    assert sorted(each.name for each in lab.iterdir()) == ["people.csv", "sale.xml"]


@pytest.mark.parametrize("form", FORMS)
def test_a_pipe_that_nobody_reads_is_refused_and_not_waited_for(
    form: str, lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(lab / "pipe")
    assert main(("lint", "sale.xml", "--format", f"{form}=pipe")) == 4
    assert "it is a pipe that nobody reads" in capsys.readouterr().err
    assert stat.S_ISFIFO((lab / "pipe").stat().st_mode)


def test_a_send_is_not_begun_when_nobody_reads_the_pipe(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(lab / "pipe")
    with pytest.raises(ReportError, match="nobody reads"):
        files.hold(lab / "pipe")


def test_a_pipe_that_somebody_reads_gets_the_report(lab: Path) -> None:
    os.mkfifo(lab / "pipe")
    reader = os.open(lab / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert main(("lint", "sale.xml", "--format", "text=pipe")) == 0
    with os.fdopen(reader, "rb") as opened:
        assert b"PASS: sale.xml" in opened.read()


async def test_a_process_that_reads_gets_the_report(lab: Path) -> None:
    read = "--format json=>(cat > got; touch done); while [ ! -e done ]; do sleep 0.1; done"
    await shell(f"mmscheck lint sale.xml {read}", cwd=lab)
    assert (lab / "got").read_text().startswith('{\n  "version": 1')


def test_a_report_larger_than_a_pipe_waits_for_its_reader(lab: Path) -> None:
    text = "0123456789" * 100_000
    os.mkfifo(lab / "pipe")
    reader = os.open(lab / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(reader, True)
    files.hold(lab / "pipe")
    with ThreadPoolExecutor() as pool, os.fdopen(reader, "rb") as opened:
        done = pool.submit(files.replace_file, lab / "pipe", text)
        assert opened.read() == text.encode()
        done.result()


async def test_a_reader_that_takes_nothing_is_given_up(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PATIENCE", 0.01)
    os.mkfifo(lab / "pipe")
    reader = os.open(lab / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(ReportError, match="its reader took nothing"):
            files.replace_file(lab / "pipe", "x" * 1_000_000)
    finally:
        os.close(reader)


async def test_a_report_to_dev_stdout_never_replaces_the_link(lab: Path) -> None:
    (lab / "out").symlink_to("/proc/self/fd/1")
    with (lab / "got").open("wb") as got:
        process = await asyncio.create_subprocess_exec(
            *(PROGRAM, "lint", "sale.xml", "--format", "json=out"), cwd=lab, env=surroundings(), stdout=got
        )
        assert await process.wait() == 0
    assert (lab / "out").is_symlink()
    assert (lab / "got").read_text().startswith('{\n  "version": 1')


def test_devices_are_written_to_and_what_holds_no_text_is_refused(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(("lint", "sale.xml", "--format", "json=/dev/null")) == 0
    assert main(("lint", "sale.xml", "--format", "json=/dev/full")) == 4
    assert "No space left" in capsys.readouterr().err
    (lab / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        for name in ("folder", "socket"):
            for form in FORMS:
                assert main(("lint", "sale.xml", "--format", f"{form}={name}")) == 4
                assert "name a file" in capsys.readouterr().err
