"""What the machine code of a program follows from, as text: the key that it is kept under."""

from __future__ import annotations

from chainrule.compiler.ir import Program, Type


def fingerprint(program: Program) -> str:
    """All of ``program`` but where in the user's files it came from."""
    types: dict[Type, str] = {}
    instructions = []
    for one in program.instructions:
        kind = types.get(one.type) or types.setdefault(one.type, str(one.type))
        attributes = sorted(one.attributes.items()) if one.attributes else ""
        instructions.append(f"{one.operation}{one.operands}{attributes}{kind}")
    return "\n".join([*instructions, str(dict(program.outputs)), str(dict(program.carried))])
