"""Which values are computed in one pass, and where arrays are kept."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.compiler.ir import Builder, Program, Type
from chainrule.compiler.tensors.access import reshaped
from chainrule.compiler.tensors.fusion import Fusion, Kernel, refined, spread
from chainrule.compiler.tensors.lowering import Lowered
from chainrule.compiler.tensors.plan import ARENA, Arena, Plan, plan

F32 = "float32"


def kernels(program: Program) -> list[list[str]]:
    """The operations of each kernel, in the order in which they run."""
    found = plan(Lowered(program), (), parts=1)
    operations = found.lowered.instructions
    return [
        [operations[place].operation for place in group.members]
        for group in found.order
        if isinstance(group, Kernel)
    ]


def kept(b: Builder, x: int, operation: str, axis: int) -> int:
    """A reduction that keeps its axis, and is copied back along it."""
    shape = b.instructions[x].type.shape
    one = tuple(1 if place == axis else n for place, n in enumerate(shape))
    reduced = b.add("reshape", (b.add(operation, (x,), axis=(axis,)),), shape=one)
    return b.add("broadcast_to", (reduced,), shape=shape)


def softmax(b: Builder, x: int) -> int:
    axis = len(b.instructions[x].type.shape) - 1
    powers = b.add("exp", (b.add("sub", (x, kept(b, x, "max", axis))),))
    return b.add("div", (powers, kept(b, powers, "sum", axis)))


def test_a_softmax_is_one_kernel() -> None:
    b = Builder("softmax")
    x = b.input("x", Type(F32, (8, 3, 20)))
    program = b.program({"y": softmax(b, x)})
    assert kernels(program) == [["max", "sub", "exp", "sum", "div"]]


def test_a_layer_norm_and_its_gradients_are_one_kernel() -> None:
    """Row sums are read in the same row; the gradients of the parameters are summed over the rows."""
    b = Builder("norm")
    shape = (32, 64)
    x, g = b.input("x", Type(F32, shape)), b.input("g", Type(F32, shape))
    count = b.add("broadcast_to", (b.constant(64.0, F32),), shape=shape)
    centred = b.add("sub", (x, b.add("div", (kept(b, x, "sum", 1), count))))
    square = b.add("mul", (centred, centred))
    scaled = b.add("div", (centred, b.add("sqrt", (kept(b, square, "sum", 1),))))
    product = b.add("mul", (g, scaled))
    outputs = {
        "y": scaled,
        "weight": b.add("sum", (product,), axis=(0,)),
        "bias": b.add("sum", (g,), axis=(0,)),
        "x": b.add("sub", (g, b.add("mul", (scaled, kept(b, product, "sum", 1))))),
    }
    assert len(kernels(b.program(outputs))) == 1


def test_an_update_of_a_parameter_is_one_kernel_in_place() -> None:
    b = Builder("adam")
    kind = Type(F32, (40, 30))
    p, m, v, g = (b.input(name, kind) for name in "pmvg")
    half = b.add("broadcast_to", (b.constant(0.5, F32),), shape=kind.shape)
    first = b.add("add", (b.add("mul", (m, half)), b.add("mul", (g, half))))
    second = b.add("add", (b.add("mul", (v, half)), b.add("mul", (b.add("mul", (g, g)), half))))
    step = b.add("div", (first, b.add("sqrt", (second,))))
    program = b.program(
        {"p'": b.add("sub", (p, step)), "m'": first, "v'": second}, {"p": "p'", "m": "m'", "v": "v'"}
    )
    found = plan(Lowered(program), ["p", "m", "v"], parts=2)
    assert len(found.order) == 1
    assert found.in_place == 3
    assert not found.copies
    assert found.arena == 0


def test_what_another_reads_first_is_updated_after_it() -> None:
    """The product reads the old weights, though the program comes to it after the update."""
    b = Builder("late")
    w, x = b.input("w", Type(F32, (4, 4))), b.input("x", Type(F32, (4, 4)))
    new = b.add("add", (w, x))
    program = b.program({"w'": new, "y": b.add("matmul", (x, w))}, {"w": "w'"})
    found = plan(Lowered(program), ["w"], parts=1)
    operations = found.lowered.instructions
    assert [operations[group.members[0]].operation for group in found.order] == ["matmul", "add"]
    assert found.in_place == 1


def test_what_reads_itself_elsewhere_is_not_updated_in_place() -> None:
    b = Builder("turned")
    w = b.input("w", Type(F32, (4, 4)))
    program = b.program({"w'": b.add("add", (w, b.add("permute_dims", (w,), axes=(1, 0))))}, {"w": "w'"})
    found = plan(Lowered(program), ["w"], parts=1)
    assert found.in_place == 0
    assert len(found.copies) == 1


def test_two_states_that_change_places_are_copied() -> None:
    b = Builder("swap")
    x, y = b.input("x", Type(F32, (4,))), b.input("y", Type(F32, (4,)))
    found = plan(Lowered(b.program({"x'": y, "y'": x}, {"x": "x'", "y": "y'"})), ["x", "y"], parts=1)
    places = [found.lowered.outputs[name] for name in ("x'", "y'")]
    in_place = [found.storage[place].slot != ARENA for place in places]
    assert in_place.count(True) <= 1  # or one would read what the other has left
    assert in_place.count(True) + len(found.copies) == 2


def test_no_group_waits_for_itself() -> None:
    """A value may not join a kernel that waits, by way of a product, for the kernel itself."""
    b = Builder("around")
    x = b.input("x", Type(F32, (8, 8)))
    y = b.add("exp", (x,))
    z = b.add("matmul", (y, y))
    fusion = Fusion(Lowered(b.program({"y": b.add("add", (y, z))})))
    product = fusion.group[fusion.lowered.outputs["y"] - 1]
    assert not any(fusion.depends(group, product) for group in fusion.groups[:1])
    assert len([group for group in fusion.groups if group.members]) == 3


def test_a_product_with_a_vector_joins_what_follows() -> None:
    b = Builder("score")
    h, w = b.input("h", Type(F32, (100, 16))), b.input("w", Type(F32, (16, 1)))
    score = b.add("reshape", (b.add("matmul", (h, w)),), shape=(100,))
    program = b.program({"y": b.add("tanh", (score,))})
    assert kernels(program) == [["mul", "sum", "tanh"]]


def test_a_mask_is_computed_where_it_is_read() -> None:
    """The way back of relu compares what the forward pass left: no mask is kept from one to the other."""
    b = Builder("relu")
    x, w = b.input("x", Type(F32, (64, 64))), b.input("w", Type(F32, (64, 64)))
    zero = b.add("broadcast_to", (b.constant(0.0, F32),), shape=(64, 64))
    z = b.add("matmul", (x, w))
    hidden = b.add("maximum", (z, zero))
    g = b.add("matmul", (hidden, w))
    mask = b.add("astype", (b.add("gt", (z, zero)),), dtype=F32)
    program = b.program({"y": b.add("matmul", (b.add("mul", (g, mask)), hidden))})
    assert kernels(program) == [["maximum"], ["gt", "astype", "mul"]]


@pytest.mark.parametrize(
    ("space", "shape", "expected"),
    [
        ((6, 4), (2, 3, 4), (2, 3, 4)),
        ((6, 4), (2, 12), (2, 3, 4)),
        ((4, 6), (6, 4), None),
        ((6, 4), (6,), (6, 4)),
        ((), (), ()),
    ],
)
def test_axes_are_split_so_that_both_shapes_are_made_of_them(
    space: tuple[int, ...], shape: tuple[int, ...], expected: tuple[int, ...] | None
) -> None:
    assert refined(space, shape) == expected


def test_strides_along_split_axes() -> None:
    assert spread((2, 3, 4), (6, 4), (4, 1)) == (12, 4, 1)
    assert spread((2, 3, 4), (6, 1, 4), (0, 7, 1)) == (0, 0, 1)


def test_strides_of_another_shape_show_the_same_elements() -> None:
    rng = np.random.default_rng(0)
    shown = 0
    for _ in range(300):
        shape = tuple(rng.choice([1, 2, 3, 4], rng.integers(1, 5)).tolist())
        array = np.arange(np.prod(shape)).reshape(shape).transpose(rng.permutation(len(shape)))
        new = tuple(rng.permutation([2, 3, 4, 6])[:2].tolist())
        new = (*new, array.size // int(np.prod(new)))
        if int(np.prod(new)) != array.size:
            continue
        strides = reshaped(array.shape, [one // array.itemsize for one in array.strides], new)
        if strides is None:
            with pytest.raises(AttributeError):
                array.view().shape = new
            continue
        shown += 1
        looked = np.lib.stride_tricks.as_strided(array, new, [one * array.itemsize for one in strides])
        np.testing.assert_array_equal(looked, array.reshape(new))
    assert shown > 20


def test_the_arena_gives_out_again_what_came_back() -> None:
    arena = Arena()
    first, second, third = (arena.take(100) for _ in range(3))
    arena.give(first, 100)
    arena.give(second, 100)
    assert arena.take(200) == first  # neighbours that are free are one piece
    arena.give(third, 100)
    assert arena.take(300) == third  # the last piece grows
    assert arena.size == third + 320


def test_an_array_lies_where_another_one_was() -> None:
    b = Builder("chain")
    x = b.input("x", Type(F32, (64, 64)))
    for _ in range(6):
        x = b.add("matmul", (x, x))
    found: Plan = plan(Lowered(b.program({"y": x})), (), parts=1)
    assert found.arena == 2 * 64 * 64 * 4
