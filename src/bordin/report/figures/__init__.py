"""The figures of the report: own drawings in the design language, with text alternatives from the data."""

from __future__ import annotations

from bordin.report.figures.flow import flow_figure
from bordin.report.figures.forest import forest_figure
from bordin.report.figures.heat import heat_figure
from bordin.report.figures.reliability import coders_figure, reliability_figure
from bordin.report.figures.scatter import scatter_figure
from bordin.report.figures.svg import Figure, Picture

__all__ = [
    "Figure",
    "Picture",
    "coders_figure",
    "flow_figure",
    "forest_figure",
    "heat_figure",
    "reliability_figure",
    "scatter_figure",
]
