"""The small changes of a policy folder, each a mutant: what a slip of the pen, or of a mind, would do.

Only what is written is changed, one thing at a time and in the file where it stands, so a rule that
several policies inherit is changed once for all of them. `changed_library` is the folder so changed.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from payer_policy.core.diagnostics import Location, PayerPolicyError, PolicyError
from payer_policy.core.json_source import JsonDocument, JsonPath, decode_utf8, read_json
from payer_policy.core.vocabulary.operators import OPERATORS
from payer_policy.core.vocabulary.types import parse_value
from payer_policy.policy.days import day_after, day_before
from payer_policy.policy.files import ParameterModel, ReasonModel, RuleModel
from payer_policy.policy.library import Library
from payer_policy.policy.reference.data import CodeSet
from payer_policy.policy.versions import PolicyVersion

M = TypeVar("M", bound=BaseModel)

KINDS: Final = (
    "operator",
    "bound",
    "dropped test",
    "negated test",
    "all and any",
    "count",
    "dropped value",
    "parameter",
    "date",
    "reason code",
    "effect",
    "part of the lines",
    "concluded value",
    "override",
    "dropped rule",
    "withdrawal",
    "if unknown",
    "code of a code set",
    "default",
)
"""What kinds of small changes there are, in the order of reports."""

GONE: Final = "\0gone"
"""As the new value: what stands there is taken out."""

_OTHER_EFFECT: Final = {"deny": "pend", "pend": "deny", "reduce": "deny", "advise": "pend"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small change. Plain values only, so that it can be sent to another process."""

    kind: str
    """One of `KINDS`."""
    file: str
    """What is changed: `<payer>/<policy>/<first day>`, `vocabulary`, or `code_sets/<name>`."""
    path: JsonPath
    """What is changed in that file."""
    value: Any
    """What stands there instead, as JSON; `GONE`: nothing does."""
    rule: str | None
    """The rule that it stands in, if any."""
    change: str
    """The change in words: `oral_therapy.weeks` at_least 6 → more_than 6."""
    kill: str
    """What a scenario would have to show to notice it."""
    location: Location

    @property
    def text(self) -> str:
        """The change with its rule."""
        return f"`{self.rule}`: {self.change}" if self.rule else self.change

    @property
    def place(self) -> str:
        """`file:line`"""
        start = self.location.start
        return f"{self.location.file}:{start.line}" if start else self.location.file


def mutants_of(library: Library, folder: Path) -> list[Mutant]:
    """All small changes of the policies of a folder, in the order of its files.

    Args:
        library: The folder, read.
        folder: The same, for the places of codes in the files of code sets.
    """
    out: list[Mutant] = []
    for address in library.addresses():
        for version in library.policies[address]:
            out += _Policy(library, version).mutants()
    out += _of_code_sets(library, folder)
    out += _of_vocabulary(library)
    return out


# --- how things are told ----------------------------------------------------------------------------


def _shown(raw: Any) -> str:
    if isinstance(raw, dict):
        if len(raw) == 1:
            ((key, value),) = raw.items()
            if key in ("fact", "parameter", "code_set"):
                return f"the {key.replace('_', ' ')} {value}" if key != "fact" else f"`{value}`"
        return "{" + ", ".join(f"{key}: {_shown(value)}" for key, value in raw.items()) + "}"
    if isinstance(raw, list):
        listed = ", ".join(_shown(item) for item in raw[:6])
        return f"[{listed}{', …' if len(raw) > 6 else ''}]"
    if isinstance(raw, Decimal):
        return f"{raw.normalize():f}"
    return raw if isinstance(raw, str) else json.dumps(raw, default=str)


def _operator_of(raw: Mapping[str, Any]) -> str:
    return next(key for key in raw if key not in ("fact", "note"))


def _told(raw: Any) -> str:
    """A raw condition in a few words."""
    if not isinstance(raw, dict):
        return _shown(raw)
    if "fact" in raw:
        operator = _operator_of(raw)
        return f"`{raw['fact']}` {operator} {_shown(raw[operator])}"
    for head in ("all", "any"):
        if head in raw:
            parts = raw[head]
            if len(parts) > 2:
                return f"{head} of {len(parts)} ({_told(parts[0])}, …)"
            return f"{head} of ({', '.join(_told(part) for part in parts)})"
    if "not" in raw:
        return f"not {_told(raw['not'])}"
    return f"at least {raw.get('at_least')} of {len(raw.get('of', ()))}"


def _facts_in(raw: Any) -> list[str]:
    if isinstance(raw, dict):
        inner = [name for value in raw.values() for name in _facts_in(value)]
        return [raw["fact"], *inner] if isinstance(raw.get("fact"), str) else inner
    if isinstance(raw, list):
        return [name for item in raw for name in _facts_in(item)]
    return []


# --- one policy file -------------------------------------------------------------------------------


class _Policy:
    """The mutants of one policy file."""

    def __init__(self, library: Library, version: PolicyVersion) -> None:
        self._library, self._version = library, version
        self._document = version.document
        self._rule: str | None = None

    def _mutant(
        self, kind: str, path: JsonPath, value: Any, change: str, kill: str, at: JsonPath = ()
    ) -> Mutant:
        location = self._document.locate(at or path)
        return Mutant(kind, self._version.name, path, value, self._rule, change, kill, location)

    def mutants(self) -> Iterator[Mutant]:
        raw = self._document.value
        yield from self._dates()
        if raw.get("applies_to") is not None:
            yield from self._condition(raw["applies_to"], ("applies_to",))
        yield from self._parameters(raw.get("parameters", {}))
        for index, id_ in enumerate(raw.get("withdraws", ())):
            yield self._mutant(
                "withdrawal",
                ("withdraws", index),
                GONE,
                f"rule `{id_}` is no longer withdrawn",
                f"a claim under {self._version.address} on which the base's rule `{id_}` holds",
            )
        if raw.get("information_request"):
            yield from self._codes(
                raw["information_request"],
                ("information_request",),
                "the information request",
                "a pended claim that says with which codes information is requested",
            )
        for index, rule in enumerate(raw.get("rules", ())):
            self._rule = rule["id"]
            yield from self._of_rule(rule, ("rules", index))
            self._rule = None

    def _dates(self) -> Iterator[Mutant]:
        model = self._version.model.effective
        for key, day in (("from", model.first_day), ("through", model.last_day)):
            if day is not None:
                yield from self._moved(day, ("effective", key), self._version.address)

    def _moved(self, day: date, path: JsonPath, what: str) -> Iterator[Mutant]:
        key = "first" if path[-1] == "from" else "last"
        for other in (day_before(day), day_after(day)):
            # Moved later, the old first day is left without; moved earlier, the new one is with.
            telling = day if (other > day) == (key == "first") else other
            if other != day:
                yield self._mutant(
                    "date",
                    path,
                    other.isoformat(),
                    f"{key} day in force {day} → {other}",
                    f"a claim with the date of service {telling}, on which {what} "
                    f"{'is' if telling == day else 'is not'} in force",
                )

    def _parameters(self, raw: Mapping[str, Any]) -> Iterator[Mutant]:
        for name, parameter in raw.items():
            value, path = parameter.get("value"), ("parameters", name, "value")
            for at, other in _near(value, path):
                changed = f"{_shown(value)} → {_shown(other)}"
                if at != path:
                    changed = f"{_shown(value)} without {_shown(value[at[-1]])}"
                yield self._mutant(
                    "parameter",
                    at,
                    other,
                    f"parameter {name}: {changed}",
                    f"a claim under {self._version.address} for which it makes a difference "
                    f"whether {name} is {_shown(value)}",
                )

    # --- one rule --------------------------------------------------------------------------------

    def _of_rule(self, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        id_ = raw["id"]
        back = " (the base's rule comes back)" if raw.get("replaces") else ""
        yield self._mutant(
            "dropped rule",
            path,
            GONE,
            f"the rule is dropped{back}",
            f"a claim on which `{id_}` holds and that says what follows from it",
            (*path, "id"),
        )
        for key, text in (raw.get("in_force") or {}).items():
            yield from self._moved(date.fromisoformat(text), (*path, "in_force", key), f"`{id_}`")
        yield from self._condition(raw["when"], (*path, "when"))
        for index, other in enumerate(raw.get("overrides", ())):
            yield self._mutant(
                "override",
                (*path, "overrides", index),
                GONE,
                f"it no longer overrides `{other}`",
                f"a claim on which `{id_}` holds, and `{other}` would hold but for it",
            )
        yield from self._effect(raw, path)

    def _effect(self, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        id_, then = raw["id"], raw["then"]
        kind = next(iter(then))
        if kind == "conclude":
            yield from self._conclusions(then[kind], (*path, "then", kind))
            return
        finding, here = then[kind], (*path, "then", kind)
        if kind != "advise":
            was = raw.get("if_unknown", "pend")
            now = "pend" if was == "assume_not_holding" else "assume_not_holding"
            yield self._mutant(
                "if unknown",
                (*path, "if_unknown"),
                now,
                f"if_unknown: {was} → {now}",
                f"a claim of which nothing but `{id_}` is not known",
                (*path, "if_unknown") if "if_unknown" in raw else (*path, "then"),
            )
        other = _OTHER_EFFECT[kind]
        yield self._mutant(
            "effect",
            (*path, "then"),
            {other: {key: value for key, value in finding.items() if key != "to"}},
            f"{kind} → {other}",
            f"a claim on which `{id_}` holds and that says its outcome",
            here,
        )
        if finding.get("on") and finding["on"] != "service":
            for part in ("service", *self._library.vocabulary.line_parts):
                if part != finding["on"]:
                    yield self._mutant(
                        "part of the lines",
                        (*here, "on"),
                        part,
                        f"on: {finding['on']} → {part}",
                        f"a claim with lines of several parts on which `{id_}` holds",
                    )
        yield from self._codes(
            finding,
            here,
            f"{kind}",
            f"a claim on which `{id_}` holds and that says its reason codes",
        )
        if "to" in finding:
            for at, value in _numbers(finding["to"], (*here, "to")):
                yield self._mutant(
                    "bound",
                    at,
                    value,
                    f"to: {_shown(finding['to'])}, {_shown(self._document.part(at))} → "
                    f"{_shown(value)}",
                    f"a claim that `{id_}` reduces and that says to how many units",
                )

    def _codes(
        self, raw: Mapping[str, Any], path: JsonPath, what: str, kill: str
    ) -> Iterator[Mutant]:
        groups = sorted(
            code for system, code in self._library.reference.reason_codes if system == "group"
        )
        if raw.get("group"):
            other = next((one for one in groups if one != raw["group"]), None)
            if other is not None:
                change = f"{what}: group {raw['group']} → {other}"
                yield self._mutant("reason code", (*path, "group"), other, change, kill)
        if raw.get("carc"):
            change = f"{what}: without CARC {raw['carc']}"
            yield self._mutant("reason code", (*path, "carc"), None, change, kill)
        for index, rarc in enumerate(raw.get("rarc", ())):
            change = f"{what}: without RARC {rarc}"
            yield self._mutant("reason code", (*path, "rarc", index), GONE, change, kill)

    def _conclusions(self, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        for name, value in raw.items():
            fact = self._library.vocabulary.facts[name]
            others: Sequence[Any] = ()
            if isinstance(value, bool):
                others = (not value,)
            elif isinstance(value, str) and fact.type.kind == "choice":
                others = (_next(fact.type.values, value),)
            elif not isinstance(value, (str, dict, list)):
                others = [value + step for step in (-1, 1)]
            for other in others:
                yield self._mutant(
                    "concluded value",
                    (*path, name),
                    other,
                    f"concludes {name}: {_shown(value)} → {_shown(other)}",
                    f"a claim on which `{self._rule}` holds and that says what {name} is",
                )

    # --- conditions ------------------------------------------------------------------------------

    def _condition(self, raw: Any, path: JsonPath) -> Iterator[Mutant]:
        if "fact" in raw:
            yield from self._test(raw, path)
            return
        for head in ("all", "any", "of"):
            if head not in raw:
                continue
            parts = raw[head]
            if head != "of" and len(parts) > 1:
                other = "any" if head == "all" else "all"
                swapped = {other if key == head else key: value for key, value in raw.items()}
                yield self._mutant(
                    "all and any",
                    path,
                    swapped,
                    f"{_told(raw)} → {other}",
                    f"a claim for which some, but not all, hold of {_told(raw)}",
                )
            if head == "of":
                for count in (raw["at_least"] - 1, raw["at_least"] + 1):
                    if 1 <= count <= len(parts):
                        yield self._mutant(
                            "count",
                            (*path, "at_least"),
                            count,
                            f"{_told(raw)} → at least {count}",
                            f"a claim for which exactly {min(count, raw['at_least'])} of them hold",
                        )
            for index, part in enumerate(parts):
                here = (*path, head, index)
                if len(parts) > 1 and not (head == "of" and raw["at_least"] == len(parts)):
                    others = "hold" if head == "all" else "do not hold"
                    fails = "does not" if head == "all" else "does"
                    yield self._mutant(
                        "dropped test",
                        here,
                        GONE,
                        f"without {_told(part)}",
                        f"a claim for which all other tests beside it {others}, and this one "
                        f"{fails}: {_told(part)}",
                    )
                yield from self._condition(part, here)
        if "not" in raw:
            inner = raw["not"]
            yield self._mutant(
                "negated test",
                path,
                inner,
                f"{_told(raw)} → {_told(inner)}",
                f"a claim that hangs on {_told(raw)}",
            )
            yield from self._condition(inner, (*path, "not"))

    def _test(self, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        operator = _operator_of(raw)
        right = raw[operator]
        fact = raw["fact"]
        for other in OPERATORS[operator].near:
            if other in ("includes_all", "includes_any") and self._one_code(right):
                continue  # any of one code is all of it
            yield self._mutant(
                "operator",
                path,
                {"fact": fact, other: right},
                f"{_told(raw)} → {other}",
                self._telling(raw, other),
            )
        if operator == "within":
            turned = {
                {"before": "after", "after": "before"}.get(key, key): value
                for key, value in right.items()
            }
            yield self._mutant(
                "operator",
                (*path, operator),
                turned,
                f"{_told(raw)} → {_shown(turned)}",
                f"a claim that hangs on {_told(raw)}",
            )
        if OPERATORS[operator].shape == "flag":
            yield self._mutant(
                "operator",
                (*path, operator),
                not right,
                f"{_told(raw)} → {_shown(not right)}",
                f"a claim that hangs on {_told(raw)}",
            )
        elif not _has_its_negation(operator):
            yield self._mutant(
                "negated test",
                path,
                {"not": dict(raw)},
                f"{_told(raw)} → not",
                f"a claim that hangs on {_told(raw)}",
            )
        yield from self._values(raw, path)

    def _values(self, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        operator, fact = _operator_of(raw), raw["fact"]
        right = raw[operator]
        here = (*path, operator)
        if isinstance(right, list) and OPERATORS[operator].shape != "pair" and len(right) > 1:
            for index, value in enumerate(right):
                yield self._mutant(
                    "dropped value",
                    (*here, index),
                    GONE,
                    f"{_told(raw)} without {_shown(value)}",
                    f"a claim on which `{fact}` {'has' if operator != 'in' else 'is'} "
                    f"{_shown(value)}",
                )
        for at, value in (*_numbers(right, here), *_days(right, here)):
            was = self._document.part(at)
            yield self._mutant(
                "bound",
                at,
                value,
                f"{_told(raw)}: {_shown(was)} → {_shown(value)}",
                f"a claim on either side of the bound: {_told(raw)}",
            )

    def _one_code(self, right: Any) -> bool:
        if isinstance(right, dict) and "code_set" in right:
            code_set = self._library.reference.code_sets.get(right["code_set"])
            return code_set is not None and len(code_set.codes) == 1
        return isinstance(right, list) and len(right) == 1

    def _telling(self, raw: Mapping[str, Any], other: str) -> str:
        operator = _operator_of(raw)
        if _has_its_negation(operator) and other != "includes_all":
            return f"a claim that hangs on {_told(raw)}"
        if other in ("includes_all", "includes_any"):
            return f"a claim with one, but not all, of the codes: {_told(raw)}"
        return f"a claim on which `{raw['fact']}` is exactly {_shown(raw[operator])}"


def _has_its_negation(operator: str) -> bool:
    """Whether one of the words near it says the same as the negated test: one mutant, not two."""
    row = OPERATORS[operator]
    near = [OPERATORS[name] for name in row.near]
    return any(other.core == row.core and other.negated is not row.negated for other in near)


def _next(values: Sequence[str], value: str) -> str:
    return values[(values.index(value) + 1) % len(values)]


def _steps(value: Any) -> Iterator[Any]:
    """A number or a day one step down and up; the step is one in the last place that is written."""
    if isinstance(value, bool):
        return
    if isinstance(value, int):
        yield from (value - 1, value + 1)
    elif isinstance(value, Decimal):
        step = Decimal(1).scaleb(min(0, int(value.as_tuple().exponent)))
        yield from (value - step, value + step)


def _numbers(raw: Any, path: JsonPath) -> Iterator[tuple[JsonPath, Any]]:
    """The numbers of a right side, each a step down and up."""
    for step in _steps(raw):
        yield path, step
    if isinstance(raw, dict):
        for key, value in raw.items():
            yield from _numbers(value, (*path, key))
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from _numbers(value, (*path, index))


def _as_day(raw: Any) -> date | None:
    if not isinstance(raw, str) or len(raw) != 10:
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return None


def _days(raw: Any, path: JsonPath) -> Iterator[tuple[JsonPath, Any]]:
    """The days of a right side, each moved by one."""
    day = _as_day(raw)
    if day is not None:
        yield path, day_before(day).isoformat()
        yield path, day_after(day).isoformat()
    elif isinstance(raw, list):
        for index, value in enumerate(raw):
            yield from _days(value, (*path, index))


def _near(value: Any, path: JsonPath) -> Iterator[tuple[JsonPath, Any]]:
    """A parameter's value a little changed."""
    if isinstance(value, bool):
        yield path, not value
    elif isinstance(value, list):
        if len(value) > 1:
            for index in range(len(value)):
                yield (*path, index), GONE
    else:
        yield from _numbers(value, path)
        yield from _days(value, path)


# --- code sets and the vocabulary --------------------------------------------------------------------


def _of_code_sets(library: Library, folder: Path) -> Iterator[Mutant]:
    documents = [one.document for versions in library.policies.values() for one in versions]
    read = code_sets_named(
        [library.vocabulary_document.value, *(document.value for document in documents)]
    )
    for name, code_set in sorted(library.reference.code_sets.items()):
        if name not in read:
            continue  # it only says which codes there are; nothing is decided by it
        document = _document(folder, f"code_sets/{name}.json")
        if len(code_set.codes) < 2:
            continue  # a set of no codes is refused by `check`
        for index, entry in enumerate(code_set.codes):
            path: JsonPath = ("codes", index)
            yield Mutant(
                "code of a code set",
                f"code_sets/{name}",
                path,
                GONE,
                None,
                f"code set {name} without {entry.value}",
                f"a claim with {entry.value} for which it makes a difference that the code is "
                f"in {name}",
                Location(f"code_sets/{name}.json") if document is None else document.locate(path),
            )


def code_sets_named(raw: Any) -> frozenset[str]:
    """The code sets that some JSON names."""
    names: set[str] = set()
    waiting = [raw]
    while waiting:
        raw = waiting.pop()
        if isinstance(raw, dict):
            if isinstance(raw.get("code_set"), str):
                names.add(raw["code_set"])
            waiting += raw.values()
        elif isinstance(raw, list):
            waiting += raw
    return frozenset(names)


def _document(folder: Path, relative: str) -> JsonDocument | None:
    path = folder / relative
    try:
        return read_json(decode_utf8(path.read_bytes(), path.as_posix()), path.as_posix())
    except (OSError, PolicyError):
        return None


def _of_vocabulary(library: Library) -> Iterator[Mutant]:
    for name, fact in library.vocabulary.facts.items():
        if not fact.derived or fact.otherwise is None:
            continue
        value = fact.otherwise
        other: Any = None
        if isinstance(value, bool):
            other = not value
        elif isinstance(value, str) and fact.type.kind == "choice":
            other = _next(fact.type.values, value)
        elif isinstance(value, int):
            other = value + 1
        if other is None:
            continue
        path: JsonPath = ("facts", name, "otherwise")
        yield Mutant(
            "default",
            "vocabulary",
            path,
            other,
            None,
            f"`{name}` otherwise {_shown(value)} → {_shown(other)}",
            f"a claim on which no rule concludes `{name}` and that says what it is",
            library.vocabulary_document.locate(path),
        )


# --- the folder with the change -----------------------------------------------------------------------


class NoSuchPolicy(PayerPolicyError, ValueError):
    """With this change the file would not be a policy any more, so nobody could make it unseen."""


def changed_library(library: Library, mutant: Mutant) -> Library:
    """The library with the mutant's change.

    Raises:
        NoSuchPolicy: the file could not be read any more.
    """
    head, _, name = mutant.file.partition("/")
    if mutant.file == "vocabulary":
        vocabulary, fact_name = library.vocabulary, str(mutant.path[1])
        fact = vocabulary.facts[fact_name]
        fact = replace(fact, otherwise=parse_value(fact.type, mutant.value))
        facts = {**vocabulary.facts, fact_name: fact}
        return library.varied(vocabulary=replace(vocabulary, facts=facts))
    if head == "code_sets" and mutant.kind == "code of a code set":
        code_sets = dict(library.reference.code_sets)
        code_sets[name] = _without(code_sets[name], int(mutant.path[1]))
        return library.varied(reference=replace(library.reference, code_sets=code_sets))
    address = mutant.file.rpartition("/")[0]
    versions = library.policies[address]
    index = next(at for at, one in enumerate(versions) if one.name == mutant.file)
    return library.varied(versions={address: _with_change(versions, index, mutant)})


def _without(code_set: CodeSet, index: int) -> CodeSet:
    codes = code_set.codes
    return replace(code_set, codes=(*codes[:index], *codes[index + 1 :]))


def _with_change(
    versions: tuple[PolicyVersion, ...], index: int, mutant: Mutant
) -> tuple[PolicyVersion, ...]:
    version, path = versions[index], mutant.path
    if path[0] == "effective":
        return _moved_versions(versions, index, mutant)
    raw = version.document.value
    key = str(path[0])
    changed = edited(raw[key], path[1:], mutant.value)
    part: Any
    if key == "rules":
        rules = list(version.model.rules)
        at = int(path[1])
        if len(path) == 2:
            del rules[at]
        else:
            rules[at] = _model(RuleModel, changed[at])
        part = rules
    elif key == "parameters":
        name = str(path[1])
        part = {**version.model.parameters, name: _model(ParameterModel, changed[name])}
    elif key == "information_request":
        part = _model(ReasonModel, changed)
    else:
        part = changed
    model = version.model.model_copy(update={key: part})
    return (*versions[:index], replace(version, model=model), *versions[index + 1 :])


def _model(kind: type[M], raw: Any) -> M:
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        raise NoSuchPolicy(str(error)) from None


def _moved_versions(
    versions: tuple[PolicyVersion, ...], index: int, mutant: Mutant
) -> tuple[PolicyVersion, ...]:
    """The version with another first or last day; a neighbor that meets it goes along."""
    day = date.fromisoformat(mutant.value)
    version, out = versions[index], list(versions)
    if mutant.path[-1] == "from":
        out[index] = replace(version, first_day=day)
        before = versions[index - 1] if index else None
        if before is not None and before.last_day == day_before(version.first_day):
            out[index - 1] = replace(before, last_day=day_before(day))
    else:
        out[index] = replace(version, last_day=day)
        after = versions[index + 1] if index + 1 < len(versions) else None
        if after is not None and after.first_day == day_after(version.last_day or day):
            out[index + 1] = replace(after, first_day=day_after(day))
    if any(one.last_day is not None and one.last_day < one.first_day for one in out):
        raise NoSuchPolicy(mutant.change)
    return tuple(out)


def edited(raw: Any, path: JsonPath, value: Any) -> Any:
    """A copy of some JSON with another value at a path (`GONE`: with nothing there)."""
    if not path:
        return value
    out = copy.copy(raw)
    if len(path) == 1 and value == GONE:
        del out[path[0]]
    elif len(path) == 1:
        out[path[0]] = value
    else:
        out[path[0]] = edited(raw[path[0]], path[1:], value)
    return out
