"""The files for containers, held to what they rest on; no container engine is needed."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
import yaml
from fastapi.routing import APIRoute
from packaging.requirements import Requirement

from payer_policy.cli import COMMANDS, health, listening
from payer_policy.cli.serve import command as serve
from payer_policy.service.health import router as health_routes
from payer_policy.service.settings import Limits, Settings
from tests.service.processes import ROOT, free_port, served

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE = (ROOT / "compose.yaml").read_text("utf-8")
KUBERNETES = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text("utf-8")))


def _lock() -> ModuleType:
    spec = importlib.util.spec_from_file_location("lock", ROOT / "requirements" / "lock.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LOCK = _lock()
LOCKED = ("build.txt", *LOCK.FILES)
NAMES = {name for parameter in serve.params for name in parameter.opts}
VARIABLES = {parameter.envvar for parameter in serve.params if parameter.envvar}


def locked(file: str) -> dict[str, list[tuple[Requirement, list[str]]]]:
    """The requirements of a lock file with their hashes, by the package's name."""
    text = (ROOT / "requirements" / file).read_text("utf-8").replace("\\\n", " ")
    found: dict[str, list[tuple[Requirement, list[str]]]] = {}
    for line in text.splitlines():
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        one = Requirement(requirement)
        found.setdefault(LOCK.name_of(one.name), []).append((one, hashes))
    return found


# --- the lock files ------------------------------------------------------------------------------


@pytest.mark.parametrize("file", LOCKED)
def test_a_lock_file_names_versions_and_hashes_and_no_index(file: str) -> None:
    for several in locked(file).values():
        for one, hashes in several:
            assert re.fullmatch(r"==[\w.!+]+", str(one.specifier)) and one.url is None, one
            assert hashes and all(re.fullmatch("sha256:[0-9a-f]{64}", each) for each in hashes), one
    text = (ROOT / "requirements" / file).read_text("utf-8")
    assert not re.search(r"://|^\s*--(?!hash=)|^\s*-[a-z]\b|^\s*#", text, re.MULTILINE)


@pytest.mark.parametrize("file", LOCK.FILES)
def test_a_lock_file_holds_what_the_project_asks_for(file: str) -> None:
    """Change pyproject.toml, and `python requirements/lock.py` writes the files anew."""
    there = locked(file)
    for text in LOCK.requirements(file):
        asked = Requirement(text)
        versions = [
            str(one.specifier).removeprefix("==") for one, _ in there[LOCK.name_of(asked.name)]
        ]
        assert versions and all(asked.specifier.contains(one) for one in versions), asked


def test_the_image_is_built_from_every_folder_that_the_wheel_takes_files_from() -> None:
    targets = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    included = targets["targets"]["wheel"]["force-include"]
    before, _, _ = DOCKERFILE.partition("--wheel-dir /wheels . ")
    context = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for folder in sorted({source.split("/")[0] for source in included}):
        assert f"\nCOPY {folder} ./{folder}\n" in before
        assert f"!{folder}" in context


def test_the_image_has_the_versions_that_the_tests_run_with_and_no_test_tool() -> None:
    image, ci = locked("image.txt"), locked("ci.txt")
    tools = set(ci) - set(image)

    def versions(of: Any) -> Any:
        """What is installed, on whichever system."""
        return [(str(one.specifier), hashes) for one, hashes in of]

    common = image.keys() & ci.keys()
    assert {one: image[one] for one in common if versions(ci[one]) != versions(image[one])} == {}
    assert tools >= {"pytest", "pytest-bdd", "hypothesis", "schemathesis", "mypy", "ruff", "httpx"}
    assert not {name for name in image if "test" in name or "pluggy" in name or "mako" in name}


def test_a_service_needs_no_test_tool(tmp_path: Path) -> None:
    """As in the image: there pytest is not installed, and neither is what it brings."""
    tools = sorted(
        name.replace("-", "_") for name in set(locked("ci.txt")) - set(locked("image.txt"))
    )
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {[*tools, '_pytest']!r}:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    program = (
        "from pathlib import Path\n"
        "from payer_policy.service.opening import open_state\n"
        "from payer_policy.service.application import create, gated\n"
        "from payer_policy.service.settings import Settings\n"
        f"state = open_state(Settings(Path({str(ROOT / 'policies')!r}), audit='audit.sqlite'))\n"
        "gated(create(lambda: state)); state.close(); print('served')\n"
    )

    def run(*arguments: str | Path) -> Any:
        path = f"{tmp_path}:{ROOT / 'src'}"
        return subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, cwd=tmp_path,
            env={"PYTHONPATH": path},
        )  # fmt: skip

    assert run("-c", program).stdout == "served\n"
    data = ROOT / "tests" / "specs" / "data"
    options = ("--engine", "compiled", "--policies", data / "policies")
    spec = run("-m", "payer_policy", "spec", data / "features", *options)
    assert (spec.returncode, spec.stdout.endswith("29 scenarios: 29 passed.\n")) == (0, True)
    plugin = run("-c", "import payer_policy.specs.plugin")
    assert (plugin.returncode, "pip install 'payer-policy[pytest]'" in plugin.stderr) == (1, True)


# --- the image and compose -----------------------------------------------------------------------


def test_the_image_installs_by_hash_and_copies_what_is_sent() -> None:
    for line in re.findall(r"bin/pip [^&\n]*", DOCKERFILE.replace("\\\n", " ")):
        file = re.search(r"-r requirements/(\S+)", line)
        from_index = "--no-index" not in line and line.split()[-1] != "."
        assert ("--require-hashes" in line) == from_index == (file is not None), line
        assert "--no-deps" in line or (file is not None and file[1] == "build.txt"), line
        assert file is None or file[1] in LOCKED
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sent = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }

    assert {name.removeprefix("./") for line in copied for name in line.split()} <= sent
    assert all((ROOT / name).exists() for name in sent)


def test_no_image_is_taken_by_a_tag_alone() -> None:
    """A digest that nobody looked up would be worse than none: whoever builds gives it."""
    assert re.findall(r"^ARG (.+)$", DOCKERFILE, re.MULTILINE) == ["PYTHON_IMAGE"]
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON_IMAGE}"}
    services = yaml.safe_load(COMPOSE)["services"]
    built = [one for one in services.values() if "build" in one]
    images = {one["image"] for one in services.values()} - {one["image"] for one in built}
    given = [*images, *(one["build"]["args"]["PYTHON_IMAGE"] for one in built)]
    assert len(given) == 2
    assert all(re.fullmatch(r"\$\{(PYTHON|POSTGRES)_IMAGE:\?.*@sha256:….*\}", one) for one in given)


def test_the_image_does_not_run_as_root() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    (uid,) = re.findall(r"--uid (\d+)", last)
    (gid,) = re.findall(r"--gid (\d+)", last)

    assert re.findall(r"^USER (\S+)$", last, re.MULTILINE) == [f"{uid}:{gid}"]
    assert "gcc" not in last and "pip" not in last.replace("payer-policy", "")
    assert "-m 0700 /var/lib/payer-policy" in last


def test_what_the_containers_run_is_what_the_command_line_takes() -> None:
    (arguments,) = re.findall(r'^CMD \["serve", (.+)\]$', DOCKERFILE, re.MULTILINE)
    composed = re.findall(r"exec payer-policy (.+)$", COMPOSE, re.MULTILINE)
    named = [word for line in composed for word in line.split() if word.startswith("--")]

    assert {line.split()[0] for line in composed} <= set(COMMANDS)
    assert set(re.findall(r'"(--[\w-]+)"', arguments)) | set(named) <= NAMES


def test_every_variable_is_one_that_the_service_reads() -> None:
    ours = r"(PAYER_POLIC\w+)[=:]"

    assert set(re.findall(ours, DOCKERFILE) + re.findall(ours, COMPOSE)) <= VARIABLES


def test_the_health_check_follows_host_port_and_https() -> None:
    environment = dict(re.findall(r"(PAYER_\w+)=(\S+)", DOCKERFILE))
    (check,) = re.findall(r'HEALTHCHECK .* CMD \["payer-policy", "(\w+)"\]', DOCKERFILE)
    shared = {one.name: one for one in health.command.params if one.envvar}

    assert check == "health" and check in COMMANDS
    assert {one.name: one.envvar for one in serve.params if one.name in shared} == {
        name: one.envvar for name, one in shared.items()
    }
    assert set(shared) == {"host", "port", "tls_certificate"}
    assert environment["PAYER_POLICY_LISTEN_PORT"] == re.findall(r"EXPOSE (\d+)", DOCKERFILE)[0]
    assert f':{environment["PAYER_POLICY_LISTEN_PORT"]}"' in COMPOSE
    usual = Settings(Path("policies"))
    assert (usual.host, usual.port) == (listening.HOST, listening.PORT)


def _health(*options: str, **environment: str) -> tuple[int, str]:
    told = subprocess.run(
        [sys.executable, "-m", "payer_policy", "health", *options],
        capture_output=True, text=True, env={"PYTHONPATH": str(ROOT / "src"), **environment},
    )  # fmt: skip
    return told.returncode, told.stdout + told.stderr


@pytest.mark.parametrize(("host", "tls"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_health_of_a_running_service(tmp_path: Path, host: str, tls: bool) -> None:
    options: list[str] = ["--audit", "audit.sqlite"]
    if tls:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=payer.example", "-keyout", tmp_path / "key.pem",
             "-out", tmp_path / "certificate.pem", "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True,
        )  # fmt: skip
        options += ["--tls-certificate", "certificate.pem", "--tls-key", "key.pem"]
    certificate = tmp_path / "certificate.pem" if tls else None
    with served(tmp_path, "--no-keys", *options, certificate=certificate) as service:
        port = service.url.rpartition(":")[2]
        environment = {"PAYER_POLICY_LISTEN_HOST": host, "PAYER_POLICY_LISTEN_PORT": port}
        if certificate is not None:
            assert _health(**environment)[0] == 1  # it does not speak HTTP
            environment["PAYER_POLICY_TLS_CERTIFICATE"] = str(certificate)
        assert _health(**environment) == (0, "ready\n")
        assert _health("--alive", **environment) == (0, "alive\n")
        (tmp_path / "audit.sqlite").rename(tmp_path / "gone.sqlite")
        claim = (ROOT / "examples" / "claims" / "refill.json").read_bytes()
        headers = {"Content-Type": "application/json"}
        assert service.client.post("/v1/decide", content=claim, headers=headers).status_code == 503
        assert _health(**environment) == (1, f"/readyz on port {port}: not ready (status 503)\n")
        assert _health("--alive", **environment) == (0, "alive\n")


def test_health_where_nothing_answers() -> None:
    port = free_port()

    assert _health("--port", str(port)) == (
        1,
        f"/readyz on port {port}: no answer (connection refused)\n",
    )


# --- Kubernetes ----------------------------------------------------------------------------------


def _of(kind: str) -> dict[str, Any]:
    (found,) = [one for one in KUBERNETES if one["kind"] == kind]
    return dict(found)


POD: dict[str, Any] = _of("Deployment")["spec"]["template"]["spec"]
PODS = {"service": POD, "record": _of("Job")["spec"]["template"]["spec"]}
(CONTAINER,) = POD["containers"]
ENVIRONMENT = {one["name"]: one["value"] for one in CONTAINER["env"] if "value" in one}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What `serve` understands of the arguments and variables of the deployment."""
    for name in VARIABLES:
        monkeypatch.delenv(str(name), raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    command, *arguments = CONTAINER["args"]
    assert command == "serve"
    context: click.Context = serve.make_context("serve", arguments)
    return context.params


def test_the_deployment_calls_serve_as_it_is(called: dict[str, Any]) -> None:
    (port,) = CONTAINER["ports"]
    (service_port,) = _of("Service")["spec"]["ports"]
    (ingress,) = _of("NetworkPolicy")["spec"]["ingress"]

    assert {name for name in ENVIRONMENT if name.startswith("PAYER_")} <= VARIABLES
    assert called["port"] == port["containerPort"] == ingress["ports"][0]["port"]
    assert called["host"] == "0.0.0.0" and not called["no_keys"]
    assert called["trusted"] and called["minimum_sequence"] is not None
    assert service_port["targetPort"] == port["name"]
    assert called["audit"].startswith("postgresql://") and called["audit_keeps"] == "request"


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_the_probes_ask_paths_that_there_are(called: dict[str, Any], probe: str) -> None:
    asked = CONTAINER[probe]["httpGet"]
    routes = {route.path for route in health_routes.routes if isinstance(route, APIRoute)}
    assert asked["path"] == (health._ALIVE if probe == "livenessProbe" else health._READY)
    assert asked["path"] in routes
    assert asked["port"] == CONTAINER["ports"][0]["name"]
    assert asked["scheme"] == ("HTTPS" if called["tls_certificate"] else "HTTP")


def test_every_file_is_mounted_and_the_containers_user_can_read_it(called: dict[str, Any]) -> None:
    mounts = {one["mountPath"]: one for one in CONTAINER["volumeMounts"]}
    volumes = {one["name"]: one for one in POD["volumes"]}
    files = [called["source"], called["keys"], called["tls_certificate"], called["tls_key"]]
    for file in [*files, *called["trusted"]]:
        assert str(file) in mounts or str(file.parent) in mounts, file
    assert {one["name"] for one in mounts.values()} == set(volumes)
    for one in mounts.values():
        volume = volumes[one["name"]]
        assert ("emptyDir" in volume) != one.get("readOnly", False)
        if "secret" in volume:  # of root, and of the group that fsGroup says
            assert volume["secret"]["defaultMode"] == 0o440
    writable = {path for path, one in mounts.items() if not one.get("readOnly")}
    assert writable == {"/tmp", re.findall(r"^WORKDIR (/var\S+)", DOCKERFILE, re.MULTILINE)[0]}


@pytest.mark.parametrize("name", PODS)
def test_a_pod_can_do_no_more_than_it_must(name: str) -> None:
    pod = PODS[name]
    (container,) = pod["containers"]
    (uid,) = re.findall(r"--uid (\d+)", DOCKERFILE)
    (gid,) = re.findall(r"--gid (\d+)", DOCKERFILE)

    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": int(uid),
        "runAsGroup": int(gid),
        "fsGroup": int(gid),
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    # Else Kubernetes sets variables of its own, named after every service of the namespace.
    assert pod["enableServiceLinks"] is pod["automountServiceAccountToken"] is False
    assert container["resources"]["limits"].keys() == {"memory"}
    assert not re.search(r"[:@/]", container["image"])  # no image yet, on purpose
    passwords = [one for one in container["env"] if one["name"] == "PGPASSWORD"]
    assert [set(one["valueFrom"]) for one in passwords] == [{"secretKeyRef"}]


def test_the_table_is_begun_by_a_command_that_there_is() -> None:
    from payer_policy.cli.audit import command as audit

    group, name = PODS["record"]["containers"][0]["args"]
    assert group in COMMANDS and name in audit.commands


def test_a_pod_has_the_memory_and_the_time_that_the_service_may_take(
    called: dict[str, Any],
) -> None:
    memory = CONTAINER["resources"]["limits"]["memory"]
    assert memory == "1Gi" and called["workers"] * Limits().held_bytes * 2 < 2**30
    (_, seconds) = CONTAINER["lifecycle"]["preStop"]["exec"]["command"]
    assert POD["terminationGracePeriodSeconds"] > called["stop_seconds"] + int(seconds)


def test_selectors_select_the_pods_of_the_service() -> None:
    deployment = _of("Deployment")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    selectors = [
        deployment["selector"]["matchLabels"],
        _of("Service")["spec"]["selector"],
        _of("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
    ]
    assert all(one == labels for one in selectors)
    assert _of("Job")["spec"]["template"]["metadata"]["labels"] != labels
    assert _of("NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert deployment["replicas"] > _of("PodDisruptionBudget")["spec"]["minAvailable"]


# --- the database --------------------------------------------------------------------------------


def test_the_script_of_the_database_is_sound() -> None:
    script = ROOT / "deploy" / "database.sh"

    subprocess.run(["sh", "-n", script], check=True)
    assert str(Path("deploy") / script.name) in COMPOSE
    assert script.stat().st_mode & 0o111
