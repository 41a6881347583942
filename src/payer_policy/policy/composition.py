"""What the files of a policy say together: for each name one word, whatever the order of the files.

A word is what a file says under a name: a rule, a parameter, a withdrawal, `applies_to`. It yields to the
same name in a file that takes over from its own file. Where two different words are left, the bases
disagree, and that is an error until the policy itself says which it is to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final, NamedTuple

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import JsonPath, Report, Reporter
from payer_policy.core.vocabulary.types import shown
from payer_policy.policy.files import DefinitionModel, ParameterModel, RuleModel
from payer_policy.policy.parameters import fits
from payer_policy.policy.versions import SECTION, Merged, MergedTable, Placed, PolicyVersion

NAMED: Final[Mapping[str, str]] = {
    "references": "reference",
    "parameters": "parameter",
    "facts": "fact",
    "roles": "role",
    "define": "definition",
    "records": "record type",
    "calendars": "calendar",
}
"""The members of a policy file that hold words by name, and what one of them is called."""
RULE: Final = "rule"
TABLE: Final = "table"
ROW: Final = "row"
OTHERWISE: Final = "otherwise of table"
"""A table's keys and columns are one word, each row is one, and so is what it gives otherwise."""
SINGLE: Final = ("applies_to", "ask_first", "information_request", "silences", "spans")
"""The members that are one word each."""
STATEMENT: Final = "statement:"
SCENARIO: Final = "scenario:"
"""What a name in `withdraws` begins with that is no rule's: `section:`, too."""

_Name = tuple[str, str]
_Words = Mapping[_Name, tuple[Placed[Any], ...]]
"""By kind and name, what is left of what the files say. A model of None: it is withdrawn."""


class Withdrawn(NamedTuple):
    """An entry of `withdraws`."""

    name: str
    path: JsonPath
    reason: str | None


def withdrawals(version: PolicyVersion) -> Iterator[Withdrawn]:
    """What a file withdraws, in its order, with the reasons that it gives."""
    listed = version.model.withdraws
    if isinstance(listed, dict):
        yield from (Withdrawn(name, ("withdraws", name), why) for name, why in listed.items())
    else:
        yield from (Withdrawn(name, ("withdraws", at), None) for at, name in enumerate(listed))


@dataclass(frozen=True)
class Closure:
    """A version, and every file that it is made from on some days."""

    top: PolicyVersion
    bases: Mapping[str, tuple[PolicyVersion, ...]]
    """By the name of each of these versions, those that it takes over from directly, by name."""

    @cached_property
    def below(self) -> Mapping[str, frozenset[str]]:
        """By the name of a version, the names of all that it takes over from, however far down."""
        found: dict[str, frozenset[str]] = {}

        def all_below(version: PolicyVersion) -> frozenset[str]:
            if version.name not in found:
                direct = self.bases[version.name]
                found[version.name] = frozenset(one.name for one in direct).union(
                    *(all_below(one) for one in direct)
                )
            return found[version.name]

        all_below(self.top)
        return found

    @cached_property
    def chain(self) -> tuple[PolicyVersion, ...]:
        """Each version after those that it takes over from; otherwise by name."""
        versions = {self.top.name: self.top}
        for direct in self.bases.values():
            versions.update((one.name, one) for one in direct)
        order = sorted(versions, key=lambda name: (len(self.below[name]), name))
        return tuple([versions[name] for name in order])


def merge(closure: Closure, report: Report, first: date, last: date | None) -> Merged:
    """What the files of a closure make together, from a first through a last day.

    Args:
        closure: The version with its bases.
        report: Receives what is wrong with the version as an overlay; of its bases, each is asked when
            it is merged itself.
        first: The first day of these files.
        last: The last; None: there is none.
    """
    return _Composition(closure, report).merged(first, last)


class _Composition:
    def __init__(self, closure: Closure, report: Report) -> None:
        self._closure, self._report = closure, report
        self._known: dict[str, _Words] = {}

    def merged(self, first: date, last: date | None) -> Merged:
        top, chain = self._closure.top, self._closure.chain
        bases = self._closure.bases[top.name]
        direct = [_different(self._words(base)) for base in bases]
        overlay = _Overlay(top, bases, direct, self._report)
        overlay.check()
        words = _different(self._words(top))
        one = {name: found[0] for name, found in words.items()}
        self._disagreements(words, direct)
        self._override_withdrawn(one)

        def of(kind: str) -> dict[str, Any]:
            return {
                name: placed
                for (own, name), placed in one.items()
                if own == kind and placed.model is not None
            }

        single = of("")
        return Merged(
            version=top,
            chain=chain,
            applies_to=single.get("applies_to"),
            references={name: placed.model for name, placed in of("reference").items()},
            parameters=of("parameter"),
            facts=of("fact"),
            roles=of("role"),
            calendars=of("calendar"),
            definitions=of("definition"),
            tables=self._tables(of),
            records=of("record type"),
            information_request=_model(single.get("information_request")),
            spans=_model(single.get("spans")) or "pend",
            rules=of(RULE),
            first_day=first,
            last_day=last,
            withdrawn={
                name: placed.version
                for (kind, name), placed in one.items()
                if kind == RULE and placed.model is None
            },
            sections=tuple(
                dict.fromkeys(name for one in reversed(chain) for name in one.model.sections)
            ),
            silences=single.get("silences"),
            ask_first=single.get("ask_first"),
            misfits=frozenset(overlay.misfits),
        )

    def _tables(self, of: Callable[[str], dict[str, Any]]) -> dict[str, MergedTable]:
        """The tables; where one is given as a whole, the rows of its bases are not in it."""
        rows: dict[str, list[Placed[Any]]] = {}
        for placed in of(ROW).values():
            rows.setdefault(str(placed.path[1]), []).append(placed)
        otherwise = of(OTHERWISE)
        out: dict[str, MergedTable] = {}
        for name, table in of(TABLE).items():
            below = self._closure.below[table.version.name]
            mine = [row for row in rows.get(name, ()) if row.version.name not in below]
            last = otherwise.get(name)
            if last is not None and last.version.name in below:
                last = None
            out[name] = MergedTable(table, tuple(mine), last)
        return out

    def _words(self, version: PolicyVersion) -> _Words:
        """What a version and all that it takes over from say; what yields is left out."""
        known = self._known.get(version.name)
        if known is not None:
            return known
        found: dict[_Name, tuple[Placed[Any], ...]] = {}
        for base in self._closure.bases[version.name]:
            for name, placed in self._words(base).items():
                before = found.get(name, ())
                found[name] = (*before, *(one for one in placed if one not in before))
        for name, placed in found.items():
            if len(placed) > 1:
                found[name] = self._standing(placed)
        found.update((name, (word,)) for name, word in _own_words(version, found))
        self._known[version.name] = found
        return found

    def _standing(self, words: tuple[Placed[Any], ...]) -> tuple[Placed[Any], ...]:
        """Of several words for one name those that yield to no other, by the name of their file.

        Equal ones too: each may be above another word that a further file brings in.
        """
        below = self._closure.below
        standing = [
            word
            for word in words
            if not any(word.version.name in below[other.version.name] for other in words)
        ]
        return tuple(sorted(standing, key=lambda one: one.version.name))

    def _disagreements(self, words: _Words, direct: Sequence[_Words]) -> None:
        """Report the names for which several words are left, unless one of the bases has them all."""
        for (kind, name), left in words.items():
            if len(left) == 1 or any(len(base.get((kind, name), ())) > 1 for base in direct):
                continue
            one, other = left[0], left[1]
            message, hint = _disagreement(kind, name, one, other)
            top = self._closure.top
            path = "extends" if "extends" in top.model.model_fields_set else "continues"
            top.reporter(self._report)("bases-disagree", message, (path,), key=True, hint=hint)

    def _override_withdrawn(self, one: Mapping[_Name, Placed[Any]]) -> None:
        """Warn where one base withdraws what a rule of another one overrides."""
        top, below = self._closure.top, self._closure.below
        for (kind, id_), placed in one.items():
            if kind != RULE or placed.model is None or placed.version is top:
                continue
            for other in placed.model.overrides:
                gone = one.get((RULE, other))
                if (
                    gone is None
                    or gone.model is not None
                    or gone.version is top
                    or placed.version.name in below[gone.version.name]
                ):
                    continue
                message = f"{gone.version.name} withdraws rule `{other}`, which rule `{id_}` of "
                message += f"{placed.version.name} overrides"
                hint = f'if that is meant, write "withdraws": ["{other}"] here too'
                report = top.reporter(self._report)
                report(
                    "override-withdrawn", message, ("extends",), key=True, hint=hint, warning=True
                )


def _different(words: _Words) -> _Words:
    """The words, of equal ones for a name the first."""
    return {
        name: placed if len(placed) == 1 else tuple(_distinct(placed))
        for name, placed in words.items()
    }


def _distinct(placed: Sequence[Placed[Any]]) -> list[Placed[Any]]:
    out: list[Placed[Any]] = []
    for word in placed:
        if not any(word.model == other.model for other in out):
            out.append(word)
    return out


def _own_words(version: PolicyVersion, inherited: _Words) -> Iterator[tuple[_Name, Placed[Any]]]:
    """What a file says itself; a withdrawal of a section is one of each rule in it."""
    model = version.model
    for entry in withdrawals(version):
        if entry.name.startswith(SECTION):
            section = entry.name.removeprefix(SECTION)
            for name, words in inherited.items():
                if any(name[0] == RULE and _is_in(word.model, section) for word in words):
                    yield name, Placed(version, entry.path, None)
        elif ":" not in entry.name:
            yield (RULE, entry.name), Placed(version, entry.path, None)
    given: set[str] = set()
    for index, rule in enumerate(model.rules):
        if rule.id not in given:
            given.add(rule.id)
            yield (RULE, rule.id), Placed(version, ("rules", index), rule)
    for member, kind in NAMED.items():
        for name, word in getattr(model, member).items():
            yield (kind, name), Placed(version, (member, name), word)
    yield from _words_of_tables(version)
    for member in SINGLE:
        if member in model.model_fields_set:
            yield ("", member), Placed(version, (member,), getattr(model, member))


def _words_of_tables(version: PolicyVersion) -> Iterator[tuple[_Name, Placed[Any]]]:
    for name, table in version.model.tables.items():
        path: JsonPath = ("tables", name)
        if table.by is not None and table.gives is not None:
            yield (TABLE, name), Placed(version, path, table)
        ids: set[str] = set()
        for index, row in enumerate(table.rows):
            id_ = row.get("id") if isinstance(row, dict) else None
            called = id_ if isinstance(id_, str) and id_ not in ids else f"{index + 1}"
            ids.add(called)
            yield (ROW, f"{name}: {called}"), Placed(version, (*path, "rows", index), row)
        if "otherwise" in table.model_fields_set:
            yield (OTHERWISE, name), Placed(version, path, table.otherwise)


def _is_in(rule: RuleModel | None, section: str) -> bool:
    return rule is not None and rule.section == section


def _model(placed: Placed[Any] | None) -> Any:
    return None if placed is None else placed.model


def _disagreement(kind: str, name: str, one: Placed[Any], other: Placed[Any]) -> tuple[str, str]:
    """What two bases say differently, and what to type."""
    first, second = one.version.name, other.version.name
    what = f"{kind} `{name}`" if kind else f"`{name}`"
    if one.model is None or other.model is None:
        if one.model is not None:
            first, second = second, first
        message = f"{first} withdraws {what}, but {second} changes it"
        return message, f'write "withdraws": ["{name}"] here, or give the {kind} here'
    if kind == "parameter" and _plain(one.model) != _plain(other.model):
        message = f"{what} is {_plain(one.model)} in {first}, but {_plain(other.model)} in {second}"
    else:
        message = f"{first} and {second} both give {what}, and differently"
    if kind == RULE:
        return message, 'give the rule here with "replaces": true, or withdraw it here'
    member = next((member for member, own in NAMED.items() if own == kind), None)
    return message, f'set it here: "{name}": …' + (f' in "{member}"' if member else "")


def _plain(parameter: ParameterModel) -> str:
    return " ".join(filter(None, (shown(parameter.value), parameter.unit)))


class _Overlay:
    """One version over what it takes over from: everything that it changes is there."""

    def __init__(
        self,
        version: PolicyVersion,
        bases: Sequence[PolicyVersion],
        inherited: Sequence[_Words],
        report: Report,
    ) -> None:
        self._version, self._bases, self._report = version, bases, report
        self._rules: dict[str, Placed[RuleModel]] = {}
        """The rules that some base has, as it has them."""
        self._withdrawn: set[str] = set()
        self._parameters: dict[str, list[Placed[ParameterModel]]] = {}
        self._definitions: dict[str, list[Placed[DefinitionModel]]] = {}
        self._tables: set[str] = set()
        for words in inherited:
            for (kind, name), placed in words.items():
                if kind == "parameter":
                    self._parameters.setdefault(name, []).extend(placed)
                elif kind == "definition":
                    self._definitions.setdefault(name, []).extend(placed)
                elif kind == TABLE:
                    self._tables.add(name)
                elif kind == RULE and (here := [one for one in placed if one.model is not None]):
                    self._rules.setdefault(name, here[0])
                elif kind == RULE:
                    self._withdrawn.add(name)
        self.misfits: set[str] = set()
        """Parameters that get another type or unit here than in a base (reported)."""

    def check(self) -> None:
        """Report what touches nothing, and what does not fit."""
        self._check_withdrawals()
        self._check_rules()
        for name, parameter in self._version.model.parameters.items():
            report = self._version.reporter(self._report, "", "parameters", name)
            bases = self._parameters.get(name, ())
            if not all(fits(name, base.model, parameter, report) for base in bases):
                self.misfits.add(name)
        self._check_definitions()
        self._check_tables()

    def _check_definitions(self) -> None:
        """A definition that a base has keeps its kind."""
        kinds = {"value": "a value", "when": "a condition"}
        for name, mine in self._version.model.define.items():
            for base in self._definitions.get(name, ()):
                theirs = base.model.kind
                if theirs is not None and mine.kind is not None and theirs != mine.kind:
                    message = f"definition `{name}` is {kinds[mine.kind]}, but "
                    message += f"{kinds[theirs]} in {base.version.name}"
                    report = self._version.reporter(self._report)
                    report("wrong-type", message, ("define", name, mine.kind), key=True)

    def _check_tables(self) -> None:
        """A table has keys and columns, or changes one that a base has."""
        for name, mine in self._version.model.tables.items():
            given = (mine.by is not None) + (mine.gives is not None)
            if given == 2 or (given == 0 and name in self._tables):
                continue
            message = f"table `{name}` has no {'`gives`' if mine.by is not None else '`by`'}"
            hint: str | None = 'write "by": [ … ] and "gives": { … }'
            if given == 0:
                message += ", and there is no table to change"
                hint = did_you_mean(name, self._tables) or hint
            report = self._version.reporter(self._report)
            report("missing-key", message, ("tables", name), key=True, hint=hint)

    def _check_withdrawals(self) -> None:
        seen: set[str] = set()
        report = self._version.reporter(self._report)
        for name, path, reason in withdrawals(self._version):
            if name in seen:
                message = f"{_called(name)} is withdrawn twice"
                report("duplicate-entry", message, path, hint="keep one")
                continue
            seen.add(name)
            if reason is not None and not reason.strip():
                message = f"nothing says why {_called(name)} is withdrawn"
                report("wrong-value", message, path, hint="give the reason")
            if name.startswith((STATEMENT, SCENARIO)):
                self._check_reason(name, path, reason, report)
            elif name.startswith(SECTION):
                sections = {one.model.section for one in self._rules.values()} - {None}
                if name.removeprefix(SECTION) not in sections:
                    known = [f"{SECTION}{one}" for one in sections]
                    self._nothing_to_withdraw(name, path, known, report)
            elif ":" in name:
                kinds = (SECTION, STATEMENT, SCENARIO)
                message = f"`{name}` is not the name of something that can be withdrawn"
                plain = name.rpartition(":")[2]
                hint = f"write the id of a rule, or {', '.join(kinds)} and a name"
                if plain in self._rules:
                    hint = f"write `{plain}`"
                report("wrong-value", message, path, hint=hint)
            elif name not in self._rules:
                self._nothing_to_withdraw(name, path, list(self._rules), report)

    def _check_reason(
        self, name: str, path: JsonPath, reason: str | None, report: Reporter
    ) -> None:
        if reason is None:
            message = f"nothing says why {_called(name)} is withdrawn"
            hint = f'write "withdraws": {{"{name}": "why"}}'
            report("wrong-value", message, path, hint=hint)

    def _nothing_to_withdraw(
        self, name: str, path: JsonPath, known: list[str], report: Reporter
    ) -> None:
        message = f"{_called(name)} cannot be withdrawn: {self._nothing(name)}"
        hint = did_you_mean(name, known) or "remove it"
        key = isinstance(path[-1], str)
        report("overlay-touches-nothing", message, path, key=key, hint=hint)

    def _check_rules(self) -> None:
        own: dict[str, int] = {}
        withdrawn = {entry.name for entry in withdrawals(self._version)}
        for index, rule in enumerate(self._version.model.rules):
            report = self._version.reporter(self._report, "", "rules", index)
            if rule.id in own:
                line = self._version.document.locate(("rules", own[rule.id], "id")).start
                where = f" (line {line.line})" if line else ""
                message = f"rule `{rule.id}`: another rule has this id already{where}"
                report("duplicate-rule", message, ("id",), hint="give it another id")
                continue
            own[rule.id] = index
            if rule.id in withdrawn:
                message = f"rule `{rule.id}` is both withdrawn and given here"
                hint = 'to change it, leave it out of "withdraws" and write "replaces": true'
                report("duplicate-rule", message, ("id",), hint=hint)
            elif rule.replaces and rule.id not in self._rules:
                message = f"rule `{rule.id}` replaces nothing: {self._nothing(rule.id)}"
                hint = did_you_mean(rule.id, self._rules) or 'to add a rule, remove "replaces"'
                report("overlay-touches-nothing", message, ("replaces",), key=True, hint=hint)
            elif rule.replaces and rule.section is None and self._rules[rule.id].model.section:
                section = self._rules[rule.id].model.section
                message = f"rule `{rule.id}` is in no section, but replaces one of `{section}`"
                hint = f'add "section": "{section}", or another section'
                report("missing-key", message, ("id",), hint=hint)
            elif not rule.replaces and rule.id in self._rules:
                of = self._rules[rule.id].version.name
                message = f"rule `{rule.id}` is already a rule of {of}"
                hint = 'add "replaces": true, or give it another id'
                report("duplicate-rule", message, ("id",), hint=hint)

    def _nothing(self, name: str) -> str:
        bases = [base.name for base in self._bases]
        what = "rule in that section" if name.startswith(SECTION) else "rule of that id"
        if not bases:
            return "this policy extends no other"
        if len(bases) == 1:
            return f"the base {bases[0]} has no {what}"
        return f"none of its bases ({', '.join(bases)}) has a {what}"


def _called(name: str) -> str:
    """What people call something that is withdrawn."""
    for prefix in (SECTION, STATEMENT, SCENARIO):
        if name.startswith(prefix):
            return f"{prefix.removesuffix(':')} `{name.removeprefix(prefix)}`"
    return f"rule `{name}`"
