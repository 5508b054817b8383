"""The Dockerfile, read as instructions: what it copies exists, and the image fits the pods that run it."""

import json
import re
import tomllib
from fnmatch import fnmatch
from typing import NamedTuple

from tests.k8s.rendered import ROOT, pod_of, workloads

ROOMS = {"domain", "operators", "store", "flows", "api"}


class Instruction(NamedTuple):
    """One instruction: its word and the rest, continued lines joined."""

    word: str
    rest: str


def stages() -> list[list[Instruction]]:
    """The instructions of each stage, FROM first."""
    text = "\n".join(line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#"))
    found: list[list[Instruction]] = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.strip():
            instruction = Instruction(*line.split(maxsplit=1))
            if instruction.word == "FROM":
                found.append([])
            found[-1].append(instruction)
    return found


def said(stage: list[Instruction], word: str) -> list[str]:
    return [instruction.rest for instruction in stage if instruction.word == word]


def environment(stage: list[Instruction]) -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in said(stage, "ENV") for pair in rest.split())


def sources() -> list[str]:
    """What stage 1 copies from the checkout."""
    build, _ = stages()
    return [path for rest in said(build, "COPY") for path in rest.split()[:-1]]


def test_only_known_instructions_and_no_downloads() -> None:
    words = {instruction.word for stage in stages() for instruction in stage}
    assert words <= {"FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "CMD"}, "ADD and others hide what they do"
    assert "://" not in (ROOT / "Dockerfile").read_text()


def test_base_image_names_its_version() -> None:
    assert [said(stage, "FROM") for stage in stages()] == [["python:3.11-slim AS build"], ["python:3.11-slim"]]


def test_copied_files_exist_and_are_not_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    let_in = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines, "all is ignored but what is named"
    for path in sources():
        assert (ROOT / path).exists(), f"COPY {path}: no such file"
        assert any(fnmatch(path, pattern) for pattern in let_in), f"COPY {path}: .dockerignore leaves it out"
    assert sorted(let_in) == sorted(sources()), ".dockerignore lets in what is not copied"


def test_every_room_and_whatever_the_build_reads_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]
    assert {package.partition(".")[0] for package in packages} == ROOMS
    read = {project["project"]["readme"], *project["project"]["license-files"], "pyproject.toml"}
    assert {path.rstrip("/") for path in sources()} == ROOMS | read | {"requirements-runtime.lock"}


def test_dependencies_come_from_the_lock_alone() -> None:
    build, final = stages()
    installs = [rest for rest in said(build, "RUN") if "pip install" in rest]
    assert ["--require-hashes" in rest or "--no-deps" in rest for rest in installs] == [True, True]
    assert not any("pip" in rest for rest in said(final, "RUN"))


def test_image_runs_as_the_user_of_the_pods() -> None:
    _, final = stages()
    (user,) = said(final, "USER")
    context = pod_of(workloads("base")["engine"])["securityContext"]
    assert user == f"{context['runAsUser']}:{context['runAsGroup']}"
    assert any(f"--uid {context['runAsUser']}" in rest for rest in said(final, "RUN"))
    after = [instruction.word for instruction in final[final.index(Instruction("USER", user)) :]]
    assert after == ["USER", "CMD"], "nothing is built as that user, nothing else becomes another"


def test_kernels_are_cached_where_the_pod_can_write() -> None:
    _, final = stages()
    directory = environment(final)["NUMBA_CACHE_DIR"]
    mounts = {m["name"]: m["mountPath"] for m in pod_of(workloads("base")["engine"])["containers"][0]["volumeMounts"]}
    assert mounts["kernels"] == directory


def test_python_is_process_one_and_starts_in_an_empty_folder() -> None:
    _, final = stages()
    (command,) = said(final, "CMD")
    assert json.loads(command)[:3] == ["python", "-m", "flows"]
    (folder,) = said(final, "WORKDIR")
    assert not any(folder in rest for rest in said(final, "COPY"))
