"""What holds for every test: one thread for PyTorch, and numpy's silence inside of chainrule."""

from __future__ import annotations

import pytest
import torch

torch.set_num_threads(1)


def pytest_configure(config: pytest.Config) -> None:
    # pytest replaces the filter that `import chainrule` sets: infinities and NaN are answers there.
    config.addinivalue_line("filterwarnings", r"ignore::RuntimeWarning:chainrule\.")
