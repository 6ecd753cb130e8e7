"""Stores of the program: where states are kept in place of a file."""

from __future__ import annotations

import itertools
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Union

from . import _ffi
from ._handle import check

__all__ = ["StatePlace", "StateStore", "StoreChange", "state_name"]


class StoreChange(NamedTuple):
    """One change of a commit."""

    kind: Literal["put", "delete", "clear"]
    """"put": the document is there from now on; "delete": there is none of that key; "clear": the
    collection is empty."""
    collection: str
    key: str
    """"" for "clear"."""
    value: str
    """"" but for "put"."""


class StateStore(ABC):
    """A store of the program's own: documents (texts, known by a collection and a key) and leases.

        class Mine(penstock.StateStore):
            ...

        penstock.pull(source, "out", state=Mine())

    What the documents mean is the library's business. Functions are called on threads of the
    library, of one opened state never two at once, of several at the same time. They may wait: that
    holds up the commits of the runs that use the state, and, once the pages that are read ahead are
    there, their next requests. What they raise ends what was going on with a StorageError, and
    loses nothing: the next run goes on behind the last commit. `penstock_store` in the C header
    says it all. `examples/python/own_state_store.py` has two of them, over a dict and over a
    database.
    """

    name: str | None = None
    """What messages call it: letters, digits, ".", "_" and "-". When None it is made up."""

    _known: _Known | None = None

    @abstractmethod
    def get(self, collection: str, keys: Sequence[str]) -> Mapping[str, str]:
        """Those documents of a collection that there are, by key."""

    @abstractmethod
    def scan(self, collection: str) -> Mapping[str, str] | Iterable[tuple[str, str]]:
        """All documents of a collection, by key; none when there is no such collection."""

    @abstractmethod
    def commit(
        self, changes: Sequence[StoreChange], leases: Sequence[str], holder: str, seconds: float
    ) -> str | None:
        """If `holder` has all these leases, and none has ended: make all changes, in their order,
        let the leases hold for `seconds` from now on, and return None. Else make none, and return
        one that it has not.

        Nobody may ever see a part of the changes, and a process that dies in between leaves all or
        none. There may be no changes (then the leases are renewed), or no leases. What raised may
        come again.
        """

    @abstractmethod
    def acquire(self, lease: str, holder: str, seconds: float) -> str | None:
        """Let `holder` have a lease for `seconds` from now on, if nobody else has it or the other's
        has ended, and return None. Else return who has it."""

    @abstractmethod
    def release(self, lease: str, holder: str) -> None:
        """End a lease if `holder` has it; else do nothing."""

    @property
    def url(self) -> str:
        """How documents name it ("state", "store"): "host:" and its name. The library knows it from
        the first time that somebody asks, until `close()`."""
        with _lock:
            if self._known is None:
                name = self.name or f"{type(self).__name__}-{os.getpid()}-{next(_numbers)}"
                self._known = _Known(name, self)
            return f"host:{self._known.name}"

    def close(self) -> None:
        """Let the library forget it; what is open goes on. Idempotent."""
        with _lock:
            known, self._known = self._known, None
        if known is not None:
            known.forget()


StatePlace = Union[str, "os.PathLike[str]", StateStore]
"""Where a state is kept: a path, a URL, a store."""


def state_name(state: StatePlace) -> str:
    """As documents say it."""
    return state.url if isinstance(state, StateStore) else os.fspath(state)


_lock = threading.Lock()
_numbers = itertools.count(1)
_used: dict[int, Any] = {}
"""C functions that the library may call, until it says that it won't any more."""


def _released(number: int) -> None:
    _used.pop(number, None)


_RELEASE = _ffi.Release(_released)


class _Known:
    """A store that the library knows."""

    def __init__(self, name: str, store: StateStore) -> None:
        self.name = name
        number = next(_numbers)
        functions = _used[number] = _functions(store)
        error = _ffi.ErrorPointer()
        try:
            check(
                _ffi.penstock_store_register(
                    name.encode(), _ffi.byref(functions), number, _RELEASE, _ffi.byref(error)
                ),
                error,
            )
        except BaseException:
            _released(number)
            raise

    def forget(self) -> None:
        error = _ffi.ErrorPointer()
        status = _ffi.penstock_store_register(
            self.name.encode(), None, None, _ffi.Release(), _ffi.byref(error)
        )
        check(status, error)


def _functions(store: StateStore) -> _ffi.penstock_store:
    def get(_: Any, collection: bytes, keys: Any, count: int, reply: Any) -> None:
        with _told(reply):
            wanted = [keys[index].decode() for index in range(count)]
            _give(reply, store.get(collection.decode(), wanted).items())

    def scan(_: Any, collection: bytes, reply: Any) -> None:
        with _told(reply):
            found = store.scan(collection.decode())
            _give(reply, found.items() if isinstance(found, Mapping) else found)

    def commit(
        _: Any,
        changes: Any,
        count: int,
        leases: Any,
        lease_count: int,
        holder: bytes,
        lease_ms: int,
        reply: Any,
    ) -> None:
        with _told(reply):
            made = [_change(changes[index]) for index in range(count)]
            names = [leases[index].decode() for index in range(lease_count)]
            _refuse(reply, store.commit(made, names, holder.decode(), lease_ms / 1000))

    def acquire(_: Any, lease: bytes, holder: bytes, lease_ms: int, reply: Any) -> None:
        with _told(reply):
            _refuse(reply, store.acquire(lease.decode(), holder.decode(), lease_ms / 1000))

    def release(_: Any, lease: bytes, holder: bytes, reply: Any) -> None:
        with _told(reply):
            store.release(lease.decode(), holder.decode())

    return _ffi.penstock_store(
        size=_ffi.sizeof(_ffi.penstock_store),
        get=_ffi.StoreGet(get),
        scan=_ffi.StoreScan(scan),
        commit=_ffi.StoreCommit(commit),
        acquire=_ffi.StoreAcquire(acquire),
        release=_ffi.StoreRelease(release),
    )


class _told:
    """An exception must not get out: there is no Python above."""

    def __init__(self, reply: Any) -> None:
        self._reply = reply

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, _: Any) -> bool:
        if error is not None:
            told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            message = told.replace("\0", " ").encode("utf-8", "replace")
            _ffi.penstock_store_reply_fail(self._reply, message)
        return True


_KINDS: dict[int, Literal["put", "delete", "clear"]] = {1: "put", 2: "delete", 3: "clear"}


def _change(given: _ffi.penstock_store_change) -> StoreChange:
    return StoreChange(
        _KINDS[given.kind],
        given.collection.decode(),
        given.key.decode(),
        _ffi.bytes_of(given.value).decode(),
    )


def _give(reply: Any, items: Iterable[tuple[str, str]]) -> None:
    for key, value in items:
        text = value.encode()
        _ffi.penstock_store_reply_item(reply, key.encode(), text, len(text))


def _refuse(reply: Any, name: str | None) -> None:
    if name is None:
        return
    if not isinstance(name, str):
        raise TypeError(f"expected None or a str, not {type(name).__name__}")
    _ffi.penstock_store_reply_refuse(reply, name.encode())
