"""The layered layout: nothing overlaps, edges lead down past all that is not theirs, trees are even."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from itertools import combinations, pairwise
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule import errors
from chainrule.explain.picture.layered import Edge, Layout, layered, spans

EPSILON = 0.02  # positions are rounded to hundredths
MARGIN = 16.0
BOX, LABEL = (90.0, 58.0), (74.0, 36.0)

Sizes = list[tuple[float, float]]
Rectangle = tuple[float, float, float, float]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Sizes, list[Edge]]:
    """Any graph without circles, its boxes numbered in any order."""
    length = st.floats(1.0, 200.0)
    size = st.tuples(length, length)
    sizes = draw(st.lists(size, max_size=14))
    number = draw(st.permutations(range(len(sizes))))
    pairs = list(combinations(range(len(sizes)), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=30)) if pairs else []
    labels = draw(st.sampled_from([st.none(), size, st.none() | size]))
    return sizes, [Edge(number[tail], number[head], draw(labels)) for tail, head in chosen]


def rectangles(layout: Layout, sizes: Sizes, edges: list[Edge]) -> tuple[list[Rectangle], list[Rectangle]]:
    """The boxes and the rooms of the labels, as left, top, right and bottom."""
    boxes = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(layout.positions, sizes, strict=True)]
    labels = []
    for corner, edge in zip(layout.labels, edges, strict=True):
        assert (corner is None) == (edge.label is None)
        if corner is not None and edge.label is not None:
            labels.append((*corner, corner[0] + edge.label[0], corner[1] + edge.label[1]))
    return boxes, labels


def overlap(one: Rectangle, other: Rectangle) -> bool:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > EPSILON and down > EPSILON


def runs_through(route: tuple[tuple[float, float], ...], box: Rectangle) -> bool:
    """Whether a line that leads down has a point in the inside of ``box``."""
    left, top, right, bottom = box[0] + EPSILON, box[1] + EPSILON, box[2] - EPSILON, box[3] - EPSILON
    for (x, y), (to_x, to_y) in pairwise(route):
        high, low = max(y, top), min(to_y, bottom)
        if high < low:
            slope = (to_x - x) / (to_y - y)
            ends = sorted((x + slope * (high - y), x + slope * (low - y)))
            if ends[0] < right and ends[1] > left:
                return True
    return False


def crossings(layout: Layout) -> int:
    """How many pairs of edges cross between two of their points."""
    pieces = [(index, *piece) for index, route in enumerate(layout.routes) for piece in pairwise(route)]
    count = 0
    for (one, (a, b), (c, d)), (other, (e, f), (g, h)) in combinations(pieces, 2):
        high, low = max(b, f), min(d, h)
        if one != other and high < low:
            start, end = (
                a + (c - a) * (y - b) / (d - b) - e - (g - e) * (y - f) / (h - f) for y in (high, low)
            )
            count += start * end < 0
    return count


@settings(deadline=None, max_examples=150)
@given(graphs())
def test_nothing_overlaps_and_all_is_inside(graph):
    sizes, edges = graph
    layout = layered(sizes, edges)
    boxes, labels = rectangles(layout, sizes, edges)
    for one, other in combinations([*boxes, *labels], 2):
        assert not overlap(one, other)
    points = [(x, y, x, y) for route in layout.routes for x, y in route]
    for left, top, right, bottom in [*boxes, *labels, *points]:
        assert min(left, top) >= MARGIN - EPSILON
        assert right <= layout.width - MARGIN + EPSILON
        assert bottom <= layout.height - MARGIN + EPSILON


@settings(deadline=None, max_examples=150)
@given(graphs())
def test_edges_lead_down_from_border_to_border_past_all_else(graph):
    sizes, edges = graph
    layout = layered(sizes, edges)
    boxes, _ = rectangles(layout, sizes, edges)
    for index, (edge, route) in enumerate(zip(edges, layout.routes, strict=True)):
        tail, head = boxes[edge.tail], boxes[edge.head]
        assert tail[3] < head[1]
        assert route[0][1] == pytest.approx(tail[3], abs=EPSILON)
        assert route[-1][1] == pytest.approx(head[1], abs=EPSILON)
        assert tail[0] <= route[0][0] <= tail[2]
        assert head[0] <= route[-1][0] <= head[2]
        assert all(upper[1] < lower[1] for upper, lower in pairwise(route))
        for number, box in enumerate(boxes):
            assert number in (edge.tail, edge.head) or not runs_through(route, box)
        for number, (other, corner) in enumerate(zip(edges, layout.labels, strict=True)):
            if corner is not None and number != index:
                room = (*corner, corner[0] + other.label[0], corner[1] + other.label[1])
                assert not runs_through(route, room)


@settings(deadline=None, max_examples=100)
@given(graphs())
def test_a_label_stands_on_the_middle_of_its_edge_near_the_head(graph):
    sizes, edges = graph
    layout = layered(sizes, edges)
    for edge, route, corner in zip(edges, layout.routes, layout.labels, strict=True):
        if corner is None:
            continue
        middle = corner[0] + edge.label[0] / 2
        top, bottom = corner[1], corner[1] + edge.label[1]
        last = list(pairwise(route))[-3:]  # past the label, to the layer of the head, and to the head
        assert any(
            x == to_x == pytest.approx(middle, abs=EPSILON)
            and y <= top + EPSILON
            and to_y >= bottom - EPSILON
            for (x, y), (to_x, to_y) in last
        )


@settings(deadline=None, max_examples=50)
@given(graphs())
def test_the_same_graph_gives_the_same_layout_and_the_spans_that_were_told(graph):
    sizes, edges = graph
    layout = layered(sizes, edges)
    assert layout == layered(tuple(sizes), tuple(edges))
    told = spans(len(sizes), edges)
    assert min(told, default=1) >= 1
    for box in range(len(sizes)):
        given_above = [span for span, edge in zip(told, edges, strict=True) if edge.tail == box]
        if given_above and not any(edge.head == box for edge in edges):
            assert min(given_above) == 1  # what is given stands right above its first user


def test_no_order_of_hashes_has_a_part_in_it():
    program = (
        "import random\n"
        "from chainrule.explain.picture.layered import Edge, layered\n"
        "r = random.Random(5)\n"
        "pairs = sorted({tuple(sorted(r.sample(range(60), 2))) for _ in range(90)})\n"
        "print(layered([(80.0, 40.0)] * 60, [Edge(*pair, (50.0, 20.0)) for pair in pairs]))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


class Drawn:
    """A graph by the names of its boxes, laid out with a label on every edge."""

    def __init__(self, **inputs: str) -> None:
        names = list(
            dict.fromkeys(name for head, tails in inputs.items() for name in (*tails.split(), head))
        )
        self.edges = [
            Edge(names.index(tail), names.index(head), LABEL)
            for head, tails in inputs.items()
            for tail in tails.split()
        ]
        self.layout = layered([BOX] * len(names), self.edges)
        self.box = dict(zip(names, self.layout.positions, strict=True))
        self.names = names

    def x(self, name: str) -> float:
        return self.box[name][0]

    def y(self, name: str) -> float:
        return self.box[name][1]

    def even(self, head: str) -> None:
        """Check that the labels above ``head`` stand evenly to its left and right."""
        into = [index for index, edge in enumerate(self.edges) if self.names[edge.head] == head]
        corners = [self.layout.labels[index] for index in into]
        middle = sum(corner[0] + LABEL[0] / 2 for corner in corners if corner) / len(corners)
        assert middle == pytest.approx(self.x(head) + BOX[0] / 2, abs=EPSILON)


def test_the_regression():
    drawn = Drawn(v1="x w", v2="v1 y", L="v2")
    assert crossings(drawn.layout) == 0
    drawn.even("v1")
    drawn.even("v2")
    assert drawn.x("x") < drawn.x("w")
    assert drawn.x("v1") < drawn.x("y")
    assert drawn.y("x") == drawn.y("w") < drawn.y("v1") == drawn.y("y") < drawn.y("v2") < drawn.y("L")
    assert drawn.x("v2") == drawn.x("L")
    assert len(drawn.layout.routes[-1]) == 2  # from v2 to L, straight down


def test_a_b_c_f():
    drawn = Drawn(e="a b", d="e c", L="d f")
    assert crossings(drawn.layout) == 0
    for head in ("e", "d", "L"):
        drawn.even(head)
    assert [drawn.x(name) for name in ("a", "e", "d")] < [drawn.x(name) for name in ("b", "c", "f")]
    assert drawn.y("c") == drawn.y("e")
    assert drawn.y("f") == drawn.y("d")


def test_a_neuron():
    drawn = Drawn(p="x1 w1", q="x2 w2", s="p q", n="s b", o="n")
    assert crossings(drawn.layout) == 0
    for head in ("p", "q", "s", "n", "o"):
        drawn.even(head)
    assert drawn.x("x1") < drawn.x("w1") < drawn.x("x2") < drawn.x("w2")


def test_an_edge_past_several_layers_is_straight_but_for_its_ends():
    drawn = Drawn(a="x", b="a", c="b", d="c x")
    assert crossings(drawn.layout) == 0
    assert len({drawn.x(name) for name in ("b", "c")}) == 1
    (long,) = (
        route
        for edge, route in zip(drawn.edges, drawn.layout.routes, strict=True)
        if (drawn.names[edge.tail], drawn.names[edge.head]) == ("x", "d")
    )
    assert sum(x != to_x for (x, _), (to_x, _) in pairwise(long)) <= 3


def network(*widths: int) -> tuple[int, list[Edge]]:
    """A network of the course, neuron by neuron: products, their sum from the bias on, and tanh."""
    edges: list[Edge] = []
    count = widths[0]
    values = list(range(count))
    for width in widths[1:]:
        outputs = []
        for _ in range(width):
            total, count = count, count + 1
            for value in values:
                weight, product, partial = count, count + 1, count + 2
                pairs = ((weight, product), (value, product), (total, partial), (product, partial))
                edges += [Edge(tail, head, LABEL) for tail, head in pairs]
                total, count = partial, count + 3
            edges.append(Edge(total, count, LABEL))
            outputs.append(count)
            count += 1
        values = outputs
    return count, edges


def test_a_network_of_41_parameters_is_no_wider_than_it_must_be():
    count, edges = network(2, 4, 4, 1)
    layout = layered([BOX] * count, edges)
    assert layout.width < 2000.0
    assert crossings(layout) < 50
    result = max(range(count), key=lambda box: layout.positions[box][1])
    assert result == count - 1


def test_a_chain_is_one_straight_line_however_long():
    layout = layered([BOX] * 5000, [Edge(one, one + 1, LABEL) for one in range(4999)])
    assert {x for x, _ in layout.positions} == {MARGIN}
    assert {len(route) for route in layout.routes} == {2}


def test_a_wide_sum_stands_in_the_middle_of_its_terms_in_their_order():
    layout = layered([BOX] * 51, [Edge(one, 50, LABEL) for one in range(50)])
    terms = [x for x, _ in layout.positions[:50]]
    assert terms == sorted(terms)
    assert layout.positions[50][0] == pytest.approx((terms[0] + terms[-1]) / 2, abs=EPSILON)
    assert crossings(layout) == 0


def test_a_long_sum_does_not_run_off_to_the_side():
    edges = []
    for term in range(1, 61):
        edges += [Edge(2 * term - 2, 2 * term, LABEL), Edge(2 * term - 1, 2 * term, LABEL)]
    layout = layered([BOX] * 121, edges)
    assert layout.width < 1000.0
    assert crossings(layout) == 0


def test_parts_stand_side_by_side_and_end_on_one_layer():
    pairs = [(0, 1), (1, 2), (3, 4)]
    layout = layered([BOX] * 6, [Edge(*pair) for pair in pairs])
    x, y = zip(*layout.positions, strict=True)
    assert x[0] == x[1] == x[2] < x[3] == x[4] < x[5]
    assert y[2] == y[4] == y[5]


def test_no_boxes_leave_the_margins():
    assert layered([], []) == Layout((), (), (), 32.0, 32.0)
    assert spans(0, []) == []


def test_edges_in_a_circle_are_refused():
    edges = [Edge(0, 1), Edge(1, 2), Edge(2, 1)]
    with pytest.raises(errors.DomainError, match="circle through some of the boxes 1, 2"):
        layered([BOX] * 3, edges)
    with pytest.raises(errors.DomainError, match="circle"):
        spans(3, edges)


def program(count: int) -> tuple[Sizes, list[Edge]]:
    """Operations on two of the last few values, as a scalar program has them."""
    draw = random.Random(count)
    pairs = [
        (tail, box)
        for box in range(2, count)
        if box % 4
        for tail in sorted(draw.sample(range(max(0, box - 8), box), 2))
    ]
    return [BOX] * count, [Edge(*pair, LABEL) for pair in pairs]


def test_time_grows_no_worse_than_n_log_n():
    def seconds_for_a_place(count: int) -> float:
        sizes, edges = program(count)
        times = []
        for _ in range(3):
            start = perf_counter()
            layered(sizes, edges)
            times.append(perf_counter() - start)
        return min(times) / (count + sum(spans(count, edges)))

    assert seconds_for_a_place(1200) < 3 * seconds_for_a_place(300)
