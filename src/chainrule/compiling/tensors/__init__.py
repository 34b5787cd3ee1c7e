"""Steps of tensors, compiled: traced on arrays that can be written to, and called with the arrays that the
tensors hold at each call.

:mod:`~chainrule.compiling.tensors.tracer` knows what a trace has met, and
:mod:`~chainrule.compiling.tensors.exchange` is what a tensor answers meanwhile;
:mod:`~chainrule.compiling.tensors.outcome` is what a trace comes to, and
:mod:`~chainrule.compiling.tensors.version` calls the machine code that is made of it.
"""
