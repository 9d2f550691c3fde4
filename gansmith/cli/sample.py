"""``gansmith sample``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gansmith.api import Run, load
from gansmith.cli.commands import SampleFlags
from gansmith.cli.console import bar, print_result, say
from gansmith.errors import UserError
from gansmith.given import SPREAD, STEPS
from gansmith.modalities.modality import Modality, sheet_columns
from gansmith.prepare import modality_of
from gansmith.progress import Advance
from gansmith.sample import write
from gansmith.sample.choices import require_choices
from gansmith.sample.write import Chunks

Array = npt.NDArray[Any]
MOST_ON_A_SHEET = 10_000
# What people name in the hope of another format; as names of folders they would only mislead.
OTHER_FORMATS = (
    *(".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".mp4", ".npy", ".csv", ".json"),
    *(".parquet", ".zip", ".tar", ".gz", ".pt"),
)


def sample(run_path: Path, flags: SampleFlags) -> int:
    """Make samples and write them."""
    run = load(run_path)
    modality = modality_of(run.config.modality)
    if flags.between or flags.around is not None or flags.spread is not None:
        return of_given(run, modality, flags)
    out = flags.out or _default_out(run_path, modality, flags)
    if flags.n < 1:
        raise UserError(f"{flags.n} samples cannot be made.", where="-n", fix="Ask for at least 1.")
    _require_format(out, modality, flags)
    _require_free(out, modality, flags.overwrite)
    suffix = out.suffix.lower()
    if flags.interpolate is not None:
        _interpolate(run, modality, out, flags)
    elif _is_file(out, modality):
        _file(run, modality, out, flags)
    elif suffix == ".npz":
        _npz(run, out, flags)
    elif suffix == ".png":
        _sheet(run, modality, out, flags)
    else:
        _folder(run, modality, out, flags)
    say(f"Written: {out}")
    return 0


def _default_out(run_path: Path, modality: Modality, flags: SampleFlags) -> Path:
    stem = f"{run_path.resolve().name}-seed{flags.seed}"
    if flags.interpolate is not None:
        of_texts = modality.words is not None and modality.file_suffixes
        return Path(f"{stem}-interpolation{modality.file_suffixes[0] if of_texts else '.png'}")
    if modality.write_one:
        return Path(stem)
    return Path(f"{stem}{modality.file_suffixes[0] if modality.file_suffixes else '.npz'}")


def _is_file(out: Path, modality: Modality) -> bool:
    """Whether all samples go into one file of a kind of its own, such as .csv."""
    return modality.write_file is not None and out.name.lower().endswith(modality.file_suffixes)


def _require_format(out: Path, modality: Modality, flags: SampleFlags) -> None:
    suffix = out.suffix.lower()
    in_file = _is_file(out, modality) and (flags.interpolate is None or modality.words is not None)
    if suffix in {".npz", ".png"} or in_file:
        return
    if flags.interpolate is not None:
        raise UserError(
            "An interpolation is one picture or one array, or a file of texts.",
            where=str(out),
            fix="Name a .png or an .npz file.",
        )
    if modality.write_one is None:
        ours = ", ".join((*modality.file_suffixes, ".npz"))
        raise UserError(
            f"{modality.name.capitalize()} are not files, one each.",
            where=str(out),
            fix=f"Name one file ({ours}), or a .png for a picture of them.",
        )
    if suffix in OTHER_FORMATS:
        raise UserError(
            f"Samples are not written as {suffix}.",
            where=str(out),
            fix="Name a folder for one PNG each, a .png for one sheet, or an .npz for one array.",
        )


def _require_free(out: Path, modality: Modality, overwrite: bool) -> None:
    taken = any(out.iterdir()) if out.is_dir() else out.exists()
    if taken and not overwrite:
        raise UserError(
            "There is something at the output already.",
            where=str(out),
            fix="Name another --out, or give --overwrite.",
        )
    is_folder = out.suffix.lower() not in {".npz", ".png"} and not _is_file(out, modality)
    suffix = modality.suffixes[0] if modality.suffixes else ""
    if taken and out.is_dir() and not (is_folder and write.holds_only_samples(out, suffix)):
        raise UserError(
            "The folder holds other things than samples, which are not deleted.",
            where=str(out),
            fix="Name another --out.",
        )


def _chunks(run: Run, flags: SampleFlags) -> Chunks:
    return run.stream(
        flags.n,
        condition=flags.class_,
        seed=flags.seed,
        truncation=flags.truncation,
        ema=flags.ema,
        best=flags.best,
        where=flags.where,
        workers=flags.workers,
    )


def _npz(run: Run, out: Path, flags: SampleFlags) -> None:
    chunks = _chunks(run, flags)
    with bar("Sampling", flags.n) as advance:
        write.npz(out, chunks, flags.n, advance)


def _file(run: Run, modality: Modality, out: Path, flags: SampleFlags) -> None:
    with bar("Sampling", flags.n) as advance:
        write.file(out, _chunks(run, flags), partial(_written, run, modality, advance))


def _sheet(run: Run, modality: Modality, out: Path, flags: SampleFlags) -> None:
    if flags.n > MOST_ON_A_SHEET:
        raise UserError(
            f"{flags.n:,} samples do not fit on one sheet.",
            where=str(out),
            fix=f"Ask for at most {MOST_ON_A_SHEET:,}, or name a folder or an .npz file.",
        )
    samples = np.concatenate([samples for samples, _ in _chunks(run, flags)])
    columns = sheet_columns(0 if flags.class_ else len(run.classes))
    write.picture(out, modality.sheet(samples, min(columns, flags.n)))


def _folder(run: Run, modality: Modality, out: Path, flags: SampleFlags) -> None:
    assert modality.write_one is not None
    chunks, classes = _chunks(run, flags), run.classes
    with bar("Sampling", flags.n) as advance:
        write.folder(
            out, chunks, flags.n, modality.write_one, modality.suffixes[0],
            classes, advance,
        )  # fmt: skip


def _interpolate(run: Run, modality: Modality, out: Path, flags: SampleFlags) -> None:
    steps = flags.interpolate or 0
    if steps < 2 or flags.n * steps > MOST_ON_A_SHEET:
        raise UserError(
            f"{flags.n} rows of {steps} steps cannot be made.",
            where="--interpolate",
            fix=f"Take at least 2 steps, and at most {MOST_ON_A_SHEET:,} samples in all.",
        )
    require_choices(flags.n, flags.seed, flags.truncation)
    if flags.workers != 1:
        raise UserError(
            "An interpolation is made by one process.", where="--workers", fix="Leave it out."
        )
    sampler = run.sampler(ema=flags.ema, best=flags.best)
    classes = None if flags.class_ is None else sampler.class_indices(flags.class_)
    samples = sampler.interpolate(
        flags.n, steps, seed=flags.seed, classes=classes, truncation=flags.truncation
    )
    number = sampler.condition(0, flags.n, classes).classes
    labels = None if number is None else np.repeat(number.cpu().numpy(), steps)
    _all_at_once(run, modality, out, samples, labels, steps)


def _all_at_once(
    run: Run, modality: Modality, out: Path, samples: Array, labels: Array | None, columns: int
) -> None:
    """Samples that are all there, to one file."""
    chunks = iter([(samples, labels)])
    with bar("Writing", len(samples)) as advance:
        if out.suffix.lower() == ".npz":
            write.npz(out, chunks, len(samples), advance)
        elif _is_file(out, modality):
            write.file(out, chunks, partial(_written, run, modality, advance))
        else:
            write.picture(out, modality.sheet(samples, columns))


def _written(run: Run, modality: Modality, advance: Advance, path: Path, chunks: Chunks) -> None:
    assert modality.write_file is not None
    modality.write_file(path, run.codec, chunks, advance)


def of_given(run: Run, modality: Modality, flags: SampleFlags) -> int:
    """Samples between two given ones or around one: to --out, or as lines of the output."""
    _require_given(flags)
    if modality.absent is None or modality.words is None:
        raise UserError("Only texts can be given here.", where="--between, --around")
    if flags.out is not None:
        _require_format(flags.out, modality, flags)
        _require_free(flags.out, modality, flags.overwrite)
    if flags.between:
        made = run.between(*flags.between, flags.interpolate or STEPS)
    else:
        spread = SPREAD if flags.spread is None else flags.spread
        made = run.around(flags.around, flags.n, spread=spread, seed=flags.seed)
    if flags.out is None:
        print_result("\n".join(made))
        return 0
    _all_at_once(run, modality, flags.out, modality.absent(run.codec, made), None, 1)
    say(f"Written: {flags.out}")
    return 0


def _require_given(flags: SampleFlags) -> None:
    """One thing is asked for, and nothing that the generator would be needed for."""
    if flags.between and flags.around is not None:
        raise UserError("Both --between and --around.", fix="Give one of them.")
    if flags.spread is not None and flags.around is None:
        raise UserError("A spread is around a text.", where="--spread", fix="Give --around TEXT.")
    usual = SampleFlags()
    others = ["class_", "truncation", "ema", "best", "where", "workers"]
    others += ["interpolate"] if flags.around is not None else ["n"]
    if given := [name for name in others if getattr(flags, name) != getattr(usual, name)]:
        named = ", ".join(f"--{name.removesuffix('_')}" for name in given)
        raise UserError(
            "Given texts go through the codec alone, without the generator.",
            where=named,
            fix="Leave that out.",
        )
