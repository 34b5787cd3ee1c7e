"""The native tape: the nodes of scalar graphs as small objects of machine code, made from the rows.

One reads ``nodes.ll`` (a node's life), ``sweep.ll`` (the way back) and ``attributes.ll`` (what Python
sees), which are in LLVM's language; :mod:`.rows`, which writes what each row computes; :mod:`.code`, which
puts all of it together; and :mod:`.nodes`, which makes a Python type of it.

Nodes are invisible to the garbage collector: they refer to older nodes only, so they make no cycle. A cycle
can be made around them all the same, by an instance of a subclass that refers to what was computed from it
(``v.result = v * 2``), and it stays until it is broken.
"""

from __future__ import annotations

import ctypes
import platform
import sys
import sysconfig

#: Where in a node its numbers and its marks are, in bytes, and what the marks say (see nodes.ll).
DATA, GRAD, MARKS = 16, 24, 60
DATA_IS_INTEGER, GRAD_IS_INTEGER = 1, 2


def possible() -> bool:
    """Whether this Python lays out its objects as the code takes them to be."""
    return (
        platform.python_implementation() == "CPython"
        and (3, 11) <= sys.version_info < (3, 15)
        and sys.byteorder == "little"
        and ctypes.sizeof(ctypes.c_void_p) == 8
        and (object.__basicsize__, float.__basicsize__) == (16, 24)
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
        and not hasattr(sys, "gettotalrefcount")  # a debug build
    )
