"""What holds for every test: one thread for PyTorch, numpy's silence inside of chainrule, and a folder of
their own for machine code."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))

if "PYTEST_XDIST_WORKER" not in os.environ:  # the workers share the folder of the process that starts them
    _folder = tempfile.mkdtemp(prefix="chainrule-tests-")
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    os.environ["CHAINRULE_CACHE_DIR"] = _folder

import torch

torch.set_num_threads(1)


# Drawn examples may take their time on a busy machine. In .ci/run they are the same every time, so that a
# change is judged by what it changed; elsewhere they differ from run to run, and so find more.
settings.register_profile("exploring", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("CHAINRULE_EXAMPLES", "exploring"))


def pytest_configure(config: pytest.Config) -> None:
    # pytest replaces the filter that `import chainrule` sets: infinities and NaN are answers there.
    config.addinivalue_line("filterwarnings", r"ignore::RuntimeWarning:chainrule\.")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium, for the tests of one file."""
    from browser import launched

    with launched() as running:
        yield running


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """A tab that notes what its page says on the console, and what it asks a network for."""
    from browser import tab as opened

    with opened(browser) as watched:
        yield watched
