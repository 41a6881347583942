"""Every code that reading a policy folder can report, with its meaning in one line.

`payer-policy check --codes` prints the table, SARIF carries it, and a test holds the sources to it.
Other programs match these codes, so a code is never renamed and never given another meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # --- files
        "no-folder": "There is no such folder.",
        "missing-file": "A file that the folder needs is not there.",
        "unexpected-file": "A file is in a place where none is read.",
        "unreadable": "A file cannot be read.",
        "too-large": "A file is too large to be a policy file.",
        "wrong-name": "Invalid name format.",
        "duplicate-address": "The addresses of two files differ only in letter case.",
        "address-mismatch": "The content of a file does not match its name.",
        # --- JSON
        "not-text": "A file is not UTF-8 text.",
        "json-syntax": "A file is not JSON.",
        "json-number": "A number is not exact, or much too large.",
        "json-too-deep": "Brackets are nested too deeply.",
        "duplicate-key": "One object has the same key twice.",
        # --- shape
        "unknown-key": "A key is not known here.",
        "missing-key": "A required key is missing.",
        "wrong-type": "A value has the wrong type.",
        "wrong-value": "A value of the right type that is not allowed here.",
        "wrong-shape": "Parts that do not go together.",
        "too-many-problems": "A file has so many problems that the rest is not listed.",
        "schema-mismatch": "The published schema refuses what is otherwise right.",
        # --- names
        "unknown-fact": "A name is not a fact (or not a field of a line).",
        "unknown-record": "A name is not a type of records.",
        "unknown-field": "A name is not a field of the records.",
        "unknown-operator": "A name is not a test operator.",
        "unknown-value": "A value is not among those that are declared.",
        "unknown-unit": "A name is not a unit.",
        "category-code": "A category of codes is named where a code that a claim can carry is meant.",
        "unknown-code": "A code is in no list of the folder.",
        "unknown-code-set": "A name is not a code set.",
        "unknown-parameter": "A name is not a parameter of the policy.",
        "unknown-calendar": "A name is not a holiday calendar.",
        "unknown-definition": "A name is not a definition of the policy.",
        "unknown-table": "A name is not a table of the policy.",
        "unknown-column": "A name is not a column of the table.",
        "unknown-citation": "A name is not among the references.",
        "unknown-rule": "A name is not a rule of the policy.",
        "unknown-section": "A name is not a section of the policy.",
        "unknown-base": "A policy extends one that is not in the folder.",
        # --- meaning
        "operator-type": "A test operator does not go with the type of its fact.",
        "unit-mismatch": "Two units do not convert to one another.",
        "empty-condition": "A condition or list is empty, so it would decide nothing.",
        "not-derived": "A rule concludes a fact that comes from the request.",
        "cycle": "Rules, facts or policies need one another in a circle.",
        "conflict": "Two rules can hold together and conclude different values of a fact.",
        "conflict-not-seen": "Two rules conclude different values of a fact, and may not exclude "
        "each other.",
        "never-applies": "A policy applies to no request (check --deep).",
        "never-holds": "A rule can hold for no request (check --deep).",
        "hidden-by-overrides": "A rule is overridden whenever it would hold (check --deep).",
        "test-without-effect": "A rule holds in the same cases without a test (check --deep).",
        "never-settled": "A rule stays unknown although every fact is known (check --deep).",
        "unused-code-set": "Nothing names a code set (check --deep).",
        "conflicting-record": "Two policies declare one type of records differently.",
        "conflicting-fact": "Two policies declare one fact differently.",
        "never-concluded": "A rule reads a derived fact that no rule concludes.",
        "is-known": "A rule decides by what was not submitted.",
        "no-citation": "A rule cites no source.",
        "no-drug-code": "A policy names no drug codes.",
        "code-identity": "A code means another drug in the official list.",
        "unused-acknowledgement": "An acknowledged warning that does not occur.",
        "unused-parameter": "No rule uses a parameter.",
        "unused-table": "Nothing uses a table.",
        "overlapping-rows": "Two rows of a table can match at once.",
        "table-gap": "A table has no row for some keys.",
        "unused-definition": "Nothing uses a definition.",
        "not-of-none": "A `not` also holds where there is no such thing.",
        "stale-schema": "The schemas for editors are not what the policies make of them.",
        "unused-section": "No rule is in a section of the policy.",
        "duplicate-rule": "Two rules have the same id.",
        "duplicate-statement": "Two statements about a policy have the same id.",
        "duplicate-code": "A list has the same code twice for the same days.",
        "duplicate-entry": "A list names the same thing twice.",
        "duplicate-identifier": "Two payers have the same identifier or line of business.",
        "wrong-example": "An example is not a request that the policy beside it decides.",
        # --- reason codes
        "reason-not-in-force": "A reason code is not in force on all days of its rule.",
        "reason-needs-rarc": "A CARC needs a RARC that explains it.",
        "reason-group": "A CARC does not go with the group code.",
        # --- dates and overlays
        "unreachable-dates": "Something is never in force.",
        "overlapping-windows": "Two versions or values are in force on the same days.",
        "window-gap": "Between two versions no version is in force.",
        "base-not-in-force": "The base policy is not in force on all days of its overlay.",
        "overlay-touches-nothing": "An overlay names something that its base does not have.",
        "bases-disagree": "Two bases of a policy give one name different things.",
        "override-withdrawn": "One base withdraws what a rule of another overrides.",
        "overlapping-policies": "Two policies of a payer can both decide one service.",
    }
)
