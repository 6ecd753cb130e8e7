"""The join, compared with the same question asked of SQLite."""

from __future__ import annotations

import csv
import json
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

from engagement import COLUMNS, engagement

from .conftest import Practice, run

Rows = list[dict[str, Any]]

QUESTION = """
    SELECT user.id, user.name, user.email,
           (SELECT count(*) FROM post WHERE post.user_id = user.id),
           (SELECT count(*) FROM comment JOIN post ON post.id = comment.post_id
            WHERE post.user_id = user.id)
    FROM user
"""


def by_sqlite(users: Rows, posts: Rows, comments: Rows) -> dict[int, tuple[Any, ...]]:
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE user (id INTEGER PRIMARY KEY, name, email)")
        database.execute("CREATE TABLE post (id INTEGER PRIMARY KEY, user_id)")
        database.execute("CREATE TABLE comment (id INTEGER PRIMARY KEY, post_id)")
        # Accounts are numbers beyond 64 bits, so only what the question needs goes in.
        for table, rows, names in (
            ("user", users, ("id", "name", "email")),
            ("post", posts, ("id", "user_id")),
            ("comment", comments, ("id", "post_id")),
        ):
            marks = ", ".join("?" * len(names))
            database.executemany(
                f"INSERT INTO {table} VALUES ({marks})",
                [tuple(row[name] for name in names) for row in rows],
            )
        return {row[0]: row for row in database.execute(QUESTION)}


def pulled(practice: Practice, directory: Path, **sizes: int) -> dict[str, Path]:
    """The collections as files, made by the server and not by penstock."""
    files = {}
    for name, size in sizes.items():
        files[name] = directory / f"{name}.jsonl"
        with urllib.request.urlopen(f"{practice.url}/_dump/{name}:{size}") as reply:
            files[name].write_bytes(reply.read())
    return files


def read(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_join_is_what_sqlite_says(practice: Practice, tmp_path: Path) -> None:
    files = pulled(practice, tmp_path, users=1000, posts=2000, comments=4000)
    rows = {name: read(path) for name, path in files.items()}
    expected = by_sqlite(**rows)

    report_file = tmp_path / "report.csv"
    options = [part for name in files for part in (f"--{name}", str(files[name]))]
    done = run("engagement.py", *options, "--csv", report_file)
    assert done.returncode == 0, done.stderr

    with report_file.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == COLUMNS
    found = {}
    for line in lines:
        key, posts, comments = int(line["user_id"]), int(line["posts"]), int(line["comments"])
        found[key] = (key, line["name"], line["email"], posts, comments)
        average = comments / posts if posts else 0
        assert line["comments_per_post"] == f"{average:.2f}"
    assert found == expected
    # Everything of the practice API belongs to somebody, so nothing may be left out.
    assert sum(row[3] for row in expected.values()) == 2000
    assert sum(row[4] for row in expected.values()) == 4000

    comments_in_order = [int(line["comments"]) for line in lines]
    assert comments_in_order == sorted(comments_in_order, reverse=True)
    shown = done.stdout.splitlines()[1:6]
    assert [line.split()[1] for line in shown] == [line["comments"] for line in lines[:5]]
    assert "left out" not in done.stdout


def test_what_points_nowhere_is_counted(practice: Practice, tmp_path: Path) -> None:
    files = pulled(practice, tmp_path, users=300, posts=900, comments=2000)
    rows = {name: read(path) for name, path in files.items()}
    expected = by_sqlite(**rows)
    report = engagement(rows["users"], rows["posts"], rows["comments"])
    assert {line.user_id: (line.posts, line.comments) for line in report.users} == {
        key: (row[3], row[4]) for key, row in expected.items()
    }
    assert report.posts_without_user == 900 - sum(line.posts for line in report.users) > 0
    assert report.comments_without_post == 2000 - sum(line.comments for line in report.users) > 0

    options = [part for name in files for part in (f"--{name}", str(files[name]))]
    done = run("engagement.py", *options, "--csv", tmp_path / "report.csv")
    assert f"left out: {report.posts_without_user:,} posts" in done.stdout


def test_a_comment_counts_for_the_author_of_the_post() -> None:
    users = [{"id": 1, "name": "a", "email": "a@"}, {"id": 2, "name": "b", "email": "b@"}]
    posts = [{"id": 10, "user_id": 1}, {"id": 11, "user_id": 1}]
    comments = [{"post_id": 10, "user_id": 2}, {"post_id": 10, "user_id": 2}, {"post_id": 11}]
    first, second = engagement(users, posts, comments).users
    assert (first.user_id, first.posts, first.comments, first.comments_per_post) == (1, 2, 3, 1.5)
    assert (second.user_id, second.posts, second.comments, second.comments_per_post) == (2, 0, 0, 0)
