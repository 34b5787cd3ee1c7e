"""The elementwise rows: arithmetic, functions of one number, choices between numbers.

Each row is the operation and its partial derivatives. Where a derivative does not exist (a kink, a tie),
the partial is PyTorch's choice, and ``special`` makes the tests look there.
"""

from __future__ import annotations

from math import inf, nan, pi
from math import sqrt as root

from chainrule.primitives.row import ANYWHERE, BOOLEAN, POSITIVE, elementwise

add = elementwise(
    "add",
    lambda xp, x, y: x + y,
    partials=(lambda xp, out, x, y: 1, lambda xp, out, x, y: 1),
    notation="+",
)
sub = elementwise(
    "sub",
    lambda xp, x, y: x - y,
    partials=(lambda xp, out, x, y: 1, lambda xp, out, x, y: -1),
    notation="−",
)
mul = elementwise(
    "mul",
    lambda xp, x, y: x * y,
    partials=(lambda xp, out, x, y: y, lambda xp, out, x, y: x),
    notation="·",
)
div = elementwise(
    "div",
    lambda xp, x, y: x / y,
    partials=(lambda xp, out, x, y: 1 / y, lambda xp, out, x, y: -out / y),
    notation="/",
    domain=(ANYWHERE, POSITIVE),
    special=((1.0, 0.0), (0.0, 0.0), (1.0, inf), (1.0, -0.5)),
)
neg = elementwise("neg", lambda xp, x: -x, partials=(lambda xp, out, x: -1,))

# x**y at y = 0 is 1 whatever x is, and 0**y is 0 for a positive y: both slopes are 0 there, where the
# bare formulas would say 0·∞ and 0·(−∞).
pow = elementwise(
    "pow",
    lambda xp, x, y: xp.pow(x, y),
    partials=(
        lambda xp, out, x, y: xp.where(y == 0, 0, y * xp.pow(x, y - 1)),
        lambda xp, out, x, y: xp.where((x == 0) & (y >= 0), 0, out * xp.log(x)),
    ),
    notation="^",
    domain=(POSITIVE, ANYWHERE),
    special=((0.0, 2.0), (0.0, 0.0), (2.0, 0.0), (-2.0, 2.0), (-2.0, 0.5), (-8.0, 3.0), (0.0, -1.0)),
)

clone = elementwise("clone", lambda xp, x: +x, partials=(lambda xp, out, x: 1,))
exp = elementwise(
    "exp",
    lambda xp, x: xp.exp(x),
    partials=(lambda xp, out, x: out,),
    special=((800.0,), (-800.0,), (inf,), (-inf,), (nan,)),
)
log = elementwise(
    "log",
    lambda xp, x: xp.log(x),
    partials=(lambda xp, out, x: 1 / x,),
    domain=(POSITIVE,),
    special=((0.0,), (-1.0,), (inf,)),
)
sqrt = elementwise(
    "sqrt",
    lambda xp, x: xp.sqrt(x),
    partials=(lambda xp, out, x: 1 / (2 * out),),
    domain=(POSITIVE,),
    special=((0.0,), (-1.0,), (inf,)),
)
sin = elementwise(
    "sin", lambda xp, x: xp.sin(x), partials=(lambda xp, out, x: xp.cos(x),), special=((inf,),)
)
cos = elementwise(
    "cos", lambda xp, x: xp.cos(x), partials=(lambda xp, out, x: -xp.sin(x),), special=((inf,),)
)
tanh = elementwise(
    "tanh",
    lambda xp, x: xp.tanh(x),
    partials=(lambda xp, out, x: 1 - out * out,),
    special=((800.0,), (-inf,), (nan,)),
)
sigmoid = elementwise(
    "sigmoid",
    lambda xp, x: 1 / (1 + xp.exp(-x)),
    partials=(lambda xp, out, x: out * (1 - out),),
    special=((800.0,), (-800.0,), (nan,)),
)
erf = elementwise(
    "erf",
    lambda xp, x: xp.erf(x),
    partials=(lambda xp, out, x: xp.exp(-x * x) * (2 / root(pi)),),
    special=((0.0,), (-0.0,), (inf,), (-inf,), (nan,)),
)
relu = elementwise(
    "relu",
    lambda xp, x: xp.maximum(x, 0),
    partials=(lambda xp, out, x: x > 0,),
    special=((0.0,), (-0.0,), (inf,), (-inf,)),
)
abs = elementwise(
    "abs",
    lambda xp, x: xp.abs(x),
    partials=(lambda xp, out, x: xp.sign(x),),
    special=((0.0,), (-inf,), (nan,)),
)
sign = elementwise(
    "sign", lambda xp, x: xp.sign(x), partials=(None,), torch="Sign", special=((0.0,), (nan,))
)

# A tie gives half to each side; beside a NaN, which is neither more nor less, both sides receive all.
maximum = elementwise(
    "maximum",
    lambda xp, x, y: xp.maximum(x, y),
    partials=(
        lambda xp, out, x, y: 1 - ((x < y) * 1 + (x <= y)) / 2,
        lambda xp, out, x, y: 1 - ((y < x) * 1 + (y <= x)) / 2,
    ),
    special=((1.0, 1.0), (nan, 1.0), (inf, inf)),
)
minimum = elementwise(
    "minimum",
    lambda xp, x, y: xp.minimum(x, y),
    partials=(
        lambda xp, out, x, y: 1 - ((x > y) * 1 + (x >= y)) / 2,
        lambda xp, out, x, y: 1 - ((y > x) * 1 + (y >= x)) / 2,
    ),
    special=((1.0, 1.0), (nan, 1.0), (inf, inf)),
)
# clamp(x, low, high): at a bound the slope is 1, as inside.
clamp = elementwise(
    "clamp",
    lambda xp, x, y, z: xp.minimum(xp.maximum(x, y), z),
    partials=(
        lambda xp, out, x, y, z: (x >= y) & (x <= z),
        lambda xp, out, x, y, z: (x < y) & (y < z),
        lambda xp, out, x, y, z: (x > z) | (z < y),
    ),
    domain=(ANYWHERE, (-1.5, -0.5), (0.5, 1.5)),
    special=(
        (-1.0, -1.0, 1.0),
        (1.0, -1.0, 1.0),
        (nan, -1.0, 1.0),
        (-2.0, 1.0, -1.0),
        (0.0, 1.0, -1.0),
    ),
)
# where(condition, x, y): the side that was not chosen receives 0.
where = elementwise(
    "where",
    lambda xp, x, y, z: xp.where(x, y, z),
    partials=(
        None,
        lambda xp, out, x, y, z: x,
        lambda xp, out, x, y, z: xp.logical_not(x),
    ),
    domain=(BOOLEAN, ANYWHERE, ANYWHERE),
    special=((True, 1.0, inf), (False, nan, 1.0), (True, -inf, nan)),
)

# Comparisons are flat wherever they are differentiable, and nothing flows back through them.
lt = elementwise("lt", lambda xp, x, y: x < y, partials=(None, None), notation="<")
le = elementwise("le", lambda xp, x, y: x <= y, partials=(None, None), notation="≤")
gt = elementwise("gt", lambda xp, x, y: x > y, partials=(None, None), notation=">")
ge = elementwise("ge", lambda xp, x, y: x >= y, partials=(None, None), notation="≥")
eq = elementwise("eq", lambda xp, x, y: x == y, partials=(None, None), notation="=")
ne = elementwise("ne", lambda xp, x, y: x != y, partials=(None, None), notation="≠")
logical_not = elementwise(
    "logical_not", lambda xp, x: xp.logical_not(x), partials=(None,), domain=(BOOLEAN,)
)
bitwise_and = elementwise(
    "bitwise_and",
    lambda xp, x, y: x & y,
    partials=(None, None),
    notation="&",
    domain=(BOOLEAN, BOOLEAN),
)
bitwise_or = elementwise(
    "bitwise_or",
    lambda xp, x, y: x | y,
    partials=(None, None),
    notation="|",
    domain=(BOOLEAN, BOOLEAN),
)
isnan = elementwise("isnan", lambda xp, x: xp.isnan(x), partials=(None,), special=((nan,), (inf,)))
