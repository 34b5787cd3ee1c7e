"""What the trace of a step comes to: the results of its program, what it leaves in tensors, what it
returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule import errors
from chainrule.arrays.memory import Memory, Number
from chainrule.compiler.ir import Program
from chainrule.compiling.results import mapped
from chainrule.compiling.tensors.tracer import (
    DATA,
    GRAD,
    LEAF,
    NODE,
    UNASKED,
    Brought,
    Outer,
    TensorTracer,
    owner,
)
from chainrule.tensor import Tensor


@dataclass(eq=False, slots=True)
class Product:
    """Memory that the step made, and that outlives it. ``left``: in a tensor that was there before, so that
    every step writes it to the same place; else the step returns it."""

    name: str
    memory: Memory
    left: bool = False

    @property
    def before(self) -> str:
        """The input in whose place it is left: nothing is read from it."""
        return f"{self.name}_before"


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """An array, by the memory that it looks into: a product, or an array that was there before."""

    into: Product | Brought
    memory: Memory


@dataclass(frozen=True, slots=True, eq=False)
class Same:
    """A result that is a tensor from outside itself."""

    outer: Outer


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A result, or a gradient, that the step made: a ``tensor``, an ``array`` or a ``number``."""

    kind: str
    look: Look
    leaf: bool = False
    grad: Made | Same | None = None


@dataclass(slots=True)
class Outcome:
    """``form`` is what the step returns, with Made and Same in the place of tensors; ``data``, ``grads``
    and ``leaves`` are what it leaves in tensors from outside."""

    program: Program
    state: list[str]
    form: Any
    products: list[Product]
    data: list[tuple[Outer, Look]]
    grads: list[tuple[Outer, Made | Same | None]]
    leaves: list[tuple[Outer, bool]]
    written: list[Brought] = field(default_factory=list)

    @property
    def stable(self) -> bool:
        """Whether the step leaves things as it found them, but for numbers: the next one is the same."""
        moved = any(outer.had_grad is not None for outer, _ in self.grads if not _same_grad(outer))
        return not self.data and not self.leaves and not moved

    @property
    def stackable(self) -> bool:
        """Whether what each step returns is memory of its own, to be laid beside that of the other
        steps."""
        return all(
            isinstance(one, Made) and isinstance(one.look.into, Product) and not one.look.into.left
            for one in self.returned()
        )

    def returned(self) -> list[Made | Same]:
        """The tensors, arrays and numbers that the step returns."""
        found: list[Made | Same] = []

        def note(leaf: Any) -> Any:
            if isinstance(leaf, (Made, Same)):
                found.append(leaf)
            return leaf

        mapped(self.form, note)
        return found

    def alone(self) -> dict[int, Product]:
        """The gradients that are memory of their own, which nothing else looks into: by their
        identities."""
        ones = [*self.returned(), *(grad for _, grad in self.grads if grad is not None)]
        looks = [look for _, look in self.data]
        while ones:
            one = ones.pop()
            if isinstance(one, Made):
                looks.append(one.look)
                if one.grad is not None:
                    ones.append(one.grad)
        uses = Counter(id(look.into) for look in looks)
        found = {}
        for _, grad in self.grads:
            if (
                isinstance(grad, Made)
                and isinstance(grad.look.into, Product)
                and uses[id(grad.look.into)] == 1
            ):
                plain = grad.grad is None and not grad.leaf
                if plain and grad.look.memory is grad.look.into.memory:
                    found[id(grad)] = grad.look.into
        return found


def _same_grad(outer: Outer) -> bool:
    """Whether the gradient that a tensor is left with is as it was found: the same one, or none."""
    now = outer.grad is not None
    return now == outer.had_grad and (not now or outer.grad is GRAD.__get__(outer.tensor))


def outcome(tracer: TensorTracer, result: Any) -> Outcome:
    """Raises CompileError for what no program can do for a step."""
    found = _Outcomes(tracer)
    form = mapped(result, found.part)
    for outer in list(tracer.outers.values()):
        found.leave(outer)
    return found.finish(form)


class _Outcomes:
    def __init__(self, tracer: TensorTracer) -> None:
        self._tracer = tracer
        self._products: dict[int, Product] = {}
        self._made: dict[int, Made] = {}  # one tensor is one result, wherever it stands
        self._data: list[tuple[Outer, Look]] = []
        self._grads: list[tuple[Outer, Made | Same | None]] = []
        self._leaves: list[tuple[Outer, bool]] = []

    def part(self, leaf: Any) -> Any:
        """A leaf of what the step returns."""
        if isinstance(leaf, Tensor):
            return self._tensor(leaf)
        if isinstance(leaf, Number):
            strong: Any = self._tracer.trace.result(leaf.place)
            return Made("number", self._look(strong))
        return Made("array", self._look(leaf)) if isinstance(leaf, Memory) else leaf

    def _tensor(self, tensor: Tensor, left: bool = False) -> Made | Same:
        if not self._tracer.is_made(tensor):
            return Same(self._tracer.outer(tensor))
        found = self._made.get(id(tensor))
        if found is None:
            grad = GRAD.__get__(tensor)
            found = self._made[id(tensor)] = Made(
                "tensor",
                self._look(DATA.__get__(tensor), left),
                LEAF.__get__(tensor),
                None if grad is None else self._tensor(grad, left),
            )
        elif left:
            self._look(found.look.memory, left)
        return found

    def _look(self, memory: Memory, left: bool = False) -> Look:
        root = memory.root
        if root.outside is not None:
            return Look(self._tracer.bring(root.outside), memory)
        product = self._products.get(id(root))
        if product is None:
            product = self._products[id(root)] = Product(f"result{len(self._products)}", root)
        product.left |= left
        return Look(product, memory)

    def leave(self, outer: Outer) -> None:
        """What the step leaves in a tensor from outside."""
        name, shape = self._tracer.called(outer), outer.tensor.shape
        if outer.node is not UNASKED and outer.node is not NODE.__get__(outer.tensor):
            raise errors.left_with_a_graph(name, shape)
        if outer.rebound:
            self._data.append((outer, self._look(outer.data, left=True)))
        if outer.grad is not UNASKED:
            grad = outer.grad
            if grad is not None and self._tracer.node(grad) is not None:
                raise errors.left_with_a_graph(f"{name}.grad", shape)
            if grad is not GRAD.__get__(outer.tensor) or outer.had_grad is None:
                self._grads.append((outer, None if grad is None else self._tensor(grad, left=True)))
        if outer.leaf is not UNASKED and outer.leaf != LEAF.__get__(outer.tensor):
            self._leaves.append((outer, outer.leaf))

    def finish(self, form: Any) -> Outcome:
        trace = self._tracer.trace
        written = [one for one in self._tracer.arrays.values() if one.written]
        self._check_overlaps(written)
        outputs: dict[str, Any] = {}
        carried: dict[str, str] = {}
        for brought in written:
            carried[brought.name] = f"{brought.name}'"
            outputs[carried[brought.name]] = brought.memory
        state = [one.name for one in self._tracer.arrays.values() if one.written or one.place is None]
        for product in self._products.values():
            outputs[product.name] = product.memory
            if product.left:  # a place that nothing is read from, and that every step writes to
                type = product.memory.type
                trace.input(product.before, type.shape, type.dtype)
                carried[product.before] = product.name
                state.append(product.before)
        program = trace.program(outputs, carried)
        return Outcome(
            program,
            state,
            form,
            list(self._products.values()),
            self._data,
            self._grads,
            self._leaves,
            written,
        )

    def _check_overlaps(self, written: Sequence[Brought]) -> None:
        arrays = list(self._tracer.arrays.values())
        owners = [owner(one.array) for one in arrays]
        for one in written:
            own = owner(one.array)
            for other, others in zip(arrays, owners, strict=True):
                if other is one or (own != others and own and others):
                    continue
                if np.may_share_memory(one.array, other.array):
                    raise errors.written_and_shared(one.name, other.name)
