"""LLVM code for whole numbers in lanes: as :class:`~chainrule.compiler.llvm.Writer` for floats.

>>> writer = Integers(lanes=1, bits=64)
>>> x = writer.argument("%x")
>>> writer.maximum(x, 0).text
'%v2'
>>> print("\\n".join(writer.lines))
%v1 = icmp slt i64 %x, 0
%v2 = select i1 %v1, i64 0, i64 %x
"""

from __future__ import annotations

from chainrule.compiler.llvm import Input, Operand, Writer

_COMPARISONS = {"olt": "slt", "ole": "sle", "ogt": "sgt", "oge": "sge", "oeq": "eq", "une": "ne"}


class Integers(Writer):
    """Sums, products and comparisons of integers of ``bits`` bits, which wrap around as numpy's do."""

    def __init__(self, lanes: int = 1, *, bits: int = 64) -> None:
        super().__init__(lanes, real=f"i{bits}")

    def number(self, x: Input) -> str:
        if x.__class__ is Operand:
            if not x.truth:
                return x.text
            return self.name(f"zext {self.truth_type} {x.text} to {self.number_type}")
        return self._literal(int(x))  # type: ignore[arg-type]  # a Python number

    def _literal(self, number: int) -> str:
        if self.lanes == 1:
            return str(number)
        return f"<{', '.join([f'{self.real} {number}'] * self.lanes)}>"

    def _binary(self, operation: str, x: Input, y: Input) -> Operand:
        left, right = self.number(x), self.number(y)
        return self.value(f"{operation[1:]} {self.number_type} {left}, {right}")  # fadd: add

    def _compare(self, how: str, x: Input, y: Input) -> Operand:
        left, right = self.number(x), self.number(y)
        text = f"icmp {_COMPARISONS[how]} {self.number_type} {left}, {right}"
        return Operand(self.name(text), True)

    def _extreme(self, loses: str, x: Input, y: Input) -> Operand:
        return self.where(self._compare(loses, x, y), y, x)

    def neg(self, x: Input) -> Operand:
        return self.sub(0, x)

    def abs(self, x: Input) -> Operand:
        return self.where(self.lt(x, 0), self.neg(x), x)

    def isnan(self, x: Input) -> Operand:
        return Operand(self.name(f"icmp ne {self.number_type} {self.number(x)}, {self.number(x)}"), True)
