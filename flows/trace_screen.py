"""A trace on a terminal: rich wraps its long lines between the guides. A pipe gets the lines as they are."""

from __future__ import annotations

from rich.console import Console
from rich.tree import Tree

from flows.trace_text import Branch


def show(tree: Branch) -> None:
    """Print the tree in the width of the terminal."""
    Console().print(_drawn(tree), markup=False, highlight=False)


def _drawn(branch: Branch) -> Tree:
    tree = Tree(branch.label)
    tree.children += map(_drawn, branch.branches)
    return tree
