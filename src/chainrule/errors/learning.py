"""Messages about networks, losses, optimizers and data."""

from __future__ import annotations

from typing import Any

from chainrule.errors.kinds import (
    BroadcastWarning,
    DomainError,
    DTypeError,
    GraphError,
    IndexOutOfRangeError,
    NameUnknownError,
    ShapeError,
    shown,
)


def tensor_expected(where: str, argument: str, value: Any) -> DTypeError:
    return DTypeError(
        f"{where}: {argument} must be a Tensor, and it is {shown(value)} "
        f"({type(value).__name__}). Convert it with chainrule.tensor(...)."
    )


def count_expected(where: str, argument: str, value: Any) -> DomainError | DTypeError:
    kind = DomainError if hasattr(value, "__index__") and value is not True else DTypeError
    return kind(f"{where}: {argument} must be a whole number of at least 1, and it is {shown(value)}.")


def reduction_unknown(where: str, reduction: Any) -> DomainError:
    return DomainError(
        f"{where}: reduction={shown(reduction)} is not known. "
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
    return DTypeError(f"{where}: item {position} must be a Module, and it is {shown(value)}.{remedy}")


def layer_index(index: int, count: int) -> IndexOutOfRangeError:
    return IndexOutOfRangeError(
        f"Sequential: there is no layer {index}; it holds {count} layers, numbered 0 to {count - 1}."
    )


def state_expected(where: str, value: Any) -> DTypeError:
    return DTypeError(
        f"{where}: a dictionary as state_dict() returns it is needed, and this is "
        f"{shown(value)} ({type(value).__name__})."
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
        f"{name} has shape {tuple(found)} and needs {tuple(needed)}" for name, found, needed in differing
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
        f"{shown(value)} ({type(value).__name__}). Put a single Tensor into a list: [w]."
    )


def parameter_not_tensor(where: str, position: int, value: Any) -> DTypeError:
    found, remedy = shown(value), "Pass model.parameters(), or a list of Tensors."
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
    return kind(f"{where}: {option} must be {needed}, and it is {shown(value)}.")


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


def step_shape(position: int, shape: Any, what: str, found: Any) -> ShapeError:
    return ShapeError(
        f"step: parameter {position} has shape {tuple(shape)}, and its {what} has shape {tuple(found)}: "
        "the parameter was given other numbers since. Nothing was updated. Make a new optimizer on the "
        "parameters, and call zero_grad() and backward() again."
    )


def optimizer_state_fields(title: str, missing: list[str], unexpected: list[str]) -> NameUnknownError:
    return NameUnknownError(
        f"load_state_dict: this is not the state of {title} (missing: {', '.join(missing) or '-'}; "
        f"unexpected: {', '.join(unexpected) or '-'}). Nothing was loaded."
    )


def optimizer_state_shapes(words: str, found: list[Any], needed: list[Any]) -> ShapeError:
    return ShapeError(
        f"load_state_dict: each {words} has one of the shapes {found}, and the parameters need "
        f"{needed}. Nothing was loaded. Build the optimizer on the same parameters, in the "
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
        f"TensorDataset: there is no example {index}; there are {length}, numbered 0 to {length - 1}."
    )


def dataset_expected(value: Any) -> DTypeError:
    return DTypeError(
        f"DataLoader: the dataset must be a TensorDataset, and it is {shown(value)} "
        f"({type(value).__name__}). Wrap the Tensors: TensorDataset(inputs, targets)."
    )


def progress_expected(value: Any) -> DTypeError:
    return DTypeError(
        f"DataLoader: progress must be True, False or a label such as 'epoch 1', and it is {shown(value)}."
    )


def neuron_inputs(found: int, expected: int) -> ShapeError:
    return ShapeError(
        f"Neuron: {found} inputs were given to a neuron of {expected} weights. "
        "Give one input for each weight."
    )


def neuron_input_type(value: Any) -> DTypeError:
    return DTypeError(
        f"Neuron: the inputs must be a list of Values or numbers, and they are {shown(value)} "
        f"({type(value).__name__})."
    )


def layer_sizes(value: Any) -> DTypeError:
    return DTypeError(
        f"MLP: the sizes of the layers must be a list such as [16, 16, 1], and they are {shown(value)}."
    )
