"""What a large picture draws closed: no drawing of any level has a cycle, or too many boxes."""

from __future__ import annotations

import dataclasses
import gc
import random
import threading
import time
import weakref
from collections import deque

import numpy as np
import pytest
from graphs import a_b_c_f
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule
from chainrule import Value, explain, nn
from chainrule.explain.derivation import Derivation, Group, LocalDerivative, Variable
from chainrule.explain.picture.dominators import Tree
from chainrule.explain.picture.groups import grouped
from chainrule.micrograd.nn import MLP, Layer, Module, Neuron
from chainrule.scopes import calls, scopes

MOST = 800


# --- what every forest of clusters has to keep ------------------------------------------------------------


def home_of(derivation, clusters):
    """The innermost cluster of each variable."""
    home = {}
    for place, cluster in enumerate(clusters):  # the inner ones come later
        home.update(dict.fromkeys(cluster.members, place))
    return home


def boxes_of(derivation, clusters, scope):
    """The box of each variable within ``scope``: itself, or the cluster directly below that holds it."""
    home = home_of(derivation, clusters)
    found = {}
    members = range(len(derivation.variables)) if scope is None else clusters[scope].members
    for variable in members:
        box, place = ("variable", variable), home.get(variable)
        while place != scope:
            box, place = ("cluster", place), clusters[place].parent
        found[variable] = box
    return found


def assert_sound(derivation, clusters):
    for place, cluster in enumerate(clusters):
        assert cluster.members == tuple(sorted(set(cluster.members)))
        assert any(derivation.variables[one].operation for one in cluster.members)
        assert 1 <= cluster.place <= cluster.count
        if cluster.parent is not None:
            assert cluster.parent < place
            assert set(cluster.members) < set(clusters[cluster.parent].members)
    seen = {}
    for cluster in clusters:  # siblings share nothing
        taken = seen.setdefault(cluster.parent, set())
        assert not taken & set(cluster.members)
        taken |= set(cluster.members)
    for scope in (None, *range(len(clusters))):
        boxes = boxes_of(derivation, clusters, scope)
        assert number_of(derivation, boxes) <= MOST
        assert_acyclic(derivation, boxes)


def number_of(derivation, boxes):
    """How many boxes a drawing has, with the leaves that single operations in it read."""
    loose = [one for one, (kind, _) in boxes.items() if kind == "variable"]
    computed = [derivation.variables[one] for one in loose if derivation.variables[one].operation]
    leaves = {one for each in computed for one in each.inputs if not derivation.variables[one].operation}
    clusters = {box for box in boxes.values() if box[0] == "cluster"}
    return len(clusters) + len(computed) + len(leaves)


def assert_acyclic(derivation, boxes):
    before = {box: set() for box in boxes.values()}
    for variable, box in boxes.items():
        before[box] |= {boxes[one] for one in derivation.variables[variable].inputs if one in boxes} - {box}
    after = {box: [] for box in before}
    for box, inputs in before.items():
        for one in inputs:
            after[one].append(box)
    left = {box: len(inputs) for box, inputs in before.items()}
    ready = deque(box for box, count in left.items() if not count)
    done = 0
    while ready:
        done += 1
        for one in after[ready.popleft()]:
            left[one] -= 1
            if not left[one]:
                ready.append(one)
    assert done == len(before), "a cycle"


def checked(derivation):
    clusters = grouped(derivation)
    assert_sound(derivation, clusters)
    assert grouped(derivation) == clusters
    return clusters


# --- graphs ----------------------------------------------------------------------------------------------


ANY = {
    "size": st.one_of(st.integers(10, 300), st.integers(1000, 5000)),
    "seed": st.integers(0, 2**32),
    "reach": st.sampled_from([2, 10, 100, 10_000]),
    "leaves": st.sampled_from([0.05, 0.3, 0.6]),
    "operations": st.sampled_from([("add",), ("add", "mul", "tanh", "matmul")]),
    "shapes": st.sampled_from([((),), ((3,),), ((), (3,), (2, 2))]),
    "groups": st.integers(0, 30),
}


def any_graph(size, seed, reach, leaves, operations, shapes, groups):
    """Any graph at all, with groups that need not be what a program makes."""
    rng = random.Random(seed)
    variables, locals_ = [], []
    for i in range(size):
        shape = rng.choice(shapes)
        if i == 0 or (rng.random() < leaves and i < size - 1):
            kind = rng.choice(["input", "parameter", "constant"])
            variables.append(Variable(i, f"x{i}", kind, shape, "float32", None))
            continue
        inputs = tuple(
            max(0, i - 1 - int(rng.expovariate(1 / reach))) for _ in range(rng.choice([1, 2, 2]))
        )
        operation = rng.choice(operations)
        formula = [operation, *(["ref", one] for one in inputs)]
        kind = "result" if i == size - 1 else "intermediate"
        variables.append(Variable(i, f"v{i}", kind, shape, "float32", None, operation, inputs, formula))
        rule = "{g} @ bᵀ" if operation == "matmul" else None
        locals_ += [LocalDerivative(i, one, place, rule=rule) for place, one in enumerate(inputs)]
    computed = [one.id for one in variables if one.operation]
    made = []
    for number in range(groups):
        start = rng.randrange(len(computed))
        members = computed[start : start + rng.randrange(2, len(computed) + 2)]
        if rng.random() < 0.2:
            members = rng.sample(computed, min(len(computed), 5))
        made.append(Group(f"m.{number}", "module", tuple(members)))
    return Derivation(size - 1, tuple(variables), tuple(locals_), (), (), groups=tuple(made))


@settings(max_examples=60, deadline=None)
@given(**ANY)
def test_any_graph(**how):
    checked(any_graph(**how))


def loop(count):
    w, b = Value(2.0), Value(1.0)
    data = [(float(i), 3.0 * i) for i in range(count)]
    return explain(sum((w * x + b - y) ** 2 for x, y in data), torch=False)


def moons(samples, hidden=4):
    """As examples/moons.py has it."""
    random.seed(1)
    model = MLP(2, [hidden, hidden, 1])
    scores = [model([Value(0.1 * i), Value(0.2 * i)]) for i in range(samples)]
    losses = [(1 + -((-1) ** i) * score).relu() for i, score in enumerate(scores)]
    L = sum(losses) * (1.0 / samples) + 1e-4 * sum(p * p for p in model.parameters())
    return explain(L, torch=False)


def tensors():
    model = nn.Sequential(*(nn.Sequential(nn.Linear(3, 3), nn.Tanh()) for _ in range(20)))
    x = chainrule.randn(5, 3)
    return explain((model(x) ** 2).mean(), torch=False)


def chain(length):
    x = Value(0.5)
    y = x
    for _ in range(length // 2):
        y = (y * x).tanh()
    return explain(y, torch=False)


def elementwise(length):
    x, y = chainrule.randn(3, 3), chainrule.randn(3, 3).requires_grad_()
    z = y
    for _ in range(4):
        for _ in range(length):
            z = (z * x).tanh()
        z = z @ x
    return explain(z.sum(), torch=False)


@pytest.mark.parametrize("make", [loop, moons, tensors, chain, elementwise])
def test_real_graphs(make):
    sizes = {loop: 200, moons: 8, chain: 3000, elementwise: 10}
    derivation = make(*([sizes[make]] if make in sizes else []))
    clusters = checked(derivation)
    assert clusters


# --- what is found in them -------------------------------------------------------------------------------


def test_what_is_small_is_drawn_whole():
    assert grouped(a_b_c_f(torch=False)) == ()
    assert grouped(loop(6)) == ()  # 36 variables


def test_a_loop_over_samples():
    clusters = grouped(loop(8 + 4))
    assert [(one.kind, one.place, one.count) for one in clusters] == [
        ("samples", 1, 12),
        *(("repeated", place, 12) for place in range(1, 13)),
    ]
    assert {one.title for one in clusters} == {"mul, add, sub, pow"}
    assert len({len(one.members) for one in clusters[1:]}) == 1
    assert all(one.parent == 0 for one in clusters[1:])


def test_few_samples_stand_side_by_side():
    w, b = Value(2.0), Value(1.0)
    L = sum(((w * float(i) + b).tanh() * w + b - 1.0) ** 2 for i in range(5))
    clusters = checked(explain(L, torch=False))
    assert [(one.kind, one.parent) for one in clusters] == [("repeated", None)] * 5


def test_samples_whose_sums_are_used_on_the_way_are_not_gathered():
    w = Value(2.0)
    total, seen = Value(0.0), Value(0.0)
    for i in range(12):
        total = total + ((w * float(i) + 1.0).tanh() - 1.0) ** 2
        seen = seen + total.tanh()
    clusters = checked(explain(total * seen, torch=False))
    assert {one.kind for one in clusters} == {"repeated"}


def test_samples_that_are_values_are_alike_too():
    w, b = Value(2.0), Value(1.0)
    data = [(Value(float(i)), Value(3.0 * i)) for i in range(12)]
    derivation = explain(sum((w * x + b - y) ** 2 for x, y in data), torch=False)
    clusters = checked(derivation)
    assert [one.count for one in clusters] == [12] * 13
    assert all(len(one.members) == 6 for one in clusters[1:])  # x and y are used there alone


def test_the_same_of_other_parameters_is_not_repeated():
    values = [Value(0.1 * i) for i in range(60)]
    pairs = [(a * b + c).tanh() for a, b, c in zip(values[::3], values[1::3], values[2::3], strict=True)]
    clusters = checked(explain(sum(pairs), torch=False))
    assert clusters == ()


def test_a_result_that_is_used_elsewhere_is_no_part_of_a_repetition():
    w = Value(2.0)
    inner = [w * float(i) for i in range(20)]
    outer = [((one + 1.0) * w).tanh() for one in inner]
    clusters = checked(explain(sum(outer) * sum(inner), torch=False))
    repeated = [one for one in clusters if one.kind == "repeated"]
    assert len(repeated) == 20
    assert all(one.title == "add, mul, tanh" for one in repeated)


def test_networks_of_samples_are_opened_layer_by_layer():
    derivation = moons(8)
    clusters = checked(derivation)
    top = [one for one in clusters if one.parent is None]
    assert [one.title for one in top if one.kind == "samples"] == ["model, mul, add, relu"]
    samples = [one for one in clusters if one.kind == "repeated" and one.parent == 0]
    assert [one.place for one in samples] == list(range(1, 9))
    assert samples[0].title == "model, mul, add, relu"
    inside = [one for one in clusters if one.parent == clusters.index(samples[0])]
    assert {one.title for one in inside} == {f"model.layers[{i}] (1)" for i in range(3)}


def test_blocks_of_a_network():
    derivation = tensors()
    top = [one for one in checked(derivation) if one.parent is None]
    assert [one.title for one in top] == [f"model.{i}" for i in range(20)]
    assert all(one.kind == "module" for one in top)
    names = {derivation.variables[one].name for one in top[0].members}
    assert {"model.0.0.weight", "model.0.0.bias"} <= names
    assert "x" not in names


def test_a_module_that_only_calls_another_has_one_box():
    derivation = loop(12)
    computed = tuple(one.id for one in derivation.variables if one.operation)[:30]
    groups = (Group("outer", "module", computed), Group("inner", "module", computed, parent=0))
    found = checked(dataclasses.replace(derivation, groups=groups))
    assert [one.title for one in found if one.kind == "module"] == ["outer"]


def test_elementwise_work_of_one_shape_is_closed_up_to_its_end():
    clusters = checked(elementwise(10))
    assert [one.kind for one in clusters] == ["fused"] * 4
    assert clusters[0].title == "mul, tanh"
    assert [len(one.members) for one in clusters] == [21, 20, 20, 20]  # y is used there alone


def test_a_long_chain_is_cut_into_parts():
    assert checked(chain(400)) == ()
    clusters = checked(chain(3000))
    assert {one.kind for one in clusters} == {"part"}
    assert [one.place for one in clusters] == list(range(1, clusters[0].count + 1))
    assert 30 <= len(clusters[0].members) <= 50


def test_a_group_that_is_no_stretch_of_the_forward_pass_is_left_out():
    derivation = loop(12)
    computed = [one.id for one in derivation.variables if one.operation]
    scattered = Group("m", "module", tuple(computed[::2]))
    crossing = (Group("a", "module", tuple(computed[:10])), Group("b", "module", tuple(computed[5:15])))
    found = checked(dataclasses.replace(derivation, groups=(scattered, *crossing)))
    assert [one.title for one in found if one.kind == "module"] == ["a"]
    assert {one.kind for one in found} == {"module", "repeated"}


def test_thousands_of_nodes_take_a_moment():
    for derivation in (chain(2000), moons(10, 8), loop(400)):
        start = time.perf_counter()
        grouped(derivation)
        assert time.perf_counter() - start < 2.0  # it takes some 0.03 s


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(1, 30), max_size=3), min_size=1, max_size=60))
def test_the_tree_is_that_of_the_definition(steps):
    count = len(steps)
    readers = [sorted({i + step for step in each if i + step < count}) for i, each in enumerate(steps)]
    tree = Tree(readers)

    def reaches_the_end(start, without):
        pending, seen = [start], {start}
        while pending:
            node = pending.pop()
            if node != without and not readers[node]:
                return True
            if node != without:
                pending += [one for one in readers[node] if one not in seen]
                seen.update(readers[node])
        return False

    for node in range(count):
        ruling = [one for one in range(node + 1, count) if not reaches_the_end(node, one)]
        assert tree.parent(node) == (min(ruling) if ruling else count)
    assert tree.sums([1] * count) == [len(tree.below(node)) for node in range(count)]


# --- what the calls of modules leave behind --------------------------------------------------------------


def named(derivation):
    variables = derivation.variables
    return {one.name: [variables[member].operation for member in one.members] for one in derivation.groups}


def test_the_operations_of_each_call():
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    x = chainrule.randn(4, 2)
    derivation = explain((model(x) ** 2).mean(), torch=False)
    found = named(derivation)
    assert list(found) == ["model", "model.0", "model.2"]  # a single operation is no group
    assert "tanh" in found["model"]
    assert "tanh" not in found["model.0"]
    assert "pow" not in found["model"]
    assert [one.parent for one in derivation.groups] == [None, 0, 0]


def test_values_have_groups_too():
    model = MLP(2, [2, 1])
    derivation = explain(model([1.0, 2.0]) * 2, torch=False)
    assert list(named(derivation)) == [
        "model", "model.layers[0]", "model.layers[0].neurons[0]", "model.layers[0].neurons[1]",
        "model.layers[1]", "model.layers[1].neurons[0]",
    ]  # fmt: skip
    assert [one.parent for one in derivation.groups] == [None, 0, 1, 1, 0, 4]
    assert named(derivation)["model.layers[1].neurons[0]"] == ["mul", "add", "mul", "add"]


def test_calls_of_one_module_are_numbered():
    neuron = Neuron(2)
    once = explain(neuron([1.0, 2.0]) * 2, torch=False)
    assert list(named(once)) == ["neuron"]
    twice = explain(neuron([1.0, 2.0]) + neuron([2.0, 1.0]), torch=False)
    assert list(named(twice)) == ["neuron (1)", "neuron (2)"]
    tied = nn.Linear(2, 2)
    found = explain(tied(tied(chainrule.ones(1, 2))).sum(), torch=False)
    assert list(named(found)) == ["tied (1)", "tied (2)"]


def test_a_module_without_a_name_has_that_of_its_class():
    x = chainrule.randn(3).requires_grad_()
    derivation = explain(nn.MSELoss()(x, chainrule.zeros(3)), torch=False)
    assert list(named(derivation)) == ["MSELoss"]
    layers = [nn.Linear(3, 3), nn.Linear(3, 1)]
    found = named(explain(layers[1](layers[0](x)).sum(), torch=False))
    assert list(found) == ["layers[0]", "layers[1]"]


class Doubled(Layer):
    """A call that goes on to the one that it overrides."""

    def __call__(self, x):
        return [2 * one for one in super().__call__(x)]


class Twice(nn.Linear):
    def __call__(self, x):
        return super().__call__(x) * 2


class Own(Module):
    """A model as micrograd has its users write it."""

    def __init__(self):
        self.first, self.rate = Neuron(2), 3.0

    def __call__(self, x):
        return self.first(x) * self.rate


class Inner(nn.Module):
    def __init__(self):
        self.linear = nn.Linear(2, 2)

    def forward(self, x):
        return self.linear(x).tanh()


class Outer(Inner):
    def forward(self, x):
        return Inner.__call__(self, x) * 2 if x.shape[0] == 3 else super().forward(x)


def test_models_of_users():
    doubled, own, twice = Doubled(2, 2), Own(), Twice(2, 2)
    assert list(named(explain(sum(doubled([1.0, 2.0])), torch=False))) == [
        "doubled", "doubled.neurons[0]", "doubled.neurons[1]",
    ]  # fmt: skip
    assert list(named(explain(own([1.0, 2.0]), torch=False))) == ["own.first"]
    assert list(named(explain(twice(chainrule.ones(3, 2)).sum(), torch=False))) == ["twice"]
    outer = Outer()
    assert list(named(explain(outer(chainrule.ones(1, 2)).sum(), torch=False))) == ["outer", "outer.linear"]


def test_a_module_without_a_forward_says_so():
    with pytest.raises(
        chainrule.errors.GraphError, match="Module was called, and it has no forward method"
    ):
        Module()(1.0)


def test_after_backward_and_for_what_a_graph_does_not_hold():
    model, other = nn.Linear(2, 2), nn.Linear(2, 2)
    with chainrule.no_grad():
        other(chainrule.ones(1, 2))
    L = model(chainrule.ones(1, 2)).sum()
    other(chainrule.ones(1, 2))
    L.backward(retain_graph=True)
    assert list(named(explain(L, torch=False))) == ["model"]


def test_a_failed_call_leaves_the_others():
    model = nn.Linear(2, 2)
    with pytest.raises(chainrule.errors.ShapeError):
        model(chainrule.ones(1, 3))
    assert list(named(explain(model(chainrule.ones(1, 2)).sum(), torch=False))) == ["model"]


def test_the_trace_keeps_no_module_alive():
    model = nn.Sequential(nn.Linear(2, 2))
    gone = weakref.ref(model)
    x = model(chainrule.ones(1, 2)).sum()
    del model
    gc.collect()
    assert gone() is None
    assert list(named(explain(x, torch=False))) == ["Sequential", "Linear"]


def test_the_trace_is_bounded():
    model = Inner()
    with chainrule.no_grad():
        x = chainrule.ones(1, 2)
        for _ in range(calls.maxlen // 2 + 10):
            model(x)
    assert len(calls) <= calls.maxlen < 20_000


def test_threads_do_not_see_each_other():
    found, barrier = {}, threading.Barrier(2, timeout=60)

    def run(name):
        model = MLP(2, [4, 1])
        for _ in range(20):
            barrier.wait()
            L = model([1.0, 2.0]) ** 2
            found.setdefault(name, []).append(named(explain(L, torch=False)))

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = found["a"][0]
    assert expected["model"].count("relu") == 4
    assert all(one == expected for name in "ab" for one in found[name])


def test_scopes_of_nothing():
    assert scopes(calls, []) == []


def test_compiled_steps_are_unharmed():
    model = MLP(2, [3, 1])
    start = [p.data for p in model.parameters()]

    def step(a, b):
        loss = (model([a, b]) - 1.0) ** 2
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        return loss

    losses = [float(step(1.0, 2.0).data) for _ in range(3)]
    for p, number in zip(model.parameters(), start, strict=True):
        p.data = number
    compiled = chainrule.compile(step)
    np.testing.assert_allclose([compiled(1.0, 2.0) for _ in range(3)], losses)


def test_groups_go_through_json():
    model = MLP(2, [2, 1])
    derivation = explain(model([1.0, 2.0]), torch=False)
    assert derivation.groups
    assert Derivation.from_json(derivation.to_json()) == derivation
    data = derivation.to_dict()
    for name in ("rate", "groups", "images"):
        del data[name]
    old = Derivation.from_dict(data)
    assert (old.rate, old.groups, old.images) == (0.1, (), ())
