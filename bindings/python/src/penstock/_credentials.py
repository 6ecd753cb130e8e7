"""Credentials that the program gives: what the library asks for them becomes a call of Python."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple, Union

from . import _ffi
from ._handle import check

__all__ = ["Credential", "SigningRequest", "set_credential"]


class SigningRequest(NamedTuple):
    """A request that is to be signed, as it goes out."""

    method: str
    url: str
    body: bytes


Token = Union[str, tuple[str, Union[float, None]]]
Credential = Union[Callable[[], Token], Callable[[SigningRequest], Mapping[str, str]]]

_used: dict[int, Any] = {}
"""C functions that the library may call, until it says that it won't any more."""
_numbers = itertools.count(1)


def _released(number: int) -> None:
    _used.pop(number, None)


_RELEASE = _ffi.Release(_released)


def set_credential(client: _ffi.ClientPointer, name: str, credential: Credential) -> None:
    """Let the library call `credential` for as long as the client lives."""
    error = _ffi.ErrorPointer()
    number = next(_numbers)
    function = _used[number] = _callback(credential)
    try:
        check(
            _ffi.penstock_client_set_credential(
                client, name.encode(), function, number, _RELEASE, _ffi.byref(error)
            ),
            error,
        )
    except BaseException:
        _released(number)
        raise


def _callback(credential: Any) -> Any:
    def called(_: Any, asked: Any, reply: Any) -> None:
        # An exception must not get out: there is no Python above.
        try:
            _answer(credential, asked.contents, reply)
        except BaseException as error:
            told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            message = told.replace("\0", " ").encode("utf-8", "replace")
            _ffi.penstock_credential_reply_fail(reply, message)

    return _ffi.CredentialCallback(called)


def _answer(credential: Any, asked: Any, reply: Any) -> None:
    if asked.method is None:
        given = credential()
        token, life = given if isinstance(given, tuple) else (given, None)
        if not isinstance(token, str):
            raise TypeError(
                f"expected a str, or a tuple of str and seconds, not {type(token).__name__}"
            )
        text = token.encode()
        life_ms = -1 if life is None else max(0, int(life * 1000))
        _ffi.penstock_credential_reply_token(reply, text, len(text), life_ms)
        return
    request = SigningRequest(asked.method.decode(), asked.url.decode(), _ffi.bytes_of(asked.body))
    for name, value in credential(request).items():
        # A C text ends at a NUL, which must not be cut off unseen.
        if "\0" in name or "\0" in value:
            raise ValueError("a header with a NUL")
        _ffi.penstock_credential_reply_header(reply, name.encode(), value.encode())
