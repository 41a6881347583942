"""Reading a policy folder: every file, every problem, in file order.

The steps in order: read all files; the vocabulary and the reference data; the versions and their
overlays; then `checks` over each policy as it stands with its bases.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from payer_policy.diagnostics import Diagnostic, Location, PolicyError, did_you_mean
from payer_policy.json_models import validated
from payer_policy.json_source import JsonDocument, decode_utf8, read_json
from payer_policy.language import CodeSetMembers
from payer_policy.policy import checks
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
from payer_policy.policy.library import Library, spans_of
from payer_policy.policy.versions import PolicyVersion
from payer_policy.reference import Payer, ReferenceData
from payer_policy.reference.files import (
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
from payer_policy.reference.reading import (
    products_by_ndc,
    read_code_set,
    read_drug,
    read_payer,
    read_products,
    read_reason_codes,
)
from payer_policy.request.sources import Path as SourcePath
from payer_policy.request.sources import Source as FactSource
from payer_policy.request.sources import facts_of, read_source
from payer_policy.vocabulary.codes import SYSTEMS, normalise_code
from payer_policy.vocabulary.model import FactModel, LinePartModel, Vocabulary, VocabularyFile
from payer_policy.vocabulary.reading import read_vocabulary

VOCABULARY: Final = "vocabulary.json"
CODE_SETS: Final = "code_sets"
REASON_CODES: Final = "reason_codes"
DRUGS: Final = "drugs"
PRODUCTS: Final = "products"
PAYER: Final = "payer.json"
RESERVED: Final = (CODE_SETS, REASON_CODES, DRUGS, PRODUCTS)

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

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")
M = TypeVar("M", bound=BaseModel)


@dataclass
class _Folder:
    root: Path
    documents: dict[str, JsonDocument] = field(default_factory=dict)
    """By the path below the folder, with `/`; broken files are not among them."""
    broken: set[str] = field(default_factory=set)
    problems: list[Diagnostic] = field(default_factory=list)

    def report(self, problem: Diagnostic) -> None:
        self.problems.append(problem)

    def at(self, relative: str) -> str:
        """The file's name as people know it: the folder as they gave it, then the path."""
        return (self.root / relative).as_posix()

    def refuse(self, relative: str, code: str, message: str, hint: str | None = None) -> None:
        self.report(Diagnostic(code, message, Location(self.at(relative)), hint))

    def model(self, relative: str, kind: type[M]) -> M | None:
        document = self.documents.get(relative)
        if document is None:
            return None
        made, problems = validated(kind, document, names=NAMES)
        self.problems.extend(problems)
        if made is None:
            self.broken.add(relative)
        return made


def read_library(root: Path) -> tuple[Library | None, list[Diagnostic]]:
    """The library of a folder, if its parts could be read, and everything that is wrong with it."""
    folder = _Folder(root)
    _read_files(folder)
    reference = _read_reference(folder)
    vocabulary = _read_vocabulary(folder, reference)
    versions = _read_versions(folder)
    if vocabulary is None:
        return None, _sorted(folder.problems)
    known = {system: reference.known_codes(system) for system in SYSTEMS}
    policies = checks.sound_overlays(versions, folder.report)
    spans = {address: tuple(spans_of(address, policies, folder.report)) for address in policies}
    service_code = _service_code_fact(vocabulary)
    codes: dict[str, frozenset[str]] = {}
    for address in sorted(policies):
        codes[address] = checks.check_policy(
            address,
            policies[address],
            spans[address],
            vocabulary,
            reference,
            known,
            service_code,
            folder.report,
        )
    checks.check_use(spans, vocabulary, reference, folder.report)
    library = Library(
        vocabulary=vocabulary,
        vocabulary_document=folder.documents[VOCABULARY],
        reference=reference,
        reference_hash=_reference_hash(folder),
        policies=policies,
        spans=spans,
        codes=codes,
        known_codes=known,
    )
    return library, _sorted(folder.problems)


def _sorted(problems: list[Diagnostic]) -> list[Diagnostic]:
    return sorted(set(problems), key=Diagnostic.sort_key)


def _read_files(folder: _Folder) -> None:
    if not folder.root.is_dir():
        folder.refuse(
            ".", "no-folder", f"there is no folder `{folder.root}`",
            "name the folder that holds vocabulary.json",
        )
        return
    for path in sorted(folder.root.rglob("*.json")):
        relative = path.relative_to(folder.root).as_posix()
        if any(part.startswith(".") for part in path.relative_to(folder.root).parts):
            continue
        name = folder.at(relative)
        try:
            folder.documents[relative] = read_json(decode_utf8(path.read_bytes(), name), name)
        except PolicyError as error:
            folder.problems.extend(error.diagnostics)
            folder.broken.add(relative)
        except OSError as error:
            folder.refuse(relative, "unreadable", f"the file cannot be read: {error.strerror}")
            folder.broken.add(relative)
    if VOCABULARY not in folder.documents and VOCABULARY not in folder.broken:
        folder.refuse(
            VOCABULARY, "missing-file", "the folder has no vocabulary.json, which declares the facts"
        )


def _read_reference(folder: _Folder) -> ReferenceData:
    code_sets, reasons, drugs, payers = {}, {}, {}, {}
    products: list[Any] = []
    for relative in folder.documents:
        head, _, rest = relative.partition("/")
        document = folder.documents[relative]
        name = rest.removesuffix(".json")
        if head == CODE_SETS and (file := folder.model(relative, CodeSetFile)):
            code_sets[name] = read_code_set(name, file, document, folder.report)
        elif head == REASON_CODES and (listed := folder.model(relative, ReasonCodesFile)):
            for code in read_reason_codes(listed, document, folder.report):
                reasons[code.system, code.code] = code
        elif head == DRUGS and (drug := folder.model(relative, DrugFile)):
            drugs[normalise_code("hcpcs", name)] = read_drug(name, drug, document, folder.report)
        elif head == PRODUCTS and (family := folder.model(relative, ProductsFile)):
            products.extend(read_products(family, document, folder.report))
        elif rest == PAYER and head not in RESERVED:
            payer = folder.model(relative, PayerFile)
            payers[head] = read_payer(head, payer) if payer else Payer(
                head, head, False, frozenset(), (), False
            )
    return ReferenceData(code_sets, reasons, drugs, products_by_ndc(products), payers)


def _read_vocabulary(folder: _Folder, reference: ReferenceData) -> Vocabulary | None:
    file = folder.model(VOCABULARY, VocabularyFile)
    if file is None:
        return None
    document = folder.documents[VOCABULARY]
    vocabulary = read_vocabulary(file, document, folder.report)
    types = {name: fact.type for name, fact in vocabulary.facts.items()}
    members = {
        name: CodeSetMembers(code_set.system, code_set.on(date.max))
        for name, code_set in reference.code_sets.items()
    }
    known = {system: reference.known_codes(system) for system in SYSTEMS}

    def report(code: str, message: str, path: Any, **more: Any) -> None:
        folder.report(document.problem(code, message, path, **more))

    sources: dict[str, FactSource] = {}
    for name, fact in vocabulary.facts.items():
        if fact.source is not None:
            source = read_source(
                fact, types, members, lambda system: known.get(system, frozenset()), report
            )
            if source is not None:
                sources[name] = source
    checks.check_sources(vocabulary, sources, reference, document, folder.report)
    return vocabulary


def _service_code_fact(vocabulary: Vocabulary) -> str | None:
    """The fact that holds the service's drug code: policies are found by it."""
    for name, fact in vocabulary.facts.items():
        if fact.source is not None and fact.source.get("service") == "code":
            return name
    return None


def _read_versions(folder: _Folder) -> dict[str, list[PolicyVersion]]:
    versions: dict[str, list[PolicyVersion]] = {}
    payers = {
        relative.partition("/")[0]
        for relative in (*folder.documents, *folder.broken)
        if relative.endswith("/" + PAYER)
    }
    for relative in sorted({*folder.documents, *folder.broken}):
        parts = relative.split("/")
        if relative == VOCABULARY or parts[0] in RESERVED or parts[1:] == [PAYER]:
            continue
        if len(parts) != 3:
            folder.refuse(
                relative,
                "unexpected-file",
                "no file of a policy folder stands here",
                "a policy is <payer>/<policy>/<first day in force>.json",
            )
            continue
        if relative in folder.broken:
            continue
        for part in parts[:2]:
            if not _NAME.match(part):
                folder.refuse(
                    relative, "wrong-name", f"`{part}` is not a name for a folder here",
                    "use small letters, digits and single hyphens",
                )
        if parts[0] not in payers:
            folder.refuse(
                relative,
                "missing-file",
                f"the payer folder `{parts[0]}` has no {PAYER}",
                f"add {folder.at(parts[0])}/{PAYER}",
            )
        version = _version(folder, relative, parts)
        if version is not None:
            versions.setdefault(version.address, []).append(version)
    return versions


def _version(folder: _Folder, relative: str, parts: list[str]) -> PolicyVersion | None:
    document = folder.documents[relative]
    named = parts[2].removesuffix(".json")
    model = folder.model(relative, PolicyFile)
    if model is None:
        return None
    first, last = model.effective.from_, model.effective.through
    if named != first.isoformat():
        folder.report(
            document.problem(
                "address-mismatch",
                f"the file is named {named}.json, but it is in force from {first}",
                ("effective", "from"),
                hint="the file's name is the first day in force: rename it, or change the date",
            )
        )
    if last is not None and last < first:
        folder.report(
            document.problem(
                "unreachable-dates",
                f"it ends on {last}, before it begins on {first}",
                ("effective", "through"),
                hint="swap the two dates",
            )
        )
        return None
    return PolicyVersion(f"{parts[0]}/{parts[1]}", first, last, model, document)


def _reference_hash(folder: _Folder) -> str:
    """Over the drugs, products and the vocabulary: what decides beside the rules themselves."""
    values: Mapping[str, Any] = {
        relative: document.value
        for relative, document in sorted(folder.documents.items())
        if relative == VOCABULARY or relative.partition("/")[0] in (DRUGS, PRODUCTS)
    }
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


__all__ = ["did_you_mean", "facts_of", "read_library", "SourcePath"]
