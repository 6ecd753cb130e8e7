"""How a program may hand over a document: as a dict, as JSON text, or as the path of a file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Union

from ._json import dumps
from .errors import ConfigError

Source = Union[Mapping[str, Any], str, bytes, "os.PathLike[str]"]


class Document(NamedTuple):
    """JSON text, and the file it was read from."""

    text: bytes
    path: str | None

    @contextmanager
    def named_in_errors(self) -> Iterator[None]:
        """Put the file's name before the place that a ConfigError tells."""
        try:
            yield
        except ConfigError as error:
            if self.path is not None and not error.message.startswith(self.path):
                error.args = (f"{self.path}: {error.message}",)
            raise


def read_document(document: object) -> Document:
    """The text of a document. A str is JSON text when it begins with `{` or `[`, else a path; a
    file that cannot be read raises OSError."""
    if isinstance(document, (bytes, bytearray, memoryview)):
        return Document(bytes(document), None)
    if isinstance(document, str):
        if document.lstrip().startswith(("{", "[")):
            return Document(document.encode("utf-8", "surrogatepass"), None)
        return Document(Path(document).read_bytes(), document)
    if isinstance(document, os.PathLike):
        return Document(Path(document).read_bytes(), os.fsdecode(document))
    if isinstance(document, Mapping):
        return Document(dumps(document), None)
    raise TypeError(
        f"a document is a dict, JSON text or the path of a file, not {type(document).__name__}"
    )
