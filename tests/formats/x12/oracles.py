"""Parsers that others published, which read what we write.

pyx12 4.0.0 holds an 835 to its own copy of the guide 005010X221A1: loops, order, uses, code lists. It
has no map of a 5010 278. draftedi 1.3.0 cuts any transaction into segments and checks the envelopes.
"""

from __future__ import annotations

import io
import json
import logging
from typing import Any
from xml.etree import ElementTree

import draftedi
import pyx12.params
import pyx12.x12n_document

logging.getLogger("pyx12").setLevel(logging.CRITICAL)


def by_the_guide(text: str) -> tuple[list[str], ElementTree.Element]:
    """What pyx12 finds wrong with an 835, and how it reads it."""
    told, tree = io.StringIO(), io.StringIO()
    pyx12.x12n_document.x12n_document(
        pyx12.params.params(), io.StringIO(text), None, None, fd_xmldoc=tree, fd_json=told
    )
    return list(_errors(json.loads(told.getvalue()))), ElementTree.fromstring(tree.getvalue())


def _errors(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [str(error) for error in node.get("errors", [])]
        return own + [one for key, part in node.items() if key != "errors" for one in _errors(part)]
    if isinstance(node, list):
        return [one for part in node for one in _errors(part)]
    return []


def adjustments(tree: ElementTree.Element) -> list[tuple[str, list[str]]]:
    """The CAS, LQ and MOA segments of an 835 as pyx12 reads them, in order."""
    return [
        (segment.get("id") or "", [part.text or "" for part in segment.iter("ele")])
        for segment in tree.iter("seg")
        if segment.get("id") in ("CAS", "LQ", "MOA", "MIA")
    ]


def sets_of(text: str) -> list[tuple[str, int, list[list[str]]]]:
    """The transaction sets of any X12 text by draftedi: kind, the count that SE states, and the
    segments' elements."""
    found = []
    for interchange in draftedi.parse_edi_file(text.encode())["interchanges"]:
        mark = interchange["element_sep"]
        for group in interchange["groups"]:
            for one in group["transactions"]:
                segments = [segment["raw_segment"].split(mark) for segment in one["segments"]]
                stated = one["segment_count_reported"] or 0
                found.append((one["transaction_set_id"] or "", stated, segments))
    return found
