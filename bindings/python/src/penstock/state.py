"""Where the streams of runs stand: what makes a run go on after it was interrupted."""

from __future__ import annotations

import json
import os
from typing import Any

from . import _ffi
from ._handle import Handle, Owned, check
from .store import StatePlace, state_name


class State(Handle[_ffi.StatePointer]):
    """A state, the one that `pull(…, state=…)` and a job's "state" name.

        with penstock.State("state.db") as state:
            state.verify()["ok"]
            state.reset("users")

    Args:
        place: A file, made when it is missing; "redis://host/0?prefix=name"; or a `StateStore`.

    Raises:
        StorageError: It is damaged, of another program or from a newer library, the disk is full or
            read-only, or who keeps it does not answer.

    Threads: any number at once; processes, too. Each stream has one writer.
    """

    def __init__(self, place: StatePlace) -> None:
        name = os.fsencode(state_name(place))
        out = _ffi.StatePointer()
        error = _ffi.ErrorPointer()
        check(_ffi.penstock_state_open(name, _ffi.byref(out), _ffi.byref(error)), error)
        super().__init__(Owned(out, _ffi.penstock_state_free))

    def export(self) -> dict[str, Any]:
        """All that it knows: "streams" and "runs"; see penstock_state_export() in the C header."""
        return self._text(_ffi.penstock_state_export)

    def take(self, exported: dict[str, Any]) -> None:
        """The streams of what `export()` gave, in place of those of the same names.

        Raises:
            ConfigError: That is no exported state.
            StateError: One of the streams is being written.
        """
        text = json.dumps(exported).encode()
        error = _ffi.ErrorPointer()
        with self._use() as pointer:
            status = _ffi.penstock_state_import(pointer, text, len(text), _ffi.byref(error))
        check(status, error)

    def reset(self, stream: str | None = None) -> None:
        """Forget where a stream stands, or all of them: the next run begins anew. Files stay.

        Raises:
            InvalidArgument: There is no such stream.
            StateError: It is being written.
        """
        error = _ffi.ErrorPointer()
        name = None if stream is None else stream.encode()
        with self._use() as pointer:
            status = _ffi.penstock_state_reset(pointer, name, _ffi.byref(error))
        check(status, error)

    def verify(self) -> dict[str, Any]:
        """Hold every file against its commits, SHA-256 by SHA-256: "ok" and "streams", with what is
        wrong under "problem"."""
        return self._text(_ffi.penstock_state_verify)

    def _text(self, ask: Any) -> dict[str, Any]:
        out = _ffi.TextPointer()
        error = _ffi.ErrorPointer()
        with self._use() as pointer:
            check(ask(pointer, _ffi.byref(out), _ffi.byref(error)), error)
        try:
            document: dict[str, Any] = json.loads(_ffi.bytes_of(_ffi.penstock_text_slice(out)))
        finally:
            _ffi.penstock_text_free(out)
        return document

    def __repr__(self) -> str:
        return f"<penstock.State ({'closed' if self.closed else 'open'})>"
