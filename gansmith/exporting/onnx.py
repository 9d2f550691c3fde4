"""A generator and its discriminator as ONNX files, tried before they are kept."""

from __future__ import annotations

import contextlib
import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.errors import GansmithError, MissingExtraError, UserError
from gansmith.exporting.graphs import Graph, Port, graphs_of
from gansmith.exporting.loops import EXAMPLES, Axes, Loop, axes_of, looped
from gansmith.exporting.reading import TOKENIZER, left_behind, reading, tokenizer_of
from gansmith.progress import Progress, silent
from gansmith.sample.sampler import Sampler

if TYPE_CHECKING:
    from gansmith.run import Run

ABOUT = "gansmith.json"
# Tried with: one sample alone, and a number that no example had.
BATCHES = (1, 7)
# Largest difference from PyTorch, relative to the largest number where that is above 1.
TOLERANCE = 1e-4
TRIED_SEED = 1
EXPORTERS = ("torch.onnx", "onnxscript", "onnx_ir")


class DeviatesError(GansmithError):
    """What was exported does not give the numbers that the run gives."""


def write_onnx(run: Run, side: Path, *, best: bool = False, progress: Progress = silent) -> None:
    """Write ``generator.onnx``, ``discriminator.onnx`` and ``gansmith.json`` into a new folder.

    Args:
        run: trained.
        side: the folder, which is not there yet.
        best: take the weights that measured best while training, instead of the last.
        progress: shows what happens.

    Raises:
        MissingExtraError: if the packages are not installed.
        UserError: if a network has no fixed graph.
        DeviatesError: if a file, run by onnxruntime, gives other numbers than PyTorch.
    """
    onnx, _ = _library("onnx"), _library("onnxscript")
    sampler = run.sampler(best=best)
    graphs, differences = graphs_of(sampler), {}
    side.mkdir()
    with progress("Exporting", len(graphs)) as advance, torch.no_grad():
        for graph in graphs:
            model = _exported(graph)
            path = side / f"{graph.name}.onnx"
            onnx.save(model, path)
            differences[graph.name] = _tried(graph, path)
            advance()
    if tokenizer := tokenizer_of(sampler.codec):
        (side / TOKENIZER).write_text(tokenizer, "utf-8")
    about = json.dumps(_about(run, sampler, graphs, differences), indent=2, ensure_ascii=False)
    (side / ABOUT).write_text(about + "\n", "utf-8")


def _library(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError:
        raise MissingExtraError(name, "onnx", "An export to ONNX") from None


def _exported(graph: Graph) -> Any:
    """The graph as ONNX has it, with batches of any size."""
    module, names = graph.module.eval(), [port.name for port in graph.inputs]

    def draw(n: int) -> tuple[Tensor, ...]:
        return graph.draw(n, TRIED_SEED)

    try:
        if isinstance(module, Loop):
            return looped(module, _model, draw, names, graph.output.name)
        few, more = (draw(n) for n in EXAMPLES)
        return _model(module, few, axes_of(few, more), names, [graph.output.name])
    except Exception as error:  # the library lets those of a dozen others through
        raise UserError(
            f"The {graph.name} of this run cannot become ONNX ({type(error).__name__}); nothing "
            "was kept.",
            fix="A network that goes on for as long as its samples say has no fixed graph: take "
            "--to hub, or `gansmith serve`.",
        ) from error


def _model(
    module: nn.Module, example: Sequence[Tensor], axes: Axes, inputs: Sequence[str],
    outputs: Sequence[str],
) -> Any:  # fmt: skip
    """A module alone, without notes of where it was made."""
    with _quietly():
        program = torch.onnx.export(
            module, tuple(example), None, dynamo=True, verbose=False, external_data=False,
            dynamic_shapes=axes, input_names=inputs, output_names=outputs,
        )  # fmt: skip
    assert program is not None
    return _without_traces(program.model_proto)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Within, the exporter keeps its hints for its own developers to itself."""
    loggers = [logging.getLogger(name) for name in EXPORTERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _without_traces(model: Any) -> Any:
    """The model without notes on which line of which file made a node: they name this machine."""
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info):
        del part.metadata_props[:]
        part.doc_string = ""
    for part in (*model.graph.input, *model.graph.output, *model.graph.initializer):
        del part.metadata_props[:]
    for function in model.functions:
        for part in (function, *function.node):
            del part.metadata_props[:]
            part.doc_string = ""
    return model


def _tried(graph: Graph, path: Path) -> float:
    """The largest difference between what onnxruntime and PyTorch make of the same inputs."""
    runtime = _library("onnxruntime")
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    largest = 0.0
    for n in BATCHES:
        given = graph.draw(n, TRIED_SEED + n)
        wanted = graph.module(*given).numpy()
        feeds = {p.name: x.numpy() for p, x in zip(graph.inputs, given, strict=True)}
        try:
            (found,) = session.run(None, feeds)
        except Exception as error:  # the runtime has no public type for its errors
            raise _deviates(graph, f"cannot be run on {n}: {str(error).splitlines()[0]}") from error
        if found.shape != wanted.shape:
            raise _deviates(graph, f"returns {found.shape} in place of {wanted.shape}")
        scale = max(1.0, float(np.abs(wanted).max()))
        difference = float(np.abs(found - wanted).max()) / scale
        if not difference <= TOLERANCE:  # also of what is not a number
            raise _deviates(graph, f"differs by {difference:.2g} on {n}, and may by {TOLERANCE:g}")
        largest = max(largest, difference)
    return largest


def _deviates(graph: Graph, why: str) -> DeviatesError:
    return DeviatesError(
        f"The {graph.name} as ONNX {why}; nothing was kept.",
        fix="A network of your own? It may compute with Python numbers of a batch, such as "
        "len(x); x.shape[0] can be exported. Else it is our fault: please report it.",
    )


def _port(port: Port) -> dict[str, Any]:
    return {
        "name": port.name, "shape": ["batch", *port.shape], "dtype": port.dtype,
        "holds": port.holds,
    }  # fmt: skip


def _about(
    run: Run, sampler: Sampler, graphs: list[Graph], differences: dict[str, float]
) -> dict[str, Any]:
    """All that somebody without gansmith needs to know."""
    packages = ("gansmith", "torch", "onnx", "onnxruntime")
    about: dict[str, Any] = {
        "format": 1,
        "modality": run.config.modality,
        "samples_trained": sampler.checkpoint.position,
        "versions": {name: metadata.version(name) for name in packages},
        "classes": list(sampler.classes),
    }
    for graph in graphs:
        about[graph.name] = {
            "file": f"{graph.name}.onnx",
            "inputs": [_port(port) for port in graph.inputs],
            "outputs": [_port(graph.output)],
            "difference_from_torch": differences[graph.name],
            **graph.about,
        }
    if "discriminator" in about:
        about["discriminator"] |= _as_judge(run, sampler)
    about["decoding"] = reading(sampler.codec)
    about["not_exported"] = left_behind(sampler, [graph.name for graph in graphs])
    return about


def _as_judge(run: Run, sampler: Sampler) -> dict[str, Any]:
    """How a logit becomes a probability."""
    found: dict[str, Any] = {}
    if sampler.codec.spec.num_classes:
        found["class_levels"] = sampler.class_levels
        found["of_unknown_class"] = "the largest of the logits as each class, minus its level"
    if (run.folder.path / "calibration.json").exists():
        found["calibration"] = run.folder.read_json("calibration.json")
        found["p_real"] = "1 / (1 + exp(-(slope * logit + offset)))"
    return found
