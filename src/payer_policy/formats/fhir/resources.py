"""The resources of one document, found by reference: contained, urn:uuid, relative or absolute.

A reference that leads out of the document is not followed: what is there is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from payer_policy.core.json_source import JsonPath
from payer_policy.formats.fhir.values import identifiers, objects, text_of, url_of

_VERSION = re.compile(r"(/_history/[^/|#]*)?(\|[^#]*)?\Z")
_TYPED = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})\Z")


@dataclass(frozen=True, slots=True)
class Located:
    """A resource, its path in the document, and what contains it (itself, at the top)."""

    resource: Mapping[str, Any]
    path: JsonPath
    url: str | None = None
    """Its `fullUrl`, or else `Type/id`; None: nothing outside can refer to it."""
    container: Located | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """The resource type."""
        return text_of(self.resource.get("resourceType")) or ""


class Resources:
    """All resources of a document: its roots, or the entries of its bundles."""

    def __init__(self, *roots: tuple[Mapping[str, Any], JsonPath]) -> None:
        self.all = [found for root, path in roots for found in _entries(root, path, None)]
        self._by_url: dict[str, list[Located]] = {}
        self._by_id: dict[str, list[Located]] = {}
        for found in self.all:
            if found.url:
                self._by_url.setdefault(found.url, []).append(found)
            if own := text_of(found.resource.get("id")):
                self._by_id.setdefault(f"{found.kind}/{own}", []).append(found)

    def of(self, *kinds: str) -> list[Located]:
        """The resources of some types, in the order of the document; contained ones are not."""
        return [found for found in self.all if found.kind in kinds]

    def find(self, reference: object, origin: Located | None = None) -> Located | None:
        """The resource that a Reference leads to, if it is in this document."""
        url = url_of(reference)
        if url is None:
            return self._by_identifier(reference)
        if url.startswith("#"):
            return _contained(origin, url[1:])
        plain = _VERSION.sub("", url)
        if found := self._by_url.get(plain):
            return found[0]
        match = _TYPED.search(plain)
        if match is None:
            return None
        # A relative reference, or an absolute one into a server whose name the entry leaves out.
        candidates = self._by_id.get(f"{match[1]}/{match[2]}", [])
        # One resource may be sent twice; of two that differ under one name, none is chosen.
        same = all(one.resource == candidates[0].resource for one in candidates)
        return candidates[0] if candidates and same else None

    def _by_identifier(self, reference: object) -> Located | None:
        wanted = reference.get("identifier") if isinstance(reference, dict) else None
        if not isinstance(wanted, dict) or not text_of(wanted.get("value")):
            return None
        key = (text_of(wanted.get("system")), text_of(wanted.get("value")))
        hits = [
            found
            for found in self.all
            for one in identifiers(found.resource)
            if key[0] and (text_of(one.get("system")), text_of(one.get("value"))) == key
        ]
        return hits[0] if len(hits) == 1 else None


def _entries(node: Mapping[str, Any], path: JsonPath, url: str | None) -> Iterator[Located]:
    kind = text_of(node.get("resourceType"))
    # Parameters: how an operation is called that takes several resources.
    key = {"Parameters": "parameter", "Bundle": "entry"}.get(kind or "")
    if key is None:
        own = text_of(node.get("id"))
        yield Located(node, path, url or (f"{kind}/{own}" if own else None))
        return
    entries = node.get(key)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        inside = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(inside, dict):
            full = text_of(entry.get("fullUrl")) if kind == "Bundle" else None
            full = None if full is not None and any(map(str.isspace, full)) else full
            yield from _entries(inside, (*path, key, index, "resource"), full)


def _contained(origin: Located | None, name: str) -> Located | None:
    holder = origin.container or origin if origin is not None else None
    if holder is None:
        return None
    if not name:
        return holder
    inside = objects(holder.resource.get("contained"))
    for index, one in enumerate(inside):
        if (text_of(one.get("id")) or "").removeprefix("#") == name:
            return Located(one, (*holder.path, "contained", index), None, holder)
    return None
