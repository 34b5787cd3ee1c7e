"""The functions that are methods of ``Tensor`` as well: those whose first argument is a tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule import functional as F

if TYPE_CHECKING:
    from chainrule.tensor import Tensor


class Methods:
    """``x.exp()`` is ``exp(x)``: one function, two ways to call it."""

    __slots__ = ()

    add = F.add
    sub = F.sub
    mul = F.mul
    div = F.div
    pow = F.pow
    maximum = F.maximum
    minimum = F.minimum
    lt = F.lt
    le = F.le
    gt = F.gt
    ge = F.ge
    eq = F.eq
    ne = F.ne
    logical_and = F.logical_and
    logical_or = F.logical_or
    neg = F.neg
    exp = F.exp
    log = F.log
    sqrt = F.sqrt
    sin = F.sin
    cos = F.cos
    tanh = F.tanh
    sigmoid = F.sigmoid
    erf = F.erf
    relu = F.relu
    abs = F.abs
    sign = F.sign
    square = F.square
    logical_not = F.logical_not
    isnan = F.isnan
    clamp = F.clamp

    sum = F.sum
    mean = F.mean
    var = F.var
    std = F.std
    amax = F.amax
    amin = F.amin
    max = F.max
    min = F.min
    argmax = F.argmax
    argmin = F.argmin
    logsumexp = F.logsumexp
    softmax = F.softmax
    log_softmax = F.log_softmax
    all = F.all
    any = F.any

    reshape = F.reshape
    view = F.reshape
    flatten = F.flatten
    permute = F.permute
    transpose = F.transpose
    t = F.t
    squeeze = F.squeeze
    unsqueeze = F.unsqueeze
    broadcast_to = F.broadcast_to
    expand = F.expand
    gather = F.gather
    sort = F.sort
    argsort = F.argsort
    topk = F.topk
    tril = F.tril
    triu = F.triu
    matmul = F.matmul
    dot = F.dot

    def where(self, condition: Any, other: Any) -> Tensor:
        """``self`` where ``condition`` holds, ``other`` elsewhere."""
        return F.where(condition, self, other)

    @property
    def T(self) -> Tensor:
        """The transpose of a matrix."""
        return F.t(self)

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged."""
        return F.transpose(self, -2, -1)
