"""The headers of a response: a mapping that doesn't care about case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


class Headers(Mapping[str, str]):
    """Header fields by name, whatever the case; several of one name are joined with ", ".

    `pairs` has every field by itself, in the order of arrival.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs: tuple[tuple[str, str], ...] = tuple((name, value) for name, value in pairs)
        self._values: dict[str, str] = {}
        for name, value in self.pairs:
            key = name.lower()
            known = self._values.get(key)
            self._values[key] = value if known is None else f"{known}, {value}"

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        # Values may hold cookies and tokens.
        return f"<penstock.Headers: {', '.join(self._values)}>"
