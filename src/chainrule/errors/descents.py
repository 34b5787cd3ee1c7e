"""Messages about gradient descent: what is to be lowered, by which parameters, at which rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.errors.kinds import DomainError, DTypeError, GraphError, shown


def descent_of_no_function(found: Any) -> DTypeError:
    return DTypeError(
        f"descend computes the loss again at every step, so it takes a function, and {shown(found)} "
        f"({type(found).__name__}) cannot be called: write lambda: (w * x - y) ** 2, or pass the name of a "
        "function without arguments"
    )


def descent_parameters_not_listed(found: Any) -> DTypeError:
    return DTypeError(
        f"descend: the parameters are a list, or a dictionary from names, of Tensors or Values, and this "
        f"is {shown(found)} ({type(found).__name__}). Put a single one into a list: [w]; those of a model "
        "are model.parameters(), or dict(model.named_parameters())"
    )


def descent_without_parameters() -> DomainError:
    return DomainError(
        "descend: there are no parameters to move. If they came from a generator such as "
        "model.parameters(), it may have been used up already; otherwise list the leaves, as in [w, b]"
    )


def descent_parameter_kind(name: str, found: Any) -> DTypeError:
    return DTypeError(
        f"descend: the parameter {name} is {shown(found)} ({type(found).__name__}): give a Tensor made "
        "with requires_grad=True, or a Value. Those of a model are model.parameters(), or "
        "dict(model.named_parameters())"
    )


def descent_parameters_mixed(tensor: str, value: str) -> DTypeError:
    return DTypeError(
        f"descend: {tensor} is a Tensor and {value} is a Value, and one loss cannot depend on both: make "
        "all parameters of one kind"
    )


def descent_parameter_not_leaf(name: str, operation: str) -> GraphError:
    return GraphError(
        f"descend: the parameter {name} is the result of {operation}, and would be computed again from "
        "what it was made of: give the leaves that it was computed from, or a new leaf of the same numbers"
    )


def descent_parameter_frozen(name: str, shape: Any) -> GraphError:
    return GraphError(
        f"descend: the parameter {name}, of shape {tuple(shape)}, does not require a gradient, so it "
        "cannot be moved against one: create it with requires_grad=True"
    )


def descent_parameter_empty(name: str, shape: Any) -> DomainError:
    return DomainError(
        f"descend: the parameter {name}, of shape {tuple(shape)}, holds no number to move: leave it out"
    )


def descent_parameter_twice(name: str) -> DomainError:
    return DomainError(
        f"descend: the parameter {name} is given twice, and would move twice at each step: give it once"
    )


def descent_loss_kind(found: Any) -> DTypeError:
    return DTypeError(
        f"descend: the loss function returned {shown(found)} ({type(found).__name__}), where a Tensor of "
        "one number or a Value is needed: return the loss itself, without .item() or .data"
    )


def descent_loss_not_scalar(shape: Any) -> GraphError:
    return GraphError(
        f"descend: the loss has shape {tuple(shape)}, and only one number can be lowered: reduce it with "
        ".sum() or .mean()"
    )


def descent_loss_independent(names: Sequence[str]) -> GraphError:
    listed = ", ".join(names)
    return GraphError(
        f"descend: the loss does not depend on {listed}. Compute it from the parameters inside of the "
        "function, without .item(), .detach(), .data or no_grad, and without chainrule.compile, whose "
        "results have no graph; or leave out the parameters that it does not use"
    )


def descent_loss_trains() -> GraphError:
    return GraphError(
        "descend: the loss function calls backward() or moves the parameters, as optimizer.step() does. "
        "descend goes back and makes the steps itself: let the function compute the loss and return it"
    )


def descent_loss_computed_before() -> GraphError:
    return GraphError(
        "descend: the loss, or a part of it that depends on the parameters, was computed before, and does "
        "not see what a step makes of them: compute all of it inside of the function, as in "
        "lambda: (w * x - y) ** 2"
    )


def descent_loss_by_chance(first: float, again: float) -> DomainError:
    return DomainError(
        f"descend: computed twice at the same parameters, the loss was {first:.6g} and then {again:.6g}, "
        "or its gradient changed: learning rates are compared on one and the same loss. Use the same batch "
        "at each call, and model.eval() where there is dropout"
    )


def descent_start_not_finite(what: str, value: float) -> DomainError:
    """``what`` is "loss" or "gradient"."""
    return DomainError(
        f"descend: at the start the {what} is {value!r}, and no way leads down from there: start from "
        "other parameters"
    )


def descent_without_rates() -> DomainError:
    return DomainError("descend: lr is an empty list: give a learning rate, or several, as in [0.02, 0.3]")


def descent_rate(found: Any) -> DomainError | DTypeError:
    kind = DomainError if isinstance(found, int | float) else DTypeError
    return kind(
        f"descend: a learning rate is a finite number above 0, and lr has {shown(found)}: give one such as "
        "0.1, or a list of them"
    )


def descent_steps(found: Any, most: int) -> DomainError | DTypeError:
    kind = DomainError if isinstance(found, int) and not isinstance(found, bool) else DTypeError
    return kind(
        f"descend: steps is a whole number from 1 to {most}, and it is {shown(found)}: give one such as 30"
    )


def not_a_descent(cause: Exception) -> DTypeError:
    return DTypeError(
        f"this is not what Descent.to_json wrote ({type(cause).__name__}: {cause}): give its text unchanged"
    )
