"""How a derivation, a ``Value`` and a tensor of one number show themselves in a notebook.

The page goes into an ``<iframe srcdoc>``, which Jupyter, VS Code, Colab and marimo all show, also where
they hide a bare SVG. Where frames are taken out, in a notebook that is not trusted yet for one, the picture
that the frame holds remains; a text stands beside it for whatever shows no HTML.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from html import escape
from types import FrameType
from typing import Any

from chainrule.autodiff.graph import Node
from chainrule.explain.derivation import Derivation
from chainrule.explain.derive import derive
from chainrule.explain.descent.data import Descent
from chainrule.explain.drawing import draw, shortened
from chainrule.explain.messages import language
from chainrule.explain.names import Names, written
from chainrule.explain.page import document
from chainrule.explain.page.assets import asset
from chainrule.explain.picture.making import picture_of
from chainrule.explain.picture.svg import svg
from chainrule.explain.recording import record
from chainrule.tensor import Tensor
from chainrule.value import ValueBase

#: A result of more operations than this shows its ordinary text: no cell that was only to show a number is
#: to wait for a picture for long, or to store more of it than one or two megabytes.
_MOST = 200

#: The bytes of the largest page that is shown: Jupyter drops what sends more than 3 MB in 3 seconds.
_LARGEST = 2_500_000

#: Pixels of a page around its picture, and of the whole at least and at most. The page gives its picture
#: up to 70 % of its own height.
_AROUND, _LEAST, _TALLEST = 420, 520, 900

#: Beside a frame: in a notebook that is lighter or darker than its reader's system, the page follows the
#: notebook. The frame gives way to another, for what changes while it loads may stay blank.
_FOLLOWING = """<script>(() => {
%s
const frame = document.currentScript?.previousElementSibling, theme = themeOf(document.body.dataset);
if (!frame || !theme) return;
const other = frame.cloneNode(true);
other.srcdoc = frame.srcdoc.replace("<html", `<html data-theme="${theme}"`);
frame.replaceWith(other);
})();</script>"""

WORDS = {
    "en": {
        "brackets": "in brackets: ∂{result}/∂(the name above)",
        "frame": "the derivation of {result}",
        "large": 'The page is too large for a notebook: .save("page.html") writes it to a file.',
    },
    "fr": {
        "brackets": "entre crochets : ∂{result}/∂(le nom au-dessus)",
        "frame": "la dérivation de {result}",
        "large": 'La page est trop grande pour un carnet : .save("page.html") l\'écrit dans un fichier.',
    },
}


def mimebundle(
    thing: Any, include: Collection[str] | None = None, exclude: Collection[str] | None = None
) -> dict[str, str]:
    """What a notebook shows of ``thing``, by MIME type: text, and a page in HTML where there is one.

    A derivation shows its page, and so does a descent; where that is too large for a notebook, the text
    says how to save it. A ``Value`` or a tensor of one number shows a page, too, whose graph is there and
    has at most 200 operations. Everything else is shown by its ordinary text. ``include`` and ``exclude``
    choose among the MIME types. Nothing is raised, and no gradient is touched.

    >>> from chainrule import Value
    >>> sorted(mimebundle(Value(1.0) * 2)), sorted(mimebundle(Value(1.0)))
    (['text/html', 'text/plain'], ['text/plain'])
    """
    bundle = {"text/plain": str(thing) if isinstance(thing, Derivation | Descent) else repr(thing)}
    # A display must not raise, whatever the graph: a freed one, or one whose values were changed since.
    with suppress(Exception):
        if isinstance(thing, Derivation | Descent):
            whole = framed(thing) if isinstance(thing, Derivation) else framed(thing.derivation, thing)
            bundle |= whole
            if not whole:
                bundle["text/plain"] += "\n\n" + WORDS[thing.lang]["large"]
        elif 0 < _operations(thing) <= _MOST:
            derivation = derive(record(thing, _names()), torch=False)
            bundle |= framed(derivation)
            bundle["text/plain"] += _drawn(derivation)
    return {
        kind: text
        for kind, text in bundle.items()
        if (include is None or kind in include) and kind not in (exclude or ())
    }


def framed(derivation: Derivation, descent: Descent | None = None) -> dict[str, str]:
    """The page of ``derivation``, and of ``descent``, by its MIME type; nothing where it is too large for a
    notebook."""
    html = frame(derivation, descent=descent)
    return {"text/html": html} if len(html.encode()) <= _LARGEST else {}


def frame(derivation: Derivation, lang: str | None = None, descent: Descent | None = None) -> str:
    """The page of ``derivation``, and of ``descent``, in a frame of its own: neither its styles nor its
    scripts reach what is around it. The frame holds the picture, for where frames are taken out.

    >>> from chainrule import Value, explain
    >>> frame(explain(Value(1.0) * 2, torch=False))[:52]
    '<iframe title="the derivation of L" sandbox="allow-s'
    """
    lang = lang or (derivation if descent is None else descent).lang
    language(lang)
    title = escape(WORDS[lang]["frame"].format(result=derivation.variables[derivation.result].name))
    picture = picture_of(derivation, lang)
    height = max(_LEAST, min(_TALLEST, round(picture.views[0].height) + _AROUND))
    # A page is full of double quotes and of tags, which may stand in single quotes as they are.
    page = document(_located(derivation), lang=lang, descent=descent)
    page = page.replace("&", "&amp;").replace("'", "&#39;")
    image = base64.b64encode(svg(picture).encode()).decode()
    return (
        f'<iframe title="{title}" sandbox="allow-scripts" width="100%" height="{height}" '
        f"style='border: 0' srcdoc='{page}'>"
        f'<img alt="{title}" src="data:image/svg+xml;base64,{image}"></iframe>'
        f"{_FOLLOWING % asset('theme.js').rstrip()}"
    )


def _drawn(derivation: Derivation) -> str:
    """The graph in plain text, to stand below the result; nothing where it is too large for that."""
    drawing = draw(derivation)
    if drawing is None:
        return ""
    note = WORDS[derivation.lang]["brackets"].format(result=derivation.variables[derivation.result].name)
    return f"\n\n{drawing.text(lambda one: shortened(derivation, one.id, None))}\n\n{note}"


# --- the graph ---------------------------------------------------------------------------------------


def _operations(thing: Any) -> int:
    """How many operations ``thing`` was computed by: 0 where it is no single number or has no graph, and
    no more than one above the limit, so that a large graph is not walked."""
    if isinstance(thing, ValueBase):
        roots: Sequence[Any] = [thing] if thing._rule is not None else []
    elif isinstance(thing, Tensor) and thing.numel() == 1 and thing.grad_fn is not None:
        roots = [thing.grad_fn]
    else:
        return 0
    seen, found = set(roots), list(roots)
    for one in found:
        for parent in _computed_inputs(one):
            if parent not in seen:
                seen.add(parent)
                found.append(parent)
        if len(found) > _MOST:
            break
    return len(found)


def _computed_inputs(one: Any) -> Iterator[Any]:
    """The operations that feed into a value, or into a node of a tensor's graph."""
    if isinstance(one, ValueBase):
        return (source for source in one._inputs if source._rule is not None)
    return (parent for parent in one.parents if parent.__class__ is Node)


# --- the notebook around it --------------------------------------------------------------------------


def _shell() -> Any:
    """IPython's shell; None in marimo, in a script, or in plain Python."""
    return getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()


def _located(derivation: Derivation) -> Derivation:
    """The same, with ``In[5]:2`` for a line in a cell: the kernel keeps cells in files of passing names."""
    shell = _shell()
    if shell is None:
        return derivation

    def located(source: str | None) -> str | None:
        file, _, line = (source or "").rpartition(":")
        cell = shell.compile.format_code_name(file)
        return f"{cell[1]}:{line}" if cell else source

    variables = (replace(one, source=located(one.source)) for one in derivation.variables)
    return replace(derivation, variables=tuple(variables))


def _names() -> Names:
    """What the notebook calls things: the variables of its cells, and of the function of theirs that is
    running, where the display was asked for in one."""
    space = _namespace()
    around: FrameType | None = sys._getframe(1)
    while around is not None and around.f_globals is not space:
        around = around.f_back
    names = Names()
    for variables in (around.f_locals if around is not None else {}, space):
        names.add_all(written(variables))
    return names


def _namespace() -> dict[str, Any]:
    """The variables of the notebook's cells. IPython says where they are; marimo, as any Python, has them
    in the module ``__main__``."""
    shell = _shell()
    return shell.user_ns if shell is not None else vars(sys.modules["__main__"])
