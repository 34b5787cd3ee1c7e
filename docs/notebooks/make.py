"""Makes the course as notebooks, in English and in French, and runs them.

The cells stand in ``course.py``, both languages side by side. What is written is the same on every run:
no times, no random names. ``python docs/notebooks/make.py`` needs the extra ``notebook``, and PyTorch for
the cell that asks it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from course import CELLS, Code  # noqa: E402

#: The notebook of each language.
NAMES = {"en": "backpropagation", "fr": "retropropagation"}

#: What a live widget is to a running notebook. A file has nobody who would answer it.
_LIVING = "application/vnd.jupyter.widget-view+json"


def source(lang: str) -> Any:
    """The notebook of ``lang``, not run yet."""
    notebook = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for place, cell in enumerate(CELLS):
        make = nbformat.v4.new_code_cell if isinstance(cell, Code) else nbformat.v4.new_markdown_cell
        notebook.cells.append(make(cell.texts[lang].strip(), id=f"cell-{place}"))
    return notebook


def executed(lang: str) -> Any:
    """The notebook of ``lang`` with what its cells print and show."""
    notebook = source(lang)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=120,
        extra_arguments=["--log-level=ERROR"],
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
    )
    client.execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(_LIVING, None)
    notebook.metadata["language_info"] = {"name": "python"}  # without the version that ran it
    return notebook


def main() -> None:
    for lang, name in NAMES.items():
        path = HERE / f"{name}.ipynb"
        nbformat.write(executed(lang), path)
        print(f"{path.name}: {path.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
