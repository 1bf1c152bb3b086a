"""Before very many rows are written in one transaction: what keeps the time in proportion to their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection


def expect_many(cursor: Any) -> None:
    """Prepare the running transaction for very many rows."""
    if connection.vendor == "sqlite":
        # Pages would else be written out and read again while the indexes grow.
        cursor.execute("PRAGMA cache_size = -200000")
        return
    # The plans of the triggers were made when the table was small, and would read all of it for every row.
    cursor.execute("DISCARD PLANS")
    cursor.execute("SET LOCAL enable_seqscan = off")


def insert_many(cursor: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows in the way that is fastest in each database; triggers look at each of them."""
    names = ", ".join(columns)
    if connection.vendor == "postgresql":
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as stream:
            for row in rows:
                stream.write_row(row)
        return
    cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})", rows)


def look_again() -> None:
    """Let PostgreSQL count what is there now, so that its plans fit tables that have grown at once."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "ANALYZE store_fact, store_participant, store_session, store_importedrow, store_assignment"
            )
