"""`pro score` on files as they come out of a mail: packed, in UTF-16, half broken, or another kind of file."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped]  # the same
import pytest

from pro_service.cli import run
from pro_service.cli.form_streams import as_text

EQ = ["MO", "SC", "UA", "PD", "AD", "VAS"]
HEADER = f"id,{','.join(EQ)}"
SCORED = "id,PROFILE,INDEX,LSS,VAS\nA,21231,0.787,9,70\n"
Scored = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Scored:
    """Writes a file and scores it: exit status, standard output, standard error."""

    def run_on(content: bytes, name: str = "forms.csv") -> tuple[int, str, str]:
        source = tmp_path / name
        source.write_bytes(content)
        status = run(["score", "eq-5d-5l", str(source), "--value-set", "nl-2016"])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run_on


PLAIN = f"{HEADER}\nA,2,1,2,3,1,70\n"
READ = {
    "UTF-16 with its mark, little end first": (PLAIN.encode("utf-16-le"), b"\xff\xfe"),
    "UTF-16 with its mark, big end first": (PLAIN.encode("utf-16-be"), b"\xfe\xff"),
    "as a spreadsheet saves it": (PLAIN.replace(",", "\t").replace("\n", "\r\n").encode("utf-16-le"), b"\xff\xfe"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "mark"), READ.values(), ids=READ)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_text_is_read_in_either_code_and_packed_or_not(
    scored: Scored, content: bytes, mark: bytes, packed: bool
) -> None:
    octets = mark + content
    name = "forms.csv.gz" if packed else "forms.csv"
    assert scored(gzip.compress(octets) if packed else octets, name) == (0, SCORED, "")


def test_a_packed_file_is_known_by_its_first_bytes(scored: Scored) -> None:
    assert scored(gzip.compress(PLAIN.encode()), "forms.csv") == (0, SCORED, "")


def test_letters_beyond_the_first_plane_survive_utf_16(scored: Scored) -> None:
    name = "𝔄é" * 40_000  # so that letters of two, three and four bytes fall on the edge of a piece
    _, out, _ = scored(f"{HEADER}\n{name},2,1,2,3,1,70\n".encode("utf-16"))
    assert out == SCORED.replace("A,", f"{name},", 1)


NO_TEXT = {
    "workbook": (b"PK\x03\x04rest", "is a workbook or an archive, whatever its name: save the sheet as CSV in UTF-8"),
    "old workbook": (b"\xd0\xcf\x11\xe0", "is an old workbook, whatever its name: save the sheet as CSV in UTF-8"),
    "parquet": (b"PAR1rest", "is a Parquet file: give it a name that ends in .parquet"),
    "spss": (b"$FL2rest", "is an SPSS file: save it as CSV in UTF-8"),
    "UTF-16 without a mark": (PLAIN.encode("utf-16-le"), "is not UTF-8 text: save it as CSV in UTF-8"),
    "half a letter of UTF-16": (PLAIN.encode("utf-16") + b"\x00\xd8", "is damaged: not all of it can be read"),
    "packed, cut off": (gzip.compress(PLAIN.encode() * 50)[:-9], "is damaged: not all of it can be read"),
    "packed, no more than a name": (b"\x1f\x8b", "is damaged: not all of it can be read"),
    "no header of ours": (
        b"A,2,1,2,3,1,70\n",
        "none of the 6 columns MO to VAS is there: is its first line the header, with commas, semicolons or tabs",
    ),
    "a title above the header": (b"Export of May\n\n" + PLAIN.encode(), "none of the 6 columns MO to VAS is there"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), NO_TEXT.values(), ids=NO_TEXT)
def test_what_cannot_be_read_says_what_to_do(scored: Scored, content: bytes, message: str) -> None:
    status, _, err = scored(content)
    assert status == 1
    assert err.startswith("invalid-table: forms.csv")
    assert message in err


def test_a_header_alone_is_said_to_be_one(scored: Scored) -> None:
    assert scored(f"{HEADER}\n".encode()) == (
        0, "id,PROFILE,INDEX,LSS,VAS\n", "warning: forms.csv has no forms under its header\n",
    )  # fmt: skip


def test_a_comma_in_a_number_is_pointed_out(scored: Scored) -> None:
    status, out, err = scored(f'{HEADER}\nA,2,1,2,3,1,"70,5"\nB,"1,0",1,1,1,1,70\n'.encode())
    assert (status, out.splitlines()[1:]) == (0, ["A,21231,0.787,9,", "B,,,,70"])
    assert err.splitlines() == [
        "warning: values not allowed were taken as missing: MO 1, VAS 1",
        "warning: numbers with a comma: 2; write a point, or part the cells with semicolons or tabs",
    ]


LINES = [f"P{number},1,1,1,1,1,50" for number in range(40)]
UNCLOSED = {
    "in a carried column": [*LINES[:5], '"P5,1,1,1,1,1,50', *LINES[6:]],
    "in the last column": [*LINES[:5], 'P5,1,1,1,1,1,"50', *LINES[6:]],
    "closed by a later one": [*LINES[:5], 'P5,1,1,1,1,1,"50', *LINES[6:20], 'P20,1,1,1,1,1,50"', *LINES[21:]],
}


@pytest.mark.parametrize("rows", UNCLOSED.values(), ids=UNCLOSED)
@pytest.mark.parametrize("header", [HEADER, f"{HEADER},note"], ids=["", "with a note"])
def test_rows_swallowed_by_a_quotation_mark_are_counted(scored: Scored, rows: list[str], header: str) -> None:
    more = ",x" if header.endswith("note") else ""
    status, out, err = scored("\n".join([header, *(row + more for row in rows)]).encode())
    kept = len(out.splitlines()) - 1
    left_out = int(err.split("left out: ")[1].split(" ")[0])
    assert status == 1
    assert "is a quotation mark not closed?" in err
    # the row that holds the others is left out itself, or is kept with one cell that is no answer
    assert kept + left_out == len(rows)


def test_prose_over_several_lines_is_no_row(scored: Scored) -> None:
    prose = '"well, well\nand, so, on\nfar, too, many, commas, in, a, line, of, this"'
    status, out, err = scored(f"{HEADER},note\nA,2,1,2,3,1,70,{prose}\n".encode())
    assert (status, err) == (0, "")
    assert "and, so, on" in out


def test_a_row_without_end_is_placed(scored: Scored) -> None:
    body = "\n".join([HEADER, *LINES, 'x,"1', *(LINES * 12_000)])
    status, out, err = scored(body.encode())
    assert (status, len(out.splitlines())) == (1, 41)
    assert err == (
        "invalid-table: forms.csv has a row below row 40 that does not end: is a quotation mark not closed?\n"
    )


WRONG_KINDS = {
    "truth": (pa.array([True]), "column MO holds bool, expected numbers"),
    "times": (pa.array([0], pa.timestamp("ms")), "column MO holds timestamp[ms], expected numbers"),
    "lists": (pa.array([[1]]), "column MO holds list<element: int64>, expected numbers"),
    "bytes": (pa.array([b"1"]), "column MO holds binary, expected numbers"),
}


@pytest.mark.parametrize(("column", "message"), WRONG_KINDS.values(), ids=WRONG_KINDS)
def test_a_parquet_column_of_another_kind_is_refused_before_anything_is_written(
    scored: Scored, column: pa.Array, message: str
) -> None:
    target = io.BytesIO()
    pq.write_table(pa.table({**{item: pa.array([1], pa.int8()) for item in EQ}, "MO": column}), target)
    assert scored(target.getvalue(), "forms.parquet") == (1, "", f"invalid-table: {message}\n")


@pytest.mark.parametrize("code", ["utf-8", "utf-16"])
def test_a_packed_file_is_unpacked_piece_by_piece(code: str) -> None:
    letters = "".join(chr(40 + place * place % 90) for place in range(997)) * 20_000
    packed = io.BytesIO(gzip.compress(letters.encode(code), 1))
    stream = as_text(packed, "forms.csv")
    assert stream.read(1_000) == letters[:1_000].encode()
    assert packed.tell() < len(packed.getvalue()) / 2
    assert sum(map(len, iter(lambda: stream.read(1 << 16), b""))) == len(letters) - 1_000
