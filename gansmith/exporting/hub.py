"""A run as a folder for the Hugging Face Hub: what sampling needs, and a card that says what is
known of it. Nothing of the training data goes along, and nothing of the machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gansmith.convert import to_json
from gansmith.data.address import name_of
from gansmith.errors import RunError, UserError
from gansmith.exporting.card import SHEET, About, card
from gansmith.modalities.table.codec import TableCodec
from gansmith.runs.exported import MODEL, hub_library
from gansmith.runs.folder import CODEC_WEIGHTS, RELEASE, RunFolder
from gansmith.sample.sampler import Sampler

if TYPE_CHECKING:
    from gansmith.run import Run


def write_hub(
    run: Run, side: Path, *, best: bool = False, with_texts: bool = False, license_: str = "",
    name: str = "",
) -> None:  # fmt: skip
    """Write the folder.

    Args:
        run: trained.
        side: the folder, which is not there yet.
        best: take the weights that measured best while training, instead of the last.
        with_texts: of a table with columns of free text: let the codec say these texts.
        license_: name of the licence, as the Hub has it; empty leaves it to the user.
        name: on the Hub, for the card; empty where it has none yet.

    Raises:
        UserError: if the codec would give away texts of the data, and that was not asked for.
    """
    _require_no_texts(run, with_texts)
    sampler, source = run.sampler(best=best), run.folder
    side.mkdir()
    config, env = _config(run), _env(source.read_json("env.json"))
    folder = RunFolder(side)
    folder.write_json("config.json", config)
    folder.write_json("env.json", env)
    for file in ("codec.json", CODEC_WEIGHTS, "calibration.json", "metrics.jsonl"):
        if (source.path / file).exists():
            (side / file).write_bytes((source.path / file).read_bytes())
    _write_weights(sampler, side / MODEL)
    sheet = max(source.samples.glob("*.png"), default=None)
    if sheet is not None:
        (side / SHEET).write_bytes(sheet.read_bytes())
    about = About(
        sampler.checkpoint.position, best, license_, name or "OWNER/NAME", sheet is not None
    )
    folder.card.write_text(card(source, config, env, about), "utf-8")
    _require_clean(run, side)


def _require_no_texts(run: Run, with_texts: bool) -> None:
    """A column of free text is sampled by drawing one of the texts that the data hold."""
    codec = run.codec
    if with_texts or not isinstance(codec, TableCodec):
        return
    named = [column.name for column in codec.columns if column.kind == "text"]
    if named:
        raise UserError(
            f"Rows take their {', '.join(named)} from the texts of the data, which codec.json "
            "holds as they are: whoever gets the export can read them.",
            where=str(run.folder.path),
            fix="If they may be read by anybody, give --with-texts; else train without these "
            "columns.",
        )


def _name(source: str) -> str:
    """What a source is called, without where it lies."""
    if of_database := name_of(source):
        return of_database
    path = Path(source).expanduser()
    if source.startswith("hf:") and not path.is_absolute() and source.count("/") == 1:
        return source
    return path.resolve().parent.name if path.name == RELEASE else path.name or "data"


def _config(run: Run) -> dict[str, Any]:
    config: dict[str, Any] = to_json(run.config)
    config["data"]["source"] = _name(config["data"]["source"])
    config["data"]["schema"] = ""
    recipe = Path(config["recipe"])
    config["recipe"] = recipe.parent.name if recipe.name == "config.json" else recipe.name
    return config


def _env(env: dict[str, Any]) -> dict[str, Any]:
    data = {name: value for name, value in env["data"].items() if name != "constraints"}
    skipped, data["skipped"] = len(data["skipped"]), []
    if skipped:
        data["notes"] = [*data["notes"], f"{skipped:,} could not be read and were skipped."]
    kept = {name: env[name] for name in ("versions", "python", "system", "gpu")}
    return {**kept, "data": data}


def _write_weights(sampler: Sampler, path: Path) -> None:
    from safetensors.torch import save as to_bytes

    tensors = {
        name: value.detach().cpu().contiguous().clone()
        for name, value in sampler.game.state_dict().items()
    }
    about = {"format": "pt", "samples_trained": str(sampler.checkpoint.position)}
    path.write_bytes(to_bytes(tensors, about))


def _require_clean(run: Run, side: Path) -> None:
    """Nothing says where the user's files lie. Raises a RunError: that would be our fault."""
    source = Path(run.config.data.source).expanduser()
    places = {Path.home(), Path.cwd(), run.folder.path.resolve().parent}
    places |= {source.parent} if source.is_absolute() else set()
    for name in ("config.json", "env.json", "README.md", "calibration.json"):
        path = side / name
        text = path.read_text("utf-8") if path.exists() else ""
        found = [str(place) for place in places if len(place.parts) > 1 and _names(text, place)]
        if found:
            raise RunError(f"{name} would name {found[0]}; nothing was kept.", where=str(side))


def _names(text: str, place: Path) -> bool:
    """Whether a text names a place on the disk, and not something that ends or begins alike.

    >>> _names("see /data/x.csv", Path("/data")), _names("hf:owner/data", Path("/data"))
    (True, False)
    """
    return re.search(rf"(?<![\w.:/-]){re.escape(str(place))}(?![\w-])", text) is not None


def push(folder: Path, name: str) -> str:
    """Upload an export to the Hub as ``owner/name``, which is made if it is not there; its address.

    The token is the library's own business: HF_TOKEN, or that of ``hf auth login``.

    Raises:
        UserError: for a name that cannot be, or where the Hub does not take it.
        MissingExtraError: if the library is not installed.
    """
    library = hub_library("A push to the Hub")
    require_name(name)
    try:
        api = library.HfApi()
        api.create_repo(name, repo_type="model", exist_ok=True)
        api.upload_folder(
            repo_id=name, folder_path=str(folder), repo_type="model",
            commit_message="A generator, exported by gansmith",
        )  # fmt: skip
    except Exception as error:  # the library lets those of a dozen others through
        first_line = str(error).strip().partition("\n")[0]
        raise UserError(
            f"The Hub did not take it: {type(error).__name__}: {first_line}",
            where=name,
            fix=f"Is there a network, and a token that may write (HF_TOKEN, or `hf auth login`)? "
            f"The export itself is complete: {folder}",
        ) from error
    return f"https://huggingface.co/{name}"


def require_name(name: str) -> None:
    """Raise a UserError unless it is ``owner/name``."""
    parts = name.split("/")
    allowed = all(part and part.strip(".-") and _plain(part) for part in parts)
    if len(parts) != 2 or not allowed:
        raise UserError(f"{name!r} is no place on the Hub.", where="--push", fix="Give OWNER/NAME.")


def _plain(part: str) -> bool:
    return part.isascii() and all(sign.isalnum() or sign in "._-" for sign in part)
