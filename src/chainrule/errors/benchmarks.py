"""Messages about benchmarks, and about the peers that they need."""

from __future__ import annotations

from collections.abc import Iterable

from chainrule.errors.kinds import ChainruleError, NameUnknownError


class PeerMissingError(ChainruleError, ImportError):
    """A peer that cannot run here, and is left out."""


class BenchmarkError(ChainruleError, RuntimeError):
    """A benchmark that came to no end, or found that two sides disagree."""


def library_missing(name: str) -> PeerMissingError:
    return PeerMissingError(f"not installed: {name}")


def compiler_missing() -> PeerMissingError:
    return PeerMissingError("no C compiler (cc, gcc or clang)")


def compiler_failed(compiler: str, output: str) -> PeerMissingError:
    return PeerMissingError(f"{compiler} failed: {(output.strip().splitlines() or ['it said nothing'])[0]}")


def residence_unknown() -> PeerMissingError:
    return PeerMissingError("this system does not say how much of a process is in memory")


def benchmark_failed(name: str, output: str) -> BenchmarkError:
    return BenchmarkError(f"the benchmark {name} failed; what it printed last:\n{output[-4000:]}")


def side_failed(name: str, said: str) -> BenchmarkError:
    return BenchmarkError(f"{name} failed; what it said last:\n{said[-4000:]}")


def benchmarks_failed(failures: Iterable[BenchmarkError]) -> BenchmarkError:
    return BenchmarkError("\n".join(map(str, failures)))


def benchmark_unknown(names: Iterable[str], known: Iterable[tuple[str, str]]) -> NameUnknownError:
    table = "\n".join(f"  {name:15} {about}" for name, about in known)
    return NameUnknownError(f"no benchmark is called {', '.join(names)}. There are\n{table}")


def nothing_to_draw(known: Iterable[str]) -> BenchmarkError:
    return BenchmarkError(f"the picture shows {', '.join(known)}, and none of them is to run. Name one.")


def picture_needs_matplotlib() -> PeerMissingError:
    return PeerMissingError("matplotlib is not installed, and the picture needs it: pip install matplotlib")
