"""What a caller has to know of a tensor program's machine code, kept beside it on disk: so that a program
whose code is there need be neither simplified nor planned."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from chainrule.compiler.ir import Type
from chainrule.compiler.tensors.elements import item_bytes
from chainrule.compiler.tensors.emit import Launch
from chainrule.compiler.tensors.plan import Plan
from chainrule.compiler.text import source_line

Named = list[tuple[str, Type]]


@dataclass(frozen=True)
class Callback:
    """An operation that numpy computes: where its operands and its result are, each as an entry of the
    table of addresses, an offset in bytes, and a type."""

    operation: str
    attributes: dict[str, Any]
    operands: list[tuple[int, int, Type]]
    result: tuple[int, int, Type]


@dataclass(frozen=True)
class Layout:
    """``arguments``, ``state`` and ``results`` in the order of their entries; memory is counted in bytes.
    ``shared`` says whether any launch is done in parts; ``launches`` say in words what runs, and
    ``values`` sums up what all of them compute, in bytes of memory."""

    arguments: Named
    state: Named
    results: Named
    slots: int
    arena: int
    shared: bool
    callbacks: list[Callback]
    launches: list[tuple[str, int, list[str], str]]
    in_place: int
    copied: int

    @classmethod
    def of(cls, plan: Plan, launches: list[Launch], callbacks: list[int]) -> Layout:
        lowered, program = plan.lowered, plan.lowered.program
        inputs = program.inputs

        def where(place: int) -> tuple[int, int, Type]:
            view = lowered.views[place]
            storage, type = plan.storage[view.root], lowered.type(place)
            return storage.slot, storage.offset + view.offset * item_bytes(type.dtype), type

        return cls(
            arguments=[(name, program.type(inputs[name])) for name in plan.arguments],
            state=[(name, program.type(inputs[name])) for name in plan.state],
            results=[(name, program.type(program.outputs[name])) for name in plan.results],
            slots=plan.slots,
            arena=plan.arena,
            shared=any(launch.parts > 1 for launch in launches),
            callbacks=[
                Callback(
                    lowered.instructions[place].operation,
                    dict(lowered.instructions[place].attributes),
                    [where(operand) for operand in lowered.instructions[place].operands],
                    where(place),
                )
                for place in callbacks
            ],
            launches=[_described(plan, launch) for launch in launches],
            in_place=plan.in_place,
            copied=len(plan.copies),
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Layout:
        found: dict[str, Any] = json.loads(text)
        for name in ("arguments", "state", "results"):
            found[name] = [(one, _type(type)) for one, type in found[name]]
        found["callbacks"] = [
            Callback(
                one["operation"],
                {name: _tuples(value) for name, value in one["attributes"].items()},
                [_where(where) for where in one["operands"]],
                _where(one["result"]),
            )
            for one in found["callbacks"]
        ]
        found["launches"] = [(what, parts, names, line) for what, parts, names, line in found["launches"]]
        return cls(**found)


def _described(plan: Plan, launch: Launch) -> tuple[str, int, list[str], str]:
    """What a launch does, in how many parts, its operations, and the user's line of the last one."""
    instructions = [plan.lowered.instructions[place] for place in launch.places]
    names = [f"{one.operation} {one.type}" for one in instructions]
    return launch.what, launch.parts, names, source_line(instructions[-1].origin)


def _type(found: Any) -> Type:
    dtype, shape = found
    return Type(dtype, tuple(shape))


def _where(found: Any) -> tuple[int, int, Type]:
    slot, offset, type = found
    return slot, offset, _type(type)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value
