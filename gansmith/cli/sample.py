"""``gansmith sample``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gansmith.api import Run, load
from gansmith.cli.commands import SampleFlags
from gansmith.cli.console import bar, say
from gansmith.errors import UserError
from gansmith.modalities.modality import Modality, sheet_columns
from gansmith.prepare import modality_of
from gansmith.run import require_choices
from gansmith.sample import write
from gansmith.sample.write import Chunks

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
        return Path(f"{stem}-interpolation.png")
    if modality.write_one:
        return Path(stem)
    return Path(f"{stem}{modality.file_suffixes[0] if modality.file_suffixes else '.npz'}")


def _is_file(out: Path, modality: Modality) -> bool:
    """Whether all samples go into one file of a kind of its own, such as .csv."""
    return modality.write_file is not None and out.name.lower().endswith(modality.file_suffixes)


def _require_format(out: Path, modality: Modality, flags: SampleFlags) -> None:
    suffix = out.suffix.lower()
    if suffix in {".npz", ".png"} or (_is_file(out, modality) and flags.interpolate is None):
        return
    if flags.interpolate is not None:
        raise UserError(
            "An interpolation is one picture or one array.",
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
    assert modality.write_file is not None
    with bar("Sampling", flags.n) as advance:
        write.file(
            out, _chunks(run, flags),
            lambda path, chunks: modality.write_file(path, run.codec, chunks, advance),  # type: ignore[misc]
        )  # fmt: skip


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
    sampler = run.sampler(ema=flags.ema, best=flags.best)
    classes = None if flags.class_ is None else sampler.class_indices(flags.class_)
    samples = sampler.interpolate(
        flags.n, steps, seed=flags.seed, classes=classes, truncation=flags.truncation
    )
    if out.suffix.lower() == ".npz":
        with bar("Writing", len(samples)) as advance:
            write.npz(out, iter([(samples, None)]), len(samples), advance)
    else:
        write.picture(out, modality.sheet(samples, steps))
