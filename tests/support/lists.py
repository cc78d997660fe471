"""A list of the bank's as it arrives: the rows of its table, and those of its CSV."""

import csv
import io

from httpx2 import Response

from tests.support.html import Page


def first_cells(page: Page) -> list[str]:
    """Of all tables of the page, in order."""
    return [row.all("td")[0].text for table in page.root.all("tbody") for row in table.all("tr")]


def csv_rows(answer: Response) -> list[dict[str, str]]:
    """By the words of the head."""
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
