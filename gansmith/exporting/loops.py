"""A network that goes on place after place, as one graph: a start, and a step within ONNX's Scan.

Unrolled, a text of 60 tokens would be thousands of nodes, which take minutes to be exported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

# (module, example, its axes that differ with the batch, names of inputs, of outputs) -> model
Exporter = Callable[[nn.Module, Sequence[Tensor], "Axes", Sequence[str], Sequence[str]], Any]
Axes = tuple[dict[int, Any], ...]
OF_STEP = "step/"
# Batches that axes are told from, and of which the first is the exporter's example.
EXAMPLES = (3, 5)


class Loop(nn.Module):
    """(N, ...) inputs -> (N, places) tokens.

    Args:
        start: from the inputs to what is carried from place to place, what stays, and (places, ...)
            what each place takes a row of, one after the other.
        step: from what is carried, what stays and a row, to what is carried on, and (N,) tokens.
        carried: how many tensors are carried.
        constant: how many stay.
    """

    def __init__(self, start: nn.Module, step: nn.Module, carried: int, constant: int) -> None:
        super().__init__()
        self.start, self.step = start, step
        self.carried, self.constant = carried, constant

    def first(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """What the first step is given."""
        begun = self.start(*inputs)
        kept = self.carried + self.constant
        return (*begun[:kept], *(rows[0] for rows in begun[kept:]))

    def forward(self, *inputs: Tensor) -> Tensor:
        """As the graph does it."""
        begun, kept = self.start(*inputs), self.carried + self.constant
        carried, constant = begun[: self.carried], begun[self.carried : kept]
        said = []
        for rows in zip(*begun[kept:], strict=True):
            *carried, tokens = self.step(*carried, *constant, *rows)
            said.append(tokens)
        return torch.stack(said, 1)


def axes_of(few: Sequence[Tensor], more: Sequence[Tensor]) -> Axes:
    """Which axes grow with the batch, told from tensors of two batches."""
    batch = torch.export.Dim("batch")
    return tuple(
        {axis: batch for axis, size in enumerate(one.shape) if size != other.shape[axis]}
        for one, other in zip(few, more, strict=True)
    )


def looped(
    loop: Loop, export: Exporter, draw: Callable[[int], tuple[Tensor, ...]], names: Sequence[str],
    output: str,
) -> Any:  # fmt: skip
    """The model of a loop.

    Args:
        loop: to be exported.
        export: the start or the step alone.
        draw: n -> inputs of that batch, to try it with.
        names: of the inputs.
        output: name of what comes out.
    """
    few, more = (draw(n) for n in EXAMPLES)
    begun, places = loop.start(*few), loop(*few).shape[1]
    told = [f"begun_{number}" for number in range(len(begun))]
    start = export(loop.start, few, axes_of(few, more), names, told)
    few, more = loop.first(*few), loop.first(*more)
    taken = [f"taken_{number}" for number in range(len(few))]
    left = [f"left_{number}" for number in range(loop.carried + 1)]
    step = export(loop.step, few, axes_of(few, more), taken, left)
    return _joined(loop, start, step, (output, places))


def _joined(loop: Loop, start: Any, step: Any, output: tuple[str, int]) -> Any:
    """The start's graph, with a Scan behind it whose body is the step's.

    Args:
        loop: that both were made from.
        start, step: their models.
        output: name of what comes out, and how many places it has.
    """
    helper, compose = import_module("onnx.helper"), import_module("onnx.compose")
    body = compose.add_prefix(step, OF_STEP).graph
    told, taken = [value.name for value in start.graph.output], list(body.input)
    stays = slice(loop.carried, loop.carried + loop.constant)
    # What stays is seen from within: a body knows the names around it.
    seen = [helper.make_node("Identity", [name], [port.name])
            for name, port in zip(told[stays], taken[stays], strict=True)]  # fmt: skip
    del told[stays], taken[stays]
    within = helper.make_graph([*seen, *body.node], "step", taken, list(body.output))
    ends = [f"end_{number}" for number in range(loop.carried)]
    scan = helper.make_node(
        "Scan", told, [*ends, output[0]], body=within,
        num_scan_inputs=len(told) - loop.carried, scan_output_axes=[1],
    )  # fmt: skip
    said = body.output[-1].type.tensor_type
    shape = [said.shape.dim[0].dim_param.removeprefix(OF_STEP), output[1]]
    graph = helper.make_graph(
        [*start.graph.node, scan], "loop", list(start.graph.input),
        [helper.make_tensor_value_info(output[0], said.elem_type, shape)],
        initializer=[*start.graph.initializer, *body.initializer],
    )  # fmt: skip
    return helper.make_model(
        graph, opset_imports=list(start.opset_import), ir_version=start.ir_version
    )
