"""What holds for every test: one thread for PyTorch, so that tests run side by side."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
