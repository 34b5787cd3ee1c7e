"""chainrule: a backpropagation engine that shows its work.

Every gradient that it computes it can also explain, step by step, from the very rules that ran.

>>> import chainrule
>>> x, y = chainrule.tensor(1.0), chainrule.tensor(2.0)
>>> w = chainrule.tensor(1.0, requires_grad=True)
>>> L = (w * x - y) ** 2
>>> L.backward()
>>> w.grad
tensor(-2.)
"""

from __future__ import annotations

import warnings as _warnings
from typing import TYPE_CHECKING, Any

import numpy as _np

from chainrule import autograd, errors
from chainrule.autograd import (
    enable_grad,
    gradcheck,
    gradgradcheck,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from chainrule.creation import (
    arange,
    eye,
    from_numpy,
    full,
    linspace,
    ones,
    ones_like,
    rand,
    randint,
    randn,
    randperm,
    tensor,
    zeros,
    zeros_like,
)
from chainrule.errors import ChainruleError
from chainrule.explain import explain
from chainrule.functional import (
    abs,
    add,
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    argsort,
    broadcast_to,
    cat,
    clamp,
    clone,
    concat,
    concatenate,
    cos,
    div,
    dot,
    eq,
    erf,
    exp,
    flatten,
    gather,
    ge,
    gt,
    isnan,
    le,
    log,
    log_softmax,
    logical_and,
    logical_not,
    logical_or,
    logsumexp,
    lt,
    matmul,
    max,
    maximum,
    mean,
    min,
    minimum,
    mul,
    ne,
    neg,
    permute,
    pow,
    relu,
    reshape,
    sigmoid,
    sign,
    sin,
    softmax,
    sort,
    sqrt,
    square,
    squeeze,
    stack,
    std,
    sub,
    sum,
    t,
    tanh,
    topk,
    transpose,
    tril,
    triu,
    unsqueeze,
    var,
    where,
)
from chainrule.random import manual_seed
from chainrule.tensor import Tensor

float16 = _np.dtype(_np.float16)
float32 = _np.dtype(_np.float32)
float64 = _np.dtype(_np.float64)
int8 = _np.dtype(_np.int8)
uint8 = _np.dtype(_np.uint8)
int32 = _np.dtype(_np.int32)
int64 = _np.dtype(_np.int64)
bool = _np.dtype(_np.bool_)
float = float32
double = float64
long = int64

if TYPE_CHECKING:
    from chainrule import data, micrograd, nn, optim
    from chainrule.autodiff.numeric import central_difference, complex_step, forward_difference
    from chainrule.autodiff.step_table import derivative_table
    from chainrule.compiling import Batch, Compiled, compile, each, vmap
    from chainrule.explain import Derivation
    from chainrule.explain.descent import Descent, descend
    from chainrule.value import Value


_LATER = {
    "Batch": "chainrule.compiling",
    "Compiled": "chainrule.compiling",
    "Derivation": "chainrule.explain",
    "Descent": "chainrule.explain.descent",
    "central_difference": "chainrule.autodiff.numeric",
    "compile": "chainrule.compiling",
    "complex_step": "chainrule.autodiff.numeric",
    "derivative_table": "chainrule.autodiff.step_table",
    "descend": "chainrule.explain.descent",
    "each": "chainrule.compiling",
    "forward_difference": "chainrule.autodiff.numeric",
    "Value": "chainrule.value",
    "vmap": "chainrule.compiling",
}


def __getattr__(name: str) -> Any:
    # Imported when first asked for: what is not needed costs nothing.
    from importlib import import_module

    if name in _LATER:
        found = getattr(import_module(_LATER[name]), name)
    elif name in ("data", "micrograd", "nn", "optim"):
        found = import_module(f"chainrule.{name}")
    else:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    globals()[name] = found
    return found


__all__ = [
    "Batch",
    "ChainruleError",
    "Compiled",
    "Derivation",
    "Descent",
    "Tensor",
    "Value",
    "abs",
    "add",
    "all",
    "amax",
    "amin",
    "any",
    "arange",
    "argmax",
    "argmin",
    "argsort",
    "autograd",
    "bool",
    "broadcast_to",
    "cat",
    "central_difference",
    "clamp",
    "clone",
    "compile",
    "complex_step",
    "concat",
    "concatenate",
    "cos",
    "data",
    "derivative_table",
    "descend",
    "div",
    "dot",
    "double",
    "each",
    "enable_grad",
    "eq",
    "erf",
    "errors",
    "exp",
    "explain",
    "eye",
    "flatten",
    "float",
    "float16",
    "float32",
    "float64",
    "forward_difference",
    "from_numpy",
    "full",
    "gather",
    "ge",
    "gradcheck",
    "gradgradcheck",
    "gt",
    "int8",
    "int32",
    "int64",
    "is_grad_enabled",
    "isnan",
    "le",
    "linspace",
    "log",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logsumexp",
    "long",
    "lt",
    "manual_seed",
    "matmul",
    "max",
    "maximum",
    "mean",
    "micrograd",
    "min",
    "minimum",
    "mul",
    "ne",
    "neg",
    "nn",
    "no_grad",
    "ones",
    "ones_like",
    "optim",
    "permute",
    "pow",
    "rand",
    "randint",
    "randn",
    "randperm",
    "relu",
    "reshape",
    "set_grad_enabled",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "sort",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "sub",
    "sum",
    "t",
    "tanh",
    "tensor",
    "topk",
    "transpose",
    "tril",
    "triu",
    "uint8",
    "unsqueeze",
    "var",
    "vmap",
    "where",
    "zeros",
    "zeros_like",
]

__version__ = "0.1.0"

# Infinities and NaN are answers here, as in PyTorch, and not worth numpy's warning on each operation:
# silenced where they would point into chainrule, and nowhere else.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"chainrule\.")
