"""The command ``chainrule``."""

from __future__ import annotations

import sys
from traceback import walk_tb
from typing import Annotated

import typer

from chainrule import __version__
from chainrule.errors import ChainruleError
from chainrule.explain.derivation import Derivation

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
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
) -> None:
    """Explain the gradients of an expression, or of the last backward pass of a script."""
    try:
        derivation = _derivation(what, values or [], lang, None if torch else False)
    except ChainruleError as error:
        if _raised_in(what, error):
            raise  # the script's own error: its traceback says where
        typer.echo(f"chainrule: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(derivation.to_json(indent=1) if json else derivation.text())


def _derivation(what: str, values: list[str], lang: str, torch: bool | None) -> Derivation:
    if what.endswith(".py"):
        from chainrule.explain.script import explain_script

        return explain_script(what, values, lang=lang, torch=torch)
    from chainrule.explain.expression import explain_expression
    from chainrule.expressions import parse_bindings

    return explain_expression(what, parse_bindings(values), lang=lang, torch=torch)


def _raised_in(path: str, error: BaseException) -> bool:
    """Whether ``error`` came from the script at ``path``."""
    return any(frame.f_code.co_filename == path for frame, _ in walk_tb(error.__traceback__))


def main() -> None:
    """Run the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # formulas need ∂ and · wherever they are printed
            reconfigure(encoding="utf-8")
    app()


if __name__ == "__main__":
    main()
