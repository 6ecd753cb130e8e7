"""The parts of source documents that are about incremental reading; `_types` has the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict, Union

from ._record_types import OperandParameter
from ._value_types import Slot


class IncrementalBound(TypedDict, total=False):
    """Where requests have the start or the end of a window, and how."""

    param: str
    slot: Slot
    format: str
    inclusive: bool


class _WindowValue(TypedDict):
    window: Literal["start", "end"]


class WindowValue(_WindowValue, total=False):
    """A bound of the window at hand."""

    format: str


class _Field(TypedDict):
    field: str


_From = TypedDict("_From", {"from": Union[str, IncrementalBound]}, total=False)


Point = Union[str, int, float, OperandParameter]
"""A time, a number, "now - 1 day" or "beginning"."""


class Incremental(_Field, _From, total=False):
    """Reads only what is new since the last run."""

    type: Literal["time", "number"]
    format: str | Sequence[str]
    request_format: str
    zone: str
    mode: Literal["server", "client", "newest_first", "remember"]
    start: Point
    end: Point
    to: str | IncrementalBound
    step: str | int
    lookback: str | int
    granularity: str
    sorted: bool
    clip: bool
    at_once: int
