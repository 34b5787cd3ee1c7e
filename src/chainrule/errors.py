"""Every error that chainrule raises, and every message, in one place.

A message states what was found (with the shapes or the values), where, and what to do about it.
Each class is also a subclass of the builtin error that a Python user would catch.

A caller never writes a sentence: it writes ``raise errors.not_scalar(shape)``.
"""

from __future__ import annotations

from typing import Any


class ChainruleError(Exception):
    """The root of every error that chainrule raises on purpose."""


class ShapeError(ChainruleError, ValueError):
    """Shapes, ranks or axes that do not fit."""


class DTypeError(ChainruleError, TypeError):
    """A type of number, or of argument, that cannot be used here."""


class DomainError(ChainruleError, ValueError):
    """A value outside of what a function or an option accepts."""


class NameUnknownError(ChainruleError, NameError):
    """A name that nothing answers to."""


class IndexOutOfRangeError(ChainruleError, IndexError):
    """An index or a label outside of the axis that it points into."""


class GraphError(ChainruleError, RuntimeError):
    """A graph that cannot be walked back: freed, cut, overwritten or not scalar."""


class GradcheckError(ChainruleError, AssertionError):
    """A gradient that does not agree with its numerical check."""


class SyntaxInvalidError(ChainruleError, SyntaxError):
    """An expression that is not written in the expression language."""


class BroadcastWarning(UserWarning):
    """A loss whose prediction and target have different shapes, so that pairs are made up."""


def _shown(value: Any, limit: int = 60) -> str:
    """``value`` as it would be typed, cut to ``limit`` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


# --- printing


def not_printable(found: str) -> ChainruleError:
    return DTypeError(
        f"a tensor's text is made from a NumPy array of real numbers, integers or bools, and this "
        f"is {found}: convert it first, for instance with numpy.asarray(x, dtype=numpy.float64), "
        f"or print the real and the imaginary part of complex numbers apart."
    )


# --- networks, losses, optimizers, data


def tensor_expected(where: str, argument: str, value: Any) -> DTypeError:
    return DTypeError(
        f"{where}: {argument} must be a Tensor, and it is {_shown(value)} "
        f"({type(value).__name__}). Convert it with chainrule.tensor(...)."
    )


def count_expected(where: str, argument: str, value: Any) -> DomainError | DTypeError:
    kind = DomainError if hasattr(value, "__index__") and value is not True else DTypeError
    return kind(
        f"{where}: {argument} must be a whole number of at least 1, and it is {_shown(value)}."
    )


def reduction_unknown(where: str, reduction: Any) -> DomainError:
    return DomainError(
        f"{where}: reduction={_shown(reduction)} is not known. "
        "Use 'mean', 'sum' or 'none' (one loss per element)."
    )


def loss_shapes_differ(where: str, prediction: Any, target: Any) -> ShapeError:
    return ShapeError(
        f"{where}: the prediction has shape {tuple(prediction)} and the target has shape "
        f"{tuple(target)}; they cannot be compared element by element. "
        f"Give both the same shape."
    )


def loss_broadcast(where: str, prediction: Any, target: Any, result: Any) -> BroadcastWarning:
    shape = tuple(prediction)
    if _size(prediction) == _size(target):
        remedy = f"Write target.reshape({', '.join(map(str, shape))}) if they are the same examples"
    else:
        remedy = "Give both the same shape, or expand one of them yourself if that is meant"
    return BroadcastWarning(
        f"{where}: the prediction has shape {shape} and the target has shape {tuple(target)}, "
        f"so {_size(result)} pairs of shape {tuple(result)} are compared, which is rarely meant. "
        f"{remedy}."
    )


def _size(shape: Any) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def class_scores_rank(where: str) -> ShapeError:
    return ShapeError(
        f"{where}: the scores are one number, and a score for each class is needed: "
        "shape (classes,) or (examples, classes)."
    )


def class_labels_shape(where: str, scores: Any, labels: Any, expected: Any) -> ShapeError:
    return ShapeError(
        f"{where}: scores of shape {tuple(scores)} need labels of shape {tuple(expected)} "
        f"(one class number for each example), and these have shape {tuple(labels)}."
    )


def class_labels_dtype(where: str, dtype: Any, scores: Any) -> DTypeError:
    return DTypeError(
        f"{where}: labels must be whole numbers (int64), and these are {dtype}. "
        f"Write labels.long(), or, where probabilities are accepted, give a Tensor of "
        f"probabilities of the scores' shape {tuple(scores)}."
    )


def class_label_range(where: str, label: int, position: Any, classes: int) -> IndexOutOfRangeError:
    return IndexOutOfRangeError(
        f"{where}: the label at {list(position)} is {label}, and there are {classes} classes, "
        f"numbered 0 to {classes - 1}."
    )


def hinge_label(label: Any, position: Any) -> DomainError:
    return DomainError(
        f"hinge_loss: the label at {list(position)} is {label}, and labels must be -1 or +1. "
        "Labels 0 and 1 become so with 2 * labels - 1."
    )


def linear_features(where: str, expected: int, shape: Any) -> ShapeError:
    return ShapeError(
        f"{where}: the input has shape {tuple(shape)}, and its last axis must have {expected} "
        f"features: shape (..., {expected})."
    )


def linear_weight(weight: Any, bias: Any = None) -> ShapeError:
    if bias is None:
        return ShapeError(
            f"linear: the weight has shape {tuple(weight)}, and it must be a matrix of shape "
            "(out_features, in_features)."
        )
    return ShapeError(
        f"linear: the bias has shape {tuple(bias)}, and with a weight of shape {tuple(weight)} "
        f"it must have shape ({weight[0]},)."
    )


def parameter_dtype(dtype: Any) -> DTypeError:
    return DTypeError(
        f"Parameter: a parameter is trained, so it must hold float32 or float64, not {dtype}. "
        "Convert the Tensor with .float() or .double()."
    )


def forward_missing(module: str) -> GraphError:
    return GraphError(
        f"{module} was called, and it has no forward method. Define forward(self, x), which "
        "returns the output."
    )


def parameter_replaced(module: str, name: str) -> DTypeError:
    return DTypeError(
        f"{module}.{name} is a Parameter, and a plain Tensor was assigned to it, so it would no "
        f"longer be trained. Update it in place under chainrule.no_grad() "
        f"(module.{name} -= ...), or assign a nn.Parameter."
    )


def module_expected(where: str, position: Any, value: Any) -> DTypeError:
    remedy = ""
    if isinstance(value, type):
        remedy = f" Create it first: {value.__name__}(...)."
    return DTypeError(
        f"{where}: item {position} must be a Module, and it is {_shown(value)}.{remedy}"
    )


def layer_index(index: int, count: int) -> IndexOutOfRangeError:
    return IndexOutOfRangeError(
        f"Sequential: there is no layer {index}; it holds {count} layers, numbered 0 to "
        f"{count - 1}."
    )


def state_expected(where: str, value: Any) -> DTypeError:
    return DTypeError(
        f"{where}: a dictionary as state_dict() returns it is needed, and this is "
        f"{_shown(value)} ({type(value).__name__})."
    )


def state_names(module: str, missing: list[str], unexpected: list[str]) -> NameUnknownError:
    found = []
    if missing:
        found.append(f"missing: {', '.join(missing)}")
    if unexpected:
        found.append(f"unexpected: {', '.join(unexpected)}")
    return NameUnknownError(
        f"load_state_dict: the names do not fit {module} ({'; '.join(found)}). Nothing was "
        "loaded. Rename them, or pass strict=False to load only the names that fit."
    )


def state_shapes(module: str, differing: list[tuple[str, Any, Any]]) -> ShapeError:
    lines = ", ".join(
        f"{name} has shape {tuple(found)} and needs {tuple(needed)}"
        for name, found, needed in differing
    )
    return ShapeError(
        f"load_state_dict: {lines} in {module}. Nothing was loaded. Build the network with the "
        "sizes that it was saved with."
    )


def parameters_empty(where: str) -> DomainError:
    return DomainError(
        f"{where}: there are no parameters to train. If they came from a generator such as "
        "model.parameters(), it may have been used up already; otherwise the model has none."
    )


def parameters_not_listed(where: str, value: Any) -> DTypeError:
    return DTypeError(
        f"{where}: a list of Tensors is needed, as model.parameters() gives it, and this is "
        f"{_shown(value)} ({type(value).__name__}). Put a single Tensor into a list: [w]."
    )


def parameter_not_tensor(where: str, position: int, value: Any) -> DTypeError:
    found, remedy = _shown(value), "Pass model.parameters(), or a list of Tensors."
    if isinstance(value, tuple) and value and isinstance(value[0], str):
        found = f"a pair, ({value[0]!r}, …)"
        remedy = "Pass model.parameters() in place of model.named_parameters()."
    return DTypeError(
        f"{where}: item {position} of the parameters must be a Tensor, and it is {found}. {remedy}"
    )


def parameter_frozen(where: str, position: int, shape: Any) -> GraphError:
    return GraphError(
        f"{where}: item {position} of the parameters, of shape {tuple(shape)}, does not require "
        "a gradient, so it can never be trained. Create it with requires_grad=True."
    )


def parameter_not_leaf(where: str, position: int, shape: Any) -> GraphError:
    return GraphError(
        f"{where}: item {position} of the parameters, of shape {tuple(shape)}, is the result of "
        "an operation, and only leaves receive a gradient. Train the Tensors that it was "
        "computed from, or make it one with .detach().requires_grad_()."
    )


def parameter_twice(where: str, first: int, second: int) -> DomainError:
    return DomainError(
        f"{where}: items {first} and {second} of the parameters are the same Tensor, so it would "
        "be updated twice at each step. Pass it once."
    )


def option_range(where: str, option: str, value: Any, needed: str) -> DomainError | DTypeError:
    kind = DomainError if isinstance(value, int | float) else DTypeError
    return kind(f"{where}: {option} must be {needed}, and it is {_shown(value)}.")


def nesterov_without_momentum() -> DomainError:
    return DomainError(
        "SGD: nesterov=True looks ahead along the momentum, and momentum is 0. "
        "Pass a momentum such as 0.9, or leave nesterov out."
    )


def step_without_gradient() -> GraphError:
    return GraphError(
        "step: no parameter has a gradient, so nothing can be updated. Call loss.backward() "
        "after zero_grad() and before step()."
    )


def optimizer_state_fields(missing: list[str], unexpected: list[str]) -> NameUnknownError:
    return NameUnknownError(
        f"load_state_dict: this is not the state of an SGD (missing: {', '.join(missing) or '-'}; "
        f"unexpected: {', '.join(unexpected) or '-'}). Nothing was loaded."
    )


def optimizer_state_shapes(found: list[Any], needed: list[Any]) -> ShapeError:
    return ShapeError(
        f"load_state_dict: the momentum buffers have shapes {found}, and the parameters have "
        f"shapes {needed}. Nothing was loaded. Build the optimizer on the same parameters, in the "
        "same order."
    )


def dataset_empty() -> DomainError:
    return DomainError(
        "TensorDataset: at least one Tensor is needed, such as TensorDataset(inputs, targets)."
    )


def dataset_scalar(position: int) -> ShapeError:
    return ShapeError(
        f"TensorDataset: item {position} is a single number of shape (), and its first axis must "
        "count the examples."
    )


def dataset_lengths(shapes: list[Any]) -> ShapeError:
    shown = ", ".join(str(tuple(shape)) for shape in shapes)
    return ShapeError(
        f"TensorDataset: the Tensors have shapes {shown}, and their first axes must have the same "
        "length: one row for each example."
    )


def dataset_index(index: int, length: int) -> IndexOutOfRangeError:
    return IndexOutOfRangeError(
        f"TensorDataset: there is no example {index}; there are {length}, numbered 0 to "
        f"{length - 1}."
    )


def dataset_expected(value: Any) -> DTypeError:
    return DTypeError(
        f"DataLoader: the dataset must be a TensorDataset, and it is {_shown(value)} "
        f"({type(value).__name__}). Wrap the Tensors: TensorDataset(inputs, targets)."
    )


def progress_expected(value: Any) -> DTypeError:
    return DTypeError(
        f"DataLoader: progress must be True, False or a label such as 'epoch 1', and it is "
        f"{_shown(value)}."
    )


def neuron_inputs(found: int, expected: int) -> ShapeError:
    return ShapeError(
        f"Neuron: {found} inputs were given to a neuron of {expected} weights. "
        "Give one input for each weight."
    )


def neuron_input_type(value: Any) -> DTypeError:
    return DTypeError(
        f"Neuron: the inputs must be a list of Values or numbers, and they are {_shown(value)} "
        f"({type(value).__name__})."
    )


def layer_sizes(value: Any) -> DTypeError:
    return DTypeError(
        f"MLP: the sizes of the layers must be a list such as [16, 16, 1], and they are "
        f"{_shown(value)}."
    )


# --- numerical derivatives


def not_a_function(found: Any) -> ChainruleError:
    return DTypeError(
        f"f must be a function of one number, and {_shown(found)} ({type(found).__name__}) cannot "
        f"be called: pass the function itself, as in forward_difference(f, 3.0, 1e-6), without "
        f"calling it."
    )


def not_a_maker_of_numbers(found: Any) -> ChainruleError:
    return DTypeError(
        f"number must be the type that f takes in place of a float, and {_shown(found)} cannot be "
        f"called: pass number=chainrule.Value, or leave it out."
    )


def not_a_real_number(name: str, found: Any) -> ChainruleError:
    return DTypeError(
        f"{name} must be a real number and is {_shown(found)} ({type(found).__name__}): pass a "
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
        f"steps must list at least one increment h, and is {_shown(found)}: pass positive floats, "
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
        f"f({point!r}) returned {_shown(found)} ({type(found).__name__}), where one number is "
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
        f"f({point!r}) returned the real number {_shown(found)}, so its imaginary part, which "
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
        f"lang is {_shown(found)}, and the texts are written in: "
        f"{', '.join(repr(name) for name in known)}. Choose one of these."
    )


# --- expressions: the text of the command
# ``where`` is the text with a caret under the place, as chainrule.expressions.place draws it.

_CHARACTER_REMEDIES = {
    "^": "a power is written **, as in x**2",
    "//": "a division is written with one /",
    "%": "there is no remainder here; a division is written /",
    "@": "an expression works on single numbers: a product is written *",
    ".": "there are no attributes here, and a number is written 2.5 or .5",
    "[": "there is no indexing here: give every number a name of its own, as x0 and x1",
    "]": "there is no indexing here: give every number a name of its own, as x0 and x1",
    "{": "group with parentheses",
    "}": "group with parentheses",
    "'": "there is no text in quotes here; a prime follows its name, as in y'",
    '"': "there is no text in quotes here, only numbers and names",
    "`": "there is no text in quotes here, only numbers and names",
    "#": "there are no comments here: leave them out",
    ":": "statements are separated by ; and a value is given as name = expression",
    ":=": "a value is given as name = expression",
    "|": "an absolute value is written abs(x)",
    "√": "a square root is written sqrt(x)",
    "!": "there is no factorial and no negation here",
}
_COMPARISONS = ("==", "!=", "<", ">", "<=", ">=", "≤", "≥", "≠", "≈")
_UPDATES = ("+=", "-=", "*=", "/=", "**=", "//=")
_FUNCTION_REMEDIES = {
    "ln": "write log: it is the natural logarithm",
    "pow": "a power is written a**b",
    "square": "a square is written x**2",
    "σ": "write sigmoid",
    "th": "write tanh",
    "racine": "write sqrt",
}


def _placed(found: str, where: str, remedy: str) -> str:
    """What was found, the text with its caret (nothing when there is no text), the remedy."""
    return f"{found}\n{where}\n{remedy}" if where else f"{found}: {remedy}"


def expression_not_text(value: Any) -> DTypeError:
    return DTypeError(
        f"an expression is a text, got {type(value).__name__} {_shown(value)}: "
        'write it in quotes, as in parse("L = (x*w - y)**2")'
    )


def expression_not_parsed(value: Any, function: str) -> DTypeError:
    return DTypeError(
        f"{function} works on what parse returned, got {type(value).__name__} {_shown(value)}: "
        f"give it parse(text)"
    )


def expression_empty() -> SyntaxInvalidError:
    return SyntaxInvalidError(
        'the expression is empty: write one, as in "L = (x*w - y)**2", and its values after it'
    )


def expression_too_long(length: int, limit: int) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        f"the expression has {length:,} characters and {limit:,} are the most: "
        "write a program of this size as a Python script"
    )


def expression_too_deep(limit: int, where: str) -> SyntaxInvalidError:
    found = f"more than {limit} parentheses are open at once"
    return SyntaxInvalidError(
        _placed(found, where, "give the inner part a name, as in t = …; L = …")
    )


def expression_character(found: str, where: str) -> SyntaxInvalidError:
    """A character, or a sign of several, that the language does not have."""
    if found in _COMPARISONS:
        remedy = "there are no comparisons here; maximum(a, b), minimum(a, b) and relu(x) choose"
    elif found in _UPDATES:
        remedy = "a name is given one value, once: name = expression"
    else:
        remedy = _CHARACTER_REMEDIES.get(
            found,
            "an expression is made of numbers, names, + - * / **, parentheses, "
            "the known functions, = and ;",
        )
    code = "" if found.isascii() or not found.isprintable() else f" (U+{ord(found):04X})"
    return SyntaxInvalidError(
        _placed(f"{found!r}{code} is not part of the expression language", where, remedy)
    )


def expression_number_too_large(text: str, where: str) -> SyntaxInvalidError:
    shown = text if len(text) <= 30 else text[:29] + "…"
    return SyntaxInvalidError(
        _placed(f"the number {shown} is too large", where, "write one below 1.8e308")
    )


def expression_number_underscore(where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed("there is an underscore in a number", where, "write its digits alone, as in 1000")
    )


def expression_name_too_long(length: int, limit: int, where: str) -> SyntaxInvalidError:
    found = f"a name of {length:,} characters, and {limit} are the most"
    return SyntaxInvalidError(_placed(found, where, "choose a shorter name"))


def expression_missing_operator(left: str, right: str, where: str) -> SyntaxInvalidError:
    """Two operands side by side: ``2x``."""
    found = f"an operator is missing between {left} and {right}"
    remedy = "a product is written with its *, as in 2*x; statements are separated by ;"
    return SyntaxInvalidError(_placed(found, where, remedy))


def expression_python_word(word: str, where: str) -> SyntaxInvalidError:
    """A word of Python's beside an operand: ``x if y else z``, ``import os``."""
    found = f"{word} is a word of Python, not of the expression language"
    remedy = "only arithmetic, the known functions and assignments are understood"
    return SyntaxInvalidError(_placed(found, where, remedy))


def expression_missing_operand(after: str, found: str, where: str) -> SyntaxInvalidError:
    """Something that a number or a name should follow: an operator, a parenthesis, ``=``, ``,``."""
    place = f"after {after}" if after else "at the start"
    return SyntaxInvalidError(
        _placed(
            f"expected a number, a name, a function or '(' {place}, found {found}",
            where,
            f"write what is missing, or take {after or found} out",
        )
    )


def expression_unclosed(where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed("this '(' is never closed", where, "add the ')' that belongs to it")
    )


def expression_unopened(where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed("this ')' closes nothing", where, "take it out, or add the '(' that belongs to it")
    )


def expression_comma(where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed(
            "a ',' only separates the two arguments of maximum and minimum",
            where,
            "decimals are written with a point, as in 1.5; statements are separated by ;",
        )
    )


def expression_function_unknown(
    name: str, nearest: str | None, known: tuple[str, ...], where: str
) -> NameUnknownError:
    if name in _FUNCTION_REMEDIES:
        remedy = _FUNCTION_REMEDIES[name]
    elif nearest is not None:
        remedy = f"did you mean {nearest}? (a product is written {name}*(…))"
    else:
        remedy = f"the functions are {', '.join(known)}; a product is written {name}*(…)"
    return NameUnknownError(_placed(f"{name} is not a known function", where, remedy))


def expression_function_bare(name: str, where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed(f"{name} is a function, and is not called here", where, f"write {name}(…)")
    )


def expression_arguments(name: str, found: int, expected: int, where: str) -> SyntaxInvalidError:
    form, noun = (f"{name}(x)", "argument") if expected == 1 else (f"{name}(a, b)", "arguments")
    return SyntaxInvalidError(
        _placed(f"{name} takes {expected} {noun}, found {found}", where, f"write {form}")
    )


def expression_superscript(where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed("a power of a power needs parentheses", where, "write (x²)**3 or x**(2**3)")
    )


def expression_assign_function(name: str, where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed(f"{name} is a function and cannot be assigned", where, "choose another name")
    )


def expression_assign_twice(name: str, where: str) -> SyntaxInvalidError:
    remedy = "give the second value a name of its own, so that each gradient has one name"
    return SyntaxInvalidError(_placed(f"{name} is assigned twice", where, remedy))


def expression_used_before(name: str, where: str) -> NameUnknownError:
    return NameUnknownError(
        _placed(
            f"{name} is used before its assignment",
            where,
            f"put the assignment of {name} before this, or give one of the two another name",
        )
    )


def expression_equals(where: str) -> SyntaxInvalidError:
    remedy = "write name = expression; statements are separated by ;"
    return SyntaxInvalidError(_placed("the left of '=' is one name alone", where, remedy))


def expression_unnamed(where: str) -> SyntaxInvalidError:
    return SyntaxInvalidError(
        _placed("only the last statement may have no name", where, "write name = in front of it")
    )


def values_not_mapping(value: Any, what: str) -> DTypeError:
    return DTypeError(
        f"{what} is a mapping from names, got {type(value).__name__} {_shown(value)}: "
        f"write {what}={{…}}"
    )


def values_missing(names: list[str]) -> NameUnknownError:
    subject = f"{names[0]} has" if len(names) == 1 else f"{', '.join(names)} have"
    remedy = " ".join(f"{name}=…" for name in names)
    return NameUnknownError(f"{subject} no value: add {remedy} after the expression")


def value_extra(name: str, inputs: tuple[str, ...], nearest: str | None) -> NameUnknownError:
    known = f"its inputs are {', '.join(inputs)}" if inputs else "it has no inputs"
    remedy = f"did you mean {nearest}=…?" if nearest else f"leave {name}=… out"
    return NameUnknownError(f"{name} is not used by the expression ({known}): {remedy}")


def value_assigned(name: str) -> DomainError:
    return DomainError(
        f"{name} is computed by the expression and cannot be given a value too: leave {name}=… out"
    )


def value_twice(name: str) -> DomainError:
    return DomainError(f"{name} is given two values, in two spellings of one name: keep one")


def value_type(name: Any, value: Any) -> DTypeError:
    return DTypeError(
        f"the value of {_shown(name)} is {type(value).__name__} {_shown(value)}: "
        "give a number, a Value, a Tensor or an array, under a name that is a text"
    )


def functions_missing(names: list[str]) -> NameUnknownError:
    listed = ", ".join(names)
    return NameUnknownError(
        f"the expression calls {listed}, which functions does not hold: add an entry for {listed}"
    )


def expression_failed(operation: str, reason: str, where: str) -> DomainError:
    """An operation whose value does not exist, or is too large."""
    return DomainError(
        _placed(f"{operation} cannot be computed ({reason})", where, "change the values")
    )


def expression_unsupported(operation: str, reason: str, where: str) -> DTypeError:
    """An operation that the values given do not have."""
    remedy = "give numbers, or values of one kind that have this operation"
    return DTypeError(
        _placed(f"{operation} is not possible for these values ({reason})", where, remedy)
    )


def bindings_not_texts(value: Any) -> DTypeError:
    return DTypeError(
        f'values are a list of texts such as ["x=1", "y=2"], got {type(value).__name__} '
        f"{_shown(value)}: write each as name=number"
    )


def binding_no_equals(text: str) -> DomainError:
    return DomainError(f"{_shown(text)} has no '=': write it as name=number, for example x=1.5")


def binding_name(text: str, name: str, reason: str) -> DomainError:
    return DomainError(
        f"in {_shown(text)}, {_shown(name)} {reason}: write it as name=number, for example x=1.5"
    )


def binding_twice(name: str, first: float, second: str) -> DomainError:
    return DomainError(
        f"{name} is given twice, as {first:g} and as {_shown(second)}: keep one of them"
    )


def binding_not_number(name: str, text: str) -> DomainError:
    if not text:
        return DomainError(f"{name}= has no number after it: write {name}=1.5")
    if text.count(",") == 1 and text.replace(",", "").lstrip("+-−").isdecimal():
        return DomainError(
            f"{_shown(text)} has a comma: decimals are written with a point, as in "
            f"{name}={_shown(text.replace(',', '.'))[1:-1]}"
        )
    return DomainError(
        f"in {_shown(f'{name}={text}')}, {_shown(text)} is not a number: "
        f"write digits, as in {name}=-2.5e-3"
    )


def binding_not_finite(name: str, text: str) -> DomainError:
    return DomainError(
        f"{name}={_shown(text)[1:-1]} is not a finite number: give one between -1.8e308 and 1.8e308"
    )


# --- tensors


def not_array_like(data: Any) -> DTypeError:
    return DTypeError(
        f"a tensor cannot be made of {_shown(data)}: it takes a number, nested lists of numbers of equal "
        "lengths, a numpy array of real numbers, or a tensor"
    )


def dtype_not_supported(dtype: Any) -> DTypeError:
    hint = "; complex numbers are not supported yet" if str(dtype).startswith("complex") else ""
    return DTypeError(
        f"dtype {dtype} cannot be computed with: use floats, integers or booleans, for instance "
        f"chainrule.float32{hint}"
    )


def not_a_dtype(dtype: Any) -> DTypeError:
    return DTypeError(f"{_shown(dtype)} is not a dtype: use chainrule.float32, float64, int64 or bool")


def not_an_operand(value: Any, row: str) -> DTypeError:
    return DTypeError(
        f"{row} cannot take {_shown(value)} of type {type(value).__name__}: give it a tensor, a number "
        "or a numpy array"
    )


def not_a_tensor(value: Any, name: str) -> DTypeError:
    return DTypeError(
        f"{name} was given {_shown(value)} of type {type(value).__name__}, where it takes a tensor"
    )


def not_a_sequence_of_tensors(value: Any, name: str) -> DTypeError:
    return DTypeError(
        f"{name} takes a list or a tuple of at least one tensor; it was given {_shown(value)}"
    )


def not_a_numpy_array(value: Any) -> DTypeError:
    return DTypeError(
        f"from_numpy takes a numpy array; it was given {_shown(value)} of type {type(value).__name__}: "
        "chainrule.tensor(…) takes lists and numbers"
    )


def array_read_only(shape: Any) -> DomainError:
    return DomainError(
        f"from_numpy shares the memory of its array, and this one, of shape {tuple(shape)}, is read-only: "
        "chainrule.tensor(…) makes a copy"
    )


def dtype_not_for_row(dtype: Any, row: str) -> DTypeError:
    return DTypeError(
        f"{row} is not defined for a tensor of dtype {dtype}: convert it first, for instance with .float()"
    )


def shapes_do_not_broadcast(row: str, a: Any, b: Any) -> ShapeError:
    return ShapeError(
        f"{row} of shapes {tuple(a)} and {tuple(b)}: they do not broadcast. Counted from the last axis, "
        "sizes must be equal, or one of them 1; reshape or unsqueeze one side"
    )


def row_failed(row: str, operands: Any, attrs: Any, cause: Exception) -> ChainruleError:
    shapes = ", ".join(
        str(x.shape) if hasattr(x, "shape") else _shown(x) for x in operands
    )
    kind = (
        IndexOutOfRangeError
        if isinstance(cause, IndexError)
        else DTypeError
        if isinstance(cause, TypeError) or "Integers to negative" in str(cause)
        else DomainError
        if isinstance(cause, OverflowError)
        else ShapeError
    )
    dtypes = ", ".join(str(x.dtype) for x in operands if hasattr(x, "dtype"))
    given = "".join(f", {name}={_shown(value)}" for name, value in attrs.items())
    return kind(
        f"{row} cannot be computed for {shapes} ({dtypes}){given}: {str(cause).rstrip(' .')}. Check the shapes and the "
        "dtypes of what it is given"
    )


def condition_not_boolean(dtype: Any) -> DTypeError:
    return DTypeError(
        f"the condition of where is of dtype {dtype}, and must be boolean: write a comparison, such as "
        "x > 0"
    )


def clamp_without_bounds() -> DomainError:
    return DomainError("clamp was given neither min nor max: give at least one of them")


def mean_of_integers(dtype: Any) -> DTypeError:
    return DTypeError(f"the mean of {dtype} is not an integer: write x.float().mean()")


def extreme_of_nothing(shape: Any, name: str) -> ShapeError:
    return ShapeError(f"{name} over no element: the shape is {tuple(shape)}, and an empty set has none")


def dim_not_an_integer(dim: Any, name: str) -> DTypeError:
    return DTypeError(f"{name} takes an integer as dim; it was given {_shown(dim)}")


def dim_out_of_range(dim: int, ndim: int, name: str) -> IndexOutOfRangeError:
    rank = max(ndim, 1)
    return IndexOutOfRangeError(
        f"{name} was given dim={dim} for a tensor of rank {ndim}: dim goes from {-rank} to {rank - 1}"
    )


def dim_repeated(dim: Any, name: str) -> ShapeError:
    return ShapeError(f"{name} was given the same axis twice: dim={dim}. Name each axis once")


def size_not_integers(sizes: Any, name: str) -> DTypeError:
    return DTypeError(f"{name} takes integers as sizes; it was given {_shown(sizes)}")


def size_negative(sizes: Any, name: str) -> ShapeError:
    return ShapeError(f"{name} was given a negative size: {tuple(sizes)}. Sizes are 0 or more")


def reshape_invalid(old: Any, new: Any) -> ShapeError:
    count = 1
    for n in old:
        count *= n
    return ShapeError(
        f"a tensor of shape {tuple(old)} holds {count} numbers, and cannot be reshaped to {tuple(new)}: "
        "the sizes must multiply to the same count, and at most one may be -1"
    )


def flatten_backwards(start: int, end: int) -> ShapeError:
    return ShapeError(
        f"flatten from axis {start} to axis {end} goes backwards: start_dim must not be after end_dim"
    )


def permute_invalid(order: Any, shape: Any) -> ShapeError:
    return ShapeError(
        f"permute{tuple(order)} of a tensor of shape {tuple(shape)}: name each of its {len(shape)} axes "
        "exactly once"
    )


def transpose_of_rank(shape: Any) -> ShapeError:
    return ShapeError(
        f".T and t() are for matrices; the shape is {tuple(shape)}. Use .mT for the last two axes, or "
        "permute"
    )


def cannot_broadcast_to(old: Any, new: Any) -> ShapeError:
    return ShapeError(
        f"shape {tuple(old)} cannot be broadcast to {tuple(new)}: counted from the last axis, each size "
        "must stay as it is, or be 1"
    )


def cat_of_numbers() -> ShapeError:
    return ShapeError("cat joins along an axis, and numbers have none: use stack")


def shapes_do_not_join(name: str, shapes: Any, axis: int | None) -> ShapeError:
    but = "" if axis is None else f" but along axis {axis}"
    return ShapeError(
        f"{name} of shapes {', '.join(str(tuple(s)) for s in shapes)}: they must be the same{but}"
    )


def index_not_integer(dtype: Any, name: str) -> DTypeError:
    return DTypeError(f"{name} takes an integer tensor as index; its dtype is {dtype}: use .long()")


def gather_shapes(shape: Any, index: Any, axis: int) -> ShapeError:
    return ShapeError(
        f"gather from shape {tuple(shape)} along axis {axis} with an index of shape {tuple(index)}: the "
        "ranks must be equal, and the index no longer on the other axes"
    )


def index_out_of_range(
    place: int, length: int, name: str, axis: int | None = None
) -> IndexOutOfRangeError:
    where = "" if axis is None else f" on axis {axis}"
    return IndexOutOfRangeError(
        f"{name}: index {place} is out of range{where}, whose length is {length}: it goes from "
        f"{-length} to {length - 1}"
        if name != "gather"
        else f"gather: index {place} is out of range{where}: it goes from 0 to {length - 1}"
    )


def index_type(part: Any) -> DTypeError:
    return DTypeError(
        f"{_shown(part)} is no index: use integers, slices, None, …, or lists and tensors of integers or "
        "booleans"
    )


def too_many_indices(count: int, shape: Any) -> IndexOutOfRangeError:
    return IndexOutOfRangeError(
        f"{count} indices for a tensor of rank {len(shape)}, of shape {tuple(shape)}: give at most "
        f"{len(shape)}"
    )


def two_ellipses() -> IndexOutOfRangeError:
    return IndexOutOfRangeError("an index may hold one `...`: which axes the second stands for is unknown")


def mask_shape(mask: Any, shape: Any) -> IndexOutOfRangeError:
    return IndexOutOfRangeError(
        f"a boolean mask of shape {tuple(mask)} for a tensor of shape {tuple(shape)}: they must have the "
        "same sizes on the axes that the mask covers"
    )


def indices_do_not_broadcast(shapes: Any) -> IndexOutOfRangeError:
    return IndexOutOfRangeError(
        f"index arrays of shapes {', '.join(map(str, shapes))} pick together, and do not broadcast: give "
        "them the same length, or index one axis after the other"
    )


def slice_step_zero() -> DomainError:
    return DomainError("a slice cannot go on in steps of 0: give a step of 1 or more, or leave it out")


def matmul_shapes(a: Any, b: Any) -> ShapeError:
    if not a or not b:
        return ShapeError(
            f"a matrix product of shapes {tuple(a)} and {tuple(b)}: a number has no rows; use *"
        )
    return ShapeError(
        f"a matrix product of shapes {tuple(a)} and {tuple(b)}: the last size of the left ({a[-1]}) must "
        f"be the first size of the right ({b[0] if len(b) == 1 else b[-2]}), and the axes before them must "
        "broadcast; .T transposes a matrix"
    )


def dot_of_ranks(a: Any, b: Any) -> ShapeError:
    return ShapeError(f"dot of shapes {tuple(a)} and {tuple(b)}: both must be vectors; use @ for matrices")


def length_of_number() -> DTypeError:
    return DTypeError("a tensor of rank 0 is a number, and has no length")


def iteration_over_number() -> DTypeError:
    return DTypeError("a tensor of rank 0 is a number, and cannot be iterated over: .item() gives it")


def item_of_many(shape: Any) -> DomainError:
    return DomainError(
        f".item() is for a tensor of one element; the shape is {tuple(shape)}: use .tolist(), or pick one"
    )


def truth_of_many(shape: Any) -> DomainError:
    return DomainError(
        f"a tensor of shape {tuple(shape)} is neither true nor false as a whole: use .all() or .any()"
    )


def seed_invalid(seed: Any) -> DTypeError:
    return DTypeError(f"manual_seed takes an integer of 0 or more; it was given {_shown(seed)}")


def fill_not_a_number(shape: Any) -> ShapeError:
    return ShapeError(f"full is filled with one number; it was given a tensor of shape {tuple(shape)}")


def range_invalid(bounds: Any) -> DomainError:
    return DomainError(
        f"the range {_shown(bounds)} cannot be walked: give numbers, with a step that is not 0 and leads "
        "from the start to the end"
    )


# --- graphs and gradients


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
    return DTypeError(f".grad is a tensor or None; it was given {_shown(value)}")


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


# --- values


def not_a_number(data: Any) -> DTypeError:
    return DTypeError(
        f"a Value holds one real number; it was given {_shown(data)} of type {type(data).__name__}: use "
        "chainrule.tensor for arrays"
    )


# --- gradients held against differences


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
        f"gradcheck checks a function, and {_shown(found)} ({type(found).__name__}) cannot be called: pass "
        "the function itself and its inputs apart, gradcheck(f, (x, y))"
    )


def gradcheck_without_gradients(count: int) -> GraphError:
    return GraphError(
        f"gradcheck: none of the {count} inputs requires grad, so there is nothing to check: make one with "
        "requires_grad=True"
    )


def gradcheck_input_not_finite(place: int, shape: Any) -> DomainError:
    return DomainError(
        f"gradcheck: input {place}, of shape {tuple(shape)}, holds an infinity or a NaN, around which there "
        "are no differences: give finite numbers"
    )


def gradcheck_tolerance(name: str, value: float) -> DomainError:
    least = "above 0" if name == "eps" else "0 or more"
    return DomainError(f"gradcheck: {name} is {value!r}, and must be {least}")


def gradcheck_output(found: Any) -> DTypeError:
    return DTypeError(
        f"gradcheck: the function returned {_shown(found)} of type {type(found).__name__}, where it must "
        "return a tensor, or a list or a tuple of tensors"
    )


def gradcheck_outputs_of_integers(dtypes: Any) -> DTypeError:
    return DTypeError(
        f"gradcheck: the function returned only {', '.join(map(str, dtypes))}, and only floats have "
        "gradients: return a result that was not made an integer or a boolean"
    )


# --- explanations


def not_explainable(value: Any) -> DTypeError:
    return DTypeError(
        f"explain takes the result of a computation, a tensor or a Value; it was given {_shown(value)} of "
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
        f"{_shown(text)} computes nothing from an input: write an operation on names, and give them "
        'values, as in "L = (x*w - y)**2" x=1 y=2 w=1'
    )


def expression_not_finite(formula: str, filled: str, value: str) -> DomainError:
    return DomainError(
        f"{formula} = {filled} is {value}: the function is not defined there, or its result is too large. "
        "Give the inputs other values"
    )


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
