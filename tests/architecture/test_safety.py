"""Nothing that the package reads can execute."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from source_files import by_name, files, tree

MODULES = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
CALLS = {"eval", "exec", "__import__"}
METHODS = {"torch.save", "torch.hub.load", "torch.jit.load", "yaml.load", "os.system"}
# The weights of other people's networks come as state dicts; tensors alone are read from them.
STATE_DICTS = {"gansmith/modalities/image/pretrained.py"}


def imported(node: ast.AST) -> set[str]:
    """The top-level modules that a statement imports."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom) and node.module:
        return {node.module.partition(".")[0]}
    return set()


@pytest.mark.parametrize("path", files("gansmith"), ids=by_name)
def test_nothing_is_unpickled_or_evaluated(path: Path) -> None:
    for node in ast.walk(tree(path)):
        assert not imported(node) & MODULES
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in CALLS | METHODS, f"line {node.lineno}: {called}"
            if called == "torch.load":
                assert by_name(path) in STATE_DICTS, f"line {node.lineno}: {called}"
                given = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert given["weights_only"] == "True"
            for keyword in node.keywords:
                if keyword.arg == "allow_pickle":
                    assert ast.unparse(keyword.value) == "False", f"line {node.lineno}"
                assert keyword.arg != "trust_remote_code", f"line {node.lineno}"


@pytest.mark.parametrize("path", files("gansmith"), ids=by_name)
def test_arrays_are_never_read_with_pickles(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"np.load", "numpy.load"}:
            refused = {k.arg: ast.unparse(k.value) for k in node.keywords}.get("allow_pickle")
            # NumPy's default is to refuse, too; what is read from users says so.
            assert refused == "False", f"line {node.lineno}: say allow_pickle=False"
