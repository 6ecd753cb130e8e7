"""The parts of source documents that say where values come from and where they go; `_types` has the
rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict, Union

from ._record_types import Scalar

Slot = TypedDict(
    "Slot",
    {
        "in": Literal["query", "header", "json", "graphql", "form", "path", "url"],
        "name": Union[str, Sequence[str]],
    },
    total=False,
)
"""Where a value goes in a request."""


class _Changes(TypedDict, total=False):
    default: Scalar
    format: Literal["number", "text"]
    encode: Literal["percent"]


class _BodyValue(TypedDict):
    body: str


class BodyValue(_BodyValue, _Changes):
    """A value in the body."""


class _HeaderValue(TypedDict):
    header: str


class HeaderValue(_HeaderValue, _Changes):
    """A header of the response."""


class _LinkValue(TypedDict):
    link: str


class LinkValue(_LinkValue, _Changes, total=False):
    """A link of the Link header, or one of its attributes."""

    attribute: str


class _LastRecordValue(TypedDict):
    last_record: str


class LastRecordValue(_LastRecordValue, _Changes):
    """A field of the last record of the page."""


class _FirstRecordValue(TypedDict):
    first_record: str


class FirstRecordValue(_FirstRecordValue, _Changes):
    """A field of the first record of the page."""


class _FoundValue(TypedDict):
    find: str
    where: Mapping[str, Scalar]


class FoundValue(_FoundValue, _Changes, total=False):
    """A field of the first object of a list that fits."""

    take: str


class _PageValue(TypedDict):
    page: Literal["token", "size", "index", "count", "received", "restart"]


class PageValue(_PageValue, _Changes):
    """Something about the request itself and the page that answers it."""


class _ConstantValue(TypedDict):
    value: Scalar


class ConstantValue(_ConstantValue, _Changes):
    """A value that the document gives."""


class _ParameterValue(TypedDict):
    param: str


class ParameterValue(_ParameterValue, _Changes):
    """A value that comes through "params"."""


class _QueryParamValue(TypedDict):
    query_param: str
    of: ValueSource


class QueryParamValue(_QueryParamValue, _Changes):
    """One parameter cut out of a URL that comes from elsewhere."""


_FirstValue = TypedDict("_FirstValue", {"or": Sequence["ValueSource"]})


class FirstValue(_FirstValue, _Changes):
    """The first that is there and not empty."""


class _SumValue(TypedDict):
    add: Sequence[int | ValueSource]


class SumValue(_SumValue, _Changes):
    """Whole numbers added up."""


SourceObject = Union[
    BodyValue,
    HeaderValue,
    LinkValue,
    LastRecordValue,
    FirstRecordValue,
    FoundValue,
    PageValue,
    ConstantValue,
    ParameterValue,
    QueryParamValue,
    FirstValue,
    SumValue,
]
ValueSource = Union[str, SourceObject]
"""Where a value comes from; a text is a path in the body."""

StopRule = TypedDict(
    "StopRule",
    {
        "source": ValueSource,
        "is": Literal["empty", "true", "false", "0", "this_url"],
        "equals": Union[Scalar, SourceObject],
        "at_least": Union[int, ValueSource],
    },
    total=False,
)
"""A test of a value that ends a walk."""
