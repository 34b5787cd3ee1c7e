"""Messages about graphs, gradients and their explanations."""

from __future__ import annotations

from typing import Any

from chainrule.errors.kinds import (
    DomainError,
    DTypeError,
    GraphError,
    NameUnknownError,
    ShapeError,
    shown,
)


def no_graph(shape: Any) -> GraphError:
    return GraphError(
        f"a tensor of shape {tuple(shape)} has no graph: nothing that it was computed from requires grad. "
        "Make the inputs with requires_grad=True, and keep .item(), .detach() and no_grad out of the way "
        "from them to the loss"
    )


def not_scalar(shape: Any) -> GraphError:
    return GraphError(
        f"backward() starts from a number, and this tensor has shape {tuple(shape)}: reduce it with "
        f".sum() or .mean(), or give the cotangent to start from, .backward(gradient) of that shape"
    )


def cotangent_shape(shape: Any, given: Any) -> ShapeError:
    return ShapeError(
        f"the gradient given to backward has shape {tuple(given)}, the tensor {tuple(shape)}: they must "
        "be the same"
    )


def cotangents_do_not_match(roots: int, given: int) -> ShapeError:
    return ShapeError(f"{given} gradients were given for {roots} tensors: give one for each")


def freed(row: str, where: str) -> GraphError:
    return GraphError(
        f"the graph was freed by an earlier backward(): {row} at {where} no longer has the values that "
        "its rule needs. Call the first backward with retain_graph=True, or compute the tensor again"
    )


def freed_before_explaining(row: str, where: str) -> GraphError:
    return GraphError(
        f"backward() has freed the large values of this graph, and {row} at {where} needs its own: call "
        "explain before backward(), or backward(retain_graph=True)"
    )


def overwritten(shape: Any, row: str, saved_at: str, changed_at: str) -> GraphError:
    return GraphError(
        f"a tensor of shape {tuple(shape)} was overwritten at {changed_at}, after {row} at {saved_at} had "
        f"saved it for the way back. Write the change out of place (y = y + 1 for y += 1), or give {row} a "
        ".clone()"
    )


def stale_view(shape: Any, row: str, taken_at: str, changed_at: str) -> GraphError:
    return GraphError(
        f"a view of shape {tuple(shape)} was taken by {row} at {taken_at}, and the tensor that it looks "
        f"into was overwritten at {changed_at} since: take the view after the change, or .clone() it"
    )


def in_place_on_leaf(name: str, shape: Any) -> GraphError:
    return GraphError(
        f"{name} on a leaf of shape {tuple(shape)} that requires grad: its own history cannot start after "
        "it. Update it inside `with chainrule.no_grad():`, or write the result to a new name"
    )


def in_place_on_view(name: str, row: str, shape: Any) -> GraphError:
    return GraphError(
        f"{name} on a view of shape {tuple(shape)} (made by {row}) of a tensor whose gradient is recorded: "
        "write to the tensor itself, y[0] = y[0] + 1, or .clone() the view"
    )


def in_place_on_shared(name: str, shape: Any) -> GraphError:
    return GraphError(
        f"{name} would record a gradient into memory of shape {tuple(shape)} that something else looks "
        "into (a view, a detached tensor, or a value saved for the way back), which would see the numbers "
        "and no gradient: write it out of place (z = z + x for z += x), or .clone() the tensor first"
    )


def in_place_shape(name: str, shape: Any, given: Any) -> ShapeError:
    return ShapeError(
        f"{name}: shape {tuple(given)} does not fit into the {tuple(shape)} that is there; nothing was "
        "changed"
    )


def in_place_dtype(name: str, dtype: Any, given: Any) -> DTypeError:
    return DTypeError(
        f"{name}: a result of dtype {given} cannot be put into a tensor of dtype {dtype}: convert the "
        "tensor first, with .float()"
    )


def in_place_value(name: str, value: Any, dtype: Any) -> DomainError:
    return DomainError(
        f"{name}: {shown(value)} is no number of dtype {dtype}; nothing was changed. Give one in its "
        "range, or convert the tensor first, for instance with .double()"
    )


def grad_mode_of_no_function(name: str, found: Any) -> DTypeError:
    return DTypeError(
        f"{name} decorates a function, and was given {shown(found)} of type {type(found).__name__}: write "
        f"@{name}() above a function, or `with {name}():` around statements"
    )


def requires_grad_of_dtype(dtype: Any) -> DTypeError:
    return DTypeError(
        f"only floats have gradients, and this tensor is of dtype {dtype}: write tensor([1.0, 2.0]) for "
        "tensor([1, 2]), or convert it with .float()"
    )


def not_a_leaf(row: str) -> GraphError:
    return GraphError(
        f"requires_grad can be turned off for leaves only, and this tensor is the result of {row}: use "
        ".detach()"
    )


def does_not_require_grad(shape: Any) -> GraphError:
    return GraphError(
        f"a tensor of shape {tuple(shape)} does not require grad, and will have no gradient to retain: "
        "make its inputs with requires_grad=True"
    )


def input_does_not_require_grad(place: int, shape: Any) -> GraphError:
    return GraphError(
        f"input {place} of autograd.grad, of shape {tuple(shape)}, does not require grad: make it with "
        "requires_grad=True before computing the outputs"
    )


def input_not_used(place: int, shape: Any) -> GraphError:
    return GraphError(
        f"input {place} of autograd.grad, of shape {tuple(shape)}, was not used to compute the outputs: "
        "give the tensor that was, or allow_unused=True for a gradient of None"
    )


def grad_not_a_tensor(value: Any) -> DTypeError:
    return DTypeError(f".grad is a tensor or None; it was given {shown(value)}")


def grad_does_not_fit(shape: Any, dtype: Any, given: Any, given_dtype: Any) -> ShapeError:
    return ShapeError(
        f"a gradient of shape {tuple(given)} and dtype {given_dtype} for a tensor of shape {tuple(shape)} "
        f"and dtype {dtype}: both must be the same"
    )


def numpy_of_tracked(shape: Any) -> GraphError:
    return GraphError(
        f"numpy() of a tensor of shape {tuple(shape)} that requires grad would cut the graph unseen: "
        "write .detach().numpy()"
    )


def not_explainable(value: Any) -> DTypeError:
    return DTypeError(
        f"explain takes the result of a computation, a tensor or a Value; it was given {shown(value)} of "
        f"type {type(value).__name__}"
    )


def nothing_to_explain(shape: Any, leaf: bool) -> GraphError:
    if leaf:
        return GraphError("this is an input, not a result: explain what is computed from it")
    return GraphError(
        f"a tensor of shape {tuple(shape)} has no graph to explain: nothing that it was computed from "
        "requires grad. Make the inputs with requires_grad=True, and compute it outside of no_grad"
    )


def explain_not_scalar(shape: Any) -> GraphError:
    return GraphError(
        f"explain starts from one number, and this tensor has shape {tuple(shape)}: explain its .sum() or "
        ".mean(), or one of its elements"
    )


def no_such_variable(name: str, names: list[str]) -> NameUnknownError:
    return NameUnknownError(f"no variable is called {name!r} here; there are {', '.join(names)}")


def not_a_derivation(cause: Exception) -> DTypeError:
    return DTypeError(
        f"this is not the JSON of a derivation ({type(cause).__name__}: {cause}): give what "
        "Derivation.to_json() wrote"
    )


def expression_without_inputs(text: str) -> GraphError:
    return GraphError(
        f"{shown(text)} computes nothing from an input: write an operation on names, and give them "
        'values, as in "L = (x*w - y)**2" x=1 y=2 w=1'
    )


def expression_not_finite(formula: str, filled: str, value: str) -> DomainError:
    if value == "NaN":
        reason = "it is not defined there"
    elif filled.endswith("/ 0") or filled.startswith(("log(0)", "0^", "0⁻")):
        reason = "it has no finite value there"
    elif value.startswith("−"):
        reason = "it is below the lowest float, −1.8e308"
    else:
        reason = "it is larger than the largest float, 1.8e308"
    return DomainError(f"{formula} = {filled} is {value}: {reason}. Give the inputs other values")


def script_not_found(path: str) -> DomainError:
    return DomainError(
        f"there is no file {path}: give the path of a Python script, or an expression such as "
        '"L = (x*w - y)**2" x=1 y=2 w=1'
    )


def script_without_backward(path: str) -> GraphError:
    return GraphError(
        f"{path} ran to its end and never called backward() on a chainrule tensor or Value, so there is "
        "nothing to explain: call it on the result whose gradients you want to see"
    )


def changed_since(
    name: str | None, shape: Any, changed_at: str | None, row: str, used_at: str
) -> GraphError:
    what = name or f"an input of shape {tuple(shape)}"
    where = f"changed at {changed_at}" if changed_at else "given other values"
    return GraphError(
        f"{what} was {where}, after {row} at {used_at} had used it: the explanation would mix the old "
        "values with the new. Explain before the update, or compute the result again"
    )


def values_changed(row: str, names: list[str], then: float, now: float) -> GraphError:
    of = f" of {' and '.join(names)}" if names else ""
    return GraphError(
        f"the inputs{of} to {row} were given other values since: the result was {then:g} and would be "
        f"{now:g} now. Explain before the update, or compute the result again"
    )


# --- values ------------------------------------------------------------------------------------------


def value_computed(operation: str) -> GraphError:
    return GraphError(
        f"this Value was computed (by {operation!r}) and cannot be initialised again, since its operands "
        "would be lost: make a new Value, or assign to its data"
    )


def no_tape(problem: Exception) -> str:
    return (
        f"the native tape could not be made ({type(problem).__name__}: {problem}), so Value runs in plain "
        "Python, with the same results but slower; if llvmlite is damaged, reinstall it"
    )


def not_in_the_tape(name: str) -> GraphError:
    return GraphError(f"the code of the tape was compiled, and {name!r} is not in it")


def row_after_the_tape(row: str) -> GraphError:
    return GraphError(
        f"{row} came into the table after the first Value: define rows before Value is first imported"
    )


def tape_type(flags: int, size: int) -> GraphError:
    return GraphError(
        f"Python made a type of flags {flags:#x} and size {size}, and not the one that was asked for"
    )


def operand_count(row: str, wanted: int, given: int) -> DTypeError:
    return DTypeError(f"{row} takes {wanted} operands, and was given {given}")
