"""The files of a run folder that every run gets: reports, samples and a chart of the losses."""

from __future__ import annotations

from ganzoo import ObserverSpec, hookimpl


@hookimpl
def ganzoo_observers() -> list[ObserverSpec]:
    """Observers that write into the run folder."""
    return [
        ObserverSpec(
            name="journal",
            summary="Writes reports to metrics.jsonl and evaluations to evaluations.jsonl.",
            factory="ganzoo_run_files.journal:Journal",
            default=True,
            warning_if_off="`ganzoo compare`, `report` and `sweep` have no numbers of this run",
        ),
        ObserverSpec(
            name="sample-files",
            summary="Writes samples as image files into the folder samples.",
            factory="ganzoo_run_files.sample_files:SampleFiles",
            default=True,
        ),
        ObserverSpec(
            name="loss-curves",
            summary="Draws both losses over the images seen to losses.png.",
            factory="ganzoo_run_files.loss_curves:LossCurves",
            default=True,
        ),
    ]
