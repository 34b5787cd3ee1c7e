"""Messages about layers: windows over space, normalisation, embedding, attention, dropout."""

from __future__ import annotations

from typing import Any

from chainrule.errors.kinds import DomainError, DTypeError, IndexOutOfRangeError, ShapeError, shown

_SPACE = ("length", "height, width", "depth, height, width")


def per_axis_expected(where: str, option: str, value: Any, axes: int, low: int) -> DomainError | DTypeError:
    parts = value if isinstance(value, tuple | list) else (value,)
    kind = DomainError if all(hasattr(part, "__index__") for part in parts) else DTypeError
    several = "" if axes == 1 else f", or {axes} of them, one for each of ({_SPACE[axes - 1]})"
    return kind(
        f"{where}: {option} must be a whole number of at least {low}{several}, and it is {shown(value)}."
    )


def window_input(where: str, shape: Any, axes: int, unbatched: bool) -> ShapeError:
    space = _SPACE[axes - 1]
    other = f" or (channels, {space})" if unbatched else ""
    remedy = " A single example gets its batch axis with unsqueeze(0)." if len(shape) == axes + 1 else ""
    return ShapeError(
        f"{where}: the input has shape {tuple(shape)}, and it must be (batch, channels, {space}){other}."
        f"{remedy}"
    )


def window_too_large(where: str, space: Any, padding: Any, window: Any) -> ShapeError:
    return ShapeError(
        f"{where}: a window that spans {tuple(window)} does not fit into an input of size {tuple(space)} "
        f"with padding {tuple(padding)}. Make the window smaller, or the padding larger."
    )


def convolution_weight_rank(where: str, weight: Any, axes: int) -> ShapeError:
    return ShapeError(
        f"{where}: the weight has shape {tuple(weight)}, and it must be (out_channels, "
        f"in_channels / groups, {_SPACE[axes - 1]})."
    )


def convolution_channels(where: str, shape: Any, weight: Any, groups: int) -> ShapeError:
    return ShapeError(
        f"{where}: the input of shape {tuple(shape)} has {shape[1]} channels, and the weight of shape "
        f"{tuple(weight)} with groups={groups} takes {weight[1] * groups}."
    )


def convolution_groups(where: str, groups: int, inputs: int, outputs: int) -> DomainError:
    return DomainError(
        f"{where}: groups={groups} must divide both the {inputs} channels of the input and the {outputs} "
        "of the output."
    )


def convolution_bias(where: str, bias: Any, outputs: int) -> ShapeError:
    return ShapeError(f"{where}: the bias has shape {tuple(bias)}, and it must have shape ({outputs},).")


def dtypes_differ(where: str, dtypes: Any) -> DTypeError:
    return DTypeError(
        f"{where}: the dtypes are {', '.join(map(str, dtypes))}, and they must be one float dtype. "
        "Convert with .float() or .double()."
    )


def pool_padding(where: str, padding: Any, window: Any) -> DomainError:
    return DomainError(
        f"{where}: padding {tuple(padding)} is more than half of the window {tuple(window)}, so some "
        "windows would hold nothing but padding. Take less of it."
    )


def pad_widths(widths: Any, shape: Any) -> ShapeError:
    return ShapeError(
        f"pad: the widths are {shown(widths)} for a shape of {tuple(shape)}. Give two whole numbers of at "
        "least 0 for each axis, before and after it, from the last axis on: (left, right, top, bottom)."
    )


def pad_mode(mode: Any) -> DomainError:
    return DomainError(f"pad: mode={shown(mode)} is not there; the one that is, is 'constant'.")


def normalized_shape(where: str, wanted: Any, shape: Any) -> ShapeError:
    needed = ", ".join(map(str, wanted))
    return ShapeError(
        f"{where}: the input has shape {tuple(shape)}, and its last axes must be {tuple(wanted)}: shape "
        f"(..., {needed})."
    )


def normalized_parameter(where: str, what: str, found: Any, wanted: Any) -> ShapeError:
    return ShapeError(
        f"{where}: the {what} has shape {tuple(found)}, and it must have the shape that is normalised, "
        f"{tuple(wanted)}."
    )


def embedding_weight(shape: Any) -> ShapeError:
    return ShapeError(
        f"embedding: the weight has shape {tuple(shape)}, and it must be a matrix of shape (entries, "
        "features)."
    )


def embedding_dtype(dtype: Any) -> DTypeError:
    return DTypeError(
        f"embedding: the input holds {dtype}, and it must hold whole numbers, the places of the entries: "
        "use .long()."
    )


def embedding_index(index: int, position: Any, entries: int) -> IndexOutOfRangeError:
    return IndexOutOfRangeError(
        f"embedding: the number at {list(position)} is {index}, and there are {entries} entries, "
        f"numbered 0 to {entries - 1}."
    )


def probability(where: str, value: Any) -> DomainError | DTypeError:
    kind = DomainError if isinstance(value, int | float) else DTypeError
    return kind(f"{where}: p must be a probability, a number from 0 to 1, and it is {shown(value)}.")


def approximation_unknown(value: Any) -> DomainError:
    return DomainError(f"gelu: approximate={shown(value)} is not known. Use 'none' or 'tanh'.")


def attention_shapes(where: str, query: Any, key: Any, value: Any) -> ShapeError:
    return ShapeError(
        f"{where}: the query has shape {tuple(query)}, the key {tuple(key)} and the value {tuple(value)}. "
        "They must be (..., places, features): query and key with the same features, key and value with "
        "the same places, and the axes before them must broadcast."
    )


def attention_mask(where: str, mask: Any, scores: Any) -> ShapeError:
    return ShapeError(
        f"{where}: the mask has shape {tuple(mask)}, and it must broadcast to the scores, of shape "
        f"{tuple(scores)}: (..., places of the query, places of the key)."
    )


def attention_mask_dtype(where: str, dtype: Any) -> DTypeError:
    return DTypeError(
        f"{where}: the mask is of dtype {dtype}, and it must be boolean, or of floats, which are added."
    )


def attention_heads(features: int, heads: int) -> DomainError:
    return DomainError(
        f"MultiheadAttention: embed_dim={features} cannot be cut into num_heads={heads} equal parts."
    )


def attention_batch_first() -> DomainError:
    return DomainError(
        "MultiheadAttention: batch_first=False is not there: the input is (batch, places, features). "
        "Exchange its first two axes with transpose(0, 1)."
    )


def attention_input(what: str, shape: Any, features: int) -> ShapeError:
    return ShapeError(
        f"MultiheadAttention: the {what} has shape {tuple(shape)}, and it must be (batch, places, "
        f"{features})."
    )


def topk_count(k: Any, length: int, dim: int) -> DomainError | DTypeError:
    kind = DomainError if hasattr(k, "__index__") else DTypeError
    return kind(
        f"topk: k must be a whole number from 0 to {length}, the length of axis {dim}, and it is "
        f"{shown(k)}."
    )


def triangle_rank(where: str, shape: Any) -> ShapeError:
    return ShapeError(f"{where} is for matrices, over the last two axes; the shape is {tuple(shape)}.")
