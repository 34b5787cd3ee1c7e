"""What a compiled step gives: the memory that it writes, the tensors that it leaves, and what it
returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from chainrule.compiler.types import Type
from chainrule.compiling.results import mapped
from chainrule.compiling.tensors.bindings import Binding, Held
from chainrule.compiling.tensors.buffers import SMALL, Buffer, Kept
from chainrule.compiling.tensors.outcome import Look, Made, Outcome, Product, Same
from chainrule.compiling.tensors.tracer import Brought
from chainrule.eager import wrap

#: What binds an array to an input or a result of the program, and an array of entries to an argument.
Bind = Callable[..., None]

#: An input or a result: its type, and what binds it.
Place = tuple[Type, Bind]


class Outputs:
    """``place`` finds those of the program by name; ``bindings`` and ``helds`` are those of what was there
    before, by the identities of what the trace knows them by."""

    def __init__(
        self,
        found: Outcome,
        place: Callable[[str], Place],
        bindings: Mapping[int, Binding],
        helds: Mapping[int, Held],
    ) -> None:
        self._form = found.form
        self._bindings = bindings
        self._helds = helds
        self._stacked = {id(one): place(one.name) for one in found.products if not one.left}
        self._products = {id(one): one for one in found.products}
        self._buffers = {
            id(one): Buffer(*place(one.before if one.left else one.name)) for one in found.products
        }
        self._kept: list[tuple[Held, Kept]] = []  # gradients with memory of their own, as most have
        self._grads: list[tuple[Held, Made | Same | None]] = []  # the others
        alone = found.alone()
        for outer, grad in found.grads:
            if grad is not None and id(grad) in alone:
                buffer = self._buffers[id(alone[id(grad)])]
                self._kept.append((helds[id(outer)], Kept(buffer)))
            else:
                self._grads.append((helds[id(outer)], grad))
        self._data = [(helds[id(outer)], look) for outer, look in found.data]
        self._leaves = [(helds[id(outer)], leaf) for outer, leaf in found.leaves]
        self._only = self._small_tensor()
        aside = {*(id(one.buffer) for _, one in self._kept), id(self._only)}
        self._turned = [one for one in self._buffers.values() if id(one) not in aside]

    def _small_tensor(self) -> Buffer | None:
        """The buffer of what the step returns, where that is one small tensor, as a loss is."""
        form = self._form
        if not isinstance(form, Made) or form.kind != "tensor" or form.grad is not None or form.leaf:
            return None
        into = form.look.into
        if not isinstance(into, Product) or into.left or form.look.memory is not into.memory:
            return None
        buffer = self._buffers[id(into)]
        return buffer if buffer.array.nbytes <= SMALL else None

    # --- one call

    def ready(self) -> None:
        """Before a step: memory that nobody else holds, for all that it writes."""
        for held, kept in self._kept:
            kept.ready(held.tensor)
        for buffer in self._turned:
            buffer.ready()

    def leave(self) -> None:
        """After a step: in the tensors from outside, what the step left in them."""
        for held, kept in self._kept:
            held.tensor._grad = kept.tensor
        if self._data or self._grads or self._leaves:
            make = partial(self._made, self._latest, {})
            arrays = [self._seen(look, self._latest) for _, look in self._data]
            for (held, _), array in zip(self._data, arrays, strict=True):
                held.tensor._data = array
            for held, grad in self._grads:
                held.tensor._grad = None if grad is None else make(grad)
            for held, leaf in self._leaves:
                held.tensor._leaf = leaf

    def returned(self) -> Any:
        """What the step returns."""
        if self._only is not None:
            return wrap(self._only.array.copy())
        known = {id(grad): held.tensor._grad for held, grad in self._grads if grad is not None}
        return self._mapped(partial(self._made, self._latest, known))

    def _latest(self, product: Product) -> np.ndarray:
        return self._buffers[id(product)].array

    def _mapped(self, make: Callable[[Any], Any]) -> Any:
        return mapped(self._form, lambda leaf: make(leaf) if isinstance(leaf, (Made, Same)) else leaf)

    def _seen(self, look: Look, whole: Callable[[Product], np.ndarray]) -> np.ndarray:
        into = look.into
        array = self._bindings[id(into)].array if isinstance(into, Brought) else whole(into)
        assert array is not None
        return look.memory.replayed(array)

    def _made(self, whole: Callable[[Product], np.ndarray], known: dict[int, Any], one: Made | Same) -> Any:
        """What ``one`` stands for; the same for the same."""
        if isinstance(one, Same):
            return self._helds[id(one.outer)].tensor
        found = known.get(id(one))
        if found is None:
            array = self._seen(one.look, whole)
            if one.kind == "number":
                found = array.item()
            elif one.kind == "array":
                found = array
            else:
                found = wrap(array)
                found._leaf = one.leaf
                found._grad = None if one.grad is None else self._made(whole, known, one.grad)
            known[id(one)] = found
        return found

    # --- many steps

    def stack(self, steps: int) -> Stacks:
        """Memory for the results of so many steps."""
        return Stacks(
            {
                key: (np.empty((steps, *type.shape), type.dtype), bind)
                for key, (type, bind) in self._stacked.items()
            }
        )

    def unstack(self) -> None:
        """From now on single steps again."""
        for buffer in self._buffers.values():
            buffer.bind_again()

    def of_steps(self, stacks: Stacks) -> Any:
        """What all of the steps return, along the first axis."""

        def make(one: Made | Same) -> Any:
            assert isinstance(one, Made)
            assert isinstance(one.look.into, Product)
            array = stacks.arrays[id(one.look.into)][0]
            if one.look.memory is not one.look.into.memory:
                array = np.array([one.look.memory.replayed(row) for row in array])
            return wrap(array) if one.kind == "tensor" else array

        return self._mapped(make)


class Stacks:
    """The results of many steps, in the making."""

    def __init__(self, arrays: dict[int, tuple[np.ndarray, Callable[[np.ndarray], None]]]) -> None:
        self.arrays = arrays

    def bind(self, start: int, count: int) -> None:
        """The next ``count`` steps write from ``start``."""
        for array, bind in self.arrays.values():
            bind(array[start : start + count])
