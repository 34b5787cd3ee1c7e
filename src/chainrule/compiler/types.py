"""What an array of a program is: the dtype of its elements, and its shape."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

Shape = tuple[int, ...]

#: The dtypes that there are, by numpy's names, and how they are written short.
DTYPES = {"float64": "f64", "float32": "f32", "int64": "i64", "int32": "i32", "bool": "bool"}


class Type(NamedTuple):
    """What an array is: the dtype of its elements, by numpy's name, and its shape.

    >>> print(Type("float32", (2, 3)))
    f32[2, 3]
    """

    dtype: str
    shape: Shape = ()

    @property
    def size(self) -> int:
        return prod(self.shape)

    def __str__(self) -> str:
        short = DTYPES.get(self.dtype, self.dtype)
        return f"{short}[{', '.join(map(str, self.shape))}]" if self.shape else short
