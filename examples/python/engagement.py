"""Who is read most? Users, posts and comments joined into one report.

    python3 engagement.py --users users.jsonl --posts posts.jsonl --comments comments.jsonl \\
                          --csv engagement.csv

The three files are what `penstock pull` writes: one JSON object a line. The report has a line for
every user: their posts, the comments on them, and comments per post. Standard library only.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = Mapping[str, Any]
COLUMNS = ("user_id", "name", "email", "posts", "comments", "comments_per_post")


@dataclass(frozen=True)
class Engagement:
    """One user's line."""

    user_id: Any
    name: str
    email: str
    posts: int
    comments: int

    @property
    def comments_per_post(self) -> float:
        """0 for a user without posts."""
        return self.comments / self.posts if self.posts else 0.0


@dataclass(frozen=True)
class Report:
    """Most comments first; equal users by posts, then in the order in which they came."""

    users: list[Engagement]
    posts_without_user: int
    comments_without_post: int


def engagement(
    users: Iterable[Record], posts: Iterable[Record], comments: Iterable[Record]
) -> Report:
    """Join the three. What points nowhere is counted rather than dropped in silence: three streams
    of a living API are never of exactly the same moment."""
    people = {user["id"]: user for user in users}
    author_of: dict[Any, Any] = {}
    written: Counter[Any] = Counter()
    posts_without_user = 0
    for post in posts:
        author_of[post["id"]] = post["user_id"]
        if post["user_id"] in people:
            written[post["user_id"]] += 1
        else:
            posts_without_user += 1

    received: Counter[Any] = Counter()
    comments_without_post = 0
    for comment in comments:
        # The author of the post is credited, not the author of the comment.
        author = author_of.get(comment["post_id"])
        if author in people:
            received[author] += 1
        else:
            comments_without_post += 1

    lines = [
        Engagement(key, user["name"], user["email"], written[key], received[key])
        for key, user in people.items()
    ]
    lines.sort(key=lambda line: (-line.comments, -line.posts))
    return Report(lines, posts_without_user, comments_without_post)


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a JSON Lines file, one at a time."""
    with path.open("rb") as file:
        for line in file:
            yield json.loads(line)


def write_csv(path: Path, report: Report) -> None:
    # newline="": the csv module ends its lines itself.
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for line in report.users:
            average = f"{line.comments_per_post:.2f}"
            writer.writerow(
                (line.user_id, line.name, line.email, line.posts, line.comments, average)
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for name in ("users", "posts", "comments"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="a JSON Lines file")
    parser.add_argument("--csv", type=Path, required=True, help="where the report goes")
    given = parser.parse_args()
    report = engagement(records(given.users), records(given.posts), records(given.comments))
    write_csv(given.csv, report)
    print(f"{'posts':>8} {'comments':>9} {'per post':>9}  name")
    for line in report.users[:5]:
        print(f"{line.posts:8,} {line.comments:9,} {line.comments_per_post:9.2f}  {line.name}")
    print(f"{len(report.users):,} users in {given.csv}")
    if report.posts_without_user or report.comments_without_post:
        print(
            f"left out: {report.posts_without_user:,} posts of users and "
            f"{report.comments_without_post:,} comments on posts that are not in the files"
        )


if __name__ == "__main__":
    main()
