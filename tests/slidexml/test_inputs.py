"""Files, folders and standard input as a user names them, and a sentence for whatever was not read."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmscheck.slidexml import Input, read_inputs
from mmscheck.slidexml.decode import MAX_BYTES

NOBODY = 65534


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def as_nobody(folder: Path) -> Iterator[None]:
    """Give up root for the test, since root may read everything."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(folder, NOBODY, NOBODY)  # the working folder, so that paths relative to it can be used
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def write(path: str, data: bytes = b"<request/>") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(data)


def read(*paths: str, stdin: bytes = b"") -> tuple[tuple[Input, ...], tuple[str, ...]]:
    return read_inputs(paths, io.BytesIO(stdin))


def sources(*paths: str) -> list[str]:
    inputs, sentences = read(*paths)
    assert sentences == ()
    return [item.source for item in inputs]


def test_files_are_read_in_the_order_given_under_the_names_given() -> None:
    write("b.xml", b"b")
    write("a.txt", b"a")
    inputs, sentences = read("./b.xml", "a.txt")
    assert inputs == (Input(source="./b.xml", data=b"b"), Input(source="a.txt", data=b"a"))
    assert sentences == ()


def test_a_folder_is_walked_by_name_without_regard_to_case_of_the_extension() -> None:
    for path in ("mms/z.xml", "mms/B.XML", "mms/a/y.xml", "mms/a.xml", "mms/note.txt", "mms/xml"):
        write(path)
    assert sources("mms/") == ["mms/B.XML", "mms/a.xml", "mms/z.xml", "mms/a/y.xml"]


def test_hidden_folders_are_skipped_unless_named() -> None:
    write("mms/.git/a.xml")
    write("mms/b.xml")
    assert sources("mms") == ["mms/b.xml"]
    assert sources("mms/.git") == ["mms/.git/a.xml"]


def test_the_current_folder_can_be_walked() -> None:
    write("a.xml")
    assert sources(".") == ["a.xml"]


def test_no_link_out_of_the_folder_is_followed_and_one_within_gives_nothing_twice() -> None:
    write("mms/a.xml")
    write("mms/deep/c.xml")
    write("elsewhere/b.xml")
    Path("mms/again").symlink_to("deep", target_is_directory=True)
    Path("mms/alias.xml").symlink_to("a.xml")
    Path("mms/loop").symlink_to("..", target_is_directory=True)
    Path("mms/other").symlink_to("../elsewhere", target_is_directory=True)
    Path("mms/out.xml").symlink_to("../elsewhere/b.xml")
    inputs, sentences = read("mms")
    assert [item.source for item in inputs] == ["mms/a.xml", "mms/alias.xml", "mms/deep/c.xml"]
    assert sentences == tuple(
        f"mms/{name}: it leads out of the folder that was given" for name in ("loop", "other", "out.xml")
    )
    assert sources("mms/out.xml", "mms/other") == ["mms/out.xml", "mms/other/b.xml"]


def test_a_path_named_twice_is_read_once() -> None:
    write("mms/a.xml")
    assert sources("mms/a.xml", "mms", "mms/a.xml") == ["mms/a.xml"]


def test_standard_input_is_read_once_where_it_is_named() -> None:
    write("a.xml", b"a")
    inputs, sentences = read("-", "a.xml", "-", stdin=b"piped")
    assert inputs == (Input(source="<stdin>", data=b"piped"), Input(source="a.xml", data=b"a"))
    assert sentences == ()


def test_standard_input_that_comes_in_pieces_is_read_to_its_end() -> None:
    data = b"x" * 300_000  # more than a pipe holds, so that one read cannot give it all
    reader, writer = os.pipe()

    def send() -> None:
        with os.fdopen(writer, "wb") as sending:
            sending.write(data)

    sender = threading.Thread(target=send)
    sender.start()
    with os.fdopen(reader, "rb", buffering=0) as raw:
        inputs, _ = read_inputs(("-",), raw)
    sender.join()
    assert inputs[0].data == data


def test_empty_and_closed_standard_input_are_sentences() -> None:
    assert read("-") == ((), ("standard input is empty",))
    closed = io.BytesIO()
    closed.close()
    _, sentences = read_inputs(("-",), closed)
    assert sentences[0].startswith("standard input: ")


def test_no_path_at_all_is_a_sentence() -> None:
    inputs, sentences = read()
    assert inputs == ()
    assert sentences[0].startswith("nothing was named to read")


def test_an_empty_file_is_an_input() -> None:
    write("empty.xml", b"")
    assert read("empty.xml") == ((Input(source="empty.xml", data=b""),), ())


def test_a_folder_without_documents_is_a_sentence() -> None:
    write("folder/deeper/note.txt")
    assert read("folder") == ((), ("folder/: no message in it (.xml or .json)",))
    assert read("folder/") == ((), ("folder/: no message in it (.xml or .json)",))


def test_what_cannot_be_read_is_said_and_the_rest_is_read() -> None:
    write("a.xml")
    Path("mms").mkdir()
    Path("mms/dangling.xml").symlink_to("nowhere.xml")
    Path("mms/self").symlink_to("self")
    inputs, sentences = read("gone.xml", "a.xml", "a.xml/b.xml", "", "nul\0.xml", "mms")
    assert [item.source for item in inputs] == ["a.xml"]
    assert sentences == (
        "gone.xml: no such file",
        "a.xml/b.xml: not a directory",
        "an empty path was given",
        r"nul\x00.xml: embedded null byte",
        "mms/dangling.xml: it leads nowhere",
    )


@pytest.mark.usefixtures("as_nobody")
def test_missing_permission_is_said_for_files_and_folders() -> None:
    write("sale.xml")
    write("mms/closed/a.xml")
    write("mms/b.xml")
    Path("sale.xml").chmod(0)
    Path("mms/closed").chmod(0)
    inputs, sentences = read("sale.xml", "mms", "mms/closed")
    Path("mms/closed").chmod(0o700)
    assert [item.source for item in inputs] == ["mms/b.xml"]
    assert sentences == ("sale.xml: permission denied", "mms/closed/: permission denied")


def test_pipes_and_devices_are_refused_at_once() -> None:
    os.mkfifo("pipe.xml")
    assert read("pipe.xml", "/dev/zero") == (
        (),
        ("pipe.xml: not a regular file", "/dev/zero: not a regular file"),
    )
    assert read(".") == ((), ("pipe.xml: not a regular file",))


def test_a_file_is_read_to_one_byte_over_the_cap() -> None:
    with Path("large.xml").open("wb") as file:
        file.truncate(MAX_BYTES * 3)
    (item,), sentences = read("large.xml")
    assert len(item.data) == MAX_BYTES + 1
    assert sentences == ()
    (piped,), _ = read("-", stdin=b"x" * (MAX_BYTES + 5))
    assert len(piped.data) == MAX_BYTES + 1


def test_names_that_cannot_be_printed_are_escaped() -> None:
    for name in (b"a\x1b[2J\n.xml", b"\xff.xml"):
        Path(os.fsdecode(name)).write_bytes(b"x")
    inputs, sentences = read(".")
    assert sentences == ()
    assert [item.source for item in inputs] == [r"a\x1b[2J\n.xml", r"\udcff.xml"]
    assert all(item.source.encode("utf-8") for item in inputs)
