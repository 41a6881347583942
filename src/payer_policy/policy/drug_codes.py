"""The drug codes that a policy can apply to: those that it names, or of the drugs that it asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from payer_policy.core.ruleset import All, Condition, Constant, FactRef, Not, Test
from payer_policy.core.vocabulary.codes import stand_in
from payer_policy.core.vocabulary.types import Value
from payer_policy.language.sources import DrugAttribute
from payer_policy.policy.basis import Basis
from payer_policy.policy.exclusion import can_both_hold
from payer_policy.policy.reference.data import Drug
from payer_policy.policy.versions import Merged


def drug_codes(merged: Merged, condition: Condition, basis: Basis) -> frozenset[str]:
    """The codes that `applies_to` asks for, or else those of the drugs that it can be about.

    A drug whose file does not have an attribute fulfills no test of it.
    """
    if not asks_about_drug(condition, basis):
        return frozenset()
    types = basis.types
    return _codes_named(condition, basis) or frozenset(
        drug.code
        for drug in basis.reference.drugs.values()
        if any(can_both_hold(condition, one, types) for one in _days_of_drug(drug, merged, basis))
    )


def asks_about_drug(condition: Condition, basis: Basis) -> bool:
    """Whether a condition cannot hold for a drug of which no file says anything."""
    return not can_both_hold(condition, _about_drug(stand_in("hcpcs", 0), {}, basis), basis.types)


def _days_of_drug(drug: Drug, merged: Merged, basis: Basis) -> Iterator[Condition]:
    """What a drug's file says of it, on each run of days on which it says the same."""
    changes = {day for dated in drug.attributes.values() for one in dated for day in one.changes()}
    for day in {merged.first_day, *(day for day in changes if merged.in_force(day))}:
        names = _drug_attributes(basis).values()
        yield _about_drug(drug.code, {name: drug.on(name, day) for name in names}, basis)


def _about_drug(code: str, says: Mapping[str, Value | None], basis: Basis) -> Condition:
    """That a service has a code, and that its facts are what the code's file says."""
    parts: list[Condition] = []
    if basis.vocabulary.service_code is not None:
        parts.append(_is(basis.vocabulary.service_code, code))
    for fact, name in _drug_attributes(basis).items():
        value = says.get(name)
        if value is None:
            asked = Test(fact, "is_known", FactRef(fact), (Constant(True),))
            parts.append(Not(asked))
        else:
            parts.append(_is(fact, value))
    return All(tuple(parts))


def _is(fact: str, value: Value) -> Test:
    operator = "includes_all" if isinstance(value, frozenset) else "is"
    return Test(fact, operator, FactRef(fact), (Constant(value),))


def _codes_named(condition: Condition, basis: Basis) -> frozenset[str]:
    """The codes that `applies_to` names, at its top or in its `all`."""
    parts = condition.parts if isinstance(condition, All) else (condition,)
    for part in parts:
        if (
            isinstance(part, Test)
            and part.fact == basis.vocabulary.service_code
            and part.operator in ("is", "in")
            and isinstance(side := part.right[0], Constant)
        ):
            kind, _, name = (side.name or "").partition(":")
            if kind == "code_set":  # every code that it lists, whatever its days
                listed = basis.reference.code_sets[name].codes
                return frozenset(entry.value for entry in listed)
            return side.value if isinstance(side.value, frozenset) else frozenset({str(side.value)})
    return frozenset()


def _drug_attributes(basis: Basis) -> Mapping[str, str]:
    """By fact, the attribute of the drug that it is read from."""
    sources = basis.sources.items()
    return {name: one.name for name, one in sources if isinstance(one, DrugAttribute)}
