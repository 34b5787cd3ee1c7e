"""What holds for every test: one thread for PyTorch, numpy's silence inside of chainrule, and a folder of
their own for machine code."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

import pytest

if "PYTEST_XDIST_WORKER" not in os.environ:  # the workers share the folder of the process that starts them
    _folder = tempfile.mkdtemp(prefix="chainrule-tests-")
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
    os.environ["CHAINRULE_CACHE_DIR"] = _folder

import torch

torch.set_num_threads(1)


def pytest_configure(config: pytest.Config) -> None:
    # pytest replaces the filter that `import chainrule` sets: infinities and NaN are answers there.
    config.addinivalue_line("filterwarnings", r"ignore::RuntimeWarning:chainrule\.")
