"""Machine code for programs of arrays of any rank. To be read in this order:

1. :mod:`~chainrule.compiler.tensors.access` and :mod:`~chainrule.compiler.tensors.lowering`: how values are
   read out of memory, and the program in fewer kinds of instructions.
2. :mod:`~chainrule.compiler.tensors.fusion`, :mod:`~chainrule.compiler.tensors.sinking` and
   :mod:`~chainrule.compiler.tensors.nest`: what is computed in one pass, and in which loops.
3. :mod:`~chainrule.compiler.tensors.plan`: in which order, and where every array is.
4. :mod:`~chainrule.compiler.tensors.loops`, :mod:`~chainrule.compiler.tensors.products`,
   :mod:`~chainrule.compiler.tensors.moving` and :mod:`~chainrule.compiler.tensors.convolution`: the code of
   each, and :mod:`~chainrule.compiler.tensors.emit`: all of it as one module.
5. :mod:`~chainrule.compiler.tensors.executable`: the code with its memory.
"""
