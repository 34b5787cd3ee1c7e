"""Traced arrays: :mod:`~chainrule.arrays.tracing.trace` writes the program down, and the other modules hold
the functions of :mod:`chainrule.arrays.traced` by family."""
