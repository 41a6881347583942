"""Reading a policy folder: every file, every problem, in file order.

The steps in order: read all files; the vocabulary and the reference data; the versions and their
overlays; then `checks` over each policy with its bases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from payer_policy.core import collector
from payer_policy.core.diagnostics import (
    Diagnostic,
    Location,
    PolicyError,
    did_you_mean,
    given_path,
)
from payer_policy.core.json_source import JsonDocument, Reporter
from payer_policy.core.vocabulary.codes import SYSTEMS
from payer_policy.core.vocabulary.model import Vocabulary, VocabularyFile
from payer_policy.core.vocabulary.reading import read_vocabulary
from payer_policy.core.vocabulary.types import ValueProblem, calendar_date
from payer_policy.language.sources import bounds_of, read_line_part, read_source
from payer_policy.policy import checks
from payer_policy.policy.basis import Basis
from payer_policy.policy.files import (
    PolicyFile,
)
from payer_policy.policy.folder import VOCABULARY, Folder
from payer_policy.policy.library import Library, spans_of
from payer_policy.policy.local_facts import prefix_of
from payer_policy.policy.reference.data import (
    CodeSet,
    Dated,
    Drug,
    Payer,
    Product,
    ReasonCode,
    ReferenceData,
)
from payer_policy.policy.reference.files import (
    CodeSetFile,
    DrugFile,
    PayerFile,
    ProductsFile,
    ReasonCodesFile,
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
    StatementReader,
    Statements,
    StatementsFile,
    check_statements,
)
from payer_policy.policy.versions import Merged, PolicyVersion, continued

CODE_SETS: Final = "code_sets"
REASON_CODES: Final = "reason_codes"
DRUGS: Final = "drugs"
PRODUCTS: Final = "products"
PAYER: Final = "payer.json"
EXAMPLES: Final = "examples"
RESERVED: Final = (CODE_SETS, REASON_CODES, DRUGS, PRODUCTS)
REASON_SYSTEMS: Final = ("carc", "rarc", "group")


T = TypeVar("T")

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z", re.ASCII)
_PARAMETER: Final = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
_DEFINED: Final = re.compile(r"[a-z][a-z0-9_-]*\Z", re.ASCII)
_KEBAB: Final = "use lowercase letters, digits and single hyphens"


def open_library(folder: str | Path, contents: Mapping[str, bytes] | None = None) -> Library:
    """The library of a policy folder without errors; a folder is never loaded in part.

    Args:
        folder: The folder that holds `vocabulary.json`.
        contents: As for `read_library`.

    Raises:
        PolicyError: There is no such folder, or it has errors: every one in every file, in file order.
    """
    library, problems = read_library(given_path(folder, "a policy folder"), contents)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors or library is None:
        raise PolicyError(errors)
    return library


def read_library(
    root: Path, contents: Mapping[str, bytes] | None = None
) -> tuple[Library | None, list[Diagnostic]]:
    """The library of a folder, if its parts could be read, and everything that is wrong with it.

    Args:
        root: The folder; every message begins with it.
        contents: What its files hold, as `load_folder` gives it; then nothing is read from `root`.
    """
    with collector.at_rest():
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
        folder = self._folder = Folder(self._root, contents, self._folder)
        self._before, self._steps = self._steps, {}
        found = self._read(folder) if folder.read() else None
        folder.before = None  # nothing of an earlier reading is needed any more
        return found, _sorted(folder.problems)

    def _once(
        self, step: str, name: str, sources: tuple[object, ...], make: Callable[..., T], *given: Any
    ) -> T:
        """What `make(*given)` returns; what it returned before, if its sources are the same."""
        folder = self._folder
        assert folder is not None
        found = self._before.get((step, name))
        if found is None or not _same(found.sources, sources):
            reported, broken = len(folder.problems), set(folder.broken)
            made = make(*given)
            problems = tuple(folder.problems[reported:])
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
        basis = self._once("vocabulary", "", (data, *vocabulary), _read_vocabulary, folder, data)
        versions = self._versions(folder, placed)
        if basis is None:
            return None
        policies = checks.sound_overlays(versions, _addresses(folder.broken), folder.report)
        below, rest = _versions_below(policies), (policies, folder.report)
        spans = {
            address: self._once("spans", address, below[address], spans_of, address, *rest)
            for address in policies
        }
        around = checks.Surroundings(
            basis,
            basis.vocabulary.service_code,
            frozenset(data.unread_reasons),
            data.unread_drugs,
            {} if data.unread_drugs else data.drug_documents,
        )
        checked = {
            address: self._checked(address, spans[address], around, folder)
            for address in _bases_first(policies)
        }
        checks.check_together(spans, checked, basis.vocabulary, folder.report)
        read = _attributes_read(basis.vocabulary, policies)
        checks.check_attribute_names(read, data.reference, around.drug_documents, folder.report)
        library = Library(
            basis=replace(basis, reference=replace(basis.reference, payers=payers)),
            vocabulary_document=folder.documents[VOCABULARY],
            policies=policies,
            spans=spans,
            codes={address: checked[address].codes for address in sorted(checked)},
            statements=self._statements(folder, placed, policies),
            examples=_examples(folder, placed, policies),
        ).with_elaborations(
            {
                address: tuple(found.elaborations)
                for address, found in checked.items()
                if len(found.elaborations) == len(spans[address])
            }
        )
        self._check_statements(library, basis, folder)
        return library

    def _payers(
        self, folder: Folder, placed: Mapping[str, str]
    ) -> tuple[dict[str, Payer], dict[str, JsonDocument]]:
        """The payers by folder, and the documents of those that are sound."""
        payers: dict[str, Payer] = {}
        sound: dict[str, JsonDocument] = {}
        for relative in _files_of(placed, PAYER):
            head, document = relative.partition("/")[0], folder.documents.get(relative)
            made = self._once(PAYER, head, (document,), folder.model, relative, PayerFile)
            payers[head] = Payer(head, head, False, frozenset(), (), False)
            if made is not None and document is not None:
                payers[head], sound[head] = read_payer(head, made), document
        return payers, sound

    def _reference(self, folder: Folder, placed: Mapping[str, str]) -> _Data:
        mine = {relative: kind for relative, kind in placed.items() if kind in RESERVED}
        sources = [part for one in mine for part in (one, folder.documents.get(one))]
        return self._once("reference", "", tuple(sources), _read_reference, folder, mine)

    def _versions(
        self, folder: Folder, placed: Mapping[str, str]
    ) -> dict[str, list[PolicyVersion]]:
        versions: dict[str, list[PolicyVersion]] = {}
        for relative in _policy_files(folder, placed):
            sources = (folder.documents.get(relative),)
            version = self._once("version", relative, sources, _version, folder, relative)
            if version is not None:
                versions.setdefault(version.address, []).append(version)
        return {address: self._continuing(listed, folder) for address, listed in versions.items()}

    def _continuing(self, listed: list[PolicyVersion], folder: Folder) -> list[PolicyVersion]:
        """The versions of a policy in order, each with the one before it where it continues that."""
        out: list[PolicyVersion] = []
        for version in sorted(listed, key=lambda one: one.first_day):
            if version.model.continues and out:
                sources = (version, out[-1])
                version = self._once("continues", version.name, sources, continued, *sources)
            elif version.model.continues:
                if version.address in _addresses(folder.broken):
                    continue  # the earlier version is there, and is reported
                message = "`continues`: there is no earlier version of this policy"
                hint = "remove it, or put the earlier version beside this file"
                version.reporter(folder.report)("unknown-base", message, ("continues",), hint=hint)
            out.append(version)
        return out

    def _checked(
        self,
        address: str,
        spans: tuple[Merged, ...],
        around: checks.Surroundings,
        folder: Folder,
    ) -> checks.Checked:
        sources = (spans, around.basis, around.unread_reasons, around.unread_drugs)
        made, conflicts = self._once(
            "check", address, sources, checks.check_policy, spans, around, folder.report
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
        for relative in _files_of(placed, STATEMENTS):
            address, document = relative.rpartition("/")[0], folder.documents.get(relative)
            found = self._once(STATEMENTS, address, (document,), _statements_of, folder, relative)
            if found is None:
                continue
            if address in policies or address in _addresses(folder.broken):
                out[address] = found
            else:
                message = "there is no policy in this folder for these statements"
                folder.refuse(relative, "unexpected-file", message, "put them beside its versions")
        return out

    def _check_statements(self, library: Library, basis: Basis, folder: Folder) -> None:
        """Every statement on every run of dates; a problem on several of them is reported once."""
        check_statements(library.statements, library.spans, folder.report)
        for address, spans in library.spans.items():
            chain = dict.fromkeys(version.address for one in spans for version in one.chain)
            beside = [found for one in chain if (found := library.statements.get(one)) is not None]
            if beside:
                given = (spans, basis, library.statements, folder)
                sources = (spans, basis, *beside)
                self._once("statements", address, sources, _check_statements_of, *given)


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Whether two steps have the same sources: texts by their letters, all else by identity."""
    plain = (str, bool, frozenset)
    return len(one) == len(other) and all(
        a is b or (isinstance(a, plain) and a == b) for a, b in zip(one, other, strict=True)
    )


def _versions_below(
    policies: Mapping[str, tuple[PolicyVersion, ...]],
) -> dict[str, tuple[PolicyVersion, ...]]:
    """By address, its versions and all versions that they can extend."""
    out: dict[str, tuple[PolicyVersion, ...]] = {}
    for address in _bases_first(policies):
        bases = dict.fromkeys(base for version in policies[address] for base in version.extends)
        below = [version for base in bases if base in out for version in out[base]]
        out[address] = (*policies[address], *below)
    return out


def load_folder(root: Path) -> tuple[dict[str, bytes], list[Diagnostic]]:
    """The bytes of a folder's files, by path, and what could not be loaded of it."""
    folder = Folder(root)
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
            if not any(waiting.intersection(version.extends) for version in policies[address])
        )
        out += ready
        waiting -= set(ready)
    return out


# --- which file is what ----------------------------------------------------------------------------


def _files_of(placed: Mapping[str, str], kind: str) -> list[str]:
    return [relative for relative, own in placed.items() if own == kind]


def _placed(folder: Folder) -> dict[str, str]:
    """What each file is, by its path; a file in no known location is reported."""
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
            message = "this file is not in a recognized location of a policy folder"
            folder.refuse(relative, "unexpected-file", message, hint)
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
        message = f"`{parts[1]}.json` is not a list of reason codes; expected {', '.join(known)}"
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
                report = Reporter(document, folder.report)
                report("address-mismatch", message, ("system",), hint=hint)
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
    listed_in = {
        name: folder.documents[f"{CODE_SETS}/{name}.json"]
        for name, one in code_sets.items()
        if one.system
    }
    checks.check_reference(data.reference, families, reason_documents, listed_in, folder.report)
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
    basis = Basis(vocabulary, data.reference, data.known_codes)
    scope, report = basis.scope(date.max), Reporter(document, folder.report)
    sources = {
        name: source
        for name, fact in vocabulary.facts.items()
        if fact.source is not None and not fact.derived
        if (source := read_source(fact, vocabulary.records, scope, report)) is not None
    }
    line_parts = {
        name: made
        for name, part in vocabulary.line_parts.items()
        if (made := read_line_part(part, scope, report)) is not None
    }
    drug_documents = {} if data.unread_drugs else data.drug_documents
    checks.check_sources(vocabulary, sources, data.reference, drug_documents, lambda name: report)
    sources |= bounds_of(vocabulary)
    return replace(basis, sources=sources, line_parts=line_parts)


# --- policies --------------------------------------------------------------------------------------


def _attributes_read(
    vocabulary: Vocabulary, policies: Mapping[str, Iterable[PolicyVersion]]
) -> frozenset[str]:
    """The attributes of drugs that facts are read from, of the vocabulary and of any policy."""
    sources = [fact.source for fact in vocabulary.facts.values()]
    for version in chain.from_iterable(policies.values()):
        sources += [model.from_ for model in version.model.facts.values()]
    return frozenset(str(source["drug"]) for source in sources if source and "drug" in source)


def _policy_files(folder: Folder, placed: Mapping[str, str]) -> Iterator[str]:
    """The files of policies' versions; that a payer lacks its own file is reported once."""
    payers = {relative.partition("/")[0] for relative in _files_of(placed, PAYER)}
    for relative in _files_of(placed, "policy"):
        payer = relative.partition("/")[0]
        document = folder.documents.get(relative)
        raw = None if document is None else document.value
        if payer not in payers and not (isinstance(raw, dict) and raw.get("abstract") is True):
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
    report = Reporter(document, folder.report)
    first, last = model.effective.first_day, model.effective.last_day
    version = PolicyVersion(address, first, last, model, document)
    if named != first.isoformat() and not any(_misnamed("policy", relative[:-5].split("/"))):
        message = f"the file is named {named}.json, but it is in force from {first}"
        hint = f"rename the file to {first}.json, or change the date"
        report("address-mismatch", message, ("effective", "from"), hint=hint)
    for name in model.parameters:
        if not _PARAMETER.match(name):
            message = f"parameter `{name}`: lowercase letters, digits, and `_` were expected"
            report("wrong-name", message, ("parameters", name), key=True)
    prefix = prefix_of(version)
    for member, one, names in (
        ("facts", "fact", model.facts),
        ("records", "record type", model.records),
    ):
        for name in names:
            if not name.startswith(prefix):
                message = f"{one} `{name}`: the names of the {one}s of this policy begin with "
                hint = f"write `{prefix}{name.rpartition('.')[2]}`, and so wherever it is used"
                report("wrong-name", f"{message}`{prefix}`", (member, name), key=True, hint=hint)
    if model.title is None and not model.continues:
        report("missing-key", "`title` is missing", hint='add "title": "…"')
    for name, definition in model.define.items():
        if not _DEFINED.match(name):
            message = f"definition `{name}`: lowercase letters, digits, `-` and `_` were expected"
            report("wrong-name", message, ("define", name), key=True)
        if definition.kind is None:
            found = "both" if definition.model_fields_set >= {"value", "when"} else "neither"
            message = f"definition `{name}` has either `value` or `when`; found {found}"
            hint = 'a value: {"value": …}; a condition: {"when": …}'
            report("wrong-shape", message, ("define", name), key=True, hint=hint)
    if last is not None and last < first:
        message = f"the policy ends on {last}, before it begins on {first}"
        path = ("effective", "through")
        report("unreachable-dates", message, path, hint="swap the two dates")
        folder.broken.add(relative)
        return None
    return version


# --- statements ------------------------------------------------------------------------------------


def _statements_of(folder: Folder, relative: str) -> Statements | None:
    model = folder.model(relative, StatementsFile)
    if model is None:
        return None
    return Statements(relative.rpartition("/")[0], model, folder.documents[relative])


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
    spans: tuple[Merged, ...], basis: Basis, beside: Mapping[str, Statements], folder: Folder
) -> None:
    for merged in spans:
        StatementReader(merged, basis, folder.report, merged.first_day).read(beside)


__all__ = ["PolicyFolder", "load_folder", "open_library", "read_library"]
