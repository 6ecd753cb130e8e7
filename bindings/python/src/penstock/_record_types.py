"""The parts of source documents about records and errors; `_types` has the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, Union

Scalar = Union[str, int, float, bool]


class _Operand(TypedDict):
    param: str


class OperandParameter(_Operand, total=False):
    """A value that comes through "params"."""

    default: Scalar


Operand = Union[Scalar, None, OperandParameter]
"""What a value is compared with."""

AllFilter = TypedDict("AllFilter", {"and": Sequence["Filter"]})
"""All of them hold."""

AnyFilter = TypedDict("AnyFilter", {"or": Sequence["Filter"]})
"""One of them holds."""

NotFilter = TypedDict("NotFilter", {"not": "Filter"})
"""It does not hold."""


class _FieldPath(TypedDict):
    path: str


class FieldFilter(_FieldPath, total=False):
    """What a field must be."""

    op: Literal["=", "!=", "<", "<=", ">", ">=", "in", "exists"]
    value: Operand
    values: Sequence[Operand]


Filter = Union[AllFilter, AnyFilter, NotFilter, FieldFilter]
"""A condition on a record's own fields."""


class _ObjectMap(TypedDict):
    type: Literal["object_map"]


class ObjectMap(_ObjectMap, total=False):
    """The values of an object are the records."""

    key_field: str
    value_field: str


class _Scalars(TypedDict):
    type: Literal["scalars"]


class Scalars(_Scalars, total=False):
    """A list of plain values; each is wrapped in an object."""

    field: str


class _RowsWithHeader(TypedDict):
    type: Literal["rows_with_header"]


class RowsWithHeader(_RowsWithHeader, total=False):
    """A list of lists, with the names in the first one or elsewhere in the body."""

    names: str


class Columns(TypedDict):
    """An object of lists of equal length."""

    type: Literal["columns"]


class _Children(TypedDict):
    type: Literal["explode"]
    path: str


class Children(_Children, total=False):
    """The children of each record are the records."""

    carry: Mapping[str, str]


Shape = Union[
    Literal["object_map", "scalars", "rows_with_header", "columns"],
    ObjectMap,
    Scalars,
    RowsWithHeader,
    Columns,
    Children,
]
"""How the value at the records' place becomes records; a text is short for `{"type": text}`."""


class AddedOver(TypedDict):
    """What the stream is walked over, as it stood in its parent."""

    over: str


class AddedConstant(TypedDict):
    """Any JSON value."""

    value: Any


Records = TypedDict(
    "Records",
    {
        "path": str,
        "or": Sequence[str],
        "union": Sequence[str],
        "shape": Shape,
        "filter": Filter,
        "add": Mapping[str, Union[Scalar, OperandParameter, AddedOver, AddedConstant, None]],
    },
    total=False,
)
"""Where the records are and what becomes of them."""


class RememberedKeys(TypedDict, total=False):
    """How many keys are remembered to tell duplicates by."""

    max_keys: int
    when_full: Literal["forget", "fail"]
    across_runs: bool


_Condition = TypedDict(
    "_Condition",
    {
        "=": Union[Scalar, Sequence[Union[Scalar, None]], None],
        "contains": str,
        "exists": bool,
    },
    total=False,
)


class _BodyPath(TypedDict):
    path: str


class BodyTest(_BodyPath, _Condition):
    """What a value in the body must be."""


class _HeaderName(TypedDict):
    name: str


class HeaderTest(_HeaderName, _Condition):
    """What a header must be."""


class ErrorMessage(TypedDict):
    """Where a message is."""

    body: str


class _WaitLimits(TypedDict, total=False):
    min: str
    max: str


class _WaitForm(_WaitLimits, total=False):
    unit: Literal[
        "auto",
        "delta_s",
        "delta_ms",
        "epoch_s",
        "epoch_ms",
        "http_date",
        "iso8601",
        "duration",
        "per_second",
    ]


class _HeaderWait(TypedDict):
    header: str


class HeaderWait(_HeaderWait, _WaitForm):
    """A header says it."""


class _BodyWait(TypedDict):
    body: str


class BodyWait(_BodyWait, _WaitForm):
    """A value in the body says it."""


class _WaitUntil(TypedDict):
    until: Literal["midnight"]


class WaitUntil(_WaitUntil, _WaitLimits):
    """For limits that are counted by the day."""


Wait = Union[str, HeaderWait, BodyWait, WaitUntil]
"""How long to wait: a duration, or where the answer says it."""


class _Action(TypedDict):
    action: Literal["retry", "rate_limited", "ignore", "fail", "end", "renew_auth", "start_over"]


class ErrorRule(_Action, total=False):
    """A kind of answer and what it means."""

    status: int | str | Sequence[int | str]
    body: BodyTest
    text_contains: str
    header: HeaderTest
    also_on_2xx: bool
    wait: Wait | Sequence[Wait]
    message: ErrorMessage
