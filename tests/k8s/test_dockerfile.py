"""The Dockerfile copies files that exist, and its image matches the pods that run it."""

import json
import re
import tomllib
from fnmatch import fnmatch
from typing import NamedTuple

from tests.k8s.rendered import ROOT, pod_of, workloads

PACKAGES = {"domain", "operators", "store", "flows", "api"}


class Instruction(NamedTuple):
    """One instruction: its keyword and its arguments, continued lines joined."""

    keyword: str
    arguments: str


def stages() -> list[list[Instruction]]:
    """The instructions of each stage, FROM first."""
    text = "\n".join(line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#"))
    parsed: list[list[Instruction]] = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.strip():
            instruction = Instruction(*line.split(maxsplit=1))
            if instruction.keyword == "FROM":
                parsed.append([])
            parsed[-1].append(instruction)
    return parsed


def arguments_of(stage: list[Instruction], keyword: str) -> list[str]:
    return [instruction.arguments for instruction in stage if instruction.keyword == keyword]


def environment(stage: list[Instruction]) -> dict[str, str]:
    return dict(pair.split("=", 1) for arguments in arguments_of(stage, "ENV") for pair in arguments.split())


def sources() -> list[str]:
    """What stage 1 copies from the checkout."""
    build, _ = stages()
    return [path for arguments in arguments_of(build, "COPY") for path in arguments.split()[:-1]]


def test_only_known_instructions_and_no_downloads() -> None:
    keywords = {instruction.keyword for stage in stages() for instruction in stage}
    assert keywords <= {"FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "CMD"}, "ADD, for one, can download files"
    assert "://" not in (ROOT / "Dockerfile").read_text()


def test_base_image_is_pinned_to_a_version() -> None:
    assert [arguments_of(stage, "FROM") for stage in stages()] == [["python:3.11-slim AS build"], ["python:3.11-slim"]]


def test_copied_files_exist_and_are_not_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    included = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines, "every path is ignored unless it is listed"
    for path in sources():
        assert (ROOT / path).exists(), f"COPY {path}: no such file"
        assert any(fnmatch(path, pattern) for pattern in included), f"COPY {path}: excluded by .dockerignore"
    assert sorted(included) == sorted(sources()), ".dockerignore includes paths that are not copied"


def test_every_package_and_all_build_inputs_are_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]
    assert {package.partition(".")[0] for package in packages} == PACKAGES
    metadata = {project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml"}
    assert {path.rstrip("/") for path in sources()} == PACKAGES | metadata | {"requirements-runtime.lock"}


def test_dependencies_come_only_from_the_lock_file() -> None:
    build, final = stages()
    installs = [arguments for arguments in arguments_of(build, "RUN") if "pip install" in arguments]
    assert ["--require-hashes" in arguments or "--no-deps" in arguments for arguments in installs] == [True, True]
    assert not any("pip" in arguments for arguments in arguments_of(final, "RUN"))


def test_image_user_is_that_of_the_pods() -> None:
    _, final = stages()
    (user,) = arguments_of(final, "USER")
    context = pod_of(workloads("base")["engine"])["securityContext"]
    assert user == f"{context['runAsUser']}:{context['runAsGroup']}"
    assert any(f"--uid {context['runAsUser']}" in arguments for arguments in arguments_of(final, "RUN"))
    after = [instruction.keyword for instruction in final[final.index(Instruction("USER", user)) :]]
    assert after == ["USER", "CMD"], "nothing is built as that user, and no later instruction changes it"


def test_kernel_cache_is_a_writable_volume_of_the_pod() -> None:
    _, final = stages()
    directory = environment(final)["NUMBA_CACHE_DIR"]
    mounts = {m["name"]: m["mountPath"] for m in pod_of(workloads("base")["engine"])["containers"][0]["volumeMounts"]}
    assert mounts["kernels"] == directory


def test_python_is_process_1_and_starts_in_an_empty_directory() -> None:
    _, final = stages()
    (command,) = arguments_of(final, "CMD")
    assert json.loads(command)[:3] == ["python", "-m", "flows"]
    (directory,) = arguments_of(final, "WORKDIR")
    assert not any(directory in arguments for arguments in arguments_of(final, "COPY"))
