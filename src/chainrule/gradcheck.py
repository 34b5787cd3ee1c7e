"""Gradients held against numerical differences, and the row to blame where they disagree.

The whole function is checked first, element by element, by differences that know no rule. Where
they disagree, every node of the graph is checked alone, on the inputs that it saved, and the one
whose pullback is the furthest from the slope of its own forward is named, with its line.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from chainrule import autograd, errors
from chainrule.arrays import numpy_namespace
from chainrule.arrays.shapes import sum_to
from chainrule.autodiff.backward import reachable
from chainrule.autodiff.graph import Absent, Node, grad_mode, place
from chainrule.autodiff.numeric import central_difference, finite, forward_difference, real_value
from chainrule.eager import wrap
from chainrule.primitives import Elementwise
from chainrule.tensor import Tensor

__all__ = ["GradcheckReport", "gradcheck", "gradgradcheck"]

#: What a failure looks like: a point where left and right slopes differ, numbers too short for the
#: step, a rule that is wrong, a graph that was cut on the way, a function that is not finite around
#: the point, a step that is too long or too short for the input.
Hint = Literal["", "kink", "float32", "rule", "cut", "undefined", "step"]


@dataclass(frozen=True)
class GradcheckReport:
    """The worst element of a check: true when it passed.

    ``ratio`` is the error over the tolerance, ``atol + rtol · |numerical|``. ``row`` and
    ``place`` name the operation to blame and its line, where one was found; ``hint`` says what
    the failure looks like.
    """

    passed: bool
    ratio: float
    input: int
    name: str
    index: tuple[int, ...]
    output: int
    output_index: tuple[int, ...]
    analytical: float
    numerical: float
    row: str | None = None
    place: str | None = None
    hint: Hint = ""

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        if not self.passed:
            return str(errors.gradients_disagree(self))
        return (
            f"gradients agree with differences: the worst, {errors.element(self)}, is "
            f"{self.analytical:.10g} by the rules and {self.numerical:.10g} by differences, "
            f"{self.ratio:.2g} of the tolerance"
        )


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Tensor],
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> GradcheckReport:
    """Hold the gradients of ``func(*inputs)`` against central differences of step ``eps``.

    Every element of every output is derived by every element of the inputs that require grad, which
    should be float64: differences of float32 numbers are mostly rounding. No ``.grad`` is touched.

    >>> import chainrule as cr
    >>> x = cr.tensor([0.5, -1.0], dtype=cr.float64, requires_grad=True)
    >>> bool(gradcheck(lambda x: (x * x).sum(), x))
    True

    Raises GradcheckError where an error is above ``atol + rtol · |numerical|`` (unless
    ``raise_exception`` is False), with the worst element, the row to blame, and a hint;
    GraphError where no input requires grad; DTypeError and DomainError for arguments that cannot
    be checked.
    """
    tensors = _checked(func, inputs, eps, atol, rtol)
    names = _names(func, len(tensors))
    return _check("gradcheck", func, tensors, names, (eps, atol, rtol), raise_exception)


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> GradcheckReport:
    """Hold the gradients of the gradients of ``func(*inputs)`` against central differences.

    ``grad_outputs`` are the cotangents that the first gradients start from, one for each output;
    random ones, always the same, where it is left out. Otherwise as :func:`gradcheck`.
    """
    tensors = _checked(func, inputs, eps, atol, rtol)
    with grad_mode(True):
        outputs = _outputs(func, tensors)
    seeds = _cotangents(outputs, grad_outputs)
    count = len(tensors)

    def gradients(*given: Tensor) -> tuple[Tensor, ...]:
        sources = [x for x in given[:count] if x.requires_grad]
        roots = _outputs(func, given[:count])
        paired = [pair for pair in zip(roots, given[count:], strict=True) if pair[0].requires_grad]
        if not paired:
            return tuple(wrap(np.zeros(x.shape, x.dtype)) for x in sources)
        found = autograd.grad(
            [root for root, _ in paired],
            sources,
            [seed for _, seed in paired],
            create_graph=True,
            allow_unused=True,
        )
        return tuple(
            wrap(np.zeros(x.shape, x.dtype)) if g is None else g
            for x, g in zip(sources, found, strict=True)
        )

    names = [*_names(func, count), *(f"grad_outputs[{place}]" for place in range(len(seeds)))]
    limits = (eps, atol, rtol)
    return _check("gradgradcheck", gradients, [*tensors, *seeds], names, limits, raise_exception)


# --- the arguments -------------------------------------------------------------------------------


def _checked(func: Any, inputs: Any, eps: Any, atol: Any, rtol: Any) -> list[Tensor]:
    if not callable(func):
        raise errors.gradcheck_of_no_function(func)
    tensors = [inputs] if isinstance(inputs, Tensor) else inputs
    if not isinstance(tensors, (list, tuple)) or not tensors:
        raise errors.not_a_sequence_of_tensors(inputs, "gradcheck")
    for x in tensors:
        if not isinstance(x, Tensor):
            raise errors.not_a_tensor(x, "gradcheck")
    if not any(x.requires_grad for x in tensors):
        raise errors.gradcheck_without_gradients(len(tensors))
    for number, x in enumerate(tensors):
        if x.requires_grad and not np.isfinite(x._data).all():
            raise errors.gradcheck_input_not_finite(number, x.shape)
    for name, value, least in (("eps", eps, 0.0), ("atol", atol, None), ("rtol", rtol, None)):
        limit = finite(name, value)
        if limit < 0.0 or limit == least:
            raise errors.gradcheck_tolerance(name, limit)
    return list(tensors)


def _names(func: Callable[..., Any], count: int) -> list[str]:
    """What ``func`` calls its arguments."""
    try:
        parameters = list(inspect.signature(func).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{place}]" for place in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    return (names + [f"inputs[{place}]" for place in range(len(names), count)])[:count]


def _outputs(func: Callable[..., Any], inputs: Sequence[Tensor]) -> list[Tensor]:
    """The outputs that can have a gradient: those of floats."""
    found = func(*inputs)
    outputs = list(found) if isinstance(found, (list, tuple)) else [found]
    for output in outputs:
        if not isinstance(output, Tensor):
            raise errors.gradcheck_output(output)
    floats = [output for output in outputs if output.dtype.kind == "f"]
    if not floats:
        raise errors.gradcheck_outputs_of_integers([output.dtype for output in outputs])
    return floats


def _cotangents(outputs: list[Tensor], given: Any) -> list[Tensor]:
    if given is None:
        rng = np.random.default_rng(0)
        made = [wrap(np.asarray(rng.normal(size=x.shape), x.dtype)) for x in outputs]
        return [g.requires_grad_() for g in made]
    cotangents = [given] if isinstance(given, Tensor) else list(given)
    if len(cotangents) != len(outputs):
        raise errors.cotangents_do_not_match(len(outputs), len(cotangents))
    for output, g in zip(outputs, cotangents, strict=True):
        if not isinstance(g, Tensor):
            raise errors.not_a_tensor(g, "gradgradcheck")
        if g.shape != output.shape:
            raise errors.cotangent_shape(output.shape, g.shape)
    return cotangents


# --- the whole function --------------------------------------------------------------------------


def _check(
    check: str,
    func: Callable[..., Any],
    inputs: list[Tensor],
    names: list[str],
    limits: tuple[float, float, float],
    raise_exception: bool,
) -> GradcheckReport:
    eps, atol, rtol = limits
    with grad_mode(True), np.errstate(all="ignore"):
        outputs = _outputs(func, inputs)
        ends = np.cumsum([output.numel() for output in outputs]).tolist()
        worst: tuple[Any, ...] = (-1.0, 0, (), 0, 0.0, 0.0)
        for which, x in enumerate(inputs):
            if x.requires_grad:
                analytical = _analytical(outputs, x)
                for index in np.ndindex(x.shape):
                    at = _moving(func, inputs, which, index)
                    for k in range(ends[-1]):
                        ours = float(analytical[(k, *index)])
                        point = float(x._data[index])
                        measured = _slope(at, k, point - eps, point + eps)
                        ratio = _ratio(ours, measured, atol, rtol)
                        if ratio > worst[0]:
                            worst = (ratio, which, index, k, ours, measured)
        ratio, which, index, k, ours, measured = worst
        output = next(place for place, end in enumerate(ends) if k < end) if ends[-1] else 0
        within = k - (ends[output - 1] if output else 0)
        shape = outputs[output].shape
        spot = tuple(int(n) for n in np.unravel_index(within, shape)) if ends[-1] else ()
        where = (which, names[which], tuple(index), output, spot, ours, measured)
        if ratio <= 1.0:
            return GradcheckReport(True, max(ratio, 0.0), *where)
        node, kinked, lost = _blamed(outputs, eps, atol, rtol)
        at = _moving(func, inputs, which, index)
        slopes = _slopes(at, k, inputs[which], index, eps)
        hint = _hint(ours, measured, slopes, node, kinked, [*inputs, *outputs])
        point = float(inputs[which]._data[index])
        lost = (lost or _is_lost(point, eps)) and hint in ("rule", "cut", "undefined")
        if math.isfinite(ours) and (lost or _reaches_too_far(at, k, point, ours, limits)):
            hint, node = "step", None
        row, line = (None, None) if node is None else (node.row.name, place(node))
        report = GradcheckReport(False, ratio, *where, row, line, hint)
    if raise_exception:
        raise errors.gradients_disagree(report, check)
    return report


def _analytical(outputs: list[Tensor], x: Tensor) -> np.ndarray:
    """The derivatives of every element of the outputs, along the first axis, by those of ``x``."""
    rows = []
    for output in outputs:
        for index in np.ndindex(output.shape):
            g = None
            if output.requires_grad:
                seed = np.zeros(output.shape, output.dtype)
                seed[index] = 1
                (g,) = autograd.grad(output, x, wrap(seed), retain_graph=True, allow_unused=True)
            rows.append(np.zeros(x.shape) if g is None else g._data)
    return np.array(rows).reshape(len(rows), *x.shape)


def _moving(
    func: Callable[..., Any], inputs: list[Tensor], which: int, index: tuple[int, ...]
) -> Callable[[float], np.ndarray]:
    """All the outputs as numbers in a row, as a function of one element of one input.

    The tensor itself is lent other numbers, and gets its own back: what ``func`` does with it by
    another name, as a parameter of a network, is then seen as well.
    """
    x = inputs[which]
    seen: dict[float, np.ndarray] = {}

    def at(point: float) -> np.ndarray:
        if point not in seen:
            own = x._data
            moved = own.copy()
            moved[index] = point
            x._data = moved
            try:
                outputs = _outputs(func, inputs)  # one of them may be x itself: read before it is back
                seen[point] = np.concatenate([np.ravel(output._data) for output in outputs])
            finally:
                x._data = own
        return seen[point]

    return at


def _slope(at: Callable[[float], np.ndarray], k: int, left: float, right: float) -> float:
    """The slope of output ``k`` between two points, over the distance that they really have once
    rounded: NaN where it is 0, and where the function is not finite."""
    if left == right:
        return math.nan
    try:
        low, high = (real_value(lambda x: float(at(x)[k]), point, None) for point in (left, right))
    except errors.DomainError:
        return math.nan
    return (high - low) / (right - left)


def _reaches_too_far(
    at: Callable[[float], np.ndarray],
    k: int,
    x: float,
    analytical: float,
    limits: tuple[float, float, float],
) -> bool:
    """Whether the step goes much of the way from ``x`` to 0, and a shorter one agrees with the rules."""
    eps, atol, rtol = limits
    if not 0.0 < abs(x) <= 10 * eps:
        return False
    h = 1e-4 * abs(x)
    return _ratio(analytical, _slope(at, k, x - h, x + h), atol, rtol) <= 1.0


def _is_lost(x: float, eps: float) -> bool:
    """Whether a step of ``eps`` moves only the last digits of ``x``."""
    return eps < 1e3 * float(np.spacing(abs(x)))


def _slopes(
    at: Callable[[float], np.ndarray], k: int, x: Tensor, index: tuple[int, ...], eps: float
) -> tuple[float, float]:
    """The slopes on the left and on the right."""
    point = float(x._data[index])
    return _slope(at, k, point - eps, point), _slope(at, k, point, point + eps)


def _ratio(analytical: float, numerical: float, atol: float, rtol: float) -> float:
    error = abs(analytical - numerical)
    if not math.isfinite(error):
        return math.inf
    tolerance = atol + rtol * abs(numerical)
    return error / tolerance if tolerance else math.inf if error else 0.0


def _hint(
    analytical: float,
    numerical: float,
    slopes: tuple[float, float],
    node: Node | None,
    kinked: bool,
    tensors: list[Tensor],
) -> Hint:
    if math.isnan(numerical) or not math.isfinite(analytical):
        return "undefined"
    if node is not None:
        return "kink" if kinked else "rule"
    if any(x.dtype.kind == "f" and x.dtype != np.float64 for x in tensors):
        return "float32"
    return "kink" if _is_kink(slopes, analytical) else "cut"


def _is_kink(slopes: tuple[float, float], analytical: float) -> bool:
    """Whether the two slopes differ by more than curvature and rounding, with the rule's between
    them."""
    low, high = sorted(slopes)
    margin = 1e-3 * max(1.0, abs(low), abs(high))
    return high - low > margin and low - margin <= analytical <= high + margin


# --- one node at a time --------------------------------------------------------------------------


def _blamed(outputs: list[Tensor], eps: float, atol: float, rtol: float) -> tuple[Node | None, bool, bool]:
    """The node that is the furthest from its own differences, whether it stands at a kink, and whether
    the step is lost in the rounding of its input."""
    worst, found, kinked, unseen = 1.0, None, False, False
    for node in reachable([output._node for output in outputs if output._node is not None]):
        for ratio, kink, lost in _node_errors(node, eps, max(atol, 1e-7), max(rtol, 1e-6)):
            if ratio > worst:
                worst, found, kinked, unseen = ratio, node, kink, lost
    return found, kinked, unseen


def _node_errors(node: Node, eps: float, atol: float, rtol: float) -> Iterator[tuple[float, bool, bool]]:
    """For each input that something flows to, along a random direction: the error's ratio, whether
    the slopes on the two sides differ, and whether the step is lost in the rounding of the input."""
    rng = np.random.default_rng(0)
    inputs = [_saved(node, i, rng) for i in range(len(node.parents))]
    out = np.asarray(node.row.forward(numpy_namespace, *inputs, **node.attrs))
    if out.dtype != np.float64:  # a change of dtype: differences would be rounding
        return
    g = np.asarray(rng.normal(size=out.shape))
    sent = node.plan.pull(numpy_namespace, g, (out, *inputs), node.attrs)
    for i, (parent, gp) in enumerate(zip(node.parents, sent, strict=True)):
        x = inputs[i]
        if parent is None or np.asarray(x).dtype != np.float64:
            continue
        direction = np.asarray(rng.normal(size=np.shape(x)))
        lost = _is_lost(float(np.abs(x).max(initial=0.0)), eps)
        ours = 0.0 if gp is None else float((sum_to(numpy_namespace, gp, x.shape) * direction).sum())

        def along(t: float, i: int = i, x: Any = x, direction: Any = direction) -> float:
            moved = [*inputs[:i], x + t * direction, *inputs[i + 1 :]]
            return float((g * node.row.forward(numpy_namespace, *moved, **node.attrs)).sum())

        try:
            measured = central_difference(along, 0.0, eps)
            left, right = (forward_difference(along, 0.0, h) for h in (-eps, eps))
        except errors.DomainError:
            yield math.inf, False, lost
            continue
        rounding = 1e-8 * float(np.abs(g * out).sum())
        yield _ratio(ours, measured, atol + rounding, rtol), _is_kink((left, right), ours), lost


def _saved(node: Node, i: int, rng: np.random.Generator) -> Any:
    """Input ``i`` in float64: its own numbers, or, where no rule needed to keep them, random ones."""
    array = node.saved[i + 1]
    if array is None or isinstance(array, Absent):
        # A large array of elementwise rows leaves no shape behind if nothing flows to it: one
        # number stands for it.
        shape = getattr(array if array is not None else node.parents[i], "shape", ())
        if isinstance(node.row, Elementwise):
            return np.asarray(rng.uniform(*node.row.domain[i], size=shape))
        return np.asarray(rng.normal(size=shape))
    if isinstance(array, np.ndarray) and array.dtype.kind == "f":
        return array.astype(np.float64)
    return array
