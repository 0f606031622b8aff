"""From the bytes of a CSV file to its lines: which encoding, which delimiter. Nothing is guessed silently."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from crmkit.exceptions import ConfigurationError

__all__ = ["csv_rows", "decode"]

DELIMITERS = ";,\t|"


def csv_rows(data: bytes, file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file with the number of the line on which each begins, blank ones left out.

    Raises:
        ConfigurationError: The encoding is mixed, or a quote is not closed.
    """
    text = decode(data, file)
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line, problem = 1, ""
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        problem = str(error)
    if problem:
        hint = "a quote is not closed or stands inside a cell: save the file anew from the spreadsheet"
        raise ConfigurationError(f"{file}: line {line}: {problem}", hint=hint)


def decode(data: bytes, file: Path) -> str:
    """Return the text of a file in UTF-8 (with or without a mark), UTF-16 with a mark, or CP1251.

    Raises:
        ConfigurationError: Some lines are UTF-8 and others are not: whichever is taken, some letters would be
            wrong.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad = data[: error.start].count(b"\n") + 1
    mixed = next((number for number, line in enumerate(data.split(b"\n"), 1) if _is_utf8(line)), 0)
    if mixed or b"\x98" in data:  # the one byte that CP1251 does not have
        what = (
            f"line {mixed} is UTF-8, line {bad} is not"
            if mixed
            else f"line {bad} is neither UTF-8 nor CP1251"
        )
        raise ConfigurationError(f"{file}: {what}", hint="save the whole file as UTF-8")
    return data.decode("cp1251")


def _is_utf8(line: bytes) -> bool:
    """Tell whether a line has letters beyond ASCII, two at least, and all of them are UTF-8."""
    try:
        return sum(ord(letter) > 127 for letter in line.decode("utf-8")) >= 2
    except UnicodeDecodeError:
        return False
