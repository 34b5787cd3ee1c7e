"""The command ``chainrule``."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from traceback import print_exception
from types import TracebackType
from typing import Annotated

import typer

from chainrule import __version__
from chainrule.errors import ChainruleError
from chainrule.explain.derivation import Derivation

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A backpropagation engine that shows its work.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

# Negative numbers, as in `y=-2`, and a script's own options are arguments here, not options of ours.
_LENIENT = {"ignore_unknown_options": True, "allow_interspersed_args": True}


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"chainrule {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A backpropagation engine that shows its work."""


@app.command(context_settings=_LENIENT)
def explain(
    what: Annotated[
        str, typer.Argument(help='An expression, "L = (x*w - y)**2", or the path of a script.')
    ],
    values: Annotated[
        list[str] | None,
        typer.Argument(help="The inputs of the expression, x=1 y=2 w=1; or the script's arguments."),
    ] = None,
    lang: Annotated[str, typer.Option(help="The language of the explanation: en or fr.")] = "en",
    json: Annotated[bool, typer.Option("--json", help="Print the derivation as JSON.")] = False,
    torch: Annotated[
        bool, typer.Option(help="Ask PyTorch for its answer too, where it is installed.")
    ] = True,
    learn: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="An input that learns; the others are given, without gradients. All learn, where none is "
            "named. May be given several times.",
        ),
    ] = None,
    save: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Write it to a file instead, in the form of its ending: a page to step through (.html), a "
            "picture (.svg), .tex .md .json .dot .mmd .txt. May be given several times.",
        ),
    ] = None,
) -> None:
    """Explain the gradients of an expression, or of the last backward pass of a script."""
    try:
        derivation = _derivation(what, values or [], lang, None if torch else False)
        if learn:
            from chainrule.explain.learning import learning_alone

            derivation = learning_alone(derivation, learn)
    except Exception as error:
        if _is_of_script(what, error):
            # as Python prints it: the script's own lines, without ours above them
            print_exception(type(error), error, _from_script(what, error))
            raise typer.Exit(1) from None
        if not isinstance(error, ChainruleError):
            raise
        typer.echo(f"chainrule: {error}", err=True)
        raise typer.Exit(2) from None
    for path in save or []:
        _save(derivation, path)
    if json or not save:
        typer.echo(derivation.to_json(indent=1) if json else _text(derivation))


def _save(derivation: Derivation, path: Path) -> None:
    try:
        derivation.save(path)
    except (ChainruleError, OSError) as error:
        typer.echo(f"chainrule: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(str(path))


def _text(derivation: Derivation) -> str:
    """The explanation, its drawings as wide as the terminal that shows it."""
    if not sys.stdout.isatty():
        return derivation.text()
    from chainrule.explain.text import render

    margin = 3
    return render(derivation, derivation.lang, shutil.get_terminal_size((100, 24)).columns - margin)


def _derivation(what: str, values: list[str], lang: str, torch: bool | None) -> Derivation:
    if what.endswith(".py"):
        from chainrule.explain.script import explain_script

        return explain_script(what, values, lang=lang, torch=torch)
    from chainrule.explain.expression import explain_expression
    from chainrule.expressions import parse_bindings

    bindings = parse_bindings([_as_typed(value) for value in values])
    return explain_expression(_as_typed(what), bindings, lang=lang, torch=torch)


def _as_typed(argument: str) -> str:
    """An argument whose ŷ Python could not read, where the terminal's language is said to be ASCII."""
    return os.fsencode(argument).decode("utf-8", "replace")


def _is_of_script(path: str, error: BaseException) -> bool:
    """Whether ``error`` was raised by the script at ``path``, or is about how it is written."""
    wrong_syntax = isinstance(error, SyntaxError) and error.filename == path
    return wrong_syntax or _from_script(path, error) is not None


def _from_script(path: str, error: BaseException) -> TracebackType | None:
    """The traceback of ``error`` from the script's first line on; None where it never got there."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    return trace


@app.command()
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which benchmarks to run; all, where none is named.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer rounds.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the times into this file.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write <date>-<processor>.json there.")
    ] = None,
) -> None:
    """Measure chainrule beside its installed peers, on the same work from the same weights."""
    from chainrule.benchmarks.command import bench as measure

    try:
        measure(names or [], quick=quick, as_json=json, picture=picture, results=results)
    except ChainruleError as error:
        typer.echo(f"chainrule: {error}", err=True)
        raise typer.Exit(2) from None


@app.command()
def studio(
    port: Annotated[int, typer.Option(help="The port to listen on; a free one, where it is 0.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    lang: Annotated[str, typer.Option(help="The language in which the page begins: en or fr.")] = "en",
) -> None:
    """Open a local page to type an expression, walk through it, move its inputs and train it."""
    from chainrule.studio import serve

    try:
        serve(port=port, open_browser=browser, lang=lang)
    except ChainruleError as error:
        typer.echo(f"chainrule: {error}", err=True)
        raise typer.Exit(2) from None


def main() -> None:
    """Run the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # formulas need ∂ and · wherever they are printed
            reconfigure(encoding="utf-8")
    app()


if __name__ == "__main__":
    main()
