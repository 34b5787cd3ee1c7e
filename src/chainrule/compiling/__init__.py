"""Compiled functions, of tensors or of values: traced once, then machine code.

A function is run on tensors, or values, that write down what is asked of them (:mod:`.tensors` and
``values``, for the ``moment`` of tracing). The program goes to :mod:`chainrule.compiler`; calls go to the
machine code, with the numbers of their arguments and of what the function reads from around it.
"""

from chainrule.compiling.arguments import each
from chainrule.compiling.function import Compiled, compile
from chainrule.compiling.mapping import Batch, vmap

__all__ = ["Batch", "Compiled", "compile", "each", "vmap"]
