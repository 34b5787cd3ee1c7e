"""The picture as DOT, for who has Graphviz, and as Mermaid, which Markdown readers draw themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chainrule.explain.picture.model import Arrow, Box, Picture

_SHAPES = {"group": "box3d", "elsewhere": "plaintext"}


def dot(picture: Picture) -> str:
    """The whole graph in the DOT language.

    >>> from chainrule import Value, explain
    >>> from chainrule.explain.picture.making import picture_of
    >>> a, b = Value(2.0), Value(-3.0)
    >>> print(dot(picture_of(explain(a * b, torch=False))))
    digraph {
      node [shape=box, style=rounded, fontname=monospace];
      edge [fontname=monospace];
      v0 [label="a\\n2   [−3]"];
      v1 [label="b\\n−3   [2]"];
      v2 [label="L = a·b\\n−6   [1]"];
      v0 -> v2 [label="∂L/∂a = b = −3\\n1 · (−3) = −3"];
      v1 -> v2 [label="∂L/∂b = a = 2\\n1 · 2 = 2"];
    }
    <BLANKLINE>
    """
    return "\n".join(["digraph {", *(f"  {line}" for line in _dot_lines(picture)), "}", ""])


def _dot_lines(picture: Picture) -> Iterator[str]:
    view = picture.views[0]
    yield "node [shape=box, style=rounded, fontname=monospace];"
    yield "edge [fontname=monospace];"
    for box in view.boxes:
        shape = f", shape={_SHAPES[box.kind]}" if box.kind in _SHAPES else ""
        yield f'{box.id} [label="{_lines(_box_lines(box), _quoted, chr(92) + "n")}"{shape}];'
    for arrow in view.arrows:
        label = _lines(_arrow_lines(arrow), _quoted, "\\n")
        yield f"{arrow.tail} -> {arrow.head}" + (f' [label="{label}"];' if label else ";")


def mermaid(picture: Picture) -> str:
    """The whole graph as a Mermaid flowchart.

    >>> from chainrule import Value, explain
    >>> from chainrule.explain.picture.making import picture_of
    >>> a, b = Value(2.0), Value(-3.0)
    >>> print(mermaid(picture_of(explain(a * b, torch=False))))
    flowchart TD
      v0["a<br>2   #91;−3#93;"]
      v1["b<br>−3   #91;2#93;"]
      v2["L = a·b<br>−6   #91;1#93;"]
      v0 -->|"∂L/∂a = b = −3<br>1 · #40;−3#41; = −3"| v2
      v1 -->|"∂L/∂b = a = 2<br>1 · 2 = 2"| v2
    <BLANKLINE>
    """
    view = picture.views[0]
    lines = ["flowchart TD"]
    lines += [f'  {box.id}["{_lines(_box_lines(box), _coded, "<br>")}"]' for box in view.boxes]
    for arrow in view.arrows:
        label = _lines(_arrow_lines(arrow), _coded, "<br>")
        lines.append(f"  {arrow.tail} -->" + (f'|"{label}"|' if label else "") + f" {arrow.head}")
    return "\n".join(lines) + "\n"


def _box_lines(box: Box) -> list[str]:
    return [box.title, "   ".join(text for text in (box.value, box.gradient) if text)]


def _arrow_lines(arrow: Arrow) -> list[str]:
    return [line for label in arrow.labels for line in (*label.local, label.flow)]


def _lines(lines: list[str], write: Callable[[str], str], between: str) -> str:
    return between.join(write(line) for line in lines if line)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _coded(text: str) -> str:
    """Text for Mermaid: what it, or HTML, would read as a sign of its own goes by its code."""
    return "".join(
        c if c.isalnum() or c in " .,=+−·∂/_…²³√" or ord(c) > 127 else f"#{ord(c)};" for c in text
    )
