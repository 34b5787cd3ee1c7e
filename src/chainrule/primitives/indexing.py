"""The rows that pick elements, and those that put them back: each pair is the other's pullback."""

from __future__ import annotations

import numpy as np

from chainrule.primitives.row import sample, structural

_ROWS = np.array([0, 2, 0])
_PICKS = np.array([[0, 2], [1, 1], [3, 0]])
_PICKS_DOWN = np.array([[0, 2, 1, 1], [2, 2, 0, 1]])

getitem = structural(
    "getitem",
    lambda xp, x, *, key: xp.getitem(x, key),
    pullbacks=(lambda xp, g, out, x, *, key: xp.index_add(g, key=key, shape=x.shape),),
    words=("put {g} back where it was picked from, 0 elsewhere",),
    notation="{x}[…]",
    torch="Index",
    view=True,
    samples=(
        sample((3, 4), key=1),
        sample((3, 4), key=(slice(None), slice(1, None, 2))),
        sample((3, 4), key=(_ROWS, _ROWS)),
        sample((3, 4), key=(None, Ellipsis, 0)),
        sample((3, 4), key=_ROWS),
        sample((2, 2), key=np.array([[True, False], [True, True]])),
    ),
)
index_add = structural(
    "index_add",
    lambda xp, x, *, key, shape: xp.index_add(x, key=key, shape=shape),
    pullbacks=(lambda xp, g, out, x, *, key, shape: xp.getitem(g, key),),
    words=("pick from {g} what was put there",),
    notation="index_add({x})",
    samples=(sample((3,), key=_ROWS, shape=(4,)), sample((4,), key=1, shape=(3, 4))),
)
put = structural(
    "put",
    lambda xp, x, value, *, key: xp.put(x, value, key=key),
    pullbacks=(
        lambda xp, g, out, x, value, *, key: xp.put(g, 0.0, key=key),
        lambda xp, g, out, x, value, *, key: xp.getitem(g, key),
    ),
    words=("{g}, but 0 where {x} was overwritten", "pick {g} where the value was put"),
    notation="{x}[…] = {y}",
    torch="CopySlices",
    samples=(
        sample((3, 4), (4,), key=1),
        sample((3, 4), (), key=(slice(None), 2)),
        sample((3, 4), (3, 2), key=(slice(None), slice(0, 2))),
    ),
)
take_along_axis = structural(
    "take_along_axis",
    lambda xp, x, indices, *, axis: xp.take_along_axis(x, indices, axis=axis),
    pullbacks=(
        lambda xp, g, out, x, indices, *, axis: xp.scatter_add(g, indices, axis=axis, shape=x.shape),
        None,
    ),
    reads=((1,), ()),
    words=("put {g} back at the gathered places, 0 elsewhere", ""),
    notation="gather({x})",
    torch="Gather",
    samples=(sample((3, 4), _PICKS, axis=1), sample((3, 4), _PICKS_DOWN, axis=0)),
)
scatter_add = structural(
    "scatter_add",
    lambda xp, x, indices, *, axis, shape: xp.scatter_add(x, indices, axis=axis, shape=shape),
    pullbacks=(
        lambda xp, g, out, x, indices, *, axis, shape: xp.take_along_axis(g, indices, axis=axis),
        None,
    ),
    reads=((1,), ()),
    words=("gather {g} from the places that were added to", ""),
    notation="scatter_add({x})",
    samples=(sample((3, 2), _PICKS, axis=1, shape=(3, 4)),),
)
