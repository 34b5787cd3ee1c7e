"""Lesson 13: the course's PyTorch cells, unchanged but for their import.

    python examples/13_course_cells.py

Only ``import torch`` became ``import chainrule as torch``. A notebook shows the last line of a cell
by itself; here ``print`` does. At the end the explanation, in the language of the course.
"""

from __future__ import annotations

# In [1]:
import chainrule as torch
from chainrule import explain

# fmt: off


def cells() -> tuple[torch.Tensor, torch.Tensor | None]:
    """L and w.grad, as the cells leave them."""
    # In [3]:
    x = torch.tensor(1.0)
    y = torch.tensor(2.0)

    # In [4]:
    w = torch.tensor(1.0, requires_grad=True)

    # In [5]:
    # Lecture avant du graphe

    y_chap = w * x
    L = (y_chap - y)**2

    print(L)

    # In [6]:
    # Rétropropagation

    L.backward()
    print(w.grad)

    print()
    print(explain(L, lang="fr"))
    return L, w.grad

# fmt: on


def main() -> None:
    cells()


if __name__ == "__main__":
    main()
