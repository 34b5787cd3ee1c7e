"""Machine code for programs of numbers and of one array axis: straight lines, and the loops over lanes.

This is how programs of ``Value``s are compiled: every number in its cell, in straight code, and the
examples of a batch in the lanes of vectors. Programs of arrays of any rank go another way
(:mod:`chainrule.compiler.tensors`). To be read in this order:

1. :mod:`~chainrule.compiler.scalars.packing`: which numbers are computed side by side, and
   :mod:`~chainrule.compiler.scalars.schedule`: which loop runs what, in which function of bounded size;
   both in the words of :mod:`~chainrule.compiler.scalars.places`.
2. :mod:`~chainrule.compiler.scalars.body`: one block of the scheduled program,
   :mod:`~chainrule.compiler.scalars.numbers`: one block of numbers, in packs and alone, and
   :mod:`~chainrule.compiler.scalars.emit`: all of them as one LLVM module.
3. :mod:`~chainrule.compiler.scalars.executable`: the functions with their memory, as their
   :mod:`~chainrule.compiler.scalars.layout` says.
"""
