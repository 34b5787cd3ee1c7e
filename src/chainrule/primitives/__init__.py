"""The table of derivative rules. Every feature of chainrule is a reader of it.

>>> from chainrule.primitives import ROWS
>>> ROWS["mul"].formulas
(y, x)
"""

from chainrule.primitives import convolution, elementwise, indexing, linalg, pooling, reduction, shape
from chainrule.primitives.row import ROWS, Elementwise, Row, Sample, Structural

__all__ = [
    "ROWS",
    "Elementwise",
    "Row",
    "Sample",
    "Structural",
    "convolution",
    "elementwise",
    "indexing",
    "linalg",
    "pooling",
    "reduction",
    "shape",
]
