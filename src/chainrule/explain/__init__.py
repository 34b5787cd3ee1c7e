"""``explain``: show how a result's gradients came about, from the very rules that ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.explain.derivation import Derivation

__all__ = ["Derivation", "explain"]


def __getattr__(name: str) -> Any:
    # `import chainrule` brings the function; the rest is loaded when it is first used.
    if name == "Derivation":
        from chainrule.explain.derivation import Derivation

        return Derivation
    raise AttributeError(f"module 'chainrule.explain' has no attribute {name!r}")


def explain(
    result: Any,
    *,
    lang: str = "en",
    torch: bool | None = None,
    names: dict[str, Any] | None = None,
    lr: float = 0.1,
) -> Derivation:
    """How the gradients of ``result``, a tensor of one number or a ``Value``, come about.

    Returns a :class:`Derivation`: print it, ``save`` it as a page to step through, or read its parts. It is
    recorded from the sweep that gives the gradients; no ``.grad`` is touched. It works before
    ``backward()`` and after.

    Variables are called as the caller calls them; ``names`` gives further names. ``lang`` is "en" or
    "fr". PyTorch's answers stand beside ours where it is installed; ``torch=False`` does not ask it.
    ``lr`` is the learning rate of the update that a page shows last, w ← w − lr·∂L/∂w.

    >>> import chainrule
    >>> x, y = chainrule.tensor(1.0), chainrule.tensor(2.0)
    >>> w = chainrule.tensor(1.0, requires_grad=True)
    >>> L = (w * x - y) ** 2
    >>> chainrule.explain(L).gradient("w")
    -2.0

    Raises GraphError where there is no graph, or where its values are gone; DTypeError for what is
    neither a tensor nor a ``Value``; DomainError for a learning rate that is no finite number.
    """
    import math

    from chainrule import errors
    from chainrule.explain.derive import derive
    from chainrule.explain.messages import language
    from chainrule.explain.names import Names
    from chainrule.explain.recording import record
    from chainrule.origin import caller

    language(lang)
    if not isinstance(lr, (int, float)) or not math.isfinite(lr):
        raise errors.shown_rate(lr)
    found = Names()
    if names is not None:
        found.add_all(names)
    found.merge(Names.of_frame(caller()))
    return derive(record(result, found), lang=lang, torch=torch, rate=lr)
