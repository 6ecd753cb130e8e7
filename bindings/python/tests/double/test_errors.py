"""Errors become exceptions that say what is known, and pickle."""

from __future__ import annotations

import pickle
import re
from collections.abc import Mapping
from typing import Any

import pytest

import penstock
from penstock import errors


def failing(status: int) -> Mapping[str, Any]:
    return {"base_url": f"fail:{status}"}


@pytest.mark.parametrize("status", [s for s in penstock.Status if s >= 16])
def test_every_status_raises_its_class_with_all_that_is_known(status: penstock.Status) -> None:
    with pytest.raises(errors.ERROR_CLASSES[status]) as caught:
        penstock.Client(failing(status))
    error = caught.value
    assert type(error) is errors.ERROR_CLASSES[status]
    assert error.status is status
    assert str(error) == error.message == f"told to fail with {status.value} at /streams/users"
    assert (error.http_status, error.retry_after, error.attempts) == (503, 1.5, 3)
    assert (error.stream, error.page, error.request_id) == ("users", 4, "req-1")
    assert error.url == "http://127.0.0.1/users?page=…"
    assert error.detail["pointer"] == "/streams/users"
    assert error.detail["body"] == "no"


@pytest.mark.parametrize("status", [s for s in penstock.Status if s >= 16])
def test_every_exception_pickles(status: penstock.Status) -> None:
    with pytest.raises(penstock.PenstockError) as caught:
        penstock.Client(failing(status))
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert str(again) == str(caught.value)
    assert vars(again) == vars(caught.value)


def test_an_unknown_status_is_a_plain_error() -> None:
    with pytest.raises(penstock.PenstockError) as caught:
        penstock.Client(failing(77))
    assert type(caught.value) is penstock.PenstockError
    assert caught.value.status == 77


def test_a_failure_without_a_reason_is_an_error_all_the_same() -> None:
    with pytest.raises(penstock.PenstockError, match="no reason"):
        penstock.Client(failing(99))


def test_what_does_not_apply_is_none() -> None:
    error = errors.error_for(21, {"status": 21, "message": "no route"})
    assert (error.http_status, error.retry_after, error.url) == (None, None, None)
    assert (error.request_id, error.stream, error.page, error.attempts) == (None, None, None, 0)


@pytest.mark.parametrize(
    ("name", "builtin"),
    [
        ("InvalidArgument", ValueError),
        ("ConfigError", ValueError),
        ("Timeout", TimeoutError),
        ("NetworkError", ConnectionError),
        ("TLSError", ConnectionError),
        ("StorageError", OSError),
        ("OutOfMemory", MemoryError),
    ],
)
def test_code_that_knows_only_the_builtin_catches_it(name: str, builtin: type[Exception]) -> None:
    kind = getattr(penstock, name)
    assert issubclass(kind, builtin)
    assert issubclass(kind, penstock.PenstockError)
    assert str(kind("in one line")) == "in one line"


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = re.findall(r"([│ ├└─]*)(\w+) {3,}", errors.__doc__ or "")
    parents: list[type] = []
    seen = set()
    for indent, name in drawn:
        depth = (len(indent) - 4) // 4
        kind = getattr(errors, name)
        parents[depth:] = [kind]
        if depth:
            assert kind.__mro__[1] is parents[depth - 1], name
        seen.add(kind)
    assert seen == {errors.PenstockError, *errors.ERROR_CLASSES.values()}


def test_a_wrong_file_is_named_in_the_message(tmp_path: Any) -> None:
    path = tmp_path / "source.json"
    path.write_text('{"base_url": "fail:17"}')
    with pytest.raises(penstock.ConfigError) as caught:
        penstock.Client(path)
    assert str(caught.value) == f"{path}: told to fail with 17 at /streams/users"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_does_not_have_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        penstock.Client({"limits": value})


def test_a_source_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="dict, JSON text or the path"):
        penstock.Client(7)  # type: ignore[arg-type]


def test_a_missing_file_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError):
        penstock.Client("no/such/source.json")
