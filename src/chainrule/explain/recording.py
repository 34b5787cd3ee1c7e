"""Listening to a backward pass: the sweep that gives gradients, and who writes down what flows."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.arrays import numpy_namespace, scalar
from chainrule.autodiff import scalar_rules
from chainrule.autodiff.backward import reachable, sweep
from chainrule.autodiff.graph import SMALL, Absent, Node, Plan, overwrites, place, tick
from chainrule.explain.images import Cells, image
from chainrule.explain.names import Names
from chainrule.primitives.row import Row
from chainrule.scopes import Call, Scope, calls, scopes, value_calls
from chainrule.tensor import Tensor
from chainrule.value import ValueBase

#: Variables of the graph go by the identity of the node, leaf or array that they are.
Key = int


@dataclass(frozen=True)
class Step:
    """One operation as it was when the way back was walked.

    ``parents`` holds a key where a gradient flows and None elsewhere; ``keys`` identifies every operand,
    and ``saved`` is (result, *operands), the small arrays copied: what happens later does not reach them.
    """

    key: Key
    row: Row
    attrs: dict[str, Any]
    parents: tuple[Key | None, ...]
    keys: tuple[Key, ...]
    saved: tuple[Any, ...]
    shape: tuple[int, ...]
    dtype: Any
    source: str | None


@dataclass(frozen=True)
class Event:
    """What one operation did on the way back: its cotangent came, and each parent got its part.

    ``flows`` says which parents got one; the numbers are None where they are too many to show.
    """

    step: Step
    g: Any
    flows: Sequence[bool]
    arrived: Sequence[Any]
    totals: Sequence[Any]


@dataclass(frozen=True)
class Leaf:
    """A leaf as it was, and its gradient."""

    key: Key
    value: np.ndarray
    gradient: np.ndarray | None


@dataclass(frozen=True)
class Recording:
    """A graph and its way back. ``steps`` stand in the order of the forward pass; ``xp`` is what its rules
    ran on, and ``time`` when they did."""

    root: Key
    seed: np.ndarray
    steps: list[Step]
    events: list[Event]
    leaves: list[Leaf]
    names: Names
    held: Any  # what the keys identify, kept so that they stay unique
    xp: Any
    time: int
    scopes: list[Scope]  # which of the steps one call of a module made
    cotangents: dict[Key, Cells]  # pictures of the large ones

    def intact(self, array: Any) -> bool:
        """Whether a saved array is still there, and still what it was: large ones are not copied."""
        if array is None or isinstance(array, Absent):
            return False
        if not isinstance(array, np.ndarray) or array.size <= SMALL:
            return True
        return overwrites.since(array, self.time) is None


def record(result: Any, names: Names, seed: Any = None) -> Recording:
    """Walk back from ``result`` (a tensor or a ``Value``), listening; no gradient is left anywhere.

    Raises GraphError where there is no graph to walk, or where its values are gone.
    """
    if isinstance(result, ValueBase):
        return _record_value(result, names)
    if not isinstance(result, Tensor):
        raise errors.not_explainable(result)
    if result._node is None:
        raise errors.nothing_to_explain(result.shape, result._leaf)
    if seed is None and result._data.size != 1:
        raise errors.explain_not_scalar(result.shape)
    start = np.ones(result.shape, result.dtype) if seed is None else seed
    return _listen(result._node, start, names, calls, lambda leaf: leaf._data)


def _listen(
    root: Node,
    seed: np.ndarray,
    names: Names,
    log: deque[Call],
    value_of: Any,
    xp: Any = numpy_namespace,
) -> Recording:
    nodes = reachable([root])[::-1]
    _check_there(nodes)
    _check_unchanged(nodes, names)
    steps = {node: _step(node) for node in nodes}
    events: list[Event] = []
    cotangents: dict[Key, Cells] = {}

    def listener(node: Node, g: Any, arrived: Sequence[Any], totals: Sequence[Any]) -> None:
        # running totals are added into in place: what is written down is a copy
        flows = [a is not None for a in arrived]
        numbers = ([_few(a) for a in arrived], [_few(t) for t in totals])
        events.append(Event(steps[node], _few(g), flows, *numbers))
        if (cells := image(g)) is not None:  # what stands here when a node is visited is its total
            cotangents[id(node)] = cells

    found = sweep([(root, seed)], xp, keep=True, again=True, listener=listener)
    things = _leaves_of(nodes)
    leaves = [Leaf(id(thing), np.array(value_of(thing)), found.leaves.get(thing)) for thing in things]
    return Recording(
        root=id(root),
        seed=np.array(seed),
        steps=list(steps.values()),
        events=events,
        leaves=leaves,
        names=names,
        held=(nodes, things),
        xp=xp,
        time=tick(),
        scopes=scopes(log, [node.time for node in nodes]),
        cotangents=cotangents,
    )


def _check_there(nodes: Sequence[Node]) -> None:
    """Refuse a graph that ``backward()`` has freed, where a rule needs a value that went with it."""
    for node in nodes:
        if node.freed:
            saved = zip(node.saved, node.plan.needed, strict=True)
            if any(need and (array is None or isinstance(array, Absent)) for array, need in saved):
                raise errors.freed_before_explaining(node.row.name, place(node))


def _check_unchanged(nodes: Sequence[Node], names: Names) -> None:
    """Refuse a graph whose inputs have other values by now: what would be shown never happened."""
    for node in nodes:
        for parent, array in zip(node.parents, node.saved[1:], strict=True):
            if isinstance(parent, Node):
                continue
            now = array if parent is None else getattr(parent, "_data", None)
            if not isinstance(now, np.ndarray):
                continue
            where = overwrites.since(now, node.time)
            if where is not None or _differs(array, now):
                name = names.of(id(now if parent is None else parent))
                raise errors.changed_since(name, now.shape, where, node.row.name, place(node))


def _differs(then: Any, now: np.ndarray) -> bool:
    """Whether a leaf has been given other numbers than the operation saw, as far as they were kept."""
    if then is now or not isinstance(then, np.ndarray) or then.dtype != now.dtype:
        return False
    return not np.array_equal(then, now, equal_nan=True)


def _result(node: Node) -> Any:
    """What ``node`` computed; computed again where the program wrote over it since (``y += 1``)."""
    out = node.saved[0]
    if not isinstance(out, np.ndarray) or overwrites.since(out, node.time) is None:
        return _kept(out)
    operands = node.saved[1:]
    if any(array is None or isinstance(array, Absent) for array in operands):
        return Absent(out)
    with np.errstate(all="ignore"):
        return np.asarray(node.row.forward(numpy_namespace, *operands, **node.attrs))


def _step(node: Node) -> Step:
    return Step(
        key=id(node),
        row=node.row,
        attrs=node.attrs,
        parents=tuple(None if parent is None else id(parent) for parent in node.parents),
        keys=tuple(
            id(array if parent is None else parent)
            for parent, array in zip(node.parents, node.saved[1:], strict=True)
        ),
        saved=(_result(node), *(_kept(array) for array in node.saved[1:])),
        shape=node.shape,
        dtype=node.dtype,
        source=place(node) if hasattr(node, "code") else None,
    )


def _kept(array: Any) -> Any:
    """A copy of what is small; what is large as it is: copying it would cost more than it is worth."""
    return np.array(array) if isinstance(array, np.ndarray) and array.size <= SMALL else array


def _few(array: Any) -> Any:
    """A copy of what is small enough to be shown; None for the rest."""
    return None if array is None or array.size > SMALL else np.array(array)


def _leaves_of(nodes: Sequence[Node]) -> list[Any]:
    """The leaves, in the order in which the program met them."""
    found = (
        parent
        for node in nodes
        for parent in node.parents
        if parent is not None and not isinstance(parent, Node)
    )
    return list(dict.fromkeys(found))


# --- values ------------------------------------------------------------------------------------------


class _Floats:
    """Python's own functions on numbers of rank 0, so that a ``Value`` is explained bit for bit."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(scalar, name, None)
        on_arrays = getattr(numpy_namespace, name)
        if function is None:
            return on_arrays

        def run(*numbers: Any) -> Any:
            try:
                return np.float64(function(*(np.asarray(number).item() for number in numbers)))
            except scalar.RAISED:
                return on_arrays(*numbers)

        return run


class _ScalarLeaf:
    """A ``Value`` without history, as the sweep asks for a leaf."""

    __slots__ = ("value",)
    shape = ()
    dtype = np.dtype(np.float64)

    def __init__(self, value: ValueBase) -> None:
        self.value = value


def _record_value(result: ValueBase, names: Names) -> Recording:
    """A ``Value``'s graph, as nodes: the same rows in the same order, on numbers of rank 0."""
    computed = scalar_rules.reachable(result)[::-1]
    if not computed:
        raise errors.nothing_to_explain((), True)
    made: dict[ValueBase, Any] = {}
    for value in computed:
        made[value] = _node_of(value, made, names)
    root = made[result]
    for value, thing in made.items():
        if (name := names.of(id(value))) is not None:
            names.rename(thing, name)
    return _listen(root, np.ones(()), names, value_calls, _number_of, _FLOATS)


def _number_of(leaf: _ScalarLeaf) -> np.float64:
    return np.float64(leaf.value.data)


def _node_of(value: ValueBase, made: dict[ValueBase, Any], names: Names) -> Node:
    rule = value._rule
    assert rule is not None
    parents: list[Any] = []
    saved: list[Any] = [np.asarray(value.data, np.float64)]
    for source in value._inputs:
        if source not in made and source._rule is None:
            constant = source._time == 0 and names.of(id(source)) is None
            made[source] = None if constant else _ScalarLeaf(source)
        parents.append(made[source])
        saved.append(np.asarray(source.data, np.float64))
    if rule.exponent is not None:
        parents.append(None)
        saved.append(np.asarray(rule.exponent, np.float64))
    _check_value(value, rule.row, saved, names)
    wanted = tuple(parent is not None for parent in parents)
    node = Node()
    node.plan, node.parents, node.saved = Plan(rule.row, wanted), tuple(parents), tuple(saved)
    node.shape, node.dtype, node.time = (), np.dtype(np.float64), value._time
    node.attrs, node.aligned, node.freed, node.watchers = {}, True, False, None
    return node


def _check_value(value: ValueBase, row: Row, saved: Sequence[Any], names: Names) -> None:
    """Refuse a value whose operands have other numbers by now: a ``Value`` keeps no copy of them."""
    with np.errstate(all="ignore"):
        again = row.forward(_FLOATS, *saved[1:])
    if again != saved[0] and not (np.isnan(again) and np.isnan(saved[0])):
        changed = [names.of(id(source)) for source in value._inputs]
        raise errors.values_changed(row.name, [name for name in changed if name], value.data, float(again))


_FLOATS = _Floats()
