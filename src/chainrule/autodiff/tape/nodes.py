"""The type of the tape's nodes: machine code in the slots of a Python type.

``PyType_FromSpecWithBases`` makes the type as an extension module would have it made; only the code in its
slots was compiled here (:mod:`chainrule.autodiff.tape.code`) and not by a C compiler.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from chainrule import errors
from chainrule.autodiff.scalar_rules import PAIR, ScalarRule
from chainrule.autodiff.tape import code, rows
from chainrule.compiler import run
from chainrule.primitives.elementwise import pow
from chainrule.primitives.row import ROWS, Elementwise

#: Slots of a type, by Python's stable numbers for them.
_SLOTS = {
    "abs": 6,
    "add": 7,
    "mul": 29,
    "neg": 30,
    "power": 33,
    "sub": 36,
    "div": 37,
    "free": 52,
    "init": 60,
    "new": 65,
    "traverse": 71,
}
_TP_DOC, _TP_METHODS, _TP_GETSET = 56, 64, 73
_BASETYPE, _HAVE_GC = 1 << 10, 1 << 14
_METH_NOARGS, _METH_FASTCALL = 0x0004, 0x0080


class _Slot(ctypes.Structure):
    _fields_ = (("slot", ctypes.c_int), ("function", ctypes.c_void_p))


class _Spec(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("basicsize", ctypes.c_int),
        ("itemsize", ctypes.c_int),
        ("flags", ctypes.c_uint),
        ("slots", ctypes.POINTER(_Slot)),
    )


class _Method(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Attribute(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("get", ctypes.c_void_p),
        ("set", ctypes.c_void_p),
        ("doc", ctypes.c_char_p),
        ("closure", ctypes.c_void_p),
    )


def _python(name: str, result: Any, *arguments: Any) -> Any:
    """A function of Python's C interface, typed here, so that nobody else's view of it changes."""
    return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))


_hold = _python("Py_IncRef", None, ctypes.py_object)
_from_spec = _python("PyType_FromSpecWithBases", ctypes.py_object, ctypes.c_void_p, ctypes.py_object)
_c_function = _python("PyCFunction_NewEx", ctypes.py_object, *[ctypes.c_void_p] * 3)

#: How Python finds the signatures of what is not written in Python: in the first line of the docstring.
_NO_ARGUMENTS = b"%s($self, /)\n--\n\n"
_DATA_ARGUMENT = b"Value(data)\n--\n\n"

#: The attributes, by the code that reads each.
_ATTRIBUTES = {
    "data": "data",
    "grad": "grad",
    "_a": "a",
    "_b": "b",
    "_time": "time",
    "_rule_number": "rule_number",
    "_exponent": "exponent",
}
_WRITABLE = ("data", "grad")


def node_type(base: type, name: str, doc: str, methods: Sequence[str], helpers: Mapping[str, Any]) -> Any:
    """The type ``name`` (``module.Class``) of native nodes, which derives from ``base``.

    ``methods`` are the rows that are methods under their own names; ``helpers`` are the functions in Python
    that the code calls for what is rare, by their names in :data:`chainrule.autodiff.tape.code.OBJECTS`.
    """
    table = [row for row in ROWS.values() if isinstance(row, Elementwise)]
    text = code.text(table, pow)
    library = run.load([text, *code.PASSES], lambda: code.optimised(text))
    made = _type(library, base, name, doc, methods)
    _fill(library, {**_OBJECTS, **helpers, "Value": made})
    _keep_for_ever(library)
    numbered = dict(enumerate(table, rows.FIRST_ROW))
    made._rule = property(_rule_of(numbered))
    made._operation = staticmethod(_operation_of(library, numbered))
    return made


def _type(library: run.Library, base: type, path: str, doc: str, methods: Sequence[str]) -> Any:
    """The type itself. Python keeps pointers into these tables, so they stay where they are."""
    functions = {**{row: row for row in methods}, "_sweep": "sweep"}
    method_table = _table(
        _Method,
        [
            _Method(name.encode(), _place(library, part), _METH_NOARGS, _NO_ARGUMENTS % name.encode())
            for name, part in functions.items()
        ],
    )
    attribute_table = _table(
        _Attribute,
        [
            _Attribute(
                attribute.encode(),
                _place(library, f"get_{part}"),
                _place(library, f"set_{part}") if attribute in _WRITABLE else None,
            )
            for attribute, part in _ATTRIBUTES.items()
        ],
    )
    slots = [_Slot(number, _place(library, function)) for function, number in _SLOTS.items()]
    slots.append(_Slot(_TP_METHODS, ctypes.addressof(method_table)))
    slots.append(_Slot(_TP_GETSET, ctypes.addressof(attribute_table)))
    text = ctypes.create_string_buffer(_DATA_ARGUMENT + doc.encode())
    slots.append(_Slot(_TP_DOC, ctypes.addressof(text)))
    spec = _Spec(path.encode(), code.NODE_SIZE, 0, _BASETYPE, _table(_Slot, slots))
    _keep_for_ever(spec)
    made = _from_spec(ctypes.addressof(spec), (base,))
    if made.__flags__ & _HAVE_GC or made.__basicsize__ != code.NODE_SIZE:
        raise errors.tape_type(made.__flags__, made.__basicsize__)
    return made


def _place(library: run.Library, name: str) -> int:
    """Where the function or the variable of that name is."""
    address = library.address(f"tape_{name}")
    if not address:
        raise errors.not_in_the_tape(name)
    return address


def _table(kind: type[ctypes.Structure], entries: Sequence[Any]) -> Any:
    """A C array, ended by an empty entry, that stays for ever."""
    table = (kind * (len(entries) + 1))(*entries)
    _keep_for_ever(table)
    return table


def _fill(library: run.Library, objects: Mapping[str, Any]) -> None:
    """Tell the code where all is that it calls and knows."""
    functions = [_address(getattr(ctypes.pythonapi, name)) for name in code.function_names()]
    known = [objects[name] for name in code.OBJECTS]
    for one in known:
        _keep_for_ever(one)
    addresses = [*functions, *map(id, known)]
    _array_at(_place(library, "addresses"), len(addresses))[:] = addresses
    table = run.math_table(1)
    _array_at(_place(library, "math"), len(table))[:] = table


def _array_at(address: int, length: int) -> Any:
    return (ctypes.c_void_p * length).from_address(address)


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _keep_for_ever(thing: Any) -> None:
    """Nodes may outlive all modules, at the interpreter's end, and their code has to outlive them."""
    _hold(thing)


def _pull_by_attributes(node: Any) -> None:
    """The pullback of a node that has an instance of a subclass among its operands."""
    node._rule.pull(node, node.grad)


#: What the code knows beside the type, and the functions that it is given with it.
_OBJECTS = {
    "None": None,
    "NotImplemented": NotImplemented,
    "float": float,
    "int": int,
    "data_name": "data",
    "pull_by_attributes": _pull_by_attributes,
}


def _rule_of(numbered: Mapping[int, Elementwise]) -> Callable[[Any], ScalarRule | None]:
    known: dict[int, ScalarRule | None] = {rows.LEAF: None, rows.PAIR: PAIR}
    known |= {number: ScalarRule(row) for number, row in numbered.items()}

    @lru_cache(maxsize=256, typed=True)
    def to_the_power(exponent: float) -> ScalarRule:
        return ScalarRule(pow, exponent)

    def rule(node: Any) -> ScalarRule | None:
        """What made the node; None for a leaf."""
        number = node._rule_number
        return to_the_power(node._exponent) if number == rows.POWER else known[number]

    return rule


def _operation_of(
    library: run.Library, numbered: Mapping[int, Elementwise]
) -> Callable[[Elementwise], Callable[..., Any]]:
    definition = _Method(b"apply", _place(library, "apply"), _METH_FASTCALL)
    _keep_for_ever(definition)
    apply = _c_function(ctypes.addressof(definition), None, None)
    numbers = {row: number for number, row in numbered.items()}

    def operation(row: Elementwise) -> Callable[..., Any]:
        """``row`` as a function of nodes and numbers."""
        if row not in numbers:
            raise errors.row_after_the_tape(row.name)
        number, arity = numbers[row], row.arity

        def function(*operands: Any) -> Any:
            if len(operands) != arity:
                raise errors.operand_count(row.name, arity, len(operands))
            return apply(number, *operands)

        return function

    return operation
