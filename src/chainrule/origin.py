"""Where in the user's program something happened: the frame, and the file and line, that an error names."""

from __future__ import annotations

import os
import sys
from types import CodeType, FrameType

#: The code that ran, and the place of the bytecode in it: cheap to take, and a line when it is asked for.
Origin = tuple[CodeType, int]

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep

#: The source files that turned out not to be chainrule's own.
FOREIGN: set[str] = set()


def is_foreign(file: str) -> bool:
    """Whether a source file is not chainrule's own."""
    return not file.startswith(_PACKAGE)


def outside(frame: FrameType) -> FrameType:
    """The nearest frame, from ``frame`` up, that is not chainrule's own."""
    while (name := frame.f_code.co_filename) not in FOREIGN:
        if not name.startswith(_PACKAGE):
            FOREIGN.add(name)
        elif frame.f_back is not None:
            frame = frame.f_back
        else:
            break
    return frame


def caller(depth: int = 1) -> FrameType:
    """The nearest frame, ``depth`` calls up or more, that is not chainrule's own."""
    return outside(sys._getframe(depth + 1))


def line(code: CodeType, instruction: int) -> int:
    """The line of ``code`` that holds the bytecode at offset ``instruction``."""
    for start, stop, number in code.co_lines():
        if start <= instruction < stop and number is not None:
            return number
    return code.co_firstlineno
