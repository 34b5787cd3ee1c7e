"""The lesson of the two moons: both ways give the same losses, and the network learns."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

LESSON = Path(__file__).parents[2] / "examples" / "moons.py"


def test_the_two_ways_agree_and_learn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = runpy.run_path(str(LESSON))["main"](steps=2, folder=tmp_path)
    assert result["values"] == pytest.approx(result["tensors"][:2], rel=1e-13)
    assert result["values"][0] == 0.8958441028683222
    assert len(result["tensors"]) == 100
    assert result["tensors"][-1] < 0.03
    assert result["picture"].read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "step   1   loss 1.7235905336972" in printed
    assert "accuracy 100%" in printed
