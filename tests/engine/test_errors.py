"""Every error of the package, wherever it is raised, is one kind of thing and survives the way to another
process with all that it carries."""

from __future__ import annotations

import copy
import importlib
import inspect
import json
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

import payer_policy
from payer_policy import Diagnostic, Engine, Location, PayerPolicyError, PolicyError, read_requests
from tests.places import ROOT

PROBLEM = Diagnostic("wrong-type", "found 4.0", Location("a", "$.x"), "hint", excerpt="{")
GOOD = {
    "id": "SYN-1",
    "coverage": {"payer": "medicare"},
    "lines": [{"code": "J0945", "units": 4, "date": "2025-03-04"}],
}
BAD: dict[str, Any] = {**GOOD, "lines": [{"code": "J0945", "units": 4.0}]}


def _errors() -> Iterator[type[BaseException]]:
    """Every exception class that a module of the package defines."""
    names = [found.name for found in pkgutil.walk_packages(payer_policy.__path__, "payer_policy.")]
    for name in sorted(set(names) - {"payer_policy.__main__"}):
        module = importlib.import_module(name)
        for _, one in inspect.getmembers(module, inspect.isclass):
            if issubclass(one, BaseException) and one.__module__ == name:
                yield one


ERRORS = list(_errors())


def _problems() -> tuple[Any, ...]:
    return ([PROBLEM],)


def _run() -> tuple[Any, ...]:
    from payer_policy.specs.running import Run

    return (Run([]),)


def _input() -> tuple[Any, ...]:
    from payer_policy.batch.inputs import find_inputs

    example = ROOT / "benchmarks/claims.jsonl"
    return (find_inputs([str(example)], None)[0][0],)


ARGUMENTS: dict[str, Callable[[], tuple[Any, ...]]] = {
    "PolicyError": _problems,
    "BundleError": _problems,
    "ScenariosFailed": _run,
    "Changed": _input,
    "ScenariosFail": lambda: (3, "the first"),
    "FhirUnavailable": lambda: (),
    "Mismatch": lambda: ("approve", "deny"),
    "ValueProblem": lambda: ("wrong-type", "found 4.0", "write 4"),
    "AmbiguousCode": lambda: ("wrong-value", "ten digits", None),
    "_Cannot": lambda: ("not-replayed", "no such version"),
    "_Refused": lambda: ("json-syntax", "a comma", 7, "remove it"),
}
"""What those are made with that take more than a message."""


def _made(kind: type[BaseException]) -> BaseException:
    if kind.__name__ == "Problem":
        from payer_policy.service.problems import KINDS

        return kind(next(iter(KINDS)), "detail", problems=[PROBLEM], headers={"A": "1"})
    if kind.__name__ == "Mismatch":
        return kind("approve", "deny", rules=["a-rule"], hint="look")
    arguments = ARGUMENTS.get(kind.__name__, lambda: ("what is wrong, and what to do",))
    return kind(*arguments())


def _state(error: BaseException) -> tuple[Any, ...]:
    return type(error), str(error), error.args, vars(error)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_an_error_survives_pickling_and_copying(kind: type[BaseException]) -> None:
    assert issubclass(kind, PayerPolicyError)
    error = _made(kind)
    error.add_note("a note of the caller")

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert _state(pickle.loads(pickle.dumps(error, protocol))) == _state(error)
    assert _state(copy.copy(error)) == _state(error)
    assert _state(copy.deepcopy(error)) == _state(error)
    if kind.__doc__ is None:
        assert kind.__name__.startswith("_"), "an error says in its docstring when it is raised"


def test_there_are_as_many_errors_as_there_were() -> None:
    found = {kind.__name__ for kind in ERRORS}
    assert {"PolicyError", "NotFhir", "EngineUnavailable", "WrongCall", "Problem"} <= found
    assert len(ERRORS) > 25


def test_an_engine_that_is_not_there_and_a_policy_that_is_not_in_force_are_errors_of_ours() -> None:
    with pytest.raises(PayerPolicyError, match=r"`compield` is not an engine.*`compiled`"):
        Engine.open(ROOT / "policies", engine="compield")
    from datetime import date

    with pytest.raises(PayerPolicyError) as caught:
        Engine.open(ROOT / "policies").policy("medicare/no-such", date(2025, 3, 4))
    assert str(caught.value) == "no policy `medicare/no-such` is in force on 2025-03-04"


# --- an engine on its way to another process -------------------------------------------------------

_ENGINE: list[Engine] = []


def _take(engine: Engine) -> None:
    _ENGINE.append(engine)


def _decide(claim: dict[str, Any]) -> str:
    return _ENGINE[0].decide(claim).decision


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_bad_request_in_a_worker_is_refused_and_the_next_is_answered(method: str) -> None:
    engine = Engine.open(ROOT / "policies")
    expected = engine.decide(GOOD).decision
    context = get_context(method)
    with ProcessPoolExecutor(1, context, _take, (engine,)) as pool:
        assert pool.submit(_decide, GOOD).result(60) == expected
        with pytest.raises(PolicyError) as caught:
            pool.submit(_decide, BAD).result(60)
        assert [one.location.path for one in caught.value.diagnostics] == ["$.lines[0].units"]
        assert pool.submit(_decide, GOOD).result(60) == expected


def test_an_engine_pickles_with_the_policies_that_it_decides_by() -> None:
    engine = Engine.open(ROOT / "policies", engine="compiled")
    before = engine.decide(GOOD)  # something is compiled now

    again = pickle.loads(pickle.dumps(engine))

    assert again.name == engine.name
    assert again.decide(GOOD) == before
    assert again.decide(GOOD).to_json() == before.to_json()


def test_a_copy_of_an_engine_is_the_engine_and_an_engine_can_be_a_key() -> None:
    engine = Engine.open(ROOT / "policies")
    assert copy.copy(engine) is engine
    assert copy.deepcopy({"at": [engine]})["at"][0] is engine
    assert {engine: 1}[engine] == 1
    assert engine != Engine.open(ROOT / "policies")


def test_a_varied_engine_says_what_to_pickle_instead() -> None:
    from payer_policy.engines import engine_named

    engine = Engine.open(ROOT / "policies")
    varied = engine.with_changes(engine.library, engine_named("compiled").compile)
    with pytest.raises(PayerPolicyError, match="pickle the engine that it is a variation of"):
        pickle.dumps(varied)


# --- a problem for programs and for logs ----------------------------------------------------------------


def test_a_problem_is_json_with_its_place() -> None:
    with pytest.raises(PolicyError) as caught:
        Engine.open(ROOT / "policies").decide(BAD)
    (problem,) = caught.value.diagnostics

    made = problem.to_json()

    assert json.loads(json.dumps(made)) == made
    assert (made["code"], made["severity"]) == ("wrong-type", "error")
    assert made["location"]["path"] == "$.lines[0].units"
    assert made["location"]["start"] == {"line": 9, "column": 16}


def test_a_problem_for_a_log_holds_nothing_of_the_claim() -> None:
    secret = "Q7zSynthetic"
    claim: dict[str, Any] = {
        "id": secret,
        "coverage": {"payer": secret, "member": secret},
        "facts": {secret: secret},
        "lines": [{"code": secret, "units": secret, "date": secret, secret: secret}],
    }
    with pytest.raises(PolicyError) as caught:
        Engine.open(ROOT / "policies").decide(claim)
    (intake,) = read_requests(json.dumps(claim).encode(), f"{secret}.json")
    problems = [*caught.value.diagnostics, *intake.diagnostics]

    assert any(secret in json.dumps(one.to_json()) for one in problems)
    for one in problems:
        made = one.for_log()
        assert secret not in json.dumps(made)
        assert made["code"] == one.code
        assert made["meaning"]
        assert made["line"]


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert payer_policy.__version__ == version("payer-policy")
    assert "__version__" in dir(payer_policy)
