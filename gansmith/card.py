"""The model card: the run folder's README.md, made from what the folder itself says."""

from __future__ import annotations

from typing import Any

from gansmith.runs.folder import RunFolder, write_atomic


def write_card(folder: RunFolder) -> None:
    """Write README.md: what it is, what it was trained on, what was measured, how to use it."""
    config, env = folder.read_json("config.json"), folder.read_json("env.json")
    records = list(folder.read_metrics())
    lines = [*_front(config, env), *_data(config, env["data"]), *_training(config, records)]
    lines += [*_judge(folder), *_use(folder, env["data"])]
    write_atomic(folder.card, "\n".join(lines) + "\n")


def _front(config: dict[str, Any], env: dict[str, Any]) -> list[str]:
    version = env["versions"]["gansmith"]
    return [
        "---",
        "library_name: gansmith",
        "tags: [gan]",
        "---",
        "",
        f"# {config['data']['source']}, recipe {config['recipe']}",
        "",
        f"A generator trained against a discriminator with gansmith {version}. What it makes looks",
        "like its training data and is made up. No claim about privacy comes with it.",
        "",
    ]


def _data(config: dict[str, Any], data: dict[str, Any]) -> list[str]:
    shape = " x ".join(str(s) for s in data["shape"])
    lines = [
        "## Data",
        "",
        f"- {data['num_samples']:,} {data['label']} of shape {shape} from "
        f"`{config['data']['source']}`: {data['num_train']:,} to train on, "
        f"{data['num_holdout']:,} held out by a hash of their content.",
        f"- Fingerprint `{data['fingerprint']}`.",
    ]
    if data["classes"]:
        lines.append(f"- Classes: {', '.join(data['classes'])}.")
    if data["skipped"]:
        lines.append(f"- {len(data['skipped'])} could not be read and were skipped; see env.json.")
    lines += [f"- {note}" for note in data["notes"]]
    return [*lines, ""]


def _training(config: dict[str, Any], records: list[dict[str, Any]]) -> list[str]:
    train, game = config["train"], config["game"]
    penalties = ", ".join(r["name"] for r in game["regularizers"]) or "none"
    lines = [
        "## Training",
        "",
        f"- {train['samples']:,} samples shown in batches of {train['batch_size']}, "
        f"seed {train['seed']}.",
        f"- Generator `{config['generator']['name']}`, discriminator "
        f"`{config['discriminator']['name']}`, objective `{game['objective']['name']}`, "
        f"penalties {penalties}.",
    ]
    if records:
        last = records[-1]
        lines.append(
            f"- {last['seconds']:,.0f} seconds, {last['samples_per_second']:,.0f} samples/s."
        )
        if "overfitting" in last:
            lines.append(
                f"- Overfitting of the discriminator at the end: {last['overfitting']:.2f} "
                "(0: held-out samples look as real as training samples; 1: as fakes)."
            )
    return [*lines, ""]


def _judge(folder: RunFolder) -> list[str]:
    if not (folder.path / "calibration.json").exists():
        return []
    c = folder.read_json("calibration.json")
    kind = "held-out" if c["held_out"] else "TRAINING (too few were held out)"
    return [
        "## The discriminator as a judge",
        "",
        f"Calibrated on {c['num_real']:,} {kind} real samples and {c['num_fake']:,} fresh fakes: "
        f"right on {c['accuracy']:.1%} of those not used for the fit, calibration error "
        f"{c['error']:.3f}. An accuracy near 50 % says that *this* discriminator cannot tell them "
        "apart, not that nothing can.",
        "",
    ]


def _use(folder: RunFolder, data: dict[str, Any]) -> list[str]:
    name = folder.path.name
    lines = ["## Use", "", "```sh", f"gansmith sample {name} -n 100"]
    if data["classes"]:
        lines.append(f"gansmith sample {name} -n 100 --class {data['classes'][0]}")
    sheets = sorted(folder.samples.glob("*.png"))
    lines += [f"gansmith judge {name} FILE", "```", ""]
    if sheets:
        lines += [f"![Samples at the end of training](samples/{sheets[-1].name})", ""]
    return lines
