"""Five hundred random programs of tensors, compiled and interpreted: the same numbers, inputs left alone.

Exact programs never round, so that they must agree to the bit, NaN and infinities among their inputs. In
the others sums are added up in another order, products and sums are rounded once, and functions are those
of a vector library: their cases state the tolerance.
"""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from tests.compiler.tensor_drawing import TensorCase
from tests.compiler.tensor_programs import tensor_programs

from chainrule.compiler import interpreter
from chainrule.compiler.tensors.executable import Executable


def executed(case: TensorCase) -> dict[str, np.ndarray]:
    """What machine code makes of a case; carried inputs are state."""
    program = case.program
    executable = Executable(program, list(program.carried))
    given_ = {name: np.array(array, order="C") for name, array in case.inputs.items()}
    results = {name: np.empty(type.shape, type.dtype) for name, type in executable.layout.results}
    for place, (name, _) in enumerate(executable.layout.arguments):
        executable.bind_argument(place, given_[name])
    for place, (name, _) in enumerate(executable.layout.state):
        executable.bind_state(place, given_[name])
    for place, array in enumerate(results.values()):
        executable.bind_result(place, array)
    executable.run()
    for name, _ in executable.layout.arguments:
        np.testing.assert_array_equal(given_[name], case.inputs[name], err_msg=f"{name} was written to")
    return results | {output: given_[name] for name, output in program.carried.items()}


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(tensor_programs())
def test_random_programs_agree_with_the_interpreter(case: TensorCase) -> None:
    case.assert_agrees(executed(case), interpreter.run(case.program, case.inputs))
