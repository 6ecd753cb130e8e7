"""Every system call fails, every one is the last, the power goes in every one.

A small program runs a job with a state file; `faults.c` is loaded into it and makes the n-th system
call on a file of the run fail, or ends the program there. Then the job is run again, undisturbed,
and its files must be those of a run that nothing ever happened to. `make crash` tries every n; here
every few.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "bindings/python/src"), str(ROOT / "Tests")]

import penstock  # noqa: E402

from loopback import JSONServer  # noqa: E402

# 1 tries every call; `make test` has no time for that.
STEP = int(os.environ.get("PENSTOCK_CRASH_STEP", "29"))
KILLS = int(os.environ.get("PENSTOCK_CRASH_ITERATIONS", "25"))
ROWS, SIZE = 120, 20
FAILING = ("enospc", "eio", "eintr", "short", "full")
DEADLY = ("kill", "torn", "power")
# What files may be. `make crash` tries every fault with each of them.
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "rotated": {"rotate": {"bytes": 1500}},
    "kept": {"rotate": {"bytes": 3000}, "runs": "keep"},
    "gzip": {"compress": "gzip", "rotate": {"bytes": 600}},
    "zstd": {"compress": "zstd"},
}
if shutil.which("zstd") is None:
    del VARIANTS["zstd"]
BRIEFLY = {
    ("eio", "rotated"),
    ("full", "gzip"),
    ("kill", "rotated"),
    ("power", "kept"),
    ("power", "gzip"),
    ("torn", "zstd"),
}


def _step(variant: str) -> int:
    return STEP if STEP == 1 or variant == "plain" else 2 * STEP + 3


def _with_variants(kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    return [
        (kind, variant)
        for variant in VARIANTS
        for kind in kinds
        if STEP == 1 or variant == "plain" or (kind, variant) in BRIEFLY
    ]


class _Rows(JSONServer):
    wait = 0.0

    def answer(self, path: str, query: dict[str, str]) -> Any:
        time.sleep(self.wait)
        start = int(query.get("cursor", 0))
        rows = [
            {"id": n, "text": f"row {n} é " + "x" * (n % 97)}
            for n in range(start, min(start + SIZE, ROWS))
        ]
        return {"data": rows, "next": str(start + SIZE) if start + SIZE < ROWS else None}


@pytest.fixture(scope="module")
def server() -> Iterator[_Rows]:
    with _Rows() as server:
        yield server


@pytest.fixture(scope="module")
def url(server: _Rows) -> str:
    return server.url


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the program and the faults are built."""
    built = tmp_path_factory.mktemp("built")
    library = Path(os.environ.get("PENSTOCK_LIBRARY", ROOT / ".build/release/libpenstock.so"))
    (built / "libpenstock.so.0").symlink_to(library.resolve())
    (built / "libpenstock.so").symlink_to("libpenstock.so.0")
    compiler = [os.environ.get("CC", "gcc"), "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1"]
    linked = [f"-L{built}", "-lpenstock", f"-Wl,-rpath,{built}"]
    run = [str(HERE / "run.c"), f"-I{ROOT / 'include'}", "-o", str(built / "run"), *linked]
    subprocess.run([*compiler, *run], check=True)
    faults = [str(HERE / "faults.c"), "-shared", "-fPIC", "-o", str(built / "faults.so")]
    subprocess.run([*compiler, *faults, "-ldl", "-pthread"], check=True)
    return built


class _Place:
    """A folder with a job in it, and the runs of that."""

    def __init__(self, program: Path, folder: Path, url: str, **more: Any) -> None:
        self.program, self.folder = program, folder
        self.out, self.state = folder / "files/out", folder / "files/state.db"
        (folder / "files").mkdir(parents=True)
        stream = {
            "path": "/rows",
            "records": "data",
            "pagination": {"type": "cursor", "param": "cursor", "from": "next"},
        }
        job = {
            "source": {"base_url": url, "streams": {"a": stream, "b": stream}},
            "state": str(self.state),
            "commit_every": "0s",
            "output": {"directory": str(self.out), **more.pop("output", {})},
            **more,
        }
        (folder / "job.json").write_text(json.dumps(job))

    def start(self, **faults: object) -> subprocess.Popen[str]:
        environment = {**os.environ}
        if faults:
            environment["LD_PRELOAD"] = str(self.program / "faults.so")
            environment["FAULTS_UNDER"] = str(self.folder / "files")
            environment.update({f"FAULTS_{name.upper()}": str(faults[name]) for name in faults})
        return subprocess.Popen(
            [str(self.program / "run"), str(self.folder / "job.json")],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, **faults: object) -> tuple[int, str]:
        run = self.start(**faults)
        try:
            _, said = run.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            run.kill()
            run.communicate()
            pytest.fail(f"hangs with {faults}")
        return run.returncode, said

    def check_prefixes(self, golden: dict[str, list[bytes]], variant: str) -> None:
        """What was written so far is how the golden files begin, in whole lines."""
        if not self.out.exists() or variant in ("gzip", "zstd"):
            return
        for file in self.out.iterdir():
            stream, *rest = file.name.split(".")
            whole = golden[stream][int(rest[0]) - 1 if rest[0].isdigit() else 0]
            content = file.read_bytes()
            if file.suffix != ".part":
                assert content == whole
            assert whole.startswith(content)
            assert content == b"" or content.endswith(b"\n")

    def results(self, variant: str) -> dict[str, list[bytes]]:
        """Each stream's files, in their order; of packed ones, whose members hang on when commits
        came, what is in them."""
        found: dict[str, list[bytes]] = {}
        for file in sorted(self.out.iterdir()):
            assert file.suffix != ".part", file
            found.setdefault(file.name.split(".")[0], []).append(file.read_bytes())
        if variant in ("gzip", "zstd"):
            for name, files in found.items():
                found[name] = [b"".join(_unpacked(variant, content) for content in files)]
        return found


def _unpacked(variant: str, content: bytes) -> bytes:
    if variant == "gzip":
        return gzip.decompress(content)
    run = subprocess.run(["zstd", "-dcq"], input=content, stdout=subprocess.PIPE, check=True)
    return run.stdout


@pytest.fixture(scope="module")
def goldens(
    program: Path, url: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, list[bytes]]]:
    """What undisturbed runs come to."""
    found = {}
    for variant, output in VARIANTS.items():
        place = _Place(program, tmp_path_factory.mktemp("golden") / "0", url, output=output)
        assert place.run() == (0, "")
        found[variant] = place.results(variant)
        assert sorted(found[variant]) == ["a", "b"]
        for files in found[variant].values():
            lines = b"".join(files).splitlines()
            assert [json.loads(line)["id"] for line in lines] == list(range(ROWS))
    assert len(found["plain"]["a"]) == 1
    assert len(found["rotated"]["a"]) > 3
    return found


@pytest.fixture(scope="module")
def golden(goldens: dict[str, dict[str, list[bytes]]]) -> dict[str, list[bytes]]:
    return goldens["plain"]


def _is_whole(place: _Place, golden: dict[str, list[bytes]], variant: str = "plain") -> None:
    code, said = place.run()
    assert (code, said) == (0, "")
    results = place.results(variant)
    if variant == "kept":
        # What died when a stream was done left a whole run behind.
        runs = {name: len(results[name]) // len(golden[name]) or 1 for name in golden}
        assert results == {name: golden[name] * runs[name] for name in golden}
    else:
        assert results == golden
    with penstock.State(place.state) as state:
        verdict = state.verify()
    assert verdict["ok"], verdict
    if variant != "kept":
        assert sum(stream["records"] for stream in verdict["streams"]) == 2 * ROWS


@pytest.mark.parametrize(("kind", "variant"), _with_variants(FAILING))
def test_every_call_that_fails_leaves_a_beginning_that_can_be_gone_on_with(
    kind: str,
    variant: str,
    program: Path,
    url: str,
    goldens: dict[str, dict[str, list[bytes]]],
    tmp_path: Path,
) -> None:
    golden = goldens[variant]
    failed, n = 0, 1
    while True:
        place = _Place(program, tmp_path / str(n), url, output=VARIANTS[variant])
        report = place.folder / "calls"
        code, said = place.run(at=n, kind=kind, report=report)
        assert code in (0, 1, 3), said
        place.check_prefixes(golden, variant)
        if code != 0:
            failed += 1
            assert "can't" in said or "damaged" in said or "is in use" in said, said
            assert said.count("\n") == 1
        else:
            assert place.results(variant) == golden
        _is_whole(place, golden, variant)
        if int(report.read_text()) < n:
            break
        n += _step(variant)
    print(f"{kind}, {variant}: {n} calls, {failed} of the runs failed")
    assert n > 60
    assert failed > 0 or kind in ("eintr", "short")


@pytest.mark.parametrize(("kind", "variant"), _with_variants(DEADLY))
def test_every_call_may_be_the_last_and_one_of_the_next_run_too(
    kind: str,
    variant: str,
    program: Path,
    url: str,
    goldens: dict[str, dict[str, list[bytes]]],
    tmp_path: Path,
) -> None:
    chance = random.Random(5)
    died = again = 0
    n = 1
    while True:
        place = _Place(program, tmp_path / str(n), url, output=VARIANTS[variant])
        code, said = place.run(at=n, kind=kind, seed=n)
        if code == 0:
            break
        assert code == -signal.SIGKILL, said
        died += 1
        # Once more, while it recovers.
        code, said = place.run(at=chance.randrange(1, 60), kind=kind, seed=n + 1)
        assert code in (0, -signal.SIGKILL), said
        again += code != 0
        _is_whole(place, goldens[variant], variant)
        n += _step(variant)
    print(f"{kind}, {variant}: {died} deaths, {again} of them again in recovery")
    assert n > 60 and again > 0


def test_a_disk_that_does_not_sync_is_noticed(
    program: Path, url: str, golden: dict[str, list[bytes]], tmp_path: Path
) -> None:
    """Or else the tests above would show nothing."""
    noticed = 0
    for n in range(40, 160, 4):
        place = _Place(program, tmp_path / str(n), url)
        place.run(at=n, kind="power", seed=n, lies=1)
        try:
            _is_whole(place, golden)
        except (AssertionError, penstock.PenstockError):
            noticed += 1
    assert noticed > 0


def test_killed_from_outside_at_random_instants(
    program: Path, server: _Rows, golden: dict[str, list[bytes]], tmp_path: Path
) -> None:
    chance = random.Random(7)
    kills = runs = 0
    server.wait = 0.002
    try:
        while kills < KILLS:
            place = _Place(
                program, tmp_path / str(runs), server.url, commit_every=chance.choice(["0s", "5ms"])
            )
            runs += 1
            for _ in range(chance.randrange(1, 6)):
                run = place.start()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    run.wait(chance.uniform(0.005, 0.08))
                run.kill()
                run.communicate()
                kills += run.returncode == -signal.SIGKILL
            _is_whole(place, golden)
    finally:
        server.wait = 0.0
    print(f"{kills} kills in {runs} runs")
