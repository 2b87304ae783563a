"""The shape of the source: no circles, no loose modules, no long files, and a folder of tests for every room."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {"glasshead": ROOT / "core" / "glasshead", "glasshead_tui": ROOT / "tui" / "glasshead_tui"}
TESTS = {"glasshead": ROOT / "tests" / "core", "glasshead_tui": ROOT / "tests" / "tui"}
LONGEST = 500
"""Lines of a file."""


def modules() -> dict[str, Path]:
    """The files of both packages, by the names of their modules."""
    found = {}
    for package, folder in SOURCES.items():
        for path in folder.rglob("*.py"):
            parts = [package, *path.relative_to(folder).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(name: str) -> set[str]:
    """The modules of ours that a module names in its imports, those inside functions too; not those for types alone."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # A package's own __init__ is one level nearer to what it names relatively than its other files are.
            base = name.split(".")[: -node.level + (MODULES[name].name == "__init__.py") or None] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                found.add(inner if inner in MODULES else source)
    return found & MODULES.keys() - {name}


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """The groups of modules of which each leads to every other."""
    reached = {}
    for start in graph:
        seen, ahead = set[str](), [start]
        while ahead:
            for module in graph[ahead.pop()] - seen:
                seen.add(module)
                ahead.append(module)
        reached[start] = seen
    inside = {module for module, seen in reached.items() if module in seen}
    groups = {frozenset(other for other in reached[module] & inside if module in reached[other]) for module in inside}
    return [set(group) for group in groups]


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set[str](), "e": {"e"}}
    assert sorted(map(sorted, circles(graph))) == [["b", "c"], ["e"]]


def test_no_module_imports_itself_on_any_way_round() -> None:
    graph = {name: imports(name) for name in MODULES}
    assert sum(map(len, graph.values())) > 2 * len(graph), "hardly any import was found"
    assert circles(graph) == []


def test_only_the_command_line_and_the_app_stand_outside_the_rooms_of_the_terminal() -> None:
    loose = {path.name for path in SOURCES["glasshead_tui"].glob("*.py")}
    assert loose <= {"__init__.py", "__main__.py", "cli.py", "app.py"}


@pytest.mark.parametrize("package", SOURCES)
def test_no_file_is_longer_than_can_be_read_in_one_go(package: str) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES[package].rglob("*.py")}
    assert {path.name: length for path, length in lengths.items() if length > LONGEST} == {}


@pytest.mark.parametrize("package", SOURCES)
def test_every_room_has_its_tests(package: str) -> None:
    rooms = {path.parent.name for path in SOURCES[package].glob("*/__init__.py")}
    tested = {path.relative_to(TESTS[package]).parts[0] for path in TESTS[package].glob("*/**/test_*.py")}
    assert rooms - tested == set()
