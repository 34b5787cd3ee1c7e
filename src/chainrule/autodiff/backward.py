"""The one reverse sweep: from the result back to the leaves, each node after all of its children.

Eager gradients run it on raw arrays, gradients of gradients on tensors, explanations listen to it. The
rules are the rows'; what stands here is the chain rule alone: pull the cotangent of a node back through
its row, and add what reaches each parent.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.arrays import numpy_namespace
from chainrule.arrays.shapes import sum_to
from chainrule.autodiff.graph import SMALL, Absent, Node, overwrites, place

_time = attrgetter("time")

#: A listener is told, for each node: its cotangent, what it sent to each parent (None where nothing
#: flows), and each parent's total so far.
Listener = Callable[[Node, Any, Sequence[Any], Sequence[Any]], None]


@dataclass(slots=True)
class Cotangents:
    """What a sweep found: the cotangent of each leaf, and of each node that somebody watches."""

    leaves: dict[Any, Any]
    watched: dict[Node, Any]


def reachable(roots: Iterable[Any]) -> list[Node]:
    """The nodes that ``roots`` depend on, youngest first: each comes after all of its children."""
    found = [root for root in dict.fromkeys(roots) if root.__class__ is Node]
    seen = set(found)
    for node in found:
        for parent in node.parents:
            if parent.__class__ is Node and parent not in seen:
                seen.add(parent)
                found.append(parent)
    found.sort(key=_time, reverse=True)
    return found


def sweep(
    seeds: Sequence[tuple[Any, Any]],
    xp: Any = numpy_namespace,
    *,
    keep: bool = False,
    watched: frozenset[Node] = frozenset(),
    walked: frozenset[Node] | None = None,
    listener: Listener | None = None,
    again: bool = False,
) -> Cotangents:
    """Pull the cotangents of ``seeds`` back to the leaves.

    ``seeds`` pairs nodes or leaves with their cotangents. ``xp`` is the namespace that the rules run on:
    where it has a ``lift``, saved arrays are lifted into it, with their place in the graph. Unless
    ``keep``, the graph is freed on the way; ``again`` lets a freed graph be walked as long as all that
    its rules need is still there. ``walked`` limits the way back to some nodes. Every refusal comes before
    the way back starts, and changes nothing.

    Raises GraphError for a freed graph, or where a saved array was overwritten since.
    """
    nodes = reachable([root for root, _ in seeds])
    if walked is not None:
        nodes = [node for node in nodes if node in walked]
    _check(nodes, again, [root for root, _ in seeds])
    lift = None if xp is numpy_namespace else getattr(xp, "lift", None)
    pending: dict[Any, Any] = {}
    owned: set[Any] = set()  # those whose total is an array of our own, to be added into
    for root, g in seeds:
        pending[root] = pending[root] + g if root in pending else g
    found = Cotangents({}, {})
    arrived: list[Any] = []
    with np.errstate(all="ignore"):
        for node in nodes:
            g = pending.pop(node, None)
            if g is None:
                continue
            if node.watchers is not None or node in watched:
                found.watched[node] = g
            plan = node.plan
            sent = plan.pull(xp, g, node.saved if lift is None else lift(node), node.attrs)
            if not keep:
                node.freed = True
                if plan.large:
                    release(node)
            dtype = node.dtype if node.aligned else None
            if listener is not None:
                arrived = []
            for parent, gp in zip(node.parents, sent):  # noqa: B905  (`strict` takes 0.2 µs)
                if parent is None or gp is None:
                    if listener is not None:
                        arrived.append(None)
                    continue
                if dtype is None:
                    if gp.shape != parent.shape:
                        gp = sum_to(xp, gp, parent.shape)
                    if gp.dtype != parent.dtype:
                        gp = xp.astype(gp, parent.dtype)
                elif gp.dtype is not dtype:
                    gp = xp.astype(gp, dtype)
                total = pending.get(parent)
                if total is None:
                    pending[parent] = gp
                elif parent in owned:
                    total += gp
                    pending[parent] = total
                else:
                    pending[parent] = total + gp
                    if lift is None:
                        owned.add(parent)
                if listener is not None:
                    arrived.append(gp)
            if listener is not None:
                totals = [None if p is None else pending.get(p) for p in node.parents]
                listener(node, g, arrived, totals)
    g = gp = total = sent = None
    arrived = []
    for leaf in pending:
        g = pending[leaf]
        if leaf.__class__ is Node:  # beyond it nobody walked
            if leaf in watched:
                found.watched[leaf] = g
            continue
        found.leaves[leaf] = g if lift is not None or _is_ours(g) else own(g)
    return found


def own(g: Any) -> Any:
    """A copy of the array ``g``, of numpy or of a trace."""
    return np.array(g) if isinstance(g, (np.ndarray, np.generic)) else g.copy()


def _is_ours(g: Any) -> bool:
    """Whether nobody else holds the array ``g`` or looks into its memory: cotangents are passed on as
    they are where a derivative is 1, and a ``.grad`` must not share its memory with anything."""
    return g.base is None and g.__class__ is np.ndarray and sys.getrefcount(g) <= _SOLE


def _sole() -> int:
    """The references that :func:`_is_ours` sees to an array that only a dictionary holds."""
    pending = {None: np.empty(1)}
    g = pending[None]
    return _count(g)


def _count(g: Any) -> int:
    return sys.getrefcount(g)


_SOLE = _sole()


def release(node: Node) -> None:
    """Let go of the large arrays of ``node``: its way back has been walked."""
    kept = []
    for array in node.saved:
        large = array.__class__ is np.ndarray and array.size > SMALL
        kept.append(None if large else array)
    node.saved = tuple(kept)


def _check(nodes: Sequence[Node], again: bool, roots: Sequence[Any]) -> None:
    latest = overwrites.latest
    for node in nodes:
        if node.freed:
            _check_freed(node, again)
        if node.time < latest:
            _check_overwritten(node)
    if nodes and nodes[-1].time < overwrites.recorded:
        for node in nodes:
            for parent in node.parents:
                _check_view(parent, node.time)
        for root in roots:
            _check_view(root, latest + 1)


def _needed(node: Node) -> list[Any]:
    """The saved arrays that the pullbacks of ``node`` read."""
    needed = node.plan.needed
    return [array for array, need in zip(node.saved, needed, strict=True) if need]


def _check_freed(node: Node, again: bool) -> None:
    needed = _needed(node)
    if again and not any(array is None or isinstance(array, Absent) for array in needed):
        return
    if again:
        raise errors.freed_before_explaining(node.row.name, place(node))
    if needed:
        raise errors.freed(node.row.name, place(node))


def _check_overwritten(node: Node) -> None:
    for array in _needed(node):
        if hasattr(array, "dtype"):
            changed = overwrites.since(array, node.time)
            if changed is not None:
                raise errors.overwritten(array.shape, node.row.name, place(node), changed)


def _check_view(node: Any, used: int) -> None:
    """Refuse a view that was taken, then overwritten in a way that the graph records, then used."""
    if node.__class__ is Node and node.row.view:
        changed = overwrites.recorded_between(node.saved[0], node.time, used)
        if changed is not None:
            raise errors.stale_view(node.shape, node.row.name, place(node), changed)
