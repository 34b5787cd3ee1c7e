"""Data sets and mini-batches."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stdout

import numpy as np
import pytest

import chainrule
from chainrule import errors
from chainrule.data import DataLoader, TensorDataset, progress


def pairs(count: int = 10) -> TensorDataset:
    return TensorDataset(
        chainrule.arange(count), chainrule.arange(count).reshape(count, 1) * chainrule.ones(1, 2)
    )


def test_a_dataset_is_rows_side_by_side() -> None:
    data = pairs()
    assert len(data) == 10
    number, row = data[3]
    assert number.item() == 3
    assert row.tolist() == [3.0, 3.0]
    assert data[-1][0].item() == 9
    assert data[2:4][0].tolist() == [2, 3]
    assert data[np.array([7, 1])][0].tolist() == [7, 1]
    with pytest.raises(errors.IndexOutOfRangeError, match="no example 10; there are 10"):
        data[10]
    assert len(list(data)) == 10


def test_what_a_dataset_refuses() -> None:
    with pytest.raises(errors.DomainError, match="at least one Tensor is needed"):
        TensorDataset()
    with pytest.raises(errors.ShapeError, match=r"shapes \(3,\), \(2, 5\), and their first axes"):
        TensorDataset(chainrule.ones(3), chainrule.ones(2, 5))
    with pytest.raises(errors.ShapeError, match="item 1 is a single number"):
        TensorDataset(chainrule.ones(3), chainrule.tensor(1.0))
    with pytest.raises(errors.DTypeError, match=r"item 0 must be a Tensor.*\[1, 2\]"):
        TensorDataset([1, 2])


@pytest.mark.parametrize(
    ("batch_size", "drop_last", "sizes"),
    [
        (4, False, [4, 4, 2]),
        (4, True, [4, 4]),
        (5, True, [5, 5]),
        (1, False, [1] * 10),
        (99, False, [10]),
        (99, True, []),
    ],
)
def test_batches_in_order(batch_size: int, drop_last: bool, sizes: list[int]) -> None:
    loader = DataLoader(pairs(), batch_size=batch_size, drop_last=drop_last)
    batches = list(loader)
    assert len(loader) == len(sizes)
    assert [len(numbers) for numbers, _ in batches] == sizes
    assert all(isinstance(batch, tuple) for batch in batches)
    seen = [n for numbers, _ in batches for n in numbers.tolist()]
    assert seen == list(range(sum(sizes)))
    assert all(rows.tolist() == [[n, n] for n in numbers.tolist()] for numbers, rows in batches)


def test_shuffling_is_seeded_and_new_each_time() -> None:
    def order(loader: DataLoader) -> list[int]:
        return [n for numbers, _ in loader for n in numbers.tolist()]

    loader = DataLoader(pairs(50), batch_size=8, shuffle=True)
    chainrule.manual_seed(5)
    first, second = order(loader), order(loader)
    assert sorted(first) == list(range(50))
    assert first != second
    assert first != sorted(first)
    chainrule.manual_seed(5)
    assert [order(loader), order(loader)] == [first, second]
    assert all(rows.tolist() == [[n, n] for n in ns.tolist()] for ns, rows in loader)


def test_a_batch_changed_in_place_leaves_the_data_alone() -> None:
    data = pairs()
    for _, rows in DataLoader(data, batch_size=4):
        rows.mul_(0)
    assert data[9][1].tolist() == [9.0, 9.0]


def test_what_a_loader_refuses() -> None:
    with pytest.raises(errors.DomainError, match="batch_size must be a whole number of at least 1"):
        DataLoader(pairs(), batch_size=0)
    with pytest.raises(errors.DTypeError, match=r"batch_size must be a whole number.*2.0"):
        DataLoader(pairs(), batch_size=2.0)
    with pytest.raises(errors.DTypeError, match=r"must be a TensorDataset.*Wrap the Tensors"):
        DataLoader([(1, 2)])
    with pytest.raises(errors.DTypeError, match=r"progress must be True, False or a label.*3"):
        DataLoader(pairs(), progress=3)


# ------------------------------------------------------------------ the bar


def test_nothing_is_printed_where_no_one_looks(capsys: pytest.CaptureFixture[str]) -> None:
    loader = DataLoader(pairs(), batch_size=4, progress="epoch 1")
    assert len(list(loader)) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == ""


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    return Terminal()


CURSOR_IS_BACK = "\x1b[?25h"


def test_the_bar_of_a_terminal(terminal: Terminal) -> None:
    with redirect_stdout(terminal):
        for numbers, _ in DataLoader(pairs(), batch_size=4, progress="epoch [1]"):
            print("batch of", len(numbers))
    text = terminal.getvalue()
    assert "epoch [1]" in text
    assert "3/3" in text
    assert "batches/s" in text
    assert text.count("batch of 4") == 2
    assert CURSOR_IS_BACK in text
    assert progress._shown == []


def test_a_loop_that_is_left_early_takes_the_bar_away(terminal: Terminal) -> None:
    with redirect_stdout(terminal):
        for _ in DataLoader(pairs(), batch_size=4, progress=True):
            break
        assert sys.stdout is terminal
    assert progress._shown == []
    assert CURSOR_IS_BACK in terminal.getvalue()


def test_a_loop_inside_shows_no_second_bar(terminal: Terminal) -> None:
    outer = DataLoader(pairs(), batch_size=5, progress="outer")
    inner = DataLoader(pairs(), batch_size=5, progress="inner")
    with redirect_stdout(terminal):
        assert sum(1 for _ in outer for _ in inner) == 4
    assert "outer" in terminal.getvalue()
    assert "inner" not in terminal.getvalue()


def test_rich_is_imported_for_a_bar_only_and_a_pipe_stays_clean() -> None:
    program = (
        "import sys, chainrule as c; from chainrule.data import *\n"
        "data = TensorDataset(c.arange(4))\n"
        "list(DataLoader(data)); print('rich' in sys.modules)\n"
        "list(DataLoader(data, progress='epoch')); print('rich' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "FORCE_COLOR": "1"},
    )
    assert done.stdout == "False\nTrue\n"
    assert done.stderr == ""
