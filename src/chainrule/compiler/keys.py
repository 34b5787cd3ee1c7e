"""Keys of ``getitem`` and ``update``: an index, or a slice, for each of the first axes."""

from __future__ import annotations

from chainrule.compiler.types import Shape

Key = tuple[int | slice, ...]


def ranges(key: Key, shape: Shape) -> list[range]:
    """The places that ``key`` picks along each axis of ``shape``.

    >>> ranges((slice(None, None, -1), 2), (3, 4, 5))
    [range(2, -1, -1), range(2, 3), range(0, 5)]
    """
    found = [range(n) for n in shape]
    for axis, part in enumerate(key):
        found[axis] = found[axis][part] if isinstance(part, slice) else range(part, part + 1)
    return found


def slice_of(places: range) -> slice:
    """The slice that picks ``places``.

    >>> slice_of(range(2, -1, -1)), slice_of(range(2, 2))
    (slice(2, None, -1), slice(0, 0, 1))
    """
    if not places:
        return slice(0, 0, 1)
    return slice(places.start, places.stop if places.stop >= 0 else None, places.step)  # −1 is the last


def composed(first: Key, then: Key, shape: Shape) -> Key:
    """The key that picks from an array of ``shape`` what ``then`` picks from what ``first`` picks.

    >>> composed((1, slice(0, 8, 2)), (3,), (4, 9))
    (1, 6)
    """
    key: list[int | slice] = []
    left = list(then)
    for axis, n in enumerate(shape):
        if axis >= len(first) and not left:
            break
        part = first[axis] if axis < len(first) else slice(0, n, 1)
        if not isinstance(part, slice):
            key.append(part)
            continue
        found = range(n)[part]
        picked = found[left.pop(0)] if left else found
        key.append(picked if isinstance(picked, int) else slice_of(picked))
    return tuple(key)


def whole(places: list[range], shape: Shape) -> bool:
    """Whether that is all of an array of ``shape``, in order."""
    return all(one == range(n) for one, n in zip(places, shape, strict=True))


def apart(one: list[range], other: list[range]) -> bool:
    """Whether no element is among both.

    >>> apart([range(0, 4)], [range(4, 8)]), apart([range(0, 8, 2)], [range(1, 8, 2)])
    (True, True)
    """
    return any(_apart(a, b) for a, b in zip(one, other, strict=True))


def _apart(a: range, b: range) -> bool:
    if not a or not b:
        return True
    if max(a[0], a[-1]) < min(b[0], b[-1]) or max(b[0], b[-1]) < min(a[0], a[-1]):
        return True
    return len(a) <= _FEW and not any(place in b for place in a)


#: Up to so many places are looked at one by one.
_FEW = 64
