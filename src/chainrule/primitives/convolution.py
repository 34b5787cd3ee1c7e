"""The convolution, as networks use it, and its two transposes: each is the others' pullback."""

from __future__ import annotations

from typing import Any

from chainrule.primitives.row import sample, structural

_LINE: dict[str, Any] = {"stride": (2,), "padding": (1,), "dilation": (1,), "groups": 1}
_WIDE: dict[str, Any] = {"stride": (1,), "padding": (2,), "dilation": (2,), "groups": 2}
_PLANE: dict[str, Any] = {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2), "groups": 1}

convolution = structural(
    "convolution",
    lambda xp, x, w, **options: xp.convolution(x, w, **options),
    pullbacks=(
        lambda xp, g, out, x, w, **options: xp.convolution_input(g, w, shape=x.shape, **options),
        lambda xp, g, out, x, w, **options: xp.convolution_weight(g, x, shape=w.shape, **options),
    ),
    reads=((1,), (0,)),
    words=(
        "lay {y} over each window of {x}, times that place's {g}, and add up",
        "add up the windows of {x}, each times its place's {g}",
    ),
    notation="conv({x}, {y})",
    samples=(
        sample((2, 2, 5), (3, 2, 3), **_LINE),
        sample((1, 4, 5), (2, 2, 3), **_WIDE),
        sample((2, 2, 5, 4), (2, 2, 3, 2), **_PLANE),
    ),
)
convolution_input = structural(
    "convolution_input",
    lambda xp, g, w, *, shape, **options: xp.convolution_input(g, w, shape=shape, **options),
    pullbacks=(
        lambda xp, g, out, x, w, *, shape, **options: xp.convolution(g, w, **options),
        lambda xp, g, out, x, w, *, shape, **options: xp.convolution_weight(x, g, shape=w.shape, **options),
    ),
    reads=((1,), (0,)),
    words=(
        "convolve {g} with {y}",
        "add up the windows of {g}, each times its place's {x}",
    ),
    notation="convᵀ({x}, {y})",
    torch="ConvolutionInput",
    samples=(
        sample((2, 3, 3), (3, 2, 3), shape=(2, 2, 5), **_LINE),
        sample((1, 2, 5), (2, 2, 3), shape=(1, 4, 5), **_WIDE),
        sample((1, 2, 3, 2), (2, 1, 3, 2), shape=(1, 1, 5, 4), **_PLANE),
    ),
)
convolution_weight = structural(
    "convolution_weight",
    lambda xp, g, x, *, shape, **options: xp.convolution_weight(g, x, shape=shape, **options),
    pullbacks=(
        lambda xp, g, out, x, y, *, shape, **options: xp.convolution(y, g, **options),
        lambda xp, g, out, x, y, *, shape, **options: xp.convolution_input(x, g, shape=y.shape, **options),
    ),
    reads=((1,), (0,)),
    words=(
        "convolve {y} with {g}",
        "lay {g} over each window of {y}, times that place's {x}, and add up",
    ),
    notation="Σ windows({y}) · {x}",
    torch="ConvolutionWeight",
    samples=(
        sample((2, 3, 3), (2, 2, 5), shape=(3, 2, 3), **_LINE),
        sample((1, 2, 5), (1, 4, 5), shape=(2, 2, 3), **_WIDE),
        sample((1, 2, 3, 2), (1, 1, 5, 4), shape=(2, 1, 3, 2), **_PLANE),
    ),
)
