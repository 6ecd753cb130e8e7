"""What every handle of the library has in common: it is owned, lent to calls, and released once.

The C contract lets any handle be freed in any order, but never while a call is using it. Here
every call borrows the pointer for as long as it runs; `close()` frees at once when nobody has
borrowed it, else the last borrower does on its way out. So closing on one thread never pulls the
ground from under a call on another.
"""

from __future__ import annotations

import json
import weakref
from typing import Any, Callable, Generic, NoReturn, TypeVar

from . import _ffi
from .errors import PenstockError, StateError, Status, error_for

Pointer = TypeVar("Pointer")
Self = TypeVar("Self", bound="Handle[Any]")


class Owned(Generic[Pointer]):
    """A pointer and the duty to free it. `with owned as pointer:` lends it to one call."""

    __slots__ = ("__weakref__", "_closed", "_finalizer", "_lent", "_pointer")

    def __init__(
        self, pointer: Pointer, free: Callable[[Pointer], None], at_exit: bool = True
    ) -> None:
        self._pointer = pointer
        self._closed = False
        # A list, because append and pop are atomic with and without a GIL.
        self._lent: list[None] = []
        self._finalizer = weakref.finalize(self, _free_unless_lent, free, pointer, self._lent)
        self._finalizer.atexit = at_exit

    def __enter__(self) -> Pointer:
        # Lending shows before `_closed` is read, and close() writes `_closed` before it looks at
        # what is lent: one of the two always sees the other.
        self._lent.append(None)
        if self._closed:
            self.__exit__()
            raise StateError("this handle is closed", status=Status.ERROR_STATE)
        return self._pointer

    def __exit__(self, *_: object) -> None:
        self._lent.pop()
        if self._closed and not self._lent:
            self._free()

    def close(self) -> None:
        """Free the pointer now, or when the last call that has borrowed it returns."""
        self._closed = True
        if not self._lent:
            self._free()

    def _free(self) -> None:
        # detach() gives the duty to one of those who ask for it.
        duty = self._finalizer.detach()
        if duty is not None:
            _, _, (free, pointer, _), _ = duty
            free(pointer)


def taken(out: _ffi.TextPointer) -> str:
    """A text of the library's, which is released."""
    try:
        return _ffi.bytes_of(_ffi.penstock_text_slice(out)).decode()
    finally:
        _ffi.penstock_text_free(out)


def _free_unless_lent(free: Callable[[Pointer], None], pointer: Pointer, lent: list[None]) -> None:
    # Something is lent only when the interpreter exits while a daemon thread is inside a call;
    # freeing then would crash that thread, and the process is about to give everything back.
    if not lent:
        free(pointer)


class Handle(Generic[Pointer]):
    """A handle of the library: a context manager with `close()`, freed at the latest when it is
    garbage. Using it after `close()` raises StateError."""

    _owned: Owned[Pointer] | None

    def __init__(self, owned: Owned[Pointer]) -> None:
        self._owned = owned

    def _use(self) -> Owned[Pointer]:
        """The owner of the pointer, for `with self._use() as pointer:`."""
        owned = self._owned
        if owned is None:
            name = type(self).__name__
            raise StateError(f"this {name} is closed", status=Status.ERROR_STATE)
        return owned

    @property
    def closed(self) -> bool:
        """Whether `close()` was called."""
        return self._owned is None

    def close(self) -> None:
        """Release the handle. Idempotent; safe from any thread, whatever the others do."""
        owned, self._owned = self._owned, None
        if owned is not None:
            self._end(owned)
            owned.close()

    def _end(self, owned: Owned[Pointer]) -> None:
        """What has to be told to calls that wait on other threads."""

    def __enter__(self: Self) -> Self:
        self._use()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> NoReturn:
        raise TypeError(f"a penstock.{type(self).__name__} cannot be pickled")


def take_error(status: int, pointer: _ffi.ErrorPointer) -> PenstockError:
    """The exception for a failed call; frees the error it was told with."""
    if not pointer:
        name = _ffi.penstock_status_name(status).decode()
        return error_for(status, {"message": f"the library gave no reason for {name}"})
    try:
        text = _ffi.penstock_error_json(pointer).decode("utf-8", "replace")
        document: dict[str, Any] = json.loads(text)
        document.setdefault(
            "message", _ffi.penstock_error_message(pointer).decode("utf-8", "replace")
        )
    finally:
        _ffi.penstock_error_free(pointer)
    return error_for(status, document)


def check(status: int, error: _ffi.ErrorPointer) -> None:
    """Raise when a status is an error."""
    if status >= Status.ERROR_INVALID_ARGUMENT:
        raise take_error(status, error)
