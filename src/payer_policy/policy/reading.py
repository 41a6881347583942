"""Reading a policy folder: every file, every problem, in file order.

The steps in order: read all files; the vocabulary and the reference data; the versions and their
overlays; then `checks` over each policy as it stands with its bases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import BaseModel

from payer_policy.core.diagnostics import Diagnostic, Location, did_you_mean
from payer_policy.core.json_source import JsonDocument
from payer_policy.core.vocabulary.codes import SYSTEMS
from payer_policy.core.vocabulary.model import FactModel, LinePartModel, Vocabulary, VocabularyFile
from payer_policy.core.vocabulary.reading import read_vocabulary
from payer_policy.core.vocabulary.types import ValueProblem, calendar_date
from payer_policy.language import CodeSetMembers
from payer_policy.language.sources import Source as FactSource
from payer_policy.language.sources import read_line_part, read_source
from payer_policy.policy import checks
from payer_policy.policy.basis import Basis
from payer_policy.policy.files import (
    Effective,
    EffectModel,
    FindingModel,
    InForce,
    ParameterModel,
    PolicyFile,
    ReasonModel,
    ReduceModel,
    RuleModel,
)
from payer_policy.policy.folder import VOCABULARY, Folder
from payer_policy.policy.library import Library, spans_of
from payer_policy.policy.reference import (
    CodeSet,
    Dated,
    Drug,
    Payer,
    Product,
    ReasonCode,
    ReferenceData,
)
from payer_policy.policy.reference.files import (
    AttributeValue,
    BillingUnit,
    CodeSetFile,
    DrugFile,
    Identity,
    ListedCode,
    PayerFile,
    ProductEntry,
    ProductsFile,
    ReasonCodeEntry,
    ReasonCodesFile,
    Source,
)
from payer_policy.policy.reference.reading import (
    products_by_ndc,
    read_code_set,
    read_drug,
    read_payer,
    read_products,
    read_reason_codes,
)
from payer_policy.policy.statements import FILE as STATEMENTS
from payer_policy.policy.statements import (
    StatementModel,
    StatementReader,
    Statements,
    StatementsFile,
    check_statements,
)
from payer_policy.policy.versions import PolicyVersion, Span

CODE_SETS: Final = "code_sets"
REASON_CODES: Final = "reason_codes"
DRUGS: Final = "drugs"
PRODUCTS: Final = "products"
PAYER: Final = "payer.json"
EXAMPLES: Final = "examples"
RESERVED: Final = (CODE_SETS, REASON_CODES, DRUGS, PRODUCTS)
REASON_SYSTEMS: Final = ("carc", "rarc", "group")

NAMES: Final[dict[type[BaseModel], str]] = {
    PolicyFile: "a policy",
    RuleModel: "a rule",
    EffectModel: "what a rule does (`then`)",
    FindingModel: "a finding",
    ReduceModel: "a reduction",
    ReasonModel: "a set of reason codes",
    ParameterModel: "a parameter",
    Effective: "the dates in force",
    InForce: "a rule's dates in force",
    StatementsFile: "a file of statements",
    StatementModel: "a statement",
    Source: "a source",
    VocabularyFile: "the vocabulary",
    FactModel: "a fact's declaration",
    LinePartModel: "a part of a service's lines",
    CodeSetFile: "a code set",
    ListedCode: "a listed code",
    ReasonCodesFile: "a list of reason codes",
    ReasonCodeEntry: "a reason code",
    DrugFile: "a drug",
    BillingUnit: "a billing unit",
    Identity: "what a source says of a code",
    AttributeValue: "a dated value",
    ProductsFile: "a list of products",
    ProductEntry: "a product",
    PayerFile: "a payer",
}

T = TypeVar("T")

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z", re.ASCII)
_PARAMETER: Final = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
_KEBAB: Final = "use lowercase letters, digits and single hyphens"


def read_library(
    root: Path, contents: Mapping[str, bytes] | None = None
) -> tuple[Library | None, list[Diagnostic]]:
    """The library of a folder, if its parts could be read, and everything that is wrong with it.

    Args:
        root: The folder; every message begins with it.
        contents: What its files hold, as `load_folder` gives it; then nothing is read from `root`.
    """
    return PolicyFolder(root).read(contents)


class _Step(NamedTuple):
    """What a step of reading made of its sources, and what it reported."""

    sources: tuple[object, ...]
    made: Any
    problems: tuple[Diagnostic, ...]
    broken: frozenset[str]


class PolicyFolder:
    """A policy folder that is held open: `read` does again only what a changed file calls for.

    For editors and services that look at one folder again and again. What it says is what
    `read_library` says of the folder. Not safe to use from two threads at once.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder: Folder | None = None
        self._steps: dict[tuple[str, str], _Step] = {}
        self._before: dict[tuple[str, str], _Step] = {}

    def read(
        self, contents: Mapping[str, bytes] | None = None
    ) -> tuple[Library | None, list[Diagnostic]]:
        """The library as the folder is now, and everything that is wrong with it.

        Args:
            contents: As for `read_library`.
        """
        folder = self._folder = Folder(self._root, NAMES, contents, self._folder)
        self._before, self._steps = self._steps, {}
        found = self._read(folder) if folder.read() else None
        folder.before = None  # nothing of an earlier reading is needed any more
        return found, _sorted(folder.problems)

    def _once(self, step: str, name: str, sources: tuple[object, ...], make: Callable[[], T]) -> T:
        """What a step makes of some sources: what it made before, where they are the same."""
        folder = self._folder
        assert folder is not None
        found = self._before.get((step, name))
        if found is None or not _same(found.sources, sources):
            said, broken = len(folder.problems), set(folder.broken)
            made = make()
            problems = tuple(folder.problems[said:])
            found = _Step(sources, made, problems, frozenset(folder.broken - broken))
        else:
            folder.problems.extend(found.problems)
            folder.broken.update(found.broken)
        self._steps[step, name] = found
        kept: T = found.made
        return kept

    def _read(self, folder: Folder) -> Library | None:
        placed = _placed(folder)
        payers, documents = self._payers(folder, placed)
        data = self._reference(folder, placed)
        checks.check_payers(payers, documents, folder.report)
        vocabulary = (folder.documents.get(VOCABULARY), VOCABULARY in folder.broken)
        basis = self._once(
            "vocabulary", "", (data, *vocabulary), lambda: _read_vocabulary(folder, data)
        )
        versions = self._versions(folder, placed)
        if basis is None:
            return None
        policies = checks.sound_overlays(versions, _addresses(folder.broken), folder.report)
        below = _versions_below(policies)
        spans = {
            address: self._once(
                "spans", address, below[address], partial(_spans, address, policies, folder)
            )
            for address in policies
        }
        around = checks.Surroundings(
            basis,
            _service_code_fact(basis.vocabulary),
            frozenset(data.unread_reasons),
            data.unread_drugs,
        )
        checked = {
            address: self._checked(address, spans[address], around, folder)
            for address in _bases_first(policies)
        }
        checks.check_together(spans, checked, basis.vocabulary, folder.report)
        library = Library(
            basis=replace(basis, reference=replace(basis.reference, payers=payers)),
            vocabulary_document=folder.documents[VOCABULARY],
            policies=policies,
            spans=spans,
            codes={address: checked[address].codes for address in sorted(checked)},
            statements=self._statements(folder, placed, policies),
            examples=_examples(folder, placed, policies),
            _elaborations={
                address: tuple(found.elaborations)
                for address, found in checked.items()
                if len(found.elaborations) == len(spans[address])
            },
        )
        self._check_statements(library, basis, folder)
        return library

    def _payers(
        self, folder: Folder, placed: Mapping[str, str]
    ) -> tuple[dict[str, Payer], dict[str, JsonDocument]]:
        """The payers by folder, and the documents of those that are sound."""
        payers: dict[str, Payer] = {}
        sound: dict[str, JsonDocument] = {}
        for relative, kind in placed.items():
            if kind != PAYER:
                continue
            head, document = relative.partition("/")[0], folder.documents.get(relative)
            made = self._once(PAYER, head, (document,), partial(folder.model, relative, PayerFile))
            payers[head] = Payer(head, head, False, frozenset(), (), False)
            if made is not None and document is not None:
                payers[head], sound[head] = read_payer(head, made), document
        return payers, sound

    def _reference(self, folder: Folder, placed: Mapping[str, str]) -> _Data:
        mine = {relative: kind for relative, kind in placed.items() if kind in RESERVED}
        sources = [part for one in mine for part in (one, folder.documents.get(one))]
        return self._once("reference", "", tuple(sources), lambda: _read_reference(folder, mine))

    def _versions(
        self, folder: Folder, placed: Mapping[str, str]
    ) -> dict[str, list[PolicyVersion]]:
        versions: dict[str, list[PolicyVersion]] = {}
        for relative in _policy_files(folder, placed):
            version = self._once(
                "version",
                relative,
                (folder.documents.get(relative),),
                partial(_version, folder, relative),
            )
            if version is not None:
                versions.setdefault(version.address, []).append(version)
        return versions

    def _checked(
        self,
        address: str,
        spans: tuple[Span, ...],
        around: checks.Surroundings,
        folder: Folder,
    ) -> checks.Checked:
        made, conflicts = self._once(
            "check",
            address,
            (spans, around.basis, around.unread_reasons, around.unread_drugs),
            lambda: checks.check_policy(spans, around, folder.report),
        )
        around.conflicts.update(conflicts)
        return made

    def _statements(
        self,
        folder: Folder,
        placed: Mapping[str, str],
        policies: Mapping[str, tuple[PolicyVersion, ...]],
    ) -> dict[str, Statements]:
        out: dict[str, Statements] = {}
        for relative, kind in placed.items():
            document = folder.documents.get(relative)
            if kind != STATEMENTS or document is None:
                continue
            address = relative.rpartition("/")[0]
            found = self._once(
                STATEMENTS,
                address,
                (document,),
                partial(_statements_of, folder, relative, document),
            )
            if (
                found is not None
                and address not in policies
                and (address not in _addresses(folder.broken))
            ):
                message = "there is no policy in this folder for these statements"
                folder.refuse(relative, "unexpected-file", message, "put them beside its versions")
            elif found is not None:
                out[address] = found
        return out

    def _check_statements(self, library: Library, basis: Basis, folder: Folder) -> None:
        """Every statement on every run of dates; what one run says as well as another is said once."""
        bases = {
            address: tuple(
                dict.fromkeys(
                    version.address
                    for span in spans
                    for version in span.merged.chain
                    if version.address != address
                )
            )
            for address, spans in library.spans.items()
        }
        check_statements(library.statements, bases, folder.report)
        for address, spans in library.spans.items():
            beside = [
                found
                for one in (address, *bases[address])
                if (found := library.statements.get(one)) is not None
            ]
            if beside:
                self._once(
                    "statements",
                    address,
                    (spans, basis, *beside),
                    partial(_check_statements_of, spans, basis, library.statements, folder),
                )


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Whether two steps are made of the same things: names by their letters, all else by identity."""
    plain = (str, bool, frozenset)
    return len(one) == len(other) and all(
        a is b or (isinstance(a, plain) and a == b) for a, b in zip(one, other, strict=True)
    )


def _spans(
    address: str, policies: Mapping[str, tuple[PolicyVersion, ...]], folder: Folder
) -> tuple[Span, ...]:
    return tuple(spans_of(address, policies, folder.report))


def _versions_below(
    policies: Mapping[str, tuple[PolicyVersion, ...]],
) -> dict[str, tuple[PolicyVersion, ...]]:
    """By address, its versions and all that they can stand on."""
    out: dict[str, tuple[PolicyVersion, ...]] = {}
    for address in _bases_first(policies):
        bases = dict.fromkeys(version.model.extends for version in policies[address])
        below = [version for base in bases if base in out for version in out[base]]
        out[address] = (*policies[address], *below)
    return out


def load_folder(root: Path) -> tuple[dict[str, bytes], list[Diagnostic]]:
    """The bytes of a folder's files, by path, and what could not be loaded of it."""
    folder = Folder(root, NAMES)
    contents = folder.load()
    return contents or {}, _sorted(folder.problems)


def _sorted(problems: list[Diagnostic]) -> list[Diagnostic]:
    return sorted(set(problems), key=Diagnostic.sort_key)


def _addresses(files: set[str]) -> set[str]:
    """The addresses of policies that some of the files are versions of."""
    return {file.rpartition("/")[0] for file in files if file.count("/") == 2}


def _bases_first(policies: Mapping[str, tuple[PolicyVersion, ...]]) -> list[str]:
    """The addresses so that each policy comes after those that it extends."""
    out: list[str] = []
    waiting = set(policies)
    while waiting:
        ready = sorted(
            address
            for address in waiting
            if not any(version.model.extends in waiting for version in policies[address])
        )
        out += ready
        waiting -= set(ready)
    return out


# --- which file is what ----------------------------------------------------------------------------


def _placed(folder: Folder) -> dict[str, str]:
    """What each file is, by its address; a file that is nothing is reported."""
    kinds: dict[str, str] = {}
    for relative in sorted({*folder.documents, *folder.broken}):
        if not relative.endswith(".json") or relative == VOCABULARY:
            continue
        parts = relative.removesuffix(".json").split("/")
        if parts[0] in RESERVED and len(parts) == 2:
            kinds[relative] = parts[0]
        elif len(parts) == 2 and relative.endswith("/" + PAYER):
            kinds[relative] = PAYER
        elif len(parts) == 3 and parts[0] not in RESERVED and relative.endswith("/" + STATEMENTS):
            kinds[relative] = STATEMENTS
        elif len(parts) == 3 and parts[0] not in RESERVED:
            kinds[relative] = "policy"
        elif len(parts) == 4 and parts[0] not in RESERVED and parts[2] == EXAMPLES:
            kinds[relative] = EXAMPLES
        else:
            hint = "a policy is <payer>/<policy>/<first day in force>.json"
            if parts[0] in RESERVED:
                hint = f"put it into {folder.at(parts[0])} itself"
            folder.refuse(
                relative,
                "unexpected-file",
                "this file is not in a recognized location of a policy folder",
                hint,
            )
            continue
        for message, hint in _misnamed(kinds[relative], parts):
            where = Location(folder.at(relative))
            folder.report(Diagnostic("wrong-name", message, where, hint))
    return kinds


def _misnamed(kind: str, parts: list[str]) -> Iterator[tuple[str, str]]:
    names = {
        PAYER: parts[:1],
        "policy": parts[:2],
        STATEMENTS: parts[:2],
        EXAMPLES: parts[3:],
        CODE_SETS: parts[1:],
        PRODUCTS: parts[1:],
    }
    for name in names.get(kind, ()):
        if not _NAME.match(name):
            noun = "a file" if kind in (*RESERVED, EXAMPLES) else "a folder"
            yield f"`{name}` is not a name for {noun} here", _KEBAB
    if kind == REASON_CODES and parts[1] not in REASON_SYSTEMS:
        known = [f"{system}.json" for system in REASON_SYSTEMS]
        hint = did_you_mean(f"{parts[1]}.json", known) or "rename it"
        message = f"`{parts[1]}.json` is no list of reason codes; expected {', '.join(known)}"
        yield message, hint
    if kind == "policy":
        try:
            calendar_date(parts[2])
        except ValueProblem:
            hint = "name it after its first day in force, such as 2024-01-01.json"
            yield f"`{parts[2]}.json` is not named after a day", hint


# --- reference data and vocabulary -----------------------------------------------------------------


@dataclass
class _Data:
    """The reference data, with what is needed to judge the rest while some of it is broken."""

    reference: ReferenceData
    known_codes: dict[str, frozenset[str]] = field(default_factory=dict)
    unread_reasons: set[str] = field(default_factory=set)
    unread_drugs: bool = False
    drug_documents: dict[str, JsonDocument] = field(default_factory=dict)


def _read_reference(folder: Folder, placed: Mapping[str, str]) -> _Data:
    code_sets: dict[str, CodeSet] = {}
    reasons: dict[tuple[str, str], ReasonCode] = {}
    drugs: dict[str, Drug] = {}
    families: list[tuple[JsonDocument, list[Dated[Product]]]] = []
    reason_documents: dict[str, JsonDocument] = {}
    data = _Data(ReferenceData())
    for relative, kind in placed.items():
        document = folder.documents.get(relative)
        name = relative.partition("/")[2].removesuffix(".json")
        if kind == CODE_SETS:
            listed = folder.model(relative, CodeSetFile)
            code_sets[name] = CodeSet(name, name, "", ())
            if listed and document:
                code_sets[name] = read_code_set(name, listed, document, folder.report)
        elif kind == REASON_CODES:
            codes = folder.model(relative, ReasonCodesFile)
            if codes is None or document is None:
                data.unread_reasons.add(name)
            elif name not in REASON_SYSTEMS:
                data.unread_reasons.add(codes.system)
            elif codes.system != name:
                message = f"the file is named {name}.json, but it lists {codes.system} codes"
                hint = "rename the file, or correct the system"
                folder.report(document.problem("address-mismatch", message, ("system",), hint=hint))
                data.unread_reasons |= {name, codes.system}
            else:
                reason_documents[name] = document
                for code in read_reason_codes(codes, document, folder.report):
                    reasons[code.system, code.code] = code
        elif kind == DRUGS:
            file = folder.model(relative, DrugFile)
            if file and document:
                drug = read_drug(name, file, document, folder.report)
                drugs[drug.code], data.drug_documents[drug.code] = drug, document
            else:
                data.unread_drugs = True
        elif kind == PRODUCTS:
            family = folder.model(relative, ProductsFile)
            if family and document:
                families.append((document, read_products(family, document, folder.report)))
    products = products_by_ndc(entry for _, entries in families for entry in entries)
    data.reference = ReferenceData(code_sets, reasons, drugs, products)
    checks.check_reference(data.reference, families, reason_documents, folder.report)
    data.known_codes = _known_codes(folder, data.reference)
    return data


def _known_codes(folder: Folder, reference: ReferenceData) -> dict[str, frozenset[str]]:
    """The codes that a rule may name, of each system whose lists could all be read."""
    unread = {relative.partition("/")[0] for relative in folder.broken}
    if CODE_SETS in unread:
        return {}
    gone = ({"hcpcs"} if DRUGS in unread else set()) | ({"ndc"} if PRODUCTS in unread else set())
    return {system: reference.known_codes(system) for system in SYSTEMS if system not in gone}


def _read_vocabulary(folder: Folder, data: _Data) -> Basis | None:
    file = folder.model(VOCABULARY, VocabularyFile)
    if file is None:
        return None
    document = folder.documents[VOCABULARY]
    vocabulary = read_vocabulary(file, document, folder.report)
    types = {name: fact.type for name, fact in vocabulary.facts.items()}
    members = {
        name: CodeSetMembers(code_set.system or None, code_set.on(date.max))
        for name, code_set in data.reference.code_sets.items()
    }

    def known(system: str) -> frozenset[str]:
        return data.known_codes.get(system, frozenset())

    def report(code: str, message: str, path: Any, **more: Any) -> None:
        folder.report(document.problem(code, message, path, **more))

    sources: dict[str, FactSource] = {}
    for name, fact in vocabulary.facts.items():
        if fact.source is not None and not fact.derived:
            source = read_source(fact, types, members, known, report)
            if source is not None:
                sources[name] = source
    line_parts = {
        name: made
        for name, part in vocabulary.line_parts.items()
        if (made := read_line_part(part, types, members, known, report)) is not None
    }
    checks.check_sources(
        vocabulary,
        sources,
        data.reference,
        data.drug_documents if not data.unread_drugs else {},
        document,
        folder.report,
    )
    return Basis(vocabulary, data.reference, data.known_codes, sources, line_parts)


def _service_code_fact(vocabulary: Vocabulary) -> str | None:
    """The fact that holds the service's drug code: policies are found by it."""
    for name, fact in vocabulary.facts.items():
        if fact.source is not None and fact.source.get("service") == "code":
            return name
    return None


# --- policies --------------------------------------------------------------------------------------


def _policy_files(folder: Folder, placed: Mapping[str, str]) -> Iterator[str]:
    """The files of policies' versions; that a payer lacks its own file is reported once."""
    payers = {relative.partition("/")[0] for relative, kind in placed.items() if kind == PAYER}
    for relative, kind in placed.items():
        if kind != "policy":
            continue
        payer = relative.partition("/")[0]
        if payer not in payers:
            payers.add(payer)
            message = f"the payer {payer} has no {PAYER}, which says how its claims are recognized"
            where = Location(folder.at(f"{payer}/{PAYER}"))
            hint = 'write {"name": "…", "identifiers": [ … ]}'
            folder.report(Diagnostic("missing-file", message, where, hint))
        yield relative


def _version(folder: Folder, relative: str) -> PolicyVersion | None:
    address, _, file = relative.rpartition("/")
    named = file.removesuffix(".json")
    model = folder.model(relative, PolicyFile)
    if model is None:
        return None
    document = folder.documents[relative]
    first, last = model.effective.from_, model.effective.through
    if named != first.isoformat() and not any(_misnamed("policy", relative[:-5].split("/"))):
        folder.report(
            document.problem(
                "address-mismatch",
                f"the file is named {named}.json, but it is in force from {first}",
                ("effective", "from"),
                hint=f"rename the file to {first}.json, or change the date",
            )
        )
    for name in model.parameters:
        if not _PARAMETER.match(name):
            message = f"parameter `{name}`: lowercase letters, digits and `_` were expected"
            folder.report(document.problem("wrong-name", message, ("parameters", name), key=True))
    if last is not None and last < first:
        folder.report(
            document.problem(
                "unreachable-dates",
                f"the policy ends on {last}, before it begins on {first}",
                ("effective", "through"),
                hint="swap the two dates",
            )
        )
        folder.broken.add(relative)
        return None
    return PolicyVersion(address, first, last, model, document)


# --- statements ------------------------------------------------------------------------------------


def _statements_of(folder: Folder, relative: str, document: JsonDocument) -> Statements | None:
    model = folder.model(relative, StatementsFile)
    if model is None:
        return None
    return Statements(relative.rpartition("/")[0], model, document)


def _examples(
    folder: Folder, placed: Mapping[str, str], policies: Mapping[str, tuple[PolicyVersion, ...]]
) -> dict[str, dict[str, JsonDocument]]:
    """The examples beside each policy, by name; examples beside no policy are reported."""
    out: dict[str, dict[str, JsonDocument]] = {}
    for relative, kind in placed.items():
        document = folder.documents.get(relative)
        if kind != EXAMPLES or document is None:
            continue
        address, name = relative.removesuffix(".json").split(f"/{EXAMPLES}/")
        if address in policies:
            out.setdefault(address, {})[name] = document
        elif address not in _addresses(folder.broken):
            message = "there is no policy in this folder for this example"
            hint = f"put it at <payer>/<policy>/{EXAMPLES}/<name>.json, beside a policy"
            folder.refuse(relative, "unexpected-file", message, hint)
    return out


def _check_statements_of(
    spans: tuple[Span, ...], basis: Basis, beside: Mapping[str, Statements], folder: Folder
) -> None:
    for span in spans:
        StatementReader(span.merged, basis, folder.report, span.first_day).read(beside)


__all__ = ["NAMES", "PolicyFolder", "load_folder", "read_library"]
