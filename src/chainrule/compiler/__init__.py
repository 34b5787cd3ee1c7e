"""The compiler: an array program becomes machine code. A small book, to be read in this order.

1. :mod:`~chainrule.compiler.ir`: the array program, pure, typed and in order.
2. :mod:`~chainrule.compiler.verify`: what every program must be; checked after each pass.
3. :mod:`~chainrule.compiler.interpreter`: what every instruction means, on numpy.
4. :mod:`~chainrule.compiler.passes`: less work for the same result (a package).
5. :mod:`~chainrule.compiler.llvm`: each operation as LLVM instructions.
6. :mod:`~chainrule.compiler.run`: LLVM's text as functions in memory, from the
   :mod:`~chainrule.compiler.cache` where it was compiled before.
7. :mod:`~chainrule.compiler.scalars`: programs of numbers and of one array axis (a package): packed,
   scheduled, written, and held as an executable.
8. :mod:`~chainrule.compiler.tensors`: programs of arrays of any rank (a package): fused, laid out in
   memory, written as loops and matrix products, and held as an executable.

It knows numbers, shapes and loops; it never hears of derivatives.
"""
