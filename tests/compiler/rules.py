"""Expressions that the passes make something simpler of, and those that only look like it."""

from __future__ import annotations

from typing import Any

from chainrule.arrays import traced
from chainrule.arrays.traced import Trace
from chainrule.compiler.ir import Instruction, Program

NAMES = {name: getattr(traced, name) for name in ("abs", "maximum", "minimum", "pow", "where", "isnan")}
NAMES |= {name: getattr(traced, name) for name in ("exp", "tanh", "logical_not", "sum", "max", "min")}
NAMES |= {name: getattr(traced, name) for name in ("astype", "broadcast_to", "reshape", "permute_dims")}
NAMES |= {name: getattr(traced, name) for name in ("put", "index_add", "concat", "getitem", "matmul")}
NAMES |= {"turned": traced.matrix_transpose}
NAMES |= {"inf": float("inf"), "nan": float("nan")}


def trace_of(text: str) -> Program:
    """The program of an expression of vectors x, y; numbers s, t; a matrix m; and truths c."""
    trace = Trace("f")
    given: dict[str, Any] = {"x": trace.input("x", (3,)), "y": trace.input("y", (3,))}
    given |= {"s": trace.input("s"), "t": trace.input("t"), "m": trace.input("m", (2, 3))}
    given |= {"c": trace.input("c", (3,), "bool"), "d": trace.input("d", (3,), "bool")}
    given |= {
        "b": trace.input("b", (2, 5, 4)),
        "n": trace.input("n", (6,)),
        "j": trace.input("j", (3,), "int32"),
    }
    given |= {"f": trace.input("f", (3,), "float32"), "i": trace.input("i", (3,), "int64")}

    def filled(value: float, shape: tuple[int, ...] = (3,)) -> Any:
        return traced.broadcast_to(trace.constant(value, "float64"), shape)

    def truths(value: bool) -> Any:
        return traced.broadcast_to(trace.constant(value, "bool"), (3,))

    def places(number: int) -> Any:
        return trace.constant(number, "int64")

    def iota(count: int) -> Any:
        return trace.add("iota", (), shape=(count,), axis=0)

    trace.origin = (compile("", "<rule>", "exec"), 0)
    result = eval(
        text, NAMES | given | {"filled": filled, "truths": truths, "places": places, "iota": iota}
    )
    return trace.program({"result": result})


def body(program: Program) -> str:
    """Its text, without the head and the comments."""
    made = [
        Instruction("constant", (), {"value": float(one.attributes["value"])}, one.type, one.origin)
        if one.operation == "constant" and one.type.dtype.startswith("float")
        else one
        for one in program.instructions
    ]  # 5 and 5.0 are one number
    program = Program(program.name, made, program.outputs)
    return "\n".join(line for line in str(program).splitlines() if not line.startswith(("f(", "  #")))


#: An expression, and what is computed in its place.
FIRES = [
    # folding
    ("s * (filled(2.0, ()) + 3.0)", "s * 5.0"),
    ("x * (filled(2.0) + 3.0)", "x * filled(5.0)"),
    ("s + exp(filled(0.0, ()))", "s + 1.0"),
    ("where(filled(nan, ()) > 1.0, s, t)", "t"),
    ("x + sum(filled(2.0))", "x + 6.0"),
    ("x + max(filled(2.0))", "x + 2.0"),
    ("x + filled(-inf, ()) ** 0.5", "x + inf"),
    ("filled(1e300) * 1e300", "filled(inf)"),
    # algebra
    ("x * 1", "x"),
    ("1 * x", "x"),
    ("x / 1", "x"),
    ("x - 0.0", "x"),
    ("x + -0.0", "x"),
    ("-0.0 + x", "x"),
    ("-0.0 - x", "-x"),
    ("x * -1", "-x"),
    ("-1 * x", "-x"),
    ("-(-x)", "x"),
    ("x + -y", "x - y"),
    ("-x + y", "y - x"),
    ("x - -y", "x + y"),
    ("-x * -y", "x * y"),
    ("-x * y", "-(x * y)"),
    ("x * -y", "-(x * y)"),
    ("y + -x * y", "y - x * y"),
    ("-x * 3", "x * -3"),
    ("3 * -x", "x * -3"),
    ("-(x * 3)", "x * -3"),
    ("-x / -y", "x / y"),
    ("-x / y", "-(x / y)"),
    ("x / -y", "-(x / y)"),
    ("x / 4", "x * 0.25"),
    ("x / -0.5", "x * -2.0"),
    ("f / 2", "f * 0.5"),
    ("i + 0", "i"),
    ("i - 0", "i"),
    ("x ** 0", "filled(1.0)"),
    ("1 ** x", "filled(1.0)"),
    ("x ** 1", "x"),
    ("x ** 2", "x * x"),
    ("x ** -1", "filled(1.0) / x"),
    ("abs(-x)", "abs(x)"),
    ("abs(abs(x))", "abs(x)"),
    ("maximum(x, x)", "x"),
    ("minimum(x, x)", "x"),
    ("x < x", "truths(False)"),
    ("x > x", "truths(False)"),
    ("~~c", "c"),
    ("~(x == y)", "x != y"),
    ("~(x != y)", "x == y"),
    ("c & c", "c"),
    ("c & truths(True)", "c"),
    ("truths(True) & c", "c"),
    ("c & truths(False)", "truths(False)"),
    ("c | c", "c"),
    ("c | truths(False)", "c"),
    ("truths(False) | c", "c"),
    ("truths(True) | c", "truths(True)"),
    ("where(c, x, x)", "x"),
    ("where(truths(True), x, y)", "x"),
    ("where(truths(False), x, y)", "y"),
    ("where(~c, x, y)", "where(c, y, x)"),
    ("where(c, where(c, x, s), y)", "where(c, x, y)"),
    ("where(c, x, where(c, s, y))", "where(c, x, y)"),
    ("(x + 0.0) + 0.0", "x + 0.0"),
    ("where(c, truths(True), truths(False))", "c"),
    ("where(c, truths(False), truths(True))", "~c"),
    ("where(c, filled(1.0), filled(0.0))", "astype(c, 'float64')"),
    ("astype(astype(f, 'float64'), 'float32')", "f"),
    ("astype(astype(c, 'int64'), 'float64')", "astype(c, 'float64')"),
    ("astype(astype(j, 'int64'), 'float64')", "astype(j, 'float64')"),
    ("(c * 1 + d) / 3", "(astype(c, 'float64') + astype(d, 'float64')) / 3"),
    ("j + 0", "j"),
    # shapes
    ("broadcast_to(broadcast_to(s, (3,)), (2, 3))", "broadcast_to(s, (2, 3))"),
    ("broadcast_to(reshape(s, (1,)), (3,))", "broadcast_to(s, (3,))"),
    ("reshape(reshape(m, (6,)), (3, 2))", "reshape(m, (3, 2))"),
    ("reshape(reshape(m, (6,)), (2, 3))", "m"),
    ("reshape(s, (1, 1))", "broadcast_to(s, (1, 1))"),
    ("permute_dims(m, (0, 1))", "m"),
    ("permute_dims(reshape(x, (1, 3)), (1, 0))", "reshape(x, (3, 1))"),
    ("reshape(broadcast_to(x, (2, 3)), (1, 2, 3))", "broadcast_to(x, (1, 2, 3))"),
    ("broadcast_to(reshape(x, (1, 3)), (2, 3))", "broadcast_to(x, (2, 3))"),
    ("permute_dims(permute_dims(m, (1, 0)), (1, 0))", "m"),
    (
        "permute_dims(permute_dims(reshape(m, (1, 2, 3)), (1, 2, 0)), (0, 2, 1))",
        "reshape(m, (2, 1, 3))",
    ),
    ("permute_dims(broadcast_to(s, (2, 3)), (1, 0))", "broadcast_to(s, (3, 2))"),
    ("m[:]", "m"),
    ("m[0:2, 0:3]", "m"),
    ("(x * 0 + broadcast_to(s, (3,))[1])", "x * 0 + s"),
    ("tanh(broadcast_to(s, (3,)))", "broadcast_to(tanh(s), (3,))"),
    ("x * (broadcast_to(s, (3,)) + broadcast_to(t, (3,)))", "x * (s + t)"),
    ("broadcast_to(x, (2, 3)) * broadcast_to(y, (2, 3))", "broadcast_to(x * y, (2, 3))"),
    ("where(broadcast_to(s, (3,)) > 0, x, y)", "where(s > 0, x, y)"),
    ("sum(broadcast_to(s, (2, 3)))", "s * 6.0 + 0.0"),
    ("sum(broadcast_to(s, (2, 3)), axis=1)", "broadcast_to(s * 3.0 + 0.0, (2,))"),
    ("sum(broadcast_to(x, (2, 3)), axis=0)", "x * filled(2.0) + filled(0.0)"),
    ("sum(broadcast_to(reshape(x, (3, 1)), (3, 4)), axis=1)", "x * filled(4.0) + filled(0.0)"),
    ("max(broadcast_to(reshape(x, (3, 1)), (3, 4)), axis=1)", "x"),
    ("sum(x, axis=())", "x"),
    ("sum(reshape(x, (3, 1)), axis=1)", "x + 0.0"),  # a sum of −0 is +0
    ("sum(reshape(m, (2, 1, 3)), axis=(0, 1))", "sum(m, axis=0)"),
    ("sum(broadcast_to(s, (0,)))", "filled(0.0, ())"),
    ("max(broadcast_to(s, (2, 3)))", "s"),
    ("min(broadcast_to(x, (2, 3)), axis=0)", "x"),
    ("max(reshape(x, (3, 1)), axis=1)", "x"),
    # elements
    ("m[1][1:]", "m[1, 1:]"),
    ("m[:, ::2][1:, 1]", "m[1:, 2]"),
    ("m[::-1][0]", "m[1]"),
    ("broadcast_to(x, (2, 2, 3))[0, :, 1:]", "broadcast_to(x[1:], (2, 2))"),
    ("broadcast_to(x, (2, 3))[1]", "x"),
    ("put(m, x, key=0)[0]", "x"),
    ("put(m, x, key=0)[1]", "m[1]"),
    ("put(put(m, x, key=0), y, key=0)", "put(m, y, key=0)"),
    ("put(m, m[0] * 1, key=0)", "m"),
    ("put(x, y, key=slice(None))", "y"),
    ("put(put(n, x, key=slice(3)), y, key=slice(3, 6))", "concat((x, y))"),
    (
        "index_add(x, key=0, shape=(3, 3)) + index_add(y, key=2, shape=(3, 3))",
        "put(put(filled(0.0, (3, 3)), x + 0.0, key=0), y + 0.0, key=2)",
    ),
    (
        "index_add(x, key=slice(3), shape=(6,)) + index_add(y, key=slice(3, 6), shape=(6,))",
        "concat((x + 0.0, y + 0.0))",
    ),
    ("getitem(x, places(1))", "x[1]"),
    ("getitem(x, iota(3))", "x"),
    ("concat((x, m[0][3:], y))", "concat((x, y))"),
    ("concat((x, y))[1:3]", "x[1:]"),
    ("concat((m, m * s), axis=1)[0, 4]", "(m * s)[0, 1]"),
    # products
    ("sum(matmul(turned(b), b), axis=0)", "(lambda a: matmul(turned(a), a))(reshape(b, (10, 4)))"),
    # sharing
    ("(x + y) * (y + x)", "(lambda a: a * a)(x + y)"),
    ("where(x > y, x, y) + where(y < x, x, y)", "(lambda a: a + a)(where(x > y, x, y))"),
    ("(x >= y) & (y <= x)", "x >= y"),
    ("m[0:1] + m[0:1]", "(lambda a: a + a)(m[0:1])"),
]


#: What looks like a rule, and the numbers for which it would be wrong.
HOLDS = [
    "x * 0",  # ∞ · 0 is NaN
    "x - x",  # ∞ − ∞ is NaN
    "x / x",  # 0 / 0 is NaN
    "x + 0.0",  # −0 + 0 is 0
    "0.0 + x",
    "x - -0.0",  # −0 − (−0) is 0
    "0.0 - x",  # 0 − 0 is 0, and not −0
    "-(x - y)",  # −(1 − 1) is −0, and 1 − 1 is 0
    "-x - y",  # −(−1) − 1 is 0, and −(−1 + 1) is −0
    "x / 3",  # 1/3 is rounded
    "x / 5e-324",  # 2⁻¹⁰⁷⁴, whose reciprocal is out of range
    "f / 7.174648137343064e-43",  # 2⁻¹⁴⁰, of which the same is true in float32
    "x ** 0.5",  # (−∞) ** 0.5 is ∞, √−∞ is NaN
    "x ** 3",  # rounded once, not twice
    "(x - y) * (y - x)",  # no sum, no product: the order counts
    "m[:, ::2]",  # from the first to the last, but not all
    "x == x",  # NaN is not
    "x <= x",
    "~(x < y)",  # not so x >= y, where one is NaN
    "maximum(x, y) - maximum(y, x)",  # of two zeros the first
    "c * x",  # not where(c, x, 0): ∞ · 0 is NaN
    "where(c, filled(1.0), filled(-0.0))",
    "x * y * 2 * y",  # products are not regrouped
    "sum(x * s)",  # Σ (∞, −∞) is NaN, and (1 − 2) · ∞ is not
    "sum(-x)",  # Σ (−1, 1) is 0, and −Σ (1, −1) is −0
    "astype(astype(x, 'float32'), 'float64')",
    "astype(astype(i, 'float64'), 'int64')",
    "astype(astype(j, 'float32'), 'float64')",  # 2²⁴ + 1 is no float32
    "-(j * -2147483648)",  # 2³¹ is no int32
    "astype(i + 1, 'float64')",  # may be too large to be exact
    "astype(-astype(c, 'int64'), 'float64')",  # −0 is no integer
    "put(m, x, key=0)[:, 1]",  # some of both
    "index_add(x, key=slice(0, 3), shape=(5,)) + index_add(y, key=slice(2, 5), shape=(5,))",  # both at 2
    "index_add(x, key=slice(0, 3), shape=(6,)) + put(filled(-0.0, (6,)), y, key=slice(3, 6))",  # −0 stays
    "concat((x, y))[1:4]",
    "getitem(x, iota(2))",
    "where(c, where(d, x, y), y)",
    "sum(matmul(b, turned(b)), axis=0)",  # the rows of b would have to be moved
    "(lambda n: n * y + tanh(n))(-x)",  # −x is read twice: the product would have to be turned as well
    "sum(broadcast_to(reshape(x, (3, 1)), (3, 3)), axis=0)",
    "broadcast_to(reshape(x, (3, 1)), (3, 3)) * broadcast_to(y, (3, 3))",
]
