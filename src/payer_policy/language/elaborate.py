"""Conditions: a raw JSON condition, checked and typed.

`all`, `any`, `not`, `at_least … of`, and the tests of facts or line fields; their right sides are
in `right_sides`.
"""

from __future__ import annotations

from typing import Any, Final

from payer_policy.core.core_tests import core_of, needs_a_value
from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import JsonPath
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    FactRef,
    Not,
    Score,
    Test,
    gives_none,
)
from payer_policy.core.vocabulary.operators import OPERATORS, Operator, words_for
from payer_policy.core.vocabulary.types import FactType
from payer_policy.language.expressions import and_
from payer_policy.language.right_sides import MAX_COUNTED, MAX_PARTS, RightSides

MAX_COUNTS: Final = 8
"""Maximum nesting of `of`: in columns, each level doubles the work of what is in it."""

_TESTED: Final = {
    "fact": "a rule tests facts:",
    "line": "lines are tested by",
    "field": "records are tested by",
}
COMBINATORS: Final = ("all", "any", "not", "at_least", "of")
_OTHER_NAMES: Final = {
    other: name
    for name, others in {
        "all": "and",
        "any": "or",
        "not": "none",
        "is": "eq equals equal = ==",
        "is_not": "ne not_equals !=",
        "more_than": "gt greater_than >",
        "at_least": "gte ge min >=",
        "less_than": "lt <",
        "at_most": "lte le max <=",
        "includes": "contains has",
        "in": "one_of",
        "is_known": "known missing is_missing is_null",
    }.items()
    for other in others.split()
}
"""What other rule languages call the operators and combinators."""


class Elaborator(RightSides):
    """Turns raw JSON into the intermediate form, within one scope and one file."""

    def condition(self, raw: Any, path: JsonPath) -> Condition | None:
        """A condition: `all`, `any`, `not`, `at_least … of`, or one test."""
        subject = self.scope.subject
        if not isinstance(raw, dict):
            hint = f'write {{"{subject}": …, "is": …}} or {{"all": [ … ]}}'
            if isinstance(raw, list) and raw:
                hint = 'write {"all": [ … ]} around it'
            self.report.mistyped(raw, "a condition", path, hint=hint)
            return None
        self.note(raw, path)
        keys = [key for key in raw if key != "note"]
        if not keys:
            hint = f'write a test such as {{"{subject}": …, "is": …}}'
            self.report("empty-condition", "this condition is empty", path, hint=hint)
            return None
        if subject in raw:
            return self._test(raw, path)
        if "define" in raw:
            return self._defined_condition(raw, path, keys)
        for other in ("fact", "line", "field", "parameter", "code_set"):
            if other in raw:
                self._not_a_combinator(other, (*path, other))
                return None
        if "of" in raw or "at_least" in raw:
            return self._at_least(raw, path, keys)
        heads = [key for key in keys if key in ("all", "any", "not")]
        for key in keys:
            if key not in heads:
                self._not_a_combinator(key, (*path, key))
        if len(heads) > 1:
            message = f"a condition has one of `all`, `any`, `not`; found {and_(heads)}"
            hint = "put one inside the other"
            self.report("wrong-shape", message, (*path, heads[1]), key=True, hint=hint)
        made = [self._combined(head, raw[head], (*path, head)) for head in heads]
        return made[0] if len(heads) == 1 and len(keys) == 1 else None

    def _defined_condition(
        self, raw: dict[str, Any], path: JsonPath, keys: list[str]
    ) -> Condition | None:
        for key in keys:
            if key != "define":
                message = f"`{key}` cannot be beside `define`"
                hint = 'write {"all": [ … ]} with both inside'
                self.report("unknown-key", message, (*path, key), key=True, hint=hint)
        made: Condition | None = self.defined(raw["define"], "when", (*path, "define"))
        return made if len(keys) == 1 else None

    def _not_a_combinator(self, key: str, path: JsonPath) -> None:
        subject = self.scope.subject
        known = [*COMBINATORS, *(() if self.scope.definitions is None else ("define",)), subject]
        other = _OTHER_NAMES.get(key.casefold())
        hint = f"write `{other}`" if other else did_you_mean(key, known)
        if key in _TESTED:
            hint = f'{_TESTED[subject]} {{"{subject}": …, "is": …}}'
            hint += "; a fact can be on the right side" if key == "fact" else ""
        elif key in OPERATORS or other in OPERATORS:
            hint = f'a test names its {subject} first: {{"{subject}": …, "{other or key}": …}}'
        elif key in ("parameter", "code_set"):
            hint = f"a test is of a {subject}; a {key.replace('_', ' ')} can be on its right side"
        message = f"`{key}` is not part of a condition; expected one of {', '.join(known)}"
        self.report("unknown-key", message, path, key=True, hint=hint)

    def _combined(self, head: str, raw: Any, path: JsonPath) -> Condition | None:
        if head == "not":
            part = self.condition(raw, path)
            return None if part is None else Not(part)
        parts = self._parts(raw, path, head)
        if parts is None:
            return None
        return All(parts) if head == "all" else AnyOf(parts)

    def _at_least(self, raw: dict[str, Any], path: JsonPath, keys: list[str]) -> Condition | None:
        for key in keys:
            if key not in ("at_least", "of"):
                message = f"`{key}` does not go with `at_least … of`"
                hint = did_you_mean(key, ("at_least", "of"))
                self.report("unknown-key", message, (*path, key), key=True, hint=hint)
        if path.count("of") >= MAX_COUNTS:
            message = f"`at_least … of` is inside {path.count('of')} others; at most {MAX_COUNTS} "
            message += "can be nested"
            hint = "conclude a derived fact from the inner ones, and test that"
            self.report("wrong-shape", message, path, hint=hint)
            return None
        parts = self._parts(raw["of"], (*path, "of"), "of") if "of" in raw else None
        count = raw.get("at_least")
        whole = isinstance(count, int) and not isinstance(count, bool)
        for key in ("at_least", "of"):
            if key not in raw:
                subject = self.scope.subject
                hint = 'write {"at_least": 2, "of": [ … ]}'
                if key == "of":
                    hint += f', or for a test {{"{subject}": …, "at_least": …}}'
                self.report("missing-key", f"`{key}` is missing here", path, hint=hint)
        if "at_least" in raw and not whole:
            self.report.mistyped(count, "a whole number", (*path, "at_least"), of="at_least")
        if parts is None or not whole or len(keys) != 2:
            return None
        assert isinstance(count, int)
        if not 1 <= count <= len(parts):
            many = f"{len(parts)} condition{'s' if len(parts) > 1 else ''}"
            never = "always hold" if count < 1 else "can never hold"
            message = f"`at_least`: {count} of {many} {never}"
            hint = f"use a number from 1 to {len(parts)}" if len(parts) > 1 else "write 1"
            self.report("wrong-value", message, (*path, "at_least"), hint=hint)
            return None
        return AtLeast(count, parts)

    def _parts(self, raw: Any, path: JsonPath, head: str) -> tuple[Condition, ...] | None:
        if not isinstance(raw, list):
            hint = "put it in square brackets" if isinstance(raw, dict) else None
            self.report.mistyped(raw, "a list of conditions", path, hint=hint, of=head)
            return None
        if not raw:
            holds = "always" if head == "all" else "never"
            message = f"`{head}` has no conditions; it would {holds} hold"
            self.report("empty-condition", message, path, hint="add a condition, or remove it")
            return None
        most = MAX_COUNTED if head == "of" else MAX_PARTS
        if len(raw) > most:
            message = f"`{head}` has {len(raw):,} conditions; at most {most:,} can be in one list"
            hint = "test a list of values with `in` or `includes_any`, or split it into several "
            hint += "rules" if head == "of" else f"`{head}`, one inside the other"
            self.report("wrong-shape", message, path, key=True, hint=hint)
            return None
        parts = [self.condition(part, (*path, index)) for index, part in enumerate(raw)]
        sound = tuple(part for part in parts if part is not None)
        return sound if len(sound) == len(parts) else None

    # --- tests -----------------------------------------------------------------------------------

    def _test(self, raw: dict[str, Any], path: JsonPath) -> Condition | None:
        subject = self.scope.subject
        name = raw[subject]
        type_ = self._subject_type(name, (*path, subject))
        operators = [key for key in raw if key not in (subject, "note")]
        known = [key for key in operators if key in OPERATORS]
        for key in operators:
            if key not in OPERATORS:
                self._not_an_operator(key, type_, (*path, key))
        if not operators:
            called = f"the test of `{name}`" if isinstance(name, str) else "this test"
            hint = 'add one, such as "is": …'
            self.report("missing-key", f"{called} has no operator", (*path, subject), hint=hint)
        elif len(known) > 1:
            message = f"a test has one operator; found {and_(known)}"
            hint = 'use {"all": [ … ]} with one test each'
            self.report("wrong-shape", message, (*path, known[1]), key=True, hint=hint)
        if type_ is None or len(operators) != 1 or len(known) != 1:
            return None
        return self._typed_test(name, type_, OPERATORS[known[0]], raw[known[0]], (*path, known[0]))

    def _subject_type(self, name: Any, path: JsonPath) -> FactType | None:
        subject = self.scope.subject
        noun = {"fact": "fact", "line": "line field", "field": "field of these records"}[subject]
        if not isinstance(name, str):
            self.report.mistyped(name, f"the name of a {noun}", path)
            return None
        type_ = self.scope.subjects.get(name)
        if type_ is None:
            hint = did_you_mean(name, self.scope.subjects)
            if subject != "fact" and name in self.scope.facts:
                of = "a line" if subject == "line" else "a record"
                hint = f"a fact is not a field of {of}; it can be on the right side"
            elif hint is None and subject == "fact":
                hint = "to see every fact you can use: payer-policy facts"
            code = "unknown-field" if subject == "field" else "unknown-fact"
            self.report(code, f"`{name}` is not a {noun}", path, hint=hint)
        return type_

    def _not_an_operator(self, key: str, type_: FactType | None, path: JsonPath) -> None:
        if key in ("all", "any", "not", "of"):
            message = f"`{key}` cannot be beside a test of a {self.scope.subject}"
            hint = 'write {"all": [ … ]} with the test and the other condition inside'
            self.report("wrong-shape", message, path, key=True, hint=hint)
            return
        other = _OTHER_NAMES.get(key.casefold())
        known = list(OPERATORS) if type_ is None else words_for(type_)
        near = f"write `{other}`" if other else did_you_mean(key, known)
        near = near or did_you_mean(key, OPERATORS) or f"use one of {', '.join(known)}"
        self.report(
            "unknown-operator", f"`{key}` is not a test operator", path, key=True, hint=near
        )

    def _typed_test(
        self, name: str, type_: FactType, operator: Operator, raw: Any, path: JsonPath
    ) -> Condition | None:
        if not operator.fits(type_):
            hint = f"use one of {', '.join(words_for(type_))}"
            message = f"`{operator.name}` does not go with `{name}`, which is {type_.describe()}"
            if operator.name == "exists":
                message = f"`{name}` is never none, so it exists wherever it is known"
                hint = 'to ask whether it was supplied: "is_known": true; if there may be no such '
                hint += 'thing, declare it with "can_be_none": true'
            self.report("operator-type", message, path, key=True, hint=hint)
            return None
        by_position = type_.kind == "choice" and operator.by_size
        left = Score(name, type_.values) if by_position else FactRef(name)
        right = self.about(name).right_side(operator, type_, left, raw, path)
        if right is None:
            return None
        if needs_a_value(operator) and any(map(gives_none, right)):
            message = f"`{operator.name}` says nothing beside a table that may give none"
            hint = f'write {{"not": {{… "{operator.core[0]}": …}}}} where none is meant too, or '
            hint += 'give each row and "otherwise" a value'
            self.report("operator-type", message, path, key=True, hint=hint)
            return None
        test = Test(name, operator.name, left, right)
        return core_of(test, self.scope.can_be_none, self.scope.bounded)

    def about(self, name: str) -> Elaborator:
        """The same, with each message naming the fact that it is about."""
        return Elaborator(self.scope, self.report.on(f"`{name}`"))
