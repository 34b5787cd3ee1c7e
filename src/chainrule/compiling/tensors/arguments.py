"""The arguments of a step of tensors, in a trace: tensors as they are, arrays and numbers as inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.compiling.arguments import NUMBERS, each, endless
from chainrule.compiling.tensors.tracer import TensorTracer
from chainrule.eager import wrap
from chainrule.tensor import Tensor


@dataclass(frozen=True, slots=True)
class Leaf:
    """One argument, or a part of one: what it is, and the input of the program that it became, if it is no
    array, which the tracer knows. A tensor is "tied" that the step also reads from around it."""

    kind: str  # "tensor", "tied", "array", "number", or "each"
    dtype: str = ""
    input: str = ""
    tensor: Tensor | None = None  # the one that is tied: with another one it is another step


def traced(
    names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any], tracer: TensorTracer
) -> tuple[list[Any], dict[str, Any], list[Leaf]]:
    """The arguments that the step is traced with, and their leaves in order."""
    found: list[Leaf] = []
    taken = [_traced(name, one, tracer, found) for name, one in zip(endless(names), args, strict=False)]
    given = {name: _traced(name, kwargs[name], tracer, found) for name in sorted(kwargs)}
    return taken, {name: given[name] for name in kwargs}, found


def _traced(name: str, argument: Any, tracer: TensorTracer, found: list[Leaf]) -> Any:
    if isinstance(argument, Tensor):
        if id(argument) in tracer.known:
            found.append(Leaf("tied", tensor=argument))
        else:
            tracer.tensor_given(name, argument, len(found))
            found.append(Leaf("tensor"))
        return argument
    if isinstance(argument, np.ndarray):
        found.append(Leaf("array", argument.dtype.name))
        return tracer.array_given(name, argument, len(found) - 1)
    if isinstance(argument, each):
        return _entry(name, argument, tracer, found)
    if isinstance(argument, (list, tuple)):
        parts = [_traced(f"{name}[{i}]", one, tracer, found) for i, one in enumerate(argument)]
        return rebuilt(argument, parts)
    if isinstance(argument, dict):
        return {key: _traced(f"{name}[{key!r}]", one, tracer, found) for key, one in argument.items()}
    if isinstance(argument, NUMBERS) and not isinstance(argument, bool):
        number = tracer.number_given(name, argument)  # type: ignore[arg-type]  # of NUMBERS
        found.append(Leaf("number", number.type.dtype, tracer.input_name(number)))
        return number
    return argument


def _entry(name: str, argument: each, tracer: TensorTracer, found: list[Leaf]) -> Any:
    entries = argument.array
    if entries.ndim == 1 and not argument.of_tensor:
        entry = tracer.number_given(name, entries[0])
    else:
        entry = tracer.entry_given(name, entries.shape[1:], entries.dtype)
    found.append(Leaf("each", entry.type.dtype, tracer.input_name(entry)))
    return wrap(entry) if argument.of_tensor else entry


def rebuilt(like: Any, parts: list[Any]) -> Any:
    """``parts`` in a list or a tuple as ``like``, or a tuple with names."""
    if isinstance(like, list):
        return parts
    return type(like)(*parts) if hasattr(like, "_fields") else tuple(parts)
