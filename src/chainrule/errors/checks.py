"""Messages about gradients held against numbers: differences, and the checks of gradients."""

from __future__ import annotations

from typing import Any

from chainrule.errors.kinds import (
    ChainruleError,
    DomainError,
    DTypeError,
    GradcheckError,
    GraphError,
    shown,
)


def not_a_function(found: Any) -> ChainruleError:
    return DTypeError(
        f"f must be a function of one number, and {shown(found)} ({type(found).__name__}) cannot "
        f"be called: pass the function itself, as in forward_difference(f, 3.0, 1e-6), without "
        f"calling it."
    )


def not_a_maker_of_numbers(found: Any) -> ChainruleError:
    return DTypeError(
        f"number must be the type that f takes in place of a float, and {shown(found)} cannot be "
        f"called: pass number=chainrule.Value, or leave it out."
    )


def not_a_real_number(name: str, found: Any) -> ChainruleError:
    return DTypeError(
        f"{name} must be a real number and is {shown(found)} ({type(found).__name__}): pass a "
        f"Python float; a tensor gives one with .item(), a Value with .data."
    )


def not_finite_number(name: str, value: float) -> ChainruleError:
    return DomainError(f"{name} is {value!r}: pass a finite number.")


def zero_step() -> ChainruleError:
    return DomainError(
        "h is 0, and the slope divides by h: pass a small step that is not 0, for instance 1e-6."
    )


def no_steps(found: Any) -> ChainruleError:
    return DTypeError(
        f"steps must list at least one increment h, and is {shown(found)}: pass positive floats, "
        f"for instance [1e-1, 1e-2, 1e-3], or leave it out for 1e-1 to 1e-15."
    )


def negative_step(value: float) -> ChainruleError:
    return DomainError(
        f"steps holds {value!r}, and the steps of a table are positive: pass its magnitude; for "
        f"the slope on the left of x, call forward_difference with a negative h."
    )


def function_undefined(point: complex, reason: str) -> ChainruleError:
    return DomainError(
        f"f({point!r}) {reason}: choose an x inside of the domain of f, and a step h that stays "
        f"inside of it."
    )


def function_refused(point: float, cause: Exception) -> ChainruleError:
    return DTypeError(
        f"f({point!r}) raised {type(cause).__name__}: {cause}. f is called with a Python float: "
        f"write it with operators and math or numpy, or name the type that it takes, for instance "
        f"number=chainrule.Value."
    )


def function_gave_no_number(point: complex, found: Any) -> ChainruleError:
    return DTypeError(
        f"f({point!r}) returned {shown(found)} ({type(found).__name__}), where one number is "
        f"needed: return a float, or a Value or a tensor that holds a single number."
    )


def complex_refused(point: complex, cause: Exception) -> ChainruleError:
    return DTypeError(
        f"f does not accept the complex number {point!r}: it raised {type(cause).__name__}: "
        f"{cause}. Write f with operators, cmath or numpy (numpy.exp in place of math.exp), or use "
        f"central_difference, which needs real numbers only."
    )


def complex_lost(point: complex, found: Any) -> ChainruleError:
    return DTypeError(
        f"f({point!r}) returned the real number {shown(found)}, so its imaginary part, which "
        f"carries the derivative, is lost: keep abs, comparisons and real parts out of f, or use "
        f"central_difference (if f is constant, its derivative is 0)."
    )


def slope_overflows(x: float, h: float) -> ChainruleError:
    return DomainError(
        f"the slope of f at x = {x!r} with h = {h!r} is too large for a float: take a larger h, or "
        f"scale f down."
    )


def no_reference_slope(x: float) -> ChainruleError:
    return DomainError(
        f"no reference derivative can be measured at x = {x!r}: f is not defined on both sides of "
        f"x, which lies at the edge of its domain. Pass exact= with the derivative that you know, "
        f"or choose an x inside of the domain."
    )


def unknown_language(found: Any, known: tuple[str, ...]) -> ChainruleError:
    return DomainError(
        f"lang is {shown(found)}, and the texts are written in: "
        f"{', '.join(repr(name) for name in known)}. Choose one of these."
    )


def element(report: Any) -> str:
    """``∂output[1, 0]/∂x[2]``: which derivative a report of ``gradcheck`` is about."""
    output = "output" if report.output == 0 else f"output {report.output}"
    row, column = ("".join(str(list(one)) if one else "") for one in (report.output_index, report.index))
    return f"∂{output}{row}/∂{report.name}{column}"


_GRADCHECK_HINTS = {
    "kink": "The slopes on the left and on the right of this point differ: it lies at a kink (or a tie), "
    "where no derivative exists. Move the input away from it",
    "float32": "There are float32 numbers here, and differences of so small a step are mostly their "
    "rounding: every row agrees with its own differences in float64. Give float64 inputs, x.double()",
    "rule": "This row's pullback disagrees with differences of its own forward: its rule is wrong",
    "cut": "Every row on the way agrees with its own differences, so a path is missing: look for "
    ".detach(), .item(), .data or no_grad between the input and the output, or for a function that is "
    "random",
    "step": "The step eps does not fit an input here: it reaches across much of the way to 0, or down "
    "to the last digits, and differences so taken are no slopes. No rule is blamed: give an eps well "
    "below that input and well above its rounding, such as eps=1e-4 * abs(x)",
    "undefined": "The function, or its derivative, is not finite around this point. Move the input inside "
    "of its domain",
}


def gradients_disagree(report: Any, check: str = "gradcheck") -> GradcheckError:
    blame = "" if report.row is None else f" The row to blame is {report.row}, at {report.place}."
    return GradcheckError(
        f"{check}: {element(report)} (input {report.input}) is {report.analytical:.10g} by the rules and "
        f"{report.numerical:.10g} by differences: the error is {report.ratio:.3g} times the tolerance."
        f"{blame} {_GRADCHECK_HINTS[report.hint]}."
    )


def gradcheck_of_no_function(found: Any) -> DTypeError:
    return DTypeError(
        f"gradcheck checks a function, and {shown(found)} ({type(found).__name__}) cannot be called: pass "
        "the function itself and its inputs apart, gradcheck(f, (x, y))"
    )


def gradcheck_without_gradients(count: int) -> GraphError:
    return GraphError(
        f"gradcheck: none of the {count} inputs requires grad, so there is nothing to check: make one with "
        "requires_grad=True"
    )


def gradcheck_input_not_finite(place: int, shape: Any) -> DomainError:
    return DomainError(
        f"gradcheck: input {place}, of shape {tuple(shape)}, holds an infinity or a NaN, around which "
        "there are no differences: give finite numbers"
    )


def gradcheck_tolerance(name: str, value: float) -> DomainError:
    least = "above 0" if name == "eps" else "0 or more"
    return DomainError(f"gradcheck: {name} is {value!r}, and must be {least}")


def gradcheck_output(found: Any) -> DTypeError:
    return DTypeError(
        f"gradcheck: the function returned {shown(found)} of type {type(found).__name__}, where it must "
        "return a tensor, or a list or a tuple of tensors"
    )


def gradcheck_outputs_of_integers(dtypes: Any) -> DTypeError:
    return DTypeError(
        f"gradcheck: the function returned only {', '.join(map(str, dtypes))}, and only floats have "
        "gradients: return a result that was not made an integer or a boolean"
    )
