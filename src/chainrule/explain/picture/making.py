"""From a derivation to its picture: which boxes and arrows there are, what they say, where they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from chainrule.explain.derivation import Derivation
from chainrule.explain.picture.groups import Cluster, grouped
from chainrule.explain.picture.layered import Edge, layered, spans
from chainrule.explain.picture.measure import PAD_X, PAD_Y, SMALL_SIZE, line_height, text_width
from chainrule.explain.picture.model import Arrow, Box, BoxKind, Label, Picture, View
from chainrule.explain.picture.steps import steps_of
from chainrule.explain.picture.wording import Texts, Wording

#: Room between the value and the gradient of a box.
_BETWEEN = 14.0

#: An arrow that passes more layers than this may be broken, and lines that pass more of them than there
#: are boxes and arrows, times _LONG, are: the layout's time grows with what passes through.
_FAR, _LONG = 6, 3

#: So many leaves that the same groups share are drawn as one box.
_MANY = 4

#: The leaves of a view, each with all that its box shows.
Leaves = dict[int, tuple[int, ...]]

#: What stands on an arrow: the lines of its local derivative, and what flows.
LabelText = tuple[tuple[str, ...], str]

#: An arrow that stands for more local derivatives than this carries no text.
_MOST_LABELS = 3


def picture_of(
    derivation: Derivation, lang: str | None = None, update: Collection[str] | None = None
) -> Picture:
    """The picture of ``derivation``, worded in ``lang``; the same derivation gives the same picture.

    ``update`` names the parameters that the last phase moves: all of them, where it is None.

    >>> from chainrule.explain.expression import explain_expression
    >>> picture = picture_of(explain_expression("L = (x*w - y)**2", {"x": 1, "y": 2, "w": 1}, torch=False))
    >>> [box.title for box in picture.views[0].boxes]
    ['x', 'w', 'v1 = x·w', 'y', 'v2 = v1 − y', 'L = v2²']
    """
    maker = _Maker(derivation, Wording(derivation, lang or derivation.lang))
    return Picture(tuple(maker.views()), tuple(steps_of(derivation, update)))


@dataclass
class _Sketch:
    """A view before it is laid out: boxes by name, and what goes from one to another."""

    boxes: dict[str, tuple[BoxKind, tuple[int, ...], int | None]] = field(default_factory=dict)
    links: dict[tuple[str, str], list[tuple[int, int, int]]] = field(default_factory=dict)

    def link(self, tail: str, head: str) -> list[tuple[int, int, int]]:
        return self.links.setdefault((tail, head), [])


class _Maker:
    def __init__(self, derivation: Derivation, wording: Wording) -> None:
        self.derivation = derivation
        self.wording = wording
        self.variables = derivation.variables
        self.clusters: Sequence[Cluster] = grouped(derivation)
        self.home: dict[int, int] = {}  # the innermost cluster of a variable
        for place, cluster in enumerate(self.clusters):
            for member in cluster.members:
                if member not in self.home or self._depth(place) > self._depth(self.home[member]):
                    self.home[member] = place
        self.local = {(one.of, one.place): one for one in derivation.locals}

    def _depth(self, place: int) -> int:
        return len(self._around(place))

    def _around(self, place: int | None) -> list[int]:
        """A cluster and those around it, the innermost first."""
        found = []
        while place is not None:
            found.append(place)
            place = self.clusters[place].parent
        return found

    def views(self) -> Iterator[View]:
        """The whole graph, then the inside of each cluster, in the order of the clusters."""
        yield self._view(None)
        for place in range(len(self.clusters)):
            yield self._view(place)

    # --- which boxes -----------------------------------------------------------------------------------

    def _view(self, scope: int | None) -> View:
        sketch = self._sketch(scope)
        self._break_long(sketch)
        title = self.wording.whole() if scope is None else self.wording.cluster(self.clusters[scope])
        parent = None if scope is None else self._view_of(self.clusters[scope].parent)
        return self._laid_out(sketch, title, parent)

    @staticmethod
    def _view_of(cluster: int | None) -> int:
        return 0 if cluster is None else cluster + 1

    def _inside(self, scope: int | None) -> list[int]:
        """The computed variables that stand in ``scope``, or in a cluster within it."""
        if scope is None:
            return [v.id for v in self.variables if v.operation]
        members = (v for v in self.clusters[scope].members if self.variables[v].operation)
        return sorted(members)

    def _item(self, variable: int, scope: int | None) -> int | None:
        """The cluster within ``scope`` that holds ``variable``; None where it stands there itself."""
        around = self._around(self.home.get(variable))
        if scope is not None:
            around = around[: around.index(scope)]
        return around[-1] if around else None

    def _sketch(self, scope: int | None) -> _Sketch:
        inside = self._inside(scope)
        held = {v: self._item(v, scope) for v in inside}
        sketch = _Sketch()
        leaves = self._leaves(inside, held, scope)
        for variable in inside:
            tails = [self._tail(sketch, one, leaves, held) for one in self.variables[variable].inputs]
            head = self._box(sketch, (variable,), held[variable])
            for one, tail in zip(self.variables[variable].inputs, tails, strict=True):
                if tail is not None and tail != head:
                    self._link(sketch, tail, head, variable, one)
        return sketch

    def _tail(self, sketch: _Sketch, one: int, leaves: Leaves, held: dict[int, int | None]) -> str | None:
        """The box from which the arrow for ``one`` starts; None for a leaf that is seen in a group only."""
        if not self.variables[one].operation:
            return self._box(sketch, leaves[one], None) if one in leaves else None
        return self._box(sketch, (one,), held[one]) if one in held else self._elsewhere(sketch, one)

    def _leaves(self, inside: list[int], held: dict[int, int | None], scope: int | None) -> Leaves:
        """The leaves that stand in a box outside of groups: those that an operation here uses, or two
        groups do, or all samples; at the top, the inputs too. The parameters of one group are seen inside
        it, and many that the same groups share have one box."""
        users: dict[int, Counter[int | None]] = {}
        for variable in inside:
            for one in dict.fromkeys(self.variables[variable].inputs):
                if not self.variables[one].operation:
                    users.setdefault(one, Counter())[held[variable]] += 1
        alike: dict[tuple[str, tuple[int | None, ...]], list[int]] = {}
        for leaf, by in users.items():
            kind = self.variables[leaf].kind
            apart = None in by or len(by) > 1 or (scope is None and kind == "input")
            if apart or any(self._is_shared(cluster, count) for cluster, count in by.items()):
                alike.setdefault((kind, tuple(by)), []).append(leaf)
        found: Leaves = {}
        for (_, groups), shared in alike.items():
            together = len(shared) >= _MANY and None not in groups
            found.update({one: tuple(shared) if together else (one,) for one in shared})
        return found

    def _is_shared(self, cluster: int | None, count: int) -> bool:
        """Whether a leaf that is read ``count`` times within ``cluster`` is read by each of its samples."""
        if cluster is None or self.clusters[cluster].kind != "samples":
            return False
        return count >= self.clusters[cluster].count

    def _box(self, sketch: _Sketch, variables: tuple[int, ...], cluster: int | None) -> str:
        if cluster is not None:
            name = f"g{cluster}"
            members = tuple(sorted(self.clusters[cluster].members))
            sketch.boxes.setdefault(name, ("group", members, self._view_of(cluster)))
            return name
        name = f"v{variables[0]}"
        sketch.boxes.setdefault(name, (self.variables[variables[0]].kind, variables, None))
        return name

    def _elsewhere(self, sketch: _Sketch, variable: int, head: str = "") -> str:
        name = f"e{variable}{head}"
        sketch.boxes.setdefault(name, ("elsewhere", (variable,), None))
        return name

    def _link(self, sketch: _Sketch, tail: str, head: str, of: int, to: int) -> None:
        links = sketch.link(tail, head)
        for one in self._places(of, to):
            if one not in links:
                links.append(one)

    def _places(self, of: int, to: int) -> list[tuple[int, int, int]]:
        count = len(self.variables[of].formula)
        found = (self.local.get((of, place)) for place in range(count))
        return [(one.of, one.to, one.place) for one in found if one is not None and one.to == to]

    # --- where they stand ------------------------------------------------------------------------------

    def _break_long(self, sketch: _Sketch) -> None:
        """Give the heads of the longest arrows a stand-in of their own for what they come from."""
        names = {name: place for place, name in enumerate(sketch.boxes)}
        pairs = list(sketch.links)
        lengths = spans(len(names), [Edge(names[tail], names[head]) for tail, head in pairs])
        room = _LONG * (len(names) + len(pairs)) + 60
        passing = sum(lengths) - len(pairs)
        for length, (tail, head) in sorted(zip(lengths, pairs, strict=True), reverse=True):
            if passing <= room or length <= _FAR:
                return
            kind, (variable, *more), _ = sketch.boxes[tail]
            if more or kind in ("group", "elsewhere"):
                continue
            links = sketch.links.pop((tail, head))
            sketch.links[self._elsewhere(sketch, variable, head), head] = links
            passing -= length - 1

    def _laid_out(self, sketch: _Sketch, title: str, parent: int | None) -> View:
        names = {name: place for place, name in enumerate(sketch.boxes)}
        texts = [self._texts(*box) for box in sketch.boxes.values()]
        sizes = [self._size(text) for text in texts]
        labels = {pair: self._labels(pair[1], links) for pair, links in sketch.links.items()}
        edges = [Edge(names[tail], names[head], _room(labels[tail, head])) for tail, head in sketch.links]
        layout = layered(sizes, edges)
        boxes = tuple(
            Box(name, kind, variables, text.title, text.value, text.gradient, *place, *size, opens)
            for (name, (kind, variables, opens)), text, place, size in zip(
                sketch.boxes.items(), texts, layout.positions, sizes, strict=True
            )
        )
        arrows = tuple(
            Arrow(tail, head, tuple(links), route, tuple(_placed(labels[tail, head], place)))
            for ((tail, head), links), route, place in zip(
                sketch.links.items(), layout.routes, layout.labels, strict=True
            )
        )
        return View(title, parent, boxes, arrows, layout.width, layout.height)

    def _texts(self, kind: BoxKind, variables: tuple[int, ...], opens: int | None) -> Texts:
        if opens is not None:
            return self.wording.group(self.clusters[opens - 1])
        return self.wording.box(kind, variables)

    def _size(self, text: Texts) -> tuple[float, float]:
        value, gradient = text_width(text.widest_value), text_width(text.widest_gradient)
        lines = 2 if value or gradient else 1
        width = max(text_width(text.title), value + (gradient + _BETWEEN if gradient else 0.0), 28.0)
        return round(width + 2 * PAD_X, 2), round(lines * line_height() + 2 * PAD_Y, 2)

    def _labels(self, head: str, links: list[tuple[int, int, int]]) -> list[LabelText]:
        if head.startswith("g") or len(links) > _MOST_LABELS:
            return []
        return [self.wording.arrow(self.local[of, place]) for of, _, place in links]


def _room(labels: list[LabelText]) -> tuple[float, float] | None:
    if not labels:
        return None
    sizes = [label_size(*label) for label in labels]
    return max(width for width, _ in sizes), sum(height for _, height in sizes)


def label_size(local: tuple[str, ...], flow: str) -> tuple[float, float]:
    """The room of one label: its local derivative, and below it what flows."""
    lines = [*local, flow] if flow else local
    width = max(text_width(line, SMALL_SIZE) for line in lines) + 8.0
    return round(width, 2), round(len(lines) * line_height(SMALL_SIZE) + 4.0, 2)


def _placed(labels: list[LabelText], corner: tuple[float, float] | None) -> Iterator[Label]:
    if corner is None:
        return
    x, y = corner
    width = max((label_size(*label)[0] for label in labels), default=0.0)
    for local, flow in labels:
        height = label_size(local, flow)[1]
        yield Label(local, flow, x, round(y, 2), width, height)
        y += height
