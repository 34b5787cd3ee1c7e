"""Passes: each makes of a program another one that gives the same numbers with less work.

1. :mod:`~chainrule.compiler.passes.rewriting` walks over the program once and makes it anew, each
   instruction in its simplest form. What that is, say the rules of
   :mod:`~chainrule.compiler.passes.algebra`, :mod:`~chainrule.compiler.passes.elements` and
   :mod:`~chainrule.compiler.passes.shapes`; what was computed before, says
   :mod:`~chainrule.compiler.passes.subexpressions`.
2. :mod:`~chainrule.compiler.passes.dead_code` drops what nothing reads, or reads any more.

"The same numbers" is meant for every number: infinities, NaN and the sign of zero are kept. Only where n
equal terms are added up, or matrix products, and where a power is a square or a reciprocal, may the last
bit differ. A pass
keeps the types, the names and order of the inputs (those that are not read as well), the outputs, what is
carried, and for each instruction the user's line that it came from. Its time grows with the length of the
program.

>>> from chainrule.compiler.ir import Builder, Type
>>> builder = Builder("double_square")
>>> x = builder.input("x", Type("float64", (3,)))
>>> one = builder.add("broadcast_to", (builder.constant(1.0),), shape=(3,))
>>> two = builder.add("broadcast_to", (builder.constant(2.0),), shape=(3,))
>>> square = builder.add("pow", (builder.add("mul", (x, one)), two))
>>> again = builder.add("mul", (x, x))
>>> print(optimised(builder.program({"y": builder.add("add", (square, again))})))
double_square(x: f64[3]) -> y: f64[3]
  v1 = x * x                                      f64[3]
  v2 = v1 + v1                                    f64[3]
  y = v2
"""

from __future__ import annotations

from collections.abc import Callable

from chainrule.compiler.ir import Program
from chainrule.compiler.passes.dead_code import without_dead_code
from chainrule.compiler.passes.rewriting import rewritten
from chainrule.compiler.verify import verify

#: In the order in which they run, with the names that the verifier's messages have for them. One round is
#: enough: the rewriting meets operands before what reads them, and simplifies what its rules make.
PASSES: tuple[tuple[str, Callable[[Program], Program]], ...] = (
    ("rewriting", rewritten),
    ("dead code", without_dead_code),
)


def optimised(program: Program, check: bool = True) -> Program:
    """``program`` after all passes.

    With ``check``, the verifier sees what each of them made, and raises ProgramError if that is not well
    formed.
    """
    for name, run in PASSES:
        made = run(program)
        if check and made is not program:
            verify(made, name)
        program = made
    return program
