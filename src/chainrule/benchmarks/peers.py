"""The libraries to compare with: those that are installed, and why the others are left out."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from chainrule.errors.benchmarks import PeerMissingError, library_missing

Built = TypeVar("Built")


def library(name: str) -> Any:
    """The module ``name``; raises PeerMissingError where its library is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise library_missing(name.partition(".")[0]) from None


def torch_at_threads(count: int) -> Any:
    """The module torch, told how many threads to use."""
    torch = library("torch")
    torch.set_num_threads(count)
    return torch


def torch_at_one_thread() -> Any:
    """The module torch, told to use one thread."""
    return torch_at_threads(1)


def jax_in_double() -> Any:
    """The module jax, told to keep float64."""
    jax = library("jax")
    jax.config.update("jax_enable_x64", True)
    return jax


def present(
    builders: Mapping[str, Callable[[], Built]],
) -> tuple[dict[str, Built], dict[str, str]]:
    """What the builders of the peers gave, and the peers that are missing, with the reason."""
    built: dict[str, Built] = {}
    missing: dict[str, str] = {}
    for name, build in builders.items():
        try:
            built[name] = build()
        except PeerMissingError as reason:
            missing[name] = str(reason)
    return built, missing
