"""The compiler: an array program becomes machine code. A small book, to be read in this order.

1. :mod:`~chainrule.compiler.ir`: the array program, pure, typed and in order.
2. :mod:`~chainrule.compiler.verify`: what every program must be; checked after each pass.
3. :mod:`~chainrule.compiler.interpreter`: what every instruction means, on numpy.
4. :mod:`~chainrule.compiler.passes`: less work for the same result (a package).
5. :mod:`~chainrule.compiler.packing`: which numbers are computed side by side, and
   :mod:`~chainrule.compiler.schedule`: which loop runs what, in which function of bounded size; both in the
   words of :mod:`~chainrule.compiler.places`.
6. :mod:`~chainrule.compiler.llvm`: each operation as LLVM instructions.
7. :mod:`~chainrule.compiler.body`: one block of the scheduled program,
   :mod:`~chainrule.compiler.numbers`: one block of numbers, in packs and alone, and
   :mod:`~chainrule.compiler.emit`: all of them as one LLVM module.
8. :mod:`~chainrule.compiler.run`: the module as functions in memory, from the
   :mod:`~chainrule.compiler.cache` where it was compiled before; and
   :mod:`~chainrule.compiler.executable`: those functions with their memory, as their
   :mod:`~chainrule.compiler.layout` says.

It knows numbers, shapes and loops; it never hears of derivatives.
"""
