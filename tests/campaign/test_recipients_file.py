"""A file of recipients that is wrong says where; one that is right is read as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmscheck.campaign import Recipients
from mmscheck.errors import InputError
from mmscheck.model.request import Changes, CustomText


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is empty"),
        (b"\xef\xbb\xbfto,custom_subject\n1,2\n", "column 'custom_subject': expected custom-subject"),
        (b"to,consent_at\n1,2\n", "column 'consent_at': expected consent-source or consent-at"),
        (b"to\n1\r2\n", "line 2: the row is no CSV"),
        (b"to\n" + b"1" * 300_000, "line 2: longer than 262,144 bytes"),
        (b"name\nAna\n", "expected a column named to"),
        (b"to;name\n1;2\n", "columns are separated by commas"),
        (b"to,name,NAME\n1,2,3\n", "column 'NAME' is there twice"),
        (b"to,\n1,2\n", "column 2 has no name"),
        (b"to,custom-text\n1,2\n", "custom-text-N"),
        (b"to,first name\n1,2\n", "column 'first name'"),
        (b"to,name\n15551230001,Ana\n15551230002\n", "line 3: 1 fields, and the header has 2"),
        (b"to,name\n15551230001,Ana,x\n", "'x' stands after the last column 'name'"),
        (b"to,name\n15551230001,Ana\n15551230002,Jos\xe9\n", "line 3: not UTF-8: byte 0xe9 at position 16"),
        (b"to,name\n15551230001,A\0a\n", "line 2: a NUL byte at position 14"),
        (b'to,name\n15551230001,"Ana\n', "line 2: the row is no CSV"),
        (b"to,name\n15551230001," + b"a" * 20_001 + b"\n", "line 2, column 'name': 20,001 characters"),
    ],
)
def test_a_file_that_is_no_list_of_recipients_says_where(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "all.csv"
    file.write_bytes(content)
    with pytest.raises(InputError) as raised:
        list(Recipients(str(file), Changes()).rows())
    assert str(file) in str(raised.value)
    assert said in str(raised.value)


def test_columns_become_changes_and_an_empty_cell_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    lines = (
        b'\xef\xbb\xbfTo,custom-subject,custom-text-2,name\r\n1,Hi,"two\r\nlines",Ana\r\n'
        b"\r\n2,,,\r\n3,,x,\r\n"
    )
    file.write_bytes(lines)
    rows = list(Recipients(str(file), Changes(data=(("shop", "A"),))).rows())
    assert [(row.line, row.to) for row in rows] == [(2, "1"), (5, "2"), (6, "3")]
    assert rows[0].changes == Changes(
        custom_subject="Hi",
        custom_texts=(CustomText(slide=2, value="two\r\nlines"),),
        data=(("shop", "A"), ("name", "Ana")),
    )
    assert rows[1].changes == Changes(data=(("shop", "A"),))
    assert rows[2].changes.custom_texts == (CustomText(slide=2, value="x"),)


def test_a_column_that_an_option_gives_as_well_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    file.write_text("to,Name,custom-subject,custom-text-1\n")
    common = Changes(
        custom_subject="S", custom_texts=(CustomText(slide=1, value="T"),), data=(("name", "A"),)
    )
    with pytest.raises(
        InputError, match=r"'Name' is given by --data name.*--custom-subject.*--custom-text 1"
    ):
        Recipients(str(file), common)


def test_a_file_that_is_not_there_is_said_not_to_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nix\\.csv: no such file"):
        Recipients(str(tmp_path / "nix.csv"), Changes())


def test_a_folder_is_no_list_of_recipients(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a file of recipients"):
        Recipients(str(tmp_path), Changes())
