"""The rows as machine code for the tape: what each computes, and how its gradient comes back.

A rule that runs on symbols returns its formula; here the formula's operations become LLVM's, one by one.
Beside each number goes whether it is an integer, since ``Value(2) * Value(3)`` is 6 and not 6.0: it is
computed from the same formula, as Python would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chainrule.arrays import symbolic
from chainrule.compiler.llvm import Input, Operand, Writer
from chainrule.primitives.row import OPERANDS, Elementwise

#: The rules that are no rows (runtime.ll says what they are); the rows follow.
LEAF, PAIR, POWER, FIRST_ROW = 0, 1, 2, 3


class Number(NamedTuple):
    """A number in the code, and whether it is an integer: known now, or when the code runs."""

    value: Input
    whole: Operand | bool


def module(rows: Sequence[Elementwise], power: Elementwise) -> str:
    """The functions of all ``rows``: forward, the way back, and the two choices among them by number.

    ``power`` is the row of ``x**y``, for nodes whose exponent is a plain number.
    """
    numbered = list(enumerate(rows, FIRST_ROW))
    functions = [_forward(row, number) for number, row in numbered]
    functions.append(_power_forward(power))
    flowing = [(number, row) for number, row in numbered if any(f is not None for f in row.formulas)]
    functions += [_pull(row.name, row.formulas, _READS[row.arity]) for _, row in flowing]
    functions.append(_pull("power_by", power.formulas[:1], _POWER_READS))
    functions.append(_choose_pull([(POWER, "power_by"), *((number, row.name) for number, row in flowing)]))
    functions.append(_choose_forward(numbered))
    return "\n".join(functions)


# --- formulas ----------------------------------------------------------------------------------------


def compute(writer: Writer, expr: symbolic.Expr, values: Mapping[str, Number]) -> Number:
    """Write the code of ``expr``, given its symbols' numbers."""
    if isinstance(expr, symbolic.Symbol):
        return values[expr.name]
    if not isinstance(expr, symbolic.Operation):
        return Number(expr, isinstance(expr, int))
    args = [compute(writer, arg, values) for arg in expr.args]
    name = _LLVM_NAMES.get(expr.name, expr.name)
    value = getattr(writer, name)(*(arg.value for arg in args))
    if name in _ALWAYS_WHOLE:
        return Number(value, True)
    if name in ("maximum", "minimum"):  # which of the two it is, as chainrule.arrays.scalar chooses
        x, y = args
        ahead = writer.ge(x.value, y.value) if name == "maximum" else writer.le(x.value, y.value)
        whole = _chosen(writer, writer.logical_or(ahead, writer.isnan(x.value)), x.whole, y.whole)
    elif name == "where":
        whole = _chosen(writer, args[0].value, args[1].whole, args[2].whole)
    elif name in _WHOLE_FROM_WHOLE:
        whole = _all(writer, [arg.whole for arg in args])
    else:
        whole = False
    return _settled(writer, Number(value, whole)) if name in ("mul", "neg") else Number(value, whole)


_LLVM_NAMES = {"and": "logical_and", "or": "logical_or"}
_ALWAYS_WHOLE = frozenset(
    ("lt", "le", "gt", "ge", "eq", "ne", "isnan", "logical_not", "logical_and", "logical_or")
)
_WHOLE_FROM_WHOLE = frozenset(("add", "sub", "mul", "neg", "abs"))


def _all(writer: Writer, wholes: Sequence[Operand | bool]) -> Operand | bool:
    if any(whole is False for whole in wholes):
        return False
    found: Operand | bool = True
    for whole in wholes:
        if whole is not True:
            found = whole if found is True else writer.logical_and(found, whole)
    return found


def _chosen(writer: Writer, condition: Input, x: Operand | bool, y: Operand | bool) -> Operand | bool:
    return x if isinstance(x, bool) and x is y else writer.where(condition, x, y)


def _settled(writer: Writer, number: Number) -> Number:
    """No integer is −0."""
    if number.whole is False:
        return number
    return Number(writer.where(number.whole, writer.add(number.value, 0.0), number.value), number.whole)


# --- forward -----------------------------------------------------------------------------------------

_OPERAND_TYPES = "double", "i1"


def _forward(row: Elementwise, number: int) -> str:
    """``tape_<row>(x, y, z)``: Python objects in, a node out; null where an error is set."""
    names = OPERANDS[: row.arity]
    writer = Writer()
    for place, name in enumerate(names):
        _read_operand(writer, name, names[:place])
    out = _formula(writer, row, names)
    second = "null" if row.arity == 1 else "%y.node"
    if row.arity == 3:
        writer.line("%pair.time = call i64 @now()")
        writer.line(
            f"%pair = call ptr @grow(i32 {PAIR}, ptr %y.node, ptr %z.node, "
            "double 0.0, i1 false, i64 %pair.time)"
        )
        writer.line("%pair.none = icmp eq ptr %pair, null")
        writer.line("br i1 %pair.none, label %failed.y, label %paired")
        writer.line("paired:")
        second = "%pair"
    whole = writer.truth(out.whole)
    data = writer.number(out.value)
    writer.line("%now = call i64 @now()")
    writer.line(
        f"%out = call ptr @grow(i32 {number}, ptr %x.node, ptr {second}, "
        f"double {data}, i1 {whole}, i64 %now)"
    )
    writer.line("ret ptr %out")
    for place in range(len(names) - 1, -1, -1):  # give back what was held before the one that failed
        writer.line(f"failed.{names[place]}:")
        if place:
            writer.line(f"call void @Py_DecRef(ptr %{names[place - 1]}.node)")
            writer.line(f"br label %failed.{names[place - 1]}")
    writer.line("ret ptr null")
    arguments = ", ".join(f"ptr %{name}" for name in names)
    if row.arity == 1:
        arguments += ", ptr %nothing"  # as Python calls methods without arguments
    return _function(f"define ptr @tape_{row.name}({arguments})", writer)


def _read_operand(writer: Writer, name: str, before: Sequence[str]) -> None:
    writer.line(f"%{name}.operand = call %Operand @operand(ptr %{name})")
    writer.line(f"%{name}.node = extractvalue %Operand %{name}.operand, 0")
    writer.line(f"%{name}.none = icmp eq ptr %{name}.node, null")
    writer.line(f"br i1 %{name}.none, label %failed.{name}, label %read.{name}")
    writer.line(f"read.{name}:")
    writer.line(f"%{name}.data = extractvalue %Operand %{name}.operand, 1")
    writer.line(f"%{name}.whole = extractvalue %Operand %{name}.operand, 2")


def _formula(writer: Writer, row: Elementwise, names: Sequence[str]) -> Number:
    formula = row.forward(symbolic, *(symbolic.Symbol(name) for name in names))
    return compute(writer, formula, {name: _argument(writer, name) for name in names})


def _argument(writer: Writer, name: str) -> Number:
    return Number(writer.argument(f"%{name}.data"), writer.argument(f"%{name}.whole", truth=True))


def _power_forward(row: Elementwise) -> str:
    """``power_by(x, y, whole)``: the same for an exponent that is a plain number."""
    writer = Writer()
    _read_operand(writer, "x", ())
    out = _formula(writer, row, OPERANDS[:2])
    writer.line(
        "%out = call ptr @grow_power(ptr %x.node, double %y.data, i1 %y.whole, "
        f"double {writer.number(out.value)}, i1 {writer.truth(out.whole)})"
    )
    writer.line("ret ptr %out")
    writer.line("failed.x:")
    writer.line("ret ptr null")
    return _function("define internal ptr @power_by(ptr %x, double %y.data, i1 %y.whole)", writer)


def _choose_forward(numbered: Sequence[tuple[int, Elementwise]]) -> str:
    """``tape_apply(self, (number, x, y, z), count)``: the row of that number; as many operands as it takes
    have been counted before."""
    lines = [
        "define ptr @tape_apply(ptr %self, ptr %args, i64 %count) {",
        "%number.object = load ptr, ptr %args",
        "%number.wide = call i64 @PyLong_AsLongLong(ptr %number.object)",
        "%number = trunc i64 %number.wide to i32",
    ]
    lines += _switch([number for number, _ in numbered])
    for number, row in numbered:
        lines.append(f"row{number}:")
        for place, name in enumerate(OPERANDS[: row.arity], 1):
            lines.append(f"%place{number}.{name} = getelementptr ptr, ptr %args, i64 {place}")
            lines.append(f"%{name}{number} = load ptr, ptr %place{number}.{name}")
        given = [f"ptr %{name}{number}" for name in OPERANDS[: row.arity]]
        given += ["ptr null"] if row.arity == 1 else []
        lines.append(f"%out{number} = call ptr @tape_{row.name}({', '.join(given)})")
        lines.append(f"ret ptr %out{number}")
    return "\n".join([*lines, "none:", "ret ptr null", "}", ""])


# --- back --------------------------------------------------------------------------------------------

#: Where the operands of a node are found, by their number: in the node itself, or in its pair.
_READS = {
    1: {"x": ("node", 4)},
    2: {"x": ("node", 4), "y": ("node", 5)},
    3: {"x": ("node", 4), "y": ("pair", 4), "z": ("pair", 5)},
}
_POWER_READS = {"x": ("node", 4)}


def _pull(name: str, formulas: Sequence[symbolic.Expr | None], reads: Mapping[str, tuple[str, int]]) -> str:
    """``pull_<row>(node)``: add the gradient times each local derivative into the operands' gradients.

    Every product is computed before any is added: an operand may stand on both sides.
    """
    writer = Writer()
    if len(reads) == 3:
        writer.line("%pair = call ptr @second(ptr %node)")
    for operand, (holder, field) in reads.items():
        writer.line(f"%{operand}.place = getelementptr %Node, ptr %{holder}, i32 0, i32 {field}")
        writer.line(f"%{operand} = load ptr, ptr %{operand}.place")
    _check_types(writer, ["node", *reads])
    values = {"g": _read(writer, "g", "grad", "node"), "out": _read(writer, "out", "data", "node")}
    values |= {operand: _read(writer, operand, "data", operand) for operand in reads}
    if reads is _POWER_READS:
        values["y"] = _read(writer, "y", "exponent", "node")
    g = symbolic.Symbol("g")
    sent = {
        operand: compute(writer, symbolic.product(g, formula), values)
        for operand, formula in zip(reads, formulas, strict=True)
        if formula is not None
    }
    for operand, number in sent.items():
        value, whole = writer.number(number.value), writer.truth(number.whole)
        writer.line(f"call void @receive(ptr %{operand}, double {value}, i1 {whole})")
    writer.line("ret i1 true")
    writer.line("foreign:")
    writer.line("%answer = call i1 @pull_in_python(ptr %node)")
    writer.line("ret i1 %answer")
    return _function(f"define internal i1 @pull_{name}(ptr %node)", writer)


def _check_types(writer: Writer, nodes: Sequence[str]) -> None:
    for node in nodes:
        writer.line(f"%{node}.ours = call i1 @is_node(ptr %{node})")
        writer.line(f"br i1 %{node}.ours, label %next.{node}, label %foreign")
        writer.line(f"next.{node}:")


def _read(writer: Writer, name: str, what: str, node: str) -> Number:
    """``node``'s number, under ``name``."""
    writer.line(f"%{name}.read = call %Read @{what}(ptr %{node})")
    writer.line(f"%{name}.data = extractvalue %Read %{name}.read, 0")
    writer.line(f"%{name}.whole = extractvalue %Read %{name}.read, 1")
    return _argument(writer, name)


def _choose_pull(numbered: Sequence[tuple[int, str]]) -> str:
    """``pull(node)``: the pullback of its rule. Comparisons have none, nor have pairs: their nodes reach
    through them."""
    lines = [
        "define internal i1 @pull(ptr %node) {",
        "%place = getelementptr %Node, ptr %node, i32 0, i32 7",
        "%number = load i32, ptr %place",
        *_switch([number for number, _ in numbered]),
    ]
    for number, name in numbered:
        lines.append(f"row{number}:")
        lines.append(f"%good{number} = call i1 @pull_{name}(ptr %node)")
        lines.append(f"ret i1 %good{number}")
    return "\n".join([*lines, "none:", "ret i1 true", "}", ""])


# --- text --------------------------------------------------------------------------------------------


def _switch(numbers: Sequence[int]) -> list[str]:
    cases = " ".join(f"i32 {number}, label %row{number}" for number in numbers)
    return [f"switch i32 %number, label %none [ {cases} ]"]


def _function(head: str, writer: Writer) -> str:
    return "\n".join(
        [f"{head} {{", "%math = getelementptr ptr, ptr @tape_math, i64 0", *writer.lines, "}", ""]
    )
