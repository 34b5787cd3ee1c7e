"""LLVM code, line by line: each operation of the Array API as the instructions that compute it.

A :class:`Writer` writes straight-line code for numbers in lanes: with one lane they are ``double``, with
eight ``<8 x double>``, and nothing else changes. Operations go by their Array API names, as in the array
program and in the formulas of the rows.

>>> writer = Writer(lanes=1)
>>> x = writer.argument("%x")
>>> writer.where(writer.gt(x, 0.0), writer.mul(x, x), 0.0).text
'%v3'
>>> print("\\n".join(writer.lines))
%v1 = fcmp ogt double %x, 0.0
%v2 = fmul double %x, %x
%v3 = select i1 %v1, double %v2, double 0.0
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from functools import lru_cache

#: The functions that machine code calls: their places in the table of pointers that it is given. First
#: those of one double, then, in the same order, those of a whole vector of them; then, in a table that is
#: made for floats as well, both of floats.
MATH = ("exp", "log", "sin", "cos", "tanh", "pow", "erf")


class Operand:
    """A value in LLVM code, by its name; ``truth`` says that its lanes are true or false, not numbers."""

    __slots__ = ("text", "truth")

    def __init__(self, text: str, truth: bool = False) -> None:
        self.text = text
        self.truth = truth

    def __repr__(self) -> str:
        return self.text


#: What an operation takes: a value, or a Python number.
Input = Operand | float | int | bool


class Writer:
    """The lines of one straight piece of code.

    ``real`` is LLVM's type of one number. With ``contract``, a product and a sum may become one
    instruction that rounds once (FMA). ``vectorised`` names the functions of :data:`MATH` that the table
    has for all lanes at once; the others are called lane by lane. The table's address is ``%math``.
    """

    def __init__(
        self,
        lanes: int = 1,
        *,
        real: str = "double",
        contract: bool = False,
        vectorised: Collection[str] = (),
    ) -> None:
        self.lanes = lanes
        self.real = real
        self.number_type = real if lanes == 1 else f"<{lanes} x {real}>"
        self.truth_type = "i1" if lanes == 1 else f"<{lanes} x i1>"
        self.lines: list[str] = []
        self._arithmetic = " contract" if contract else ""
        self._vectorised = vectorised
        self.prefix = "%v"  # of the names that it gives
        self._count = 0

    # --- lines -------------------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """A line that gives no value."""
        self.lines.append(text)

    def name(self, text: str) -> str:
        """A line that gives a value; returns the value's name."""
        self._count += 1
        name = f"{self.prefix}{self._count}"
        self.lines.append(f"{name} = {text}")
        return name

    def value(self, text: str) -> Operand:
        """The same, as a number."""
        return Operand(self.name(text))

    def argument(self, name: str, *, truth: bool = False) -> Operand:
        """A value that the code is given."""
        return Operand(name, truth)

    def number(self, x: Input) -> str:
        """The text of ``x`` as a number: what is true counts 1."""
        if x.__class__ is Operand:
            if not x.truth:
                return x.text
            one, zero = literal(1.0, self.lanes, self.real), literal(0.0, self.lanes, self.real)
            kind = self.number_type
            return self.name(f"select {self.truth_type} {x.text}, {kind} {one}, {kind} {zero}")
        return literal(float(x), self.lanes, self.real)  # type: ignore[arg-type]  # a Python number

    def truth(self, x: Input) -> str:
        """The text of ``x`` as true or false: every number but 0 is true."""
        if x.__class__ is Operand:
            return x.text if x.truth else self._compare("une", x, 0.0).text
        one = "true" if x else "false"
        return one if self.lanes == 1 else f"<{', '.join([f'i1 {one}'] * self.lanes)}>"

    # --- arithmetic --------------------------------------------------------------------------------------

    def _binary(self, operation: str, x: Input, y: Input) -> Operand:
        left, right = self.number(x), self.number(y)
        return self.value(f"{operation}{self._arithmetic} {self.number_type} {left}, {right}")

    def add(self, x: Input, y: Input) -> Operand:
        return self._binary("fadd", x, y)

    def sub(self, x: Input, y: Input) -> Operand:
        return self._binary("fsub", x, y)

    def mul(self, x: Input, y: Input) -> Operand:
        return self._binary("fmul", x, y)

    def div(self, x: Input, y: Input) -> Operand:
        return self._binary("fdiv", x, y)

    def neg(self, x: Input) -> Operand:
        return self.value(f"fneg {self.number_type} {self.number(x)}")

    def abs(self, x: Input) -> Operand:
        return self._intrinsic("fabs", x)

    def sqrt(self, x: Input) -> Operand:
        return self._intrinsic("sqrt", x)

    def sign(self, x: Input) -> Operand:
        """1, −1, or 0, the last for NaN as well."""
        return self.sub(self.gt(x, 0.0), self.lt(x, 0.0))

    def maximum(self, x: Input, y: Input) -> Operand:
        """The larger; NaN where either is NaN."""
        return self._extreme("olt", x, y)

    def minimum(self, x: Input, y: Input) -> Operand:
        return self._extreme("ogt", x, y)

    def _extreme(self, loses: str, x: Input, y: Input) -> Operand:
        beaten = self._compare(loses, x, y)
        if y.__class__ is Operand or y != y:  # a NaN is neither more nor less: it has to be looked for
            beaten = self.logical_or(beaten, self.isnan(y))
        return self.where(beaten, y, x)

    def _intrinsic(self, name: str, x: Input) -> Operand:
        suffix = ("f64" if self.real == "double" else "f32") if self.lanes == 1 else self._vector_suffix()
        return self.value(
            f"call {self.number_type} @llvm.{name}.{suffix}({self.number_type} {self.number(x)})"
        )

    def _vector_suffix(self) -> str:
        return f"v{self.lanes}{'f64' if self.real == 'double' else 'f32'}"

    # --- choices -----------------------------------------------------------------------------------------

    def _compare(self, how: str, x: Input, y: Input) -> Operand:
        left, right = self.number(x), self.number(y)
        return Operand(self.name(f"fcmp {how} {self.number_type} {left}, {right}"), True)

    def lt(self, x: Input, y: Input) -> Operand:
        return self._compare("olt", x, y)

    def le(self, x: Input, y: Input) -> Operand:
        return self._compare("ole", x, y)

    def gt(self, x: Input, y: Input) -> Operand:
        return self._compare("ogt", x, y)

    def ge(self, x: Input, y: Input) -> Operand:
        return self._compare("oge", x, y)

    def eq(self, x: Input, y: Input) -> Operand:
        return self._compare("oeq", x, y)

    def ne(self, x: Input, y: Input) -> Operand:
        return self._compare("une", x, y)

    def isnan(self, x: Input) -> Operand:
        return self._compare("uno", x, 0.0)

    def logical_not(self, x: Input) -> Operand:
        return Operand(self.name(f"xor {self.truth_type} {self.truth(x)}, {self.truth(True)}"), True)

    def logical_and(self, x: Input, y: Input) -> Operand:
        return Operand(self.name(f"and {self.truth_type} {self.truth(x)}, {self.truth(y)}"), True)

    def logical_or(self, x: Input, y: Input) -> Operand:
        return Operand(self.name(f"or {self.truth_type} {self.truth(x)}, {self.truth(y)}"), True)

    def where(self, condition: Input, x: Input, y: Input) -> Operand:
        chosen = self.truth(condition)
        if _is_truth(x) and _is_truth(y):
            kind, left, right, truth = self.truth_type, self.truth(x), self.truth(y), True
        else:
            kind, left, right, truth = self.number_type, self.number(x), self.number(y), False
        return Operand(
            self.name(f"select {self.truth_type} {chosen}, {kind} {left}, {kind} {right}"), truth
        )

    # --- functions that are called -----------------------------------------------------------------------

    def exp(self, x: Input) -> Operand:
        return self.call("exp", x)

    def log(self, x: Input) -> Operand:
        return self.call("log", x)

    def sin(self, x: Input) -> Operand:
        return self.call("sin", x)

    def cos(self, x: Input) -> Operand:
        return self.call("cos", x)

    def tanh(self, x: Input) -> Operand:
        return self.call("tanh", x)

    def erf(self, x: Input) -> Operand:
        return self.call("erf", x)

    def pow(self, x: Input, y: Input) -> Operand:
        return self.call("pow", x, y)

    def call(self, function: str, *operands: Input) -> Operand:
        """One of :data:`MATH`, on all lanes."""
        texts = [self.number(x) for x in operands]
        if self.lanes > 1 and function in self._vectorised:
            return self.value(self._called(function, self.number_type, texts, len(MATH)))
        if self.lanes == 1:
            return self.value(self._called(function, self.real, texts))
        result = "poison"
        for lane in range(self.lanes):
            alone = [self.name(f"extractelement {self.number_type} {text}, i64 {lane}") for text in texts]
            one = self.name(self._called(function, self.real, alone))
            result = self.name(f"insertelement {self.number_type} {result}, {self.real} {one}, i64 {lane}")
        return Operand(result)

    def _called(self, function: str, kind: str, texts: list[str], offset: int = 0) -> str:
        start = offset + (2 * len(MATH) if self.real == "float" else 0)
        place = self.name(f"getelementptr ptr, ptr %math, i64 {MATH.index(function) + start}")
        pointer = self.name(f"load ptr, ptr {place}")
        return f"call {kind} {pointer}({', '.join(f'{kind} {text}' for text in texts)})"


def _is_truth(x: Input) -> bool:
    return x.truth if isinstance(x, Operand) else isinstance(x, bool)


@lru_cache(maxsize=4096)
def literal(number: float, lanes: int = 1, real: str = "double") -> str:
    """A constant: in decimal where that is exact and short, in LLVM's hexadecimal otherwise.

    >>> literal(0.5), literal(0.1), literal(2.0, lanes=2)
    ('0.5', '0x3FB999999999999A', '<double 2.0, double 2.0>')
    """
    if real == "float":
        number = struct.unpack("f", struct.pack("f", number))[0]
    if abs(number) < 1e6 and number * 64 == int(number * 64):
        text = repr(number)
    else:
        text = f"0x{struct.unpack('<Q', struct.pack('<d', number))[0]:016X}"
    return text if lanes == 1 else f"<{', '.join([f'{real} {text}'] * lanes)}>"
