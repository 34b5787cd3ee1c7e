"""The rows that move numbers without changing them: each cotangent takes the way back."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any

from chainrule.arrays.shapes import sum_to
from chainrule.primitives.row import sample, structural

reshape = structural(
    "reshape",
    lambda xp, x, *, shape: xp.reshape(x, shape),
    pullbacks=(lambda xp, g, out, x, *, shape: xp.reshape(g, x.shape),),
    words=("reshape {g} back to the shape of {x}",),
    notation="reshape({x})",
    torch="View",
    view=True,
    samples=(sample((3, 4), shape=(2, 6)), sample((), shape=(1, 1)), sample((6,), shape=(3, 2))),
)


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(order)), key=order.__getitem__))


permute_dims = structural(
    "permute_dims",
    lambda xp, x, *, axes: xp.permute_dims(x, axes),
    pullbacks=(lambda xp, g, out, x, *, axes: xp.permute_dims(g, _inverse(axes)),),
    words=("permute the axes of {g} back",),
    notation="permute({x})",
    torch="Permute",
    view=True,
    samples=(sample((3, 4), axes=(1, 0)), sample((2, 3, 4), axes=(2, 0, 1))),
)
broadcast_to = structural(
    "broadcast_to",
    lambda xp, x, *, shape: xp.broadcast_to(x, shape),
    pullbacks=(lambda xp, g, out, x, *, shape: sum_to(xp, g, x.shape),),
    words=("sum {g} over the axes along which {x} was copied",),
    notation="broadcast({x})",
    torch="Expand",
    samples=(sample((4,), shape=(3, 4)), sample((), shape=(2, 2)), sample((3, 1), shape=(2, 3, 4))),
)
squeeze = structural(
    "squeeze",
    lambda xp, x, *, axis: xp.squeeze(x, axis),
    pullbacks=(lambda xp, g, out, x, *, axis: xp.reshape(g, x.shape),),
    words=("give {g} its axis of length 1 back",),
    notation="squeeze({x})",
    view=True,
    samples=(sample((3, 1), axis=(1,)), sample((1, 2, 1), axis=(0, 2))),
)
expand_dims = structural(
    "expand_dims",
    lambda xp, x, *, axis: xp.expand_dims(x, axis=axis),
    pullbacks=(lambda xp, g, out, x, *, axis: xp.reshape(g, x.shape),),
    words=("take the added axis of length 1 out of {g}",),
    notation="unsqueeze({x})",
    torch="Unsqueeze",
    view=True,
    samples=(sample((3,), axis=0), sample((3, 4), axis=-1), sample((), axis=0)),
)


def _cut(xp: Any, g: Any, out: Any, *inputs: Any, axis: int) -> list[Any]:
    axis %= len(g.shape)
    before = (slice(None),) * axis
    ends = accumulate((x.shape[axis] for x in inputs), initial=0)
    return [xp.getitem(g, (*before, slice(start, stop))) for start, stop in pairwise(ends)]


concat = structural(
    "concat",
    lambda xp, *inputs, axis: xp.concat(inputs, axis=axis),
    pullbacks=(_cut,),
    words=("cut {g} where the inputs were joined",),
    notation="cat({x}, …)",
    torch="Cat",
    variadic=True,
    samples=(sample((2, 3), (1, 3), axis=0), sample((2, 1), (2, 3), (2, 2), axis=-1)),
)
stack = structural(
    "stack",
    lambda xp, *inputs, axis: xp.stack(inputs, axis=axis),
    pullbacks=(
        lambda xp, g, out, *inputs, axis: [
            xp.getitem(g, (*(slice(None),) * (axis % len(g.shape)), place)) for place in range(len(inputs))
        ],
    ),
    words=("take each input's slice of {g}",),
    notation="stack({x}, …)",
    variadic=True,
    samples=(sample((3,), (3,), axis=0), sample((2, 3), (2, 3), axis=-1), sample((), (), axis=0)),
)

# The other rows keep the dtype that comes in; this one changes it, and changes the cotangent's back.
astype = structural(
    "astype",
    lambda xp, x, *, dtype: xp.astype(x, dtype),
    pullbacks=(lambda xp, g, out, x, *, dtype: xp.astype(g, x.dtype),),
    words=("{g} in the dtype of {x}",),
    notation="{x}",
    torch="ToCopy",
    samples=(sample((3,), dtype="float64"),),
)
