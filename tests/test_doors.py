"""The doors between the rooms: imports go flows -> indices -> schemas, and only flows/*.py knows Prefect."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from flows.publication import ENGINE

ROOT = Path(__file__).parent.parent
MODULES = sorted(p for room in ("flows", "indices", "schemas") for p in (ROOT / room).rglob("*.py"))


def modules_in(path: Path) -> set[str]:
    """The modules that a module imports, anywhere in it, and whatever it takes from them by name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def imported(path: Path) -> set[str]:
    """The top-level packages that a module imports."""
    return {name.split(".")[0] for name in modules_in(path)}


def forbidden(path: Path) -> set[str]:
    room = path.relative_to(ROOT).parts[0]
    if room == "schemas":
        return {"flows", "indices", "prefect"}
    if room == "indices":
        return {"flows", "prefect"}
    return {"prefect", "indices"} if "ledger" in path.parts else set()


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    assert not imported(path) & forbidden(path)


def test_a_wrong_import_would_be_seen() -> None:
    assert imported(ROOT / "flows" / "monthly.py") & {"prefect"}


AUDITED = (
    "flows.batch", "flows.publication", "flows.standing", "flows.cli", "flows.serve", "flows.exhibits", "flows.orders",
)  # fmt: skip


def test_what_auditors_use_does_not_load_prefect() -> None:
    code = (
        "import importlib, sys\n"
        f"for module in {AUDITED}:\n"
        "    importlib.import_module(module)\n"
        "    assert 'prefect' not in sys.modules, module\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_module_grows_beyond_reading() -> None:
    assert {p.name: n for p in MODULES if (n := len(p.read_text("utf-8").splitlines())) > 300} == {}


def file_of(module: str) -> Path:
    return (ROOT / Path(*module.split("."))).with_suffix(".py")


def test_a_release_names_every_module_that_its_numbers_come_from() -> None:
    """What the engine imports, but for modules that only read, check or say what others decide."""
    plumbing = {
        "indices.method_problems", "indices.procedures", "schemas.database", "schemas.deadline", "schemas.finding",
        "schemas.validation_words", "schemas.workdays",
    }  # fmt: skip
    found, left = set(), ["indices.engine"]
    while left:
        name = left.pop()
        if name in found | plumbing:
            continue
        found.add(name)
        left += [one for one in modules_in(file_of(name)) if file_of(one).is_file()]
    listed = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in ENGINE}
    assert listed == found | {"flows.ledger.relations"}


def test_every_file_of_the_packages_is_installed() -> None:
    """Modules by their package, which needs an ``__init__.py``; other files by a pattern in pyproject.toml."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"][
        "package-data"
    ]
    data = {
        path for package, globs in patterns.items() for glob in globs
        for path in (ROOT / Path(*package.split("."))).glob(glob)
    }  # fmt: skip
    for room in ("flows", "indices", "schemas"):
        for path in (p for p in (ROOT / room).rglob("*") if p.is_file() and p.suffix != ".pyc"):
            if path.suffix == ".py":
                assert (path.parent / "__init__.py").is_file(), path
            else:
                assert path in data, path
