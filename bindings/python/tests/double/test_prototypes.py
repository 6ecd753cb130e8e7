"""`_ffi.py` and the header say the same, both ways."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import Any

import penstock
from penstock import _ffi, _library, errors

HEADER = Path(__file__).resolve().parents[4] / "include" / "penstock.h"

VALUES: dict[str, Any] = {
    "void": None,
    "const char *": ctypes.c_char_p,
    "int": ctypes.c_int,
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
    "uint64_t *": ctypes.POINTER(ctypes.c_uint64),
    "void *": ctypes.c_void_p,
    "penstock_credential_callback": _ffi.CredentialCallback,
    "penstock_batch_callback": _ffi.BatchCallback,
    "penstock_event_callback": _ffi.EventCallback,
    "penstock_release": _ffi.Release,
    "penstock_status": ctypes.c_int,
    "penstock_slice": _ffi.penstock_slice,
    "const penstock_store *": ctypes.POINTER(_ffi.penstock_store),
}
HANDLES = (
    "batch",
    "client",
    "credential_reply",
    "error",
    "events",
    "limiter",
    "page",
    "paginator",
    "state",
    "store_reply",
    "sync",
    "text",
)


def text_without_comments() -> str:
    return re.sub(r"/\*.*?\*/", " ", HEADER.read_text(), flags=re.S)


def type_of(spelling: str) -> Any:
    spelling = " ".join(spelling.replace("*", " * ").split()).replace("* *", "**")
    if spelling in VALUES:
        return VALUES[spelling]
    match = re.fullmatch(r"(?:const )?penstock_(\w+) (\*+)", spelling)
    assert match, spelling
    assert match[1] in HANDLES, spelling
    found: Any = getattr(_ffi, f"penstock_{match[1]}")
    for _ in match[2]:
        found = ctypes.POINTER(found)
    return found


def prototypes() -> dict[str, tuple[Any, tuple[Any, ...]]]:
    found: dict[str, tuple[Any, tuple[Any, ...]]] = {}
    pattern = r"^((?:const )?\w+ \*?)\s*(penstock_\w+)\(([^;{]*?)\);"
    for returns, name, takes in re.findall(pattern, text_without_comments(), flags=re.M | re.S):
        arguments = [] if takes.strip() == "void" else takes.split(",")
        # The last word of an argument is its name.
        types = tuple(type_of(re.sub(r"\w+\s*$", "", argument)) for argument in arguments)
        found[name] = (type_of(returns), types)
    return found


def test_every_function_is_declared_as_the_header_says() -> None:
    assert len(prototypes()) > 40
    assert prototypes() == _ffi.DECLARATIONS


def test_every_name_with_a_parenthesis_in_the_header_was_understood() -> None:
    called = set(re.findall(r"\b(penstock_\w+)\(", text_without_comments()))
    assert called == set(_ffi.DECLARATIONS)


def test_statuses_are_the_headers() -> None:
    found = re.search(r"typedef enum penstock_status \{(.*?)\}", text_without_comments(), re.S)
    assert found
    told = {name: int(value) for name, value in re.findall(r"PENSTOCK_(\w+) = (\d+)", found[1])}
    assert told == {status.name: status.value for status in penstock.Status}


def test_every_error_status_has_an_exception_of_its_own() -> None:
    failing = {status for status in penstock.Status if status >= 16}
    assert set(errors.ERROR_CLASSES) == failing
    assert len(set(errors.ERROR_CLASSES.values())) == len(failing)


def test_the_abi_and_version_are_the_headers() -> None:
    text = HEADER.read_text()
    assert f"#define PENSTOCK_ABI_VERSION {_library.ABI_VERSION}\n" in text
    assert f'#define PENSTOCK_VERSION "{penstock.__version__}"' in text


def test_only_two_modules_say_ctypes() -> None:
    package = Path(penstock.__file__).parent
    saying = {
        path.name
        for path in package.rglob("*.py")
        if re.search(r"^\s*(from|import) ctypes", path.read_text(), flags=re.M)
    }
    assert saying == {"_ffi.py", "_ffi_types.py"}
