"""The model card: the run folder's README.md, made from what the folder itself says."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from gansmith.data.address import name_of
from gansmith.prepare import modality_of
from gansmith.runs.best import read_best
from gansmith.runs.folder import CODEC_SCORE, RELEASE, RunFolder, write_atomic

# Of classes; a data set may have a thousand.
MOST_NAMED = 20


def write_card(folder: RunFolder) -> None:
    """Write README.md: what it is, what it was trained on, what was measured, how to use it."""
    config, env = folder.read_json("config.json"), folder.read_json("env.json")
    lines = [*_front(config, env), *sections(folder, config, env)]
    lines += [*_limits(env["data"]), *_use(folder, config, env["data"])]
    write_atomic(folder.card, "\n".join(lines) + "\n")


def sections(
    folder: RunFolder, config: dict[str, Any], env: dict[str, Any], *, exported: bool = False
) -> list[str]:
    """Lines on the data, the training, the codec, a guarantee, and the judge.

    Args:
        folder: of the run.
        config, env: its config.json and env.json, as they are to be told.
        exported: whether the card is that of an export, which has one generator alone.
    """
    return [
        *_data(config, env["data"]),
        *_training(folder, config, env, exported),
        *_codec(folder, config),
        *_guarantee(env["data"]),
        *_judge(folder, config),
    ]


def _code(text: str) -> str:
    """As code in Markdown, whatever is in it."""
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}"


def _front(config: dict[str, Any], env: dict[str, Any]) -> list[str]:
    source = config["data"]["source"]
    path = Path(source).expanduser().resolve()
    name = name_of(source) or (source if source.startswith("hf:") else path.name)
    who = "A generator and its discriminator"
    if path.name == RELEASE:
        name = path.parent.name
    if "discriminator" not in config["players"]:
        who = "A generator"
    return [
        "---",
        "library_name: gansmith",
        "tags: [gan]",
        "---",
        "",
        f"# {name}, recipe {Path(config['recipe']).name}",
        "",
        f"{who}, trained with gansmith {env['versions']['gansmith']}. "
        "What it makes is made up, and looks more or less like its training data.",
        "",
    ]


def _data(config: dict[str, Any], data: dict[str, Any]) -> list[str]:
    if data.get("guarantee"):
        return ["## Data", "", *[f"- {note}" for note in data["notes"]], ""]
    shape = f"shape {' x '.join(str(s) for s in data['shape'])}"
    if modality_of(config["modality"]).words is not None:
        shape = f"at most {data['shape'][0]:,} bytes"
    by_source = data.get("holdout_by") == "source"
    how = "as the source says" if by_source else "chosen by a hash of their content"
    lines = [
        "## Data",
        "",
        f"- {data['num_samples']:,} {data['label']} of {shape} from "
        f"{_code(config['data']['source'])}: {data['num_train']:,} to train on, "
        f"{data['num_holdout']:,} held out, {how}.",
        f"- Fingerprint `{data['fingerprint']}`.",
    ]
    if config["data"]["size"]:
        height, width = config["data"]["size"]
        lines.append(f"- Brought to {height}x{width} ({config['data']['fit']}), as asked for.")
    if data["classes"]:
        named = ", ".join(data["classes"][:MOST_NAMED])
        more = len(data["classes"]) - MOST_NAMED
        lines.append(f"- Classes: {named}{f' and {more} more' if more > 0 else ''}.")
    if data["skipped"]:
        lines.append(f"- {len(data['skipped'])} could not be read and were skipped; see env.json.")
    lines += [f"- {note}" for note in data["notes"]]
    return [*lines, ""]


def _training(
    folder: RunFolder, config: dict[str, Any], env: dict[str, Any], exported: bool
) -> list[str]:
    train, game = config["train"], config["game"]
    penalties = ", ".join(f"`{r['name']}`" for r in game["regularizers"]) or "none"
    transform, ema = config["augment"]["transform"]["name"], config["ema"]["name"]
    adaptive = ", adaptive" if config["augment"]["adaptive"] else ""
    epochs = train["samples"] / max(env["data"]["num_train"], 1)
    played = [
        f"- {train['samples']:,} real samples shown ({epochs:,.1f} epochs) in batches of "
        f"{train['batch_size']}, seed {train['seed']}.",
        f"- Generator `{config['generator']['name']}`, discriminator "
        f"`{config['discriminator']['name']}`, objective `{game['objective']['name']}`, "
        f"penalties {penalties}, augmentation `{transform}`{adaptive}, weight average `{ema}`.",
    ]
    if "discriminator" not in config["players"]:
        played = [
            f"- {train['samples']:,} samples made in batches of {train['batch_size']}, seed "
            f"{train['seed']}.",
            f"- Generator `{config['generator']['name']}`, rules `{game['name']}` without a "
            f"discriminator, weight average `{ema}`.",
        ]
    lines = [
        "## Training",
        "",
        *played,
        "- Every setting is in config.json, every number measured on the way in metrics.jsonl.",
        f"- Begun on {env['gpu'] or env['system']}, Python {env['python']}, torch "
        f"{env['versions']['torch']}.",
    ]
    return [*lines, *_course(folder, train, exported), ""]


def _course(folder: RunFolder, train: dict[str, Any], exported: bool) -> list[str]:
    """How the training went."""
    records = list(folder.read_metrics())
    if not records:
        return []
    last = records[-1]
    lines = [
        f"- {last['seconds']:,.1f} seconds in rounds, without sheets and checkpoints: "
        f"{last['samples_per_second']:,.0f} samples/s."
    ]
    if last["samples"] < train["samples"]:
        lines.append(
            f"- Ended at {last['samples']:,} samples, since they had measured no better for "
            f"{train['patience_samples']:,}."
        )
    if "overfitting" in last:
        lines.append(
            f"- Overfitting of the discriminator at the end: {last['overfitting']:.2f} "
            "(0: held-out samples look as real as training samples; 1: as fakes)."
        )
    best = read_best(folder.checkpoints)
    if best is not None:
        kept = "" if exported else "; those weights are kept beside the last ones (`--best`)"
        lines.append(
            f"- Its samples measured best at {best.position:,} samples, with a kernel distance of "
            f"{best.kernel_distance:.4g} as measured on the way{kept}."
        )
    return lines


def _guarantee(data: dict[str, Any]) -> list[str]:
    """What is promised to those whose data these are."""
    if not data.get("guarantee"):
        return []
    return ["## Privacy", "", *[f"- {line}" for line in data["guarantee"]], ""]


def _codec(folder: RunFolder, config: dict[str, Any]) -> list[str]:
    """Of a codec that was learned: from how much, and how well samples come back."""
    path = folder.path / CODEC_SCORE
    if not path.exists():
        return []
    score, codec = folder.read_json(CODEC_SCORE), config["codec"]
    return [
        "## The codec",
        "",
        f"- `{codec['name']}`, learned before the game from {codec['samples']:,} samples, without "
        "an adversary. The game was played in what it makes of samples, and it says what samples "
        "of the game are.",
        f"- {score['reads']}",
        "",
    ]


def _judge(folder: RunFolder, config: dict[str, Any]) -> list[str]:
    if "discriminator" not in config["players"]:
        return []
    lines = ["## The discriminator as a judge", ""]
    if not (folder.path / "calibration.json").exists():
        return [*lines, "Not calibrated: there are too few real samples.", ""]
    c = folder.read_json("calibration.json")
    kind = "held-out" if c["held_out"] else "TRAINING (too few were held out)"
    return [
        *lines,
        f"Calibrated on {c['num_real']:,} {kind} real samples and {c['num_fake']:,} fresh fakes; "
        f"fitted on half of them it is right on {c['accuracy']:.1%} of the other half, with a "
        f"calibration error of {c['error']:.3f}. An accuracy near 50 % says that *this* "
        "discriminator cannot tell them apart, not that nothing can. It knows nothing about the "
        "fakes of other generators.",
        "",
    ]


def _limits(data: dict[str, Any]) -> list[str]:
    repeats = [
        f"- Whether some of them repeat one of the {data['num_train']:,} training samples. No "
        "claim about privacy is made."
    ]
    return [
        "## What is not known",
        "",
        "- How good the samples are: nothing here measures quality or variety. Look at them, and "
        "run `gansmith evaluate`, which does.",
        *([] if data.get("guarantee") else repeats),
        "- Gaps and biases of the training data are those of the samples.",
        "",
    ]


def _use(folder: RunFolder, config: dict[str, Any], data: dict[str, Any]) -> list[str]:
    modality = modality_of(config["modality"])
    name = shlex.quote(folder.path.resolve().name)
    lines = ["## Use", "", "From the folder that this one lies in:", "", "```sh"]
    lines.append(f"gansmith sample {name} -n 100")
    if data["classes"]:
        chosen = shlex.quote(data["classes"][0])
        lines.append(f"gansmith sample {name} -n 100 --class {chosen}")
    if modality.read_one is not None or modality.read_file is not None:
        lines.append(f"gansmith judge {name} FILE")
    lines += [
        f"gansmith train SOURCE --recipe {name}/config.json --out AGAIN  # the same once more",
        "```",
        "",
    ]
    sheets = sorted(folder.samples.glob("*.png"))
    if sheets:
        lines += [f"![Samples at the end of training](samples/{sheets[-1].name})", ""]
    return lines
