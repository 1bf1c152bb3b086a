"""The figures of the report: own drawings in the design language, with text alternatives from the data."""

from __future__ import annotations

from bordin.report.figures.flow import flow_figure
from bordin.report.figures.forest import forest_figure
from bordin.report.figures.heat import heat_figure
from bordin.report.figures.scatter import scatter_figure
from bordin.report.figures.svg import Figure, Picture

__all__ = ["Figure", "Picture", "flow_figure", "forest_figure", "heat_figure", "scatter_figure"]
