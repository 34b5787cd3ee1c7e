"""Names come from the caller's own variables, and no two values share one."""

from __future__ import annotations

from functools import partial

import chainrule
from chainrule import Value
from chainrule.explain.names import Names

explain = partial(chainrule.explain, torch=False)  # no frame of its own, in which names would be sought

w = Value(7.0)
only_global = Value(5.0)


def names(derivation):
    return [variable.name for variable in derivation.variables]


def test_locals_win_over_globals_and_no_name_is_given_twice():
    hidden = globals()["w"]

    def inner():
        w = Value(2.0)
        L = w * only_global
        return names(explain(L)), names(explain(w * hidden))

    assert inner() == (["w", "only_global", "L"], ["w", "hidden", "v1"])


def test_a_shadowed_global_is_not_called_by_its_local_namesake():
    w = Value(2.0)
    found = names(explain(w * globals()["w"]))
    assert found == ["w", "p1", "L"]


def test_members_of_lists_and_entries_of_dicts():
    W = [Value(1.0), Value(2.0)]
    rows = [[Value(3.0)], [Value(4.0)]]
    table = {"b": Value(5.0), "two words": Value(6.0), 3: Value(7.0), "W": Value(8.0)}
    terms = [W[0] * W[1], rows[1][0] * table["b"], table["two words"] * table[3], table["W"] * 1.0]
    L = terms[0] + terms[1] + terms[2] + terms[3]
    found = names(explain(L))
    for name in ("W[0]", "W[1]", "rows[1][0]", "b", "table['two words']", "table[3]", "table['W']"):
        assert name in found
    assert found.count("b") == 1
    assert len(set(found)) == len(found)


def test_an_own_name_wins_over_a_place_in_a_list():
    _private = [Value(1.0)]
    parameters = [Value(2.0), Value(3.0)]
    a = parameters[0]
    assert names(explain(a * parameters[1])) == ["a", "parameters[1]", "L"]
    _w = Value(4.0)
    assert names(explain(_w * 2)) == ["_w", "L"]


def test_parameters_of_a_module():
    model = chainrule.nn.Sequential(
        chainrule.nn.Linear(2, 3), chainrule.nn.Tanh(), chainrule.nn.Linear(3, 1)
    )
    x = chainrule.ones(4, 2)
    L = model(x).sum()
    found = names(explain(L))
    for name in ("x", "model.0.weight", "model.0.bias", "model.2.weight", "model.2.bias", "L"):
        assert name in found


def test_numbering_never_collides():
    v1, v3, p1, c1 = Value(1.0), "not a value", 3, None
    L = (v1 * 2 + Value(4.0)) * 3 + 1
    found = names(explain(L))
    assert found == ["v1", "v2", "p2", "v4", "v5", "L"]
    assert (v3, p1, c1) == ("not a value", 3, None)


def test_the_first_of_two_names_for_one_value():
    first = Value(1.0)
    second = first
    L = first * second
    assert names(explain(L)) == ["first", "L"]


def test_an_unnamed_result_is_l_unless_that_is_taken():
    a = Value(1.0)
    assert names(explain(a * 2)) == ["a", "L"]
    L = 3
    assert names(explain(a * L)) == ["a", "v1"]


def test_non_ascii_names():
    ŷ, θ = Value(1.0), Value(2.0)
    assert names(explain(ŷ * θ)) == ["ŷ", "θ", "L"]


def test_a_comprehension_sees_what_is_around_it():
    a = Value(2.0)
    assert [names(explain(a * k)) for k in range(1, 3)] == [["a", "L"], ["a", "L"]]


def test_names_can_be_given():
    a = Value(2.0)
    L = a * 3
    assert names(explain(L, names={"slope": a})) == ["slope", "L"]


def test_inputs_that_need_no_gradient_have_names_too():
    x = chainrule.tensor([1.0, 2.0])
    weight = chainrule.tensor(3.0, requires_grad=True)
    detached = (weight * 2).detach()
    L = (weight * x * detached).sum()
    found = explain(L)
    kinds = {variable.name: variable.kind for variable in found.variables}
    assert kinds == {
        "weight": "parameter",
        "x": "input",
        "v1": "intermediate",
        "detached": "input",
        "v2": "intermediate",
        "L": "result",
    }


def test_other_libraries_modules_are_left_alone():
    import torch

    names = Names()
    names.add_all({"theirs": torch.nn.Linear(2, 1), "x": Value(1.0)})
    assert names.taken == {"theirs", "x"}


def test_where_an_operation_stands_in_the_program():
    weight = chainrule.tensor(3.0, requires_grad=True)
    L = weight * 2
    assert "test_explain_names.py:" in explain(L)["L"].source


def test_the_parameters_of_a_scalar_network_go_by_their_path() -> None:
    from chainrule.micrograd.nn import MLP

    net = MLP(2, [2, 1])
    score = net([1.0, -2.0])
    names = {variable.name for variable in explain(score, torch=False).variables}
    assert {"net.layers[0].neurons[1].w[0]", "net.layers[1].neurons[0].b"} <= names
