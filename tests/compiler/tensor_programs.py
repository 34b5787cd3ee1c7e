"""The steps of random programs of tensors: one function for each family of operations."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from random import Random

from hypothesis import strategies as st
from tests.compiler.tensor_drawing import MOST, Bounds, Drawing, TensorCase

from chainrule.compiler.operations import OPERATIONS, infer
from chainrule.compiler.types import Shape, Type


def _is_number(type: Type) -> bool:
    return type.dtype != "bool"


def _is_float(type: Type) -> bool:
    return type.dtype.startswith("float")


def _squashed(d: Drawing, place: int | None) -> int | None:
    """What could grow, brought back into (−1, 1)."""
    if place is None or d.exact:
        return place
    return d.add("tanh", (place,), Bounds())


def _between(d: Drawing, place: int) -> int:
    """From (0.5, 2.5), where roots, logarithms and quotients are smooth."""
    low = d.constant(1.5, d.type(place))
    return d.must("add", (d.must("tanh", (place,)), low))


# --- elementwise


def _arithmetic(d: Drawing, operation: str) -> None:
    x = d.any(_is_number)
    if x is None:
        return
    y = d.like(d.type(x))
    operands = [x, y]
    d.rng.shuffle(operands)
    a, b = (d.bounds[place] for place in operands)
    if operation == "mul":
        found = d.add("mul", tuple(operands), Bounds(a.most * b.most, a.grain * b.grain))
    else:
        found = d.add(operation, tuple(operands), Bounds(a.most + b.most, min(a.grain, b.grain)))
    _squashed(d, found)


def _quotient(d: Drawing, operation: str) -> None:
    x = d.any(_is_float)
    if x is None:
        return
    if d.exact:
        by = d.rng.choice((1.0, -1.0, 2.0, -4.0))
        known = d.bounds[x]
        d.add("div", (x, d.constant(by, d.type(x))), Bounds(known.most, known.grain / 4))
    else:
        y = _between(d, d.like(d.type(x)))
        _squashed(d, d.add("div", (x, y), Bounds()))


def _power(d: Drawing, operation: str) -> None:
    x = d.any(_is_float)
    if x is None:
        return
    if d.exact:
        known = d.bounds[x]
        squared = Bounds(max(known.most**2, 1.0), min(known.grain**2, 1.0))
        d.add("pow", (x, d.constant(d.rng.choice((0.0, 1.0, 2.0)), d.type(x))), squared)
    else:
        exponent = d.constant(d.rng.choice((0.0, 1.0, 2.0, -1.0, 0.5, 1.7)), d.type(x))
        _squashed(d, d.add("pow", (_between(d, x), exponent), Bounds()))


def _of_one(d: Drawing, operation: str) -> None:
    x = d.any(_is_number if operation in ("neg", "abs", "sign") else _is_float)
    if x is None or (operation == "sign" and not d.exact):
        return
    if operation in ("neg", "abs"):
        d.must(operation, (x,))
    elif operation == "sign":
        d.add("sign", (x,), Bounds())
    elif not d.exact:
        x = _between(d, x) if operation in ("sqrt", "log") else x
        _squashed(d, d.add(operation, (x,), Bounds()))


def _extremes_of_two(d: Drawing, operation: str) -> None:
    x = d.any(_is_number)
    if x is not None:
        operands = [x, d.like(d.type(x))]
        d.rng.shuffle(operands)
        d.must(operation, tuple(operands))


def _comparison(d: Drawing, operation: str) -> None:
    x = d.any(_is_number)
    if x is not None and d.exact:
        operands = (x,) if operation == "isnan" else (x, d.like(d.type(x)))
        d.add(operation, operands, Bounds())


def _logic(d: Drawing, operation: str) -> None:
    kind = Type("bool", d.shape())
    operands = tuple(d.like(kind) for _ in range(OPERATIONS[operation].arity or 0))
    d.add(operation, operands, Bounds())


def _choice(d: Drawing, operation: str) -> None:
    x = d.any()
    assert x is not None
    type = d.type(x)
    y = d.like(type)
    condition = d.like(Type("bool", type.shape))
    d.add("where", (condition, x, y), d.joint(x, y))


def _conversion(d: Drawing, operation: str) -> None:
    x = d.any()
    assert x is not None
    type = d.type(x)
    if not d.exact:
        if type.dtype != "bool" and not _is_float(type):
            return
        d.add("astype", (x,), Bounds(), dtype=d.rng.choice(("float32", "float64")))
        return
    dtype = d.rng.choice(("float32", "float64", "int64", "int32", "bool"))
    if dtype.startswith("int") and _is_float(type):
        x = d.finite(x)  # what infinity is as an integer, no standard says
    known = d.bounds[x]
    grain = known.grain if dtype.startswith("float") else 1.0
    d.add("astype", (x,), Bounds(1.0 if dtype == "bool" else known.most, grain), dtype=dtype)


# --- shapes


def _broadcast(d: Drawing, operation: str) -> None:
    x = d.any(lambda type: len(type.shape) < 4)
    if x is not None:
        shape = tuple(
            d.rng.choice(d.lengths) if n == 1 and d.rng.random() < 0.6 else n for n in d.type(x).shape
        )
        shape = (*(d.rng.choice(d.lengths) for _ in range(d.rng.randint(0, 2))), *shape)
        if prod(shape) <= MOST:
            d.must("broadcast_to", (x,), shape=shape)


def _reshape(d: Drawing, operation: str) -> None:
    x = d.any()
    assert x is not None
    shape = list(d.type(x).shape)
    for _ in range(2):
        kind = d.rng.randrange(3)
        if kind == 0:
            shape.insert(d.rng.randint(0, len(shape)), 1)
        elif kind == 1 and len(shape) > 1:
            at = d.rng.randrange(len(shape) - 1)
            shape[at : at + 2] = [shape[at] * shape[at + 1]]
        elif shape:
            at = d.rng.randrange(len(shape))
            for part in (2, 3, 1):
                if shape[at] and shape[at] % part == 0:
                    shape[at : at + 1] = [part, shape[at] // part]
                    break
    d.must("reshape", (x,), shape=tuple(shape))


def _permute(d: Drawing, operation: str) -> None:
    x = d.any(lambda type: len(type.shape) > 1)
    if x is not None:
        rank = len(d.type(x).shape)
        d.must("permute_dims", (x,), axes=tuple(d.rng.sample(range(rank), rank)))


def _concat(d: Drawing, operation: str) -> None:
    x = d.any(lambda type: len(type.shape) > 0)
    if x is None:
        return
    type = d.type(x)
    axis = d.rng.randrange(len(type.shape))
    parts = [x]
    for _ in range(d.rng.randint(0, 3)):
        n = d.rng.choice(d.lengths)
        parts.append(d.like(Type(type.dtype, (*type.shape[:axis], n, *type.shape[axis + 1 :]))))
    d.rng.shuffle(parts)
    if sum(d.type(place).size for place in parts) <= MOST:
        d.must("concat", tuple(parts), axis=axis)


def _iota(d: Drawing, operation: str) -> None:
    shape = d.shape(d.rng.randint(1, 3))
    axis = d.rng.randrange(len(shape))
    dtype = d.rng.choice(("float32", "float64", "int64", "int32") if d.exact else ("int64",))
    place = d.builder.add("iota", (), shape=shape, axis=axis, dtype=dtype)
    d.bounds[place] = Bounds(max(shape[axis], 1), 1.0, max(shape[axis], 1) if dtype == "int64" else None)


# --- elements


def _key(d: Drawing, shape: Shape) -> tuple[int | slice, ...]:
    key: list[int | slice] = []
    for n in shape[: d.rng.randint(0, len(shape))]:
        start, stop = sorted((d.rng.randint(0, n), d.rng.randint(0, n)))
        kinds = (slice(0, n, 1), slice(start, stop, 1), slice(0, n, 2), slice(None, None, -1))
        key.append(d.rng.randrange(n) if n and d.rng.random() < 0.3 else d.rng.choice(kinds))
    return tuple(key)


def _pick(d: Drawing, operation: str) -> None:
    x = d.any(lambda type: len(type.shape) > 0)
    if x is not None:
        d.must("getitem", (x,), key=_key(d, d.type(x).shape))


def _update(d: Drawing, operation: str) -> None:
    x = d.any(lambda type: len(type.shape) > 0)
    if x is not None:
        type = d.type(x)
        key = _key(d, type.shape)
        value = d.like(infer("getitem", (type,), {"key": key}))
        d.must("update", (x, value), key=key)


def _indexed(d: Drawing, operation: str) -> None:
    """take, take_along_axis, and their transposes."""
    adds = operation in ("add_at", "scatter_add")
    x = d.any(lambda type: 0 < len(type.shape) < 4 and (_is_number(type) or not adds))
    if x is None:
        return
    type = d.type(x)
    axis = d.rng.randrange(len(type.shape))
    n = type.shape[axis]
    if not n:
        return
    if operation in ("take", "add_at"):
        shape = d.shape(d.rng.randint(0, 2))
        picked = "take"
    else:
        shape = (*type.shape[:axis], d.rng.choice(d.lengths), *type.shape[axis + 1 :])
        picked = "take_along_axis"
    indices = d.places(n, shape)
    part = infer(picked, (type, d.type(indices)), {"axis": axis})
    if part.size > MOST:
        return
    if not adds:
        d.add(operation, (x, indices), d.bounds[x], axis=axis)
        return
    updates = d.like(part)
    known, added = d.bounds[x], d.bounds[updates]
    most = known.most + added.most * max(prod(shape), 1)
    operands = (x, indices, updates)
    if d.exact:
        limit = {"float32": 2.0**24, "int32": 2.0**31, "float64": 2.0**53, "int64": 2.0**62}[type.dtype]
        if most / min(known.grain, added.grain) > limit:
            return
    place = d.builder.add(operation, operands, axis=axis)
    d.bounds[place] = Bounds(most, min(known.grain, added.grain))
    _squashed(d, place)


# --- reductions and orders


def _reduction(d: Drawing, operation: str) -> None:
    x = d.any(_is_number)
    if x is None:
        return
    shape = d.type(x).shape
    axis = tuple(place for place in range(len(shape)) if d.rng.random() < 0.6)
    terms = prod(shape[place] for place in axis)
    if operation == "sum":
        known = d.bounds[x]
        total = d.add("sum", (x,), Bounds(known.most * max(terms, 1), known.grain), axis=axis)
        if not d.exact and total is not None:
            d.must("div", (total, d.constant(float(max(terms, 1)), d.type(total))))
    elif terms:
        d.must(operation, (x,), axis=axis)


def _order(d: Drawing, operation: str) -> None:
    x = d.any(lambda type: _is_number(type) and len(type.shape) > 0)
    if x is None or (not d.exact and _is_float(d.type(x))):
        return
    shape = d.type(x).shape
    axis = d.rng.randrange(len(shape))
    if not shape[axis]:
        return
    found = Bounds(shape[axis], 1.0, shape[axis])
    if operation == "argsort":
        d.add("argsort", (x,), found, axis=axis, descending=d.rng.random() < 0.5)
    else:
        d.add(operation, (x,), found, axis=axis)


# --- products


def _product(d: Drawing, operation: str) -> None:
    dtype = d.rng.choice(("float32", "float64"))
    x = d.any(lambda type: type.dtype == dtype and len(type.shape) >= 2)
    if x is None:
        rows, inner = d.shape(2)
        x = d.transposed(Type(dtype, (rows, inner)))
    *batch, rows, inner = d.type(x).shape
    columns = d.rng.choice(d.lengths)
    if max(prod((*batch, inner, columns)), prod((*batch, rows, columns))) > MOST:
        return
    y = d.transposed(Type(dtype, (*batch, inner, columns)))
    a, b = d.bounds[x], d.bounds[y]
    found = d.add("matmul", (x, y), Bounds(a.most * b.most * max(inner, 1), a.grain * b.grain))
    if not d.exact and found is not None:
        d.must("div", (found, d.constant(float(max(inner, 1)), d.type(found))))


def _convolution(d: Drawing, operation: str) -> None:
    rng = d.rng
    dtype = rng.choice(("float32", "float64"))
    axes, groups = rng.choice((1, 2, 2)), rng.choice((1, 1, 2))
    window = tuple(rng.randint(1, 3) for _ in range(axes))
    options: dict[str, object] = {
        "stride": tuple(rng.randint(1, 2) for _ in range(axes)),
        "padding": tuple(rng.randint(0, 2) for _ in range(axes)),
        "dilation": tuple(rng.randint(1, 2) for _ in range(axes)),
        "groups": groups,
    }
    space = tuple(rng.randint(5, 9) for _ in range(axes))
    x = Type(dtype, (rng.randint(1, 3), groups * rng.randint(1, 2), *space))
    w = Type(dtype, (groups * rng.randint(1, 3), x.shape[1] // groups, *window))
    g = infer("convolution", (x, w), options)
    kinds = {"convolution": (x, w), "convolution_input": (g, w), "convolution_weight": (g, x)}[operation]
    # Beyond the edges are zeros: whether they are multiplied or left out shows with infinities alone.
    left, right = (d.finite(d.like(kind)) for kind in kinds)
    if operation != "convolution":
        options["shape"] = (x if operation == "convolution_input" else w).shape
    terms = {
        "convolution": w.size // w.shape[0],
        "convolution_input": w.size // w.shape[1],
        "convolution_weight": g.size // g.shape[1],
    }[operation]
    a, b = d.bounds[left], d.bounds[right]
    found = d.add(operation, (left, right), Bounds(a.most * b.most * terms, a.grain * b.grain), **options)
    if not d.exact and found is not None:
        d.must("div", (found, d.constant(float(terms), d.type(found))))


#: How each operation is drawn.
STEPS: dict[str, Callable[[Drawing, str], None]] = {
    **dict.fromkeys(("add", "sub", "mul"), _arithmetic),
    "div": _quotient,
    "pow": _power,
    **dict.fromkeys(("maximum", "minimum"), _extremes_of_two),
    **dict.fromkeys(("neg", "abs", "sign", "sqrt", "exp", "log", "sin", "cos", "tanh", "erf"), _of_one),
    **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne", "isnan"), _comparison),
    **dict.fromkeys(("logical_not", "logical_and", "logical_or"), _logic),
    "where": _choice,
    "astype": _conversion,
    "broadcast_to": _broadcast,
    "reshape": _reshape,
    "permute_dims": _permute,
    "concat": _concat,
    "iota": _iota,
    "getitem": _pick,
    "update": _update,
    **dict.fromkeys(("take", "add_at", "take_along_axis", "scatter_add"), _indexed),
    **dict.fromkeys(("sum", "max", "min"), _reduction),
    **dict.fromkeys(("argmax", "argmin", "argsort"), _order),
    "matmul": _product,
    **dict.fromkeys(("convolution", "convolution_input", "convolution_weight"), _convolution),
}

#: Families are as likely as each other, more or less, however many operations they have.
_WEIGHTS = [3 if name in ("matmul", "sum", "where", "update", "getitem", "concat") else 1 for name in STEPS]


def random_tensor_program(rng: Random, exact: bool | None = None) -> TensorCase:
    """A program of up to 30 steps; of either kind, unless ``exact`` says which."""
    drawing = Drawing(rng, rng.random() < 0.6 if exact is None else exact)
    for operation in rng.choices(tuple(STEPS), _WEIGHTS, k=rng.randint(1, 30)):
        STEPS[operation](drawing, operation)
    return drawing.case()


def tensor_programs(exact: bool | None = None) -> st.SearchStrategy[TensorCase]:
    """Programs of tensors that use every operation, with inputs."""
    return st.randoms(use_true_random=False).map(lambda rng: random_tensor_program(rng, exact))
