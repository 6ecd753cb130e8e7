"""The database that every start copies: built once, the truth about it beside it.

The truth is the count and the SHA-256 over all records in id order as the framework renders them
(JSON without spaces, non-ASCII characters as UTF-8), each followed by a line feed. Record bytes of
an answer that are handed on untouched give the same checksum, whichever paginator they came by.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path

USER = {"username": "walker", "password": "correct horse battery staple"}
TOKEN = "0123456789abcdef0123456789abcdef01234567"


def build(directory: Path) -> tuple[Path, dict[str, object]]:
    """The finished database under `directory` and its truth. Named after what it is made from."""
    here = Path(__file__).parent
    modules = ("models.py", "views.py", "settings.py", "database.py")
    sources = b"".join((here / name).read_bytes() for name in modules)
    sources += version("djangorestframework").encode()
    stem = "drf-" + hashlib.sha256(sources).hexdigest()[:12]
    database, truth = directory / f"{stem}.db", directory / f"{stem}.json"
    if not database.exists():
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory) as scratch:
            unfinished = Path(scratch) / "records.db"
            described = json.dumps(_fill(unfinished))
            (Path(scratch) / "truth").write_text(described)
            # The database last: where it stands, the truth stands too.
            os.rename(Path(scratch) / "truth", truth)
            os.rename(unfinished, database)
    return database, json.loads(truth.read_text())


def copy(database: Path, to: Path) -> Path:
    """A copy of its own for one start, so that what one test writes no other sees."""
    return Path(shutil.copyfile(database, to / "records.db"))


def _fill(path: Path) -> dict[str, object]:
    os.environ["DRF_DATABASE"] = str(path)
    os.environ["DJANGO_SETTINGS_MODULE"] = "real_servers.drf.settings"
    import django

    django.setup()
    # Importable only once Django knows its settings.
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection
    from rest_framework.authtoken.models import Token
    from rest_framework.renderers import JSONRenderer

    from real_servers.drf.models import Record, all_records
    from real_servers.drf.views import RecordSerializer

    call_command("migrate", run_syncdb=True, verbosity=0)
    Record.objects.bulk_create(all_records())
    user = User.objects.create_user(**USER)
    Token.objects.create(user=user, key=TOKEN)

    checksum, count, renderer = hashlib.sha256(), 0, JSONRenderer()
    for record in Record.objects.order_by("id"):
        checksum.update(renderer.render(RecordSerializer(record).data) + b"\n")
        count += 1
    connection.close()
    return {"count": count, "sha256_as_sent": checksum.hexdigest()}
