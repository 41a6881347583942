"""Every small change of a policy folder that a slip of the pen or of the mind would make: its mutants.

Each changes one thing in one file, so a rule that several policies inherit is changed once for all of
them. `changed_library` is the folder with the change.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from payer_policy.analysis.policy_json import named_in, nodes_of, operator_of, parts_of, shown
from payer_policy.core.diagnostics import Location, PayerPolicyError, PolicyError
from payer_policy.core.json_source import JsonDocument, JsonPath, decode_utf8, read_json
from payer_policy.core.vocabulary.operators import OPERATORS
from payer_policy.core.vocabulary.types import FactType, parse_value, quantity_of
from payer_policy.policy.days import day_after, day_before
from payer_policy.policy.files import (
    DefinitionModel,
    ParameterModel,
    ReasonModel,
    RuleModel,
    TableModel,
)
from payer_policy.policy.library import Library
from payer_policy.policy.reference.data import CodeSet
from payer_policy.policy.versions import PolicyVersion

M = TypeVar("M", bound=BaseModel)

KINDS: Final[Mapping[str, str]] = {
    "operator": "a claim that depends on {what}",
    "bound": "a claim on either side of the bound: {what}",
    "rounding": "a claim for which rounding another way matters: {what}",
    "dropped test": "a claim for which this test alone decides: {what}",
    "negated test": "a claim that depends on {what}",
    "all and any": "a claim for which some, but not all, tests hold of {what}",
    "count": "a claim for which exactly {what} of them hold",
    "dropped value": "a claim on which {what}",
    "cell of a table": "a claim for which row `{what}` is looked up, at its bounds",
    "row of a table": "a claim for which row `{what}` is looked up",
    "parameter": "a claim under {policy} that depends on whether {what}",
    "date": "a claim with the date of service {what}",
    "reason code": "a claim on which `{rule}` applies, checked for its reason codes",
    "effect": "a claim on which `{rule}` applies, checked for its outcome",
    "part of the lines": "a claim with lines of several parts on which `{rule}` applies",
    "concluded value": "a claim on which `{rule}` applies, checked for the value of {what}",
    "override": "a claim on which `{rule}` applies, and {what} would apply without it",
    "dropped rule": "a claim on which `{rule}` applies, checked for its effect",
    "withdrawal": "a claim under {policy} on which the base's rule {what} applies",
    "if unknown": "a claim for which nothing but `{rule}` is undetermined",
    "code of a code set": "a claim that depends on whether {what}",
    "default": "a claim on which no rule concludes {what}, checked for its value",
}
"""The kinds of small changes, in the order of reports, each with what a scenario must show to notice
it. `{rule}` and `{policy}` are those that are changed; `{what}` is said by each mutant."""

GONE: Final = "\0gone"
"""As the new value: the old one is removed."""

_OTHER_EFFECT: Final = {
    "deny": "pend", "pend": "deny", "reduce": "deny", "certify": "pend", "advise": "pend",
}  # fmt: skip
_ANY_EFFECT: Final = (*ReasonModel.model_fields, "because", "on")
"""What findings of every kind have."""


_ASKED_OF_A_FINDING: Final = {
    "review": "a claim on which `{rule}` applies, checked for being recommended for denial",
    "disposition": "a claim on which `{rule}` applies, checked for what becomes of the line",
    "follow_up": "a claim on which `{rule}` applies, checked for being followed up",
}
"""What a finding may say beside its kind, with what a scenario must show to notice it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small change. Plain values only, so that it can be sent to another process."""

    kind: str
    """One of `KINDS`."""
    file: str
    """The file that is changed: `<payer>/<policy>/<first day>`, `vocabulary`, or `code_sets/<name>`."""
    path: JsonPath
    """The place of the change in that file."""
    value: Any
    """The new value, as JSON; `GONE`: the old one is removed."""
    rule: str | None
    """The rule that is changed, if any."""
    change: str
    """The change in words: `oral_therapy.weeks` at_least 6 → more_than 6."""
    kill: str
    """What a scenario must show to notice it."""
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
    for address in sorted(library.policies):
        for version in library.policies[address]:
            out += _PolicyFile(library, version).mutants()
    out += _of_code_sets(library, folder)
    out += _of_vocabulary(library)
    return out


# --- words ------------------------------------------------------------------------------------------


def _described(raw: Any) -> str:
    """A raw condition in a few words."""
    if "define" in raw:
        return shown(raw)
    if "fact" in raw:
        operator = operator_of(raw)
        return f"`{raw['fact']}` {operator} {shown(raw[operator])}"
    if "not" in raw:
        return f"not {_described(raw['not'])}"
    if "of" in raw:
        return f"at least {raw['at_least']} of {len(raw['of'])}"
    head = "all" if "all" in raw else "any"
    parts = raw[head]
    if len(parts) > 2:
        return f"{head} of {len(parts)} ({_described(parts[0])}, …)"
    return f"{head} of ({', '.join(map(_described, parts))})"


# --- values a little changed ------------------------------------------------------------------------


def _steps(value: Any) -> tuple[Any, ...]:
    """A number or a day one step down and up; the step is one in the last place that is written."""
    if isinstance(value, bool):
        return ()
    if isinstance(value, int):
        return value - 1, value + 1
    if isinstance(value, Decimal):
        step = Decimal(1).scaleb(min(0, int(value.as_tuple().exponent)))
        return value - step, value + step
    if isinstance(value, str) and len(value) == 10:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return ()
        return day_before(day).isoformat(), day_after(day).isoformat()
    if isinstance(value, str) and (given := quantity_of(value)) is not None:
        return tuple([str(given._replace(number=one)) for one in _steps(given.number)])
    return ()


_OTHER_ROUNDING: Final = {
    "round_up": "round_down",
    "round_down": "round_up",
    "round_half_up": "round_down",
}


def _rounded(raw: Any, path: JsonPath) -> Iterator[tuple[JsonPath, dict[str, Any], str]]:
    """What is rounded in a right side, rounded in another way; with the change in words."""
    for inner, node in nodes_of(raw):
        for key in _OTHER_ROUNDING.keys() & (node if isinstance(node, dict) else ()):
            other = _OTHER_ROUNDING[key]
            new = {other if name == key else name: value for name, value in node.items()}
            yield (*path, *inner), new, f"{key} → {other}"


def _stepped(raw: Any, path: JsonPath) -> Iterator[tuple[JsonPath, Any, Any]]:
    """The numbers and days of a right side: the path of each, its value, and another one."""
    for inner, value in nodes_of(raw):
        for other in _steps(value):
            yield (*path, *inner), value, other


def _others(value: Any, type_: FactType) -> Sequence[Any]:
    """Other values of a derived fact: the opposite, the next choice, or one less and one more."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, str) and type_.kind == "choice":
        return (type_.values[(type_.values.index(value) + 1) % len(type_.values)],)
    return (value - 1, value + 1) if isinstance(value, int | Decimal) else ()


# --- one policy file --------------------------------------------------------------------------------


class _PolicyFile:
    """The mutants of one policy file."""

    def __init__(self, library: Library, version: PolicyVersion) -> None:
        self._library, self._version = library, version
        self._document = version.document
        self._rule: str | None = None
        self._groups = sorted(
            code for system, code in library.reference.reason_codes if system == "group"
        )

    def _mutant(
        self,
        kind: str,
        path: JsonPath,
        value: Any,
        change: str,
        what: str = "",
        *,
        kill: str | None = None,
        at: JsonPath | None = None,
    ) -> Mutant:
        """A mutant; `kill` in place of what its kind says, `at` where its place is not its path."""
        if kill is None:
            kill = KINDS[kind].format(rule=self._rule, policy=self._version.address, what=what)
        location = self._document.locate(path if at is None else at)
        return Mutant(kind, self._version.name, path, value, self._rule, change, kill, location)

    def mutants(self) -> Iterator[Mutant]:
        raw = self._document.value
        effective = self._version.model.effective
        for key, day in (("from", effective.first_day), ("through", effective.last_day)):
            if day is not None:
                yield from self._moved(day, ("effective", key), self._version.address)
        if raw.get("applies_to") is not None:
            yield from self._condition(raw["applies_to"], ("applies_to",))
        for name, parameter in raw.get("parameters", {}).items():
            yield from self._parameter(name, parameter.get("value"))
        for name, definition in raw.get("define", {}).items():
            yield from self._definition(name, definition, ("define", name))
        for name, table in raw.get("tables", {}).items():
            yield from self._table(name, table, ("tables", name))
        for index, id_ in enumerate(raw.get("withdraws", ())):
            change = f"rule `{id_}` is no longer withdrawn"
            yield self._mutant("withdrawal", ("withdraws", index), GONE, change, f"`{id_}`")
        if raw.get("information_request"):
            yield from self._reason_codes(
                raw["information_request"],
                ("information_request",),
                "the information request",
                kill="a pended claim, checked for the codes of its information request",
            )
        for index, rule in enumerate(raw.get("rules", ())):
            self._rule = rule["id"]
            yield from self._of_rule(rule, ("rules", index))
        self._rule = None

    def _moved(self, day: date, path: JsonPath, what: str) -> Iterator[Mutant]:
        first = path[-1] == "from"
        for other in (day_before(day), day_after(day)):
            if other == day:
                continue  # the calendar ends here
            # Moved later, the old first day is no longer in force; moved earlier, the new one is.
            old = (other > day) == first
            what_day = (
                f"{day if old else other}, on which {what} {'is' if old else 'is not'} in force"
            )
            change = f"{'first' if first else 'last'} day in force {day} → {other}"
            yield self._mutant("date", path, other.isoformat(), change, what_day)

    def _parameter(self, name: str, value: Any) -> Iterator[Mutant]:
        path: JsonPath = ("parameters", name, "value")
        was = shown(value)
        what = f"{name} is {was}"
        if isinstance(value, list):
            for index, one in enumerate(value if len(value) > 1 else ()):
                change = f"parameter {name}: {was} without {shown(one)}"
                yield self._mutant("parameter", (*path, index), GONE, change, what)
            return
        others = (
            [not value] if isinstance(value, bool) else [new for *_, new in _stepped(value, ())]
        )
        for other in others:
            change = f"parameter {name}: {was} → {shown(other)}"
            yield self._mutant("parameter", path, other, change, what)

    def _definition(self, name: str, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        if "when" in raw:
            yield from self._condition(raw["when"], (*path, "when"))
        for at, value, new in _stepped(raw.get("value"), (*path, "value")):
            change = f"definition {name}: {shown(value)} → {shown(new)}"
            yield self._mutant("bound", at, new, change, f"definition {name}")

    def _table(self, name: str, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        """Each row left out, each value of a list left out, each number and day one step off."""
        rows = raw.get("rows", ())
        for index, row in enumerate(rows):
            here, text = (*path, "rows", index), f"table {name}, row {row['id']}"
            if len(rows) > 1:
                change = f"{text} is left out"
                yield self._mutant("row of a table", here, GONE, change, row["id"])
            for key, cell in row["when"].items():
                at = (*here, "when", key)
                for place, value in enumerate(cell if isinstance(cell, list) and cell[1:] else ()):
                    change = f"{text}: `{key}` without {shown(value)}"
                    yield self._mutant("cell of a table", (*at, place), GONE, change, row["id"])
                for inside, value, new in _stepped(cell, at) if isinstance(cell, dict) else ():
                    change = f"{text}: `{key}` {inside[-1]} {shown(value)} → {shown(new)}"
                    yield self._mutant("cell of a table", inside, new, change, row["id"])
            given = {key: value for key, value in row.items() if key not in ("id", "when", "note")}
            yield from self._given(given, here, text, row["id"])
        if isinstance(raw.get("otherwise"), dict):
            yield from self._given(
                raw["otherwise"], (*path, "otherwise"), f"table {name}, otherwise", "otherwise"
            )

    def _given(
        self, values: Mapping[str, Any], path: JsonPath, text: str, row: str
    ) -> Iterator[Mutant]:
        for column, value in values.items():
            others = (not value,) if isinstance(value, bool) else _steps(value)
            for other in others:
                change = f"{text}: {column} {shown(value)} → {shown(other)}"
                yield self._mutant("cell of a table", (*path, column), other, change, row)

    # --- one rule --------------------------------------------------------------------------------

    def _of_rule(self, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        back = " (the base's rule comes back)" if raw.get("replaces") else ""
        change = f"the rule is dropped{back}"
        yield self._mutant("dropped rule", path, GONE, change, at=(*path, "id"))
        for key, text in (raw.get("in_force") or {}).items():
            here = (*path, "in_force", key)
            yield from self._moved(date.fromisoformat(text), here, f"`{raw['id']}`")
        yield from self._condition(raw["when"], (*path, "when"))
        for index, id_ in enumerate(raw.get("overrides", ())):
            change = f"it no longer overrides `{id_}`"
            yield self._mutant("override", (*path, "overrides", index), GONE, change, f"`{id_}`")
        if "conclude" in raw["then"]:
            yield from self._conclusions(raw["then"]["conclude"], (*path, "then", "conclude"))
        else:
            yield from self._finding(raw, path)

    def _finding(self, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        ((kind, finding),) = raw["then"].items()
        then, here = (*path, "then"), (*path, "then", kind)
        if kind not in ("certify", "advise"):
            was = raw.get("if_unknown", "pend")
            now = "pend" if was == "assume_not_holding" else "assume_not_holding"
            unknown = (*path, "if_unknown")
            change = f"if_unknown: {was} → {now}"
            at = unknown if "if_unknown" in raw else then
            yield self._mutant("if unknown", unknown, now, change, at=at)
        other = _OTHER_EFFECT[kind]
        same = {key: value for key, value in finding.items() if key in _ANY_EFFECT}
        yield self._mutant("effect", then, {other: same}, f"{kind} → {other}", at=here)
        on = finding.get("on") or "service"
        if on != "service":
            for part in ("service", *self._library.vocabulary.line_parts):
                if part != on:
                    change = f"on: {on} → {part}"
                    yield self._mutant("part of the lines", (*here, "on"), part, change)
        yield from self._reason_codes(finding, here, kind)
        for at, value, new in _stepped(finding.get("to"), (*here, "to")):
            change = f"to: {shown(finding['to'])}, {shown(value)} → {shown(new)}"
            kill = f"a claim that `{self._rule}` reduces, checked for the number of units left"
            yield self._mutant("bound", at, new, change, kill=kill)
        for at, new, change in _rounded(finding.get("to"), (*here, "to")):
            what = f"the units left by `{self._rule}`"
            yield self._mutant("rounding", at, new, f"to: {change}", what)
        if kind == "certify":
            yield from self._certified(finding, here)
        for key, kill in _ASKED_OF_A_FINDING.items():
            if finding.get(key):
                change = f"{key}: {shown(finding[key])} is left out"
                yield self._mutant(
                    "effect", (*here, key), GONE, change, kill=kill.format(rule=self._rule)
                )

    def _certified(self, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        kill = f"a request on which `{self._rule}` certifies, checked for what is certified"
        for key in ("quantity", "quantity_per", "for"):
            for at, value, new in _stepped(raw.get(key), (*path, key)):
                change = f"{key}: {shown(value)} → {shown(new)}"
                yield self._mutant("bound", at, new, change, kill=kill)
        for key in ("codes", "from", "through"):
            if key in raw:
                yield self._mutant("bound", (*path, key), GONE, f"without `{key}`", kill=kill)

    def _reason_codes(
        self, raw: Mapping[str, Any], path: JsonPath, what: str, kill: str | None = None
    ) -> Iterator[Mutant]:
        slips: list[tuple[JsonPath, str | None, str]] = []
        if raw.get("group"):
            slips += [
                (("group",), other, f"group {raw['group']} → {other}")
                for other in [one for one in self._groups if one != raw["group"]][:1]
            ]
        if raw.get("carc"):
            slips.append((("carc",), None, f"without CARC {raw['carc']}"))
        for index, rarc in enumerate(raw.get("rarc", ())):
            slips.append((("rarc", index), GONE, f"without RARC {rarc}"))
        for at, value, change in slips:
            yield self._mutant("reason code", (*path, *at), value, f"{what}: {change}", kill=kill)

    def _conclusions(self, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        for name, value in raw.items():
            for other in _others(value, self._library.vocabulary.facts[name].type):
                change = f"concludes {name}: {shown(value)} → {shown(other)}"
                yield self._mutant("concluded value", (*path, name), other, change, name)

    # --- conditions ------------------------------------------------------------------------------

    def _condition(self, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        text = _described(raw)
        if "fact" in raw:
            yield from self._test(raw, path)
        elif "not" in raw:
            inner = raw["not"]
            yield self._mutant("negated test", path, inner, f"{text} → {_described(inner)}", text)
        elif "of" in raw:
            least = raw["at_least"]
            for count in (least - 1, least + 1):
                if 1 <= count <= len(raw["of"]):
                    change, exactly = f"{text} → at least {count}", str(min(count, least))
                    yield self._mutant("count", (*path, "at_least"), count, change, exactly)
        parts = list(parts_of(raw))
        if ("all" in raw or "any" in raw) and len(parts) > 1:
            swap = {"all": "any", "any": "all"}
            swapped = {swap.get(key, key): value for key, value in raw.items()}
            new = "any" if "all" in raw else "all"
            yield self._mutant("all and any", path, swapped, f"{text} → {new}", text)
        for at, part in parts:
            here, test = (*path, *at), _described(part)
            if len(parts) > 1 and not ("of" in raw and raw["at_least"] == len(parts)):
                yield self._mutant("dropped test", here, GONE, f"without {test}", test)
            yield from self._condition(part, here)

    def _test(self, raw: Mapping[str, Any], path: JsonPath) -> Iterator[Mutant]:
        operator, fact, text = operator_of(raw), raw["fact"], _described(raw)
        row, right, here = OPERATORS[operator], raw[operator], (*path, operator)
        for other in row.near:
            several = other in ("includes_all", "includes_any")
            if several and self._one_code(right):
                continue  # any of one code is all of it
            kill = None
            if not _has_its_negation(operator) or other == "includes_all":
                kill = f"a claim on which `{fact}` is exactly {shown(right)}"
                if several:
                    kill = f"a claim with one, but not all, of the codes: {text}"
            changed = {"fact": fact, other: right}
            yield self._mutant("operator", path, changed, f"{text} → {other}", text, kill=kill)
        if operator == "within":
            swap = {"before": "after", "after": "before"}
            new = {swap.get(key, key): value for key, value in right.items()}
            yield self._mutant("operator", here, new, f"{text} → {shown(new)}", text)
            if "calendar" in right:
                change = f"{text} without the holidays of {right['calendar']}"
                yield self._mutant("dropped value", (*here, "calendar"), GONE, change, text)
        if row.shape == "flag":
            yield self._mutant("operator", here, not right, f"{text} → {shown(not right)}", text)
        elif not _has_its_negation(operator):
            yield self._mutant("negated test", path, {"not": dict(raw)}, f"{text} → not", text)
        if isinstance(right, list) and row.shape != "pair" and len(right) > 1:
            for index, value in enumerate(right):
                change = f"{text} without {shown(value)}"
                what = f"`{fact}` {'has' if operator != 'in' else 'is'} {shown(value)}"
                yield self._mutant("dropped value", (*here, index), GONE, change, what)
        for at, value, new in _stepped(right, here):
            change = f"{text}: {shown(value)} → {shown(new)}"
            yield self._mutant("bound", at, new, change, text)
        for at, new, change in _rounded(right, here):
            yield self._mutant("rounding", at, new, f"{text}: {change}", text)

    def _one_code(self, right: Any) -> bool:
        if isinstance(right, dict) and "code_set" in right:
            code_set = self._library.reference.code_sets.get(right["code_set"])
            return code_set is not None and len(code_set.codes) == 1
        return isinstance(right, list) and len(right) == 1


def _has_its_negation(operator: str) -> bool:
    """Whether one of the words near it says the same as the negated test: one mutant, not two."""
    row = OPERATORS[operator]
    near = [OPERATORS[name] for name in row.near]
    return any(other.core == row.core and other.negated is not row.negated for other in near)


# --- code sets and the vocabulary -------------------------------------------------------------------


def _of_code_sets(library: Library, folder: Path) -> Iterator[Mutant]:
    documents = [one.document for versions in library.policies.values() for one in versions]
    read = named_in(
        [library.vocabulary_document.value, *(document.value for document in documents)], "code_set"
    )
    for name, code_set in sorted(library.reference.code_sets.items()):
        # A set that no policy reads decides nothing, and `check` refuses a set without codes.
        if name not in read or len(code_set.codes) < 2:
            continue
        document = _document(folder, f"code_sets/{name}.json")
        for index, entry in enumerate(code_set.codes):
            path: JsonPath = ("codes", index)
            yield Mutant(
                "code of a code set",
                f"code_sets/{name}",
                path,
                GONE,
                None,
                f"code set {name} without {entry.value}",
                KINDS["code of a code set"].format(what=f"{entry.value} is in {name}"),
                Location(f"code_sets/{name}.json") if document is None else document.locate(path),
            )


def _document(folder: Path, relative: str) -> JsonDocument | None:
    path = folder / relative
    try:
        return read_json(decode_utf8(path.read_bytes(), path.as_posix()), path.as_posix())
    except (OSError, PolicyError):
        return None


def _of_vocabulary(library: Library) -> Iterator[Mutant]:
    for name, fact in library.vocabulary.facts.items():
        if not fact.derived:
            continue
        path: JsonPath = ("facts", name, "otherwise")
        for other in _others(fact.otherwise, fact.type)[-1:]:
            yield Mutant(
                "default",
                "vocabulary",
                path,
                other,
                None,
                f"`{name}` otherwise {shown(fact.otherwise)} → {shown(other)}",
                KINDS["default"].format(what=f"`{name}`"),
                library.vocabulary_document.locate(path),
            )


# --- the folder with the change -----------------------------------------------------------------------


class InvalidMutant(PayerPolicyError, ValueError):
    """With this change the file would no longer be a valid policy, so it would be refused."""


def changed_library(library: Library, mutant: Mutant) -> Library:
    """The library with the mutant's change.

    Raises:
        InvalidMutant: The changed file is not a valid policy.
    """
    head, _, name = mutant.file.partition("/")
    if mutant.file == "vocabulary":
        vocabulary, fact_name = library.vocabulary, str(mutant.path[1])
        fact = vocabulary.facts[fact_name]
        fact = replace(fact, otherwise=parse_value(fact.type, mutant.value))
        facts = {**vocabulary.facts, fact_name: fact}
        return library.with_changes(vocabulary=replace(vocabulary, facts=facts))
    if head == "code_sets" and mutant.kind == "code of a code set":
        code_sets = dict(library.reference.code_sets)
        code_sets[name] = _without(code_sets[name], int(mutant.path[1]))
        return library.with_changes(reference=replace(library.reference, code_sets=code_sets))
    address = mutant.file.rpartition("/")[0]
    versions = library.policies[address]
    index = next(at for at, one in enumerate(versions) if one.name == mutant.file)
    return library.with_changes(versions={address: _with_change(versions, index, mutant)})


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
    elif key == "define":
        name = str(path[1])
        part = {**version.model.define, name: _model(DefinitionModel, changed[name])}
    elif key == "tables":
        name = str(path[1])
        part = {**version.model.tables, name: _model(TableModel, changed[name])}
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
        raise InvalidMutant(str(error)) from None


def _moved_versions(
    versions: tuple[PolicyVersion, ...], index: int, mutant: Mutant
) -> tuple[PolicyVersion, ...]:
    """The versions with another first or last day; an adjacent version is extended or shortened."""
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
        raise InvalidMutant(mutant.change)
    return tuple(out)


def edited(raw: Any, path: JsonPath, value: Any) -> Any:
    """A copy of some JSON with another value at a path (`GONE`: with the value removed)."""
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
