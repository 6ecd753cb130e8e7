"""What a source document means, in plain words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import _ffi
from ._documents import Source, read_document
from ._handle import check
from ._json import dumps
from ._types import ClientOptions, SourceDocument


def explain(
    source: SourceDocument | Source,
    *,
    params: Mapping[str, Any] | None = None,
    options: ClientOptions | None = None,
) -> dict[str, Any]:
    """What a source document means, without a request: what is sent where, which limits hold, how
    pages follow each other and what ends a walk. For people; the sentences may change with any
    version.

    Args:
        source: The source document: a dict, JSON text, or the path of a file.
        params: Values for the `{"param": …}` references in the document.
        options: Further client options; `{"secrets": "skip"}` looks up no secrets.

    Returns:
        "source", "description", "base_url", "credentials", "sends", "limits", "errors",
        "retries", "timeouts", "redirects", "streams" and "notes"; each stream has "name",
        "description", "request", "sends", "body", "needs", "paging", "stops", "records",
        "changes", "key", "errors", "retries", "timeouts", "over", "parallel" and "read_ahead".
        What doesn't apply is absent. No secret is in it.

    Raises:
        ConfigError: The document or the options are wrong; the message names the place.
        AuthError: A secret is missing or malformed.
        OSError: The file cannot be read.
    """
    document = read_document(source)
    given = {**(options or {})}
    if params is not None:
        given["params"] = params
    text = dumps(given) if given else None
    out = _ffi.TextPointer()
    error = _ffi.ErrorPointer()
    with document.named_in_errors():
        status = _ffi.penstock_source_explain(
            document.text,
            len(document.text),
            text,
            0 if text is None else len(text),
            _ffi.byref(out),
            _ffi.byref(error),
        )
        check(status, error)
    try:
        explanation: dict[str, Any] = json.loads(_ffi.bytes_of(_ffi.penstock_text_slice(out)))
    finally:
        _ffi.penstock_text_free(out)
    return explanation
