"""Every address of the workbench, from the screens' own lists."""

from __future__ import annotations

from importlib import import_module

from django.urls import path

from bordin.workbench.pages import Page

SCREENS = (
    "accounts",
    "queue",
    "rating",
    "practice",
    "differences",
    "manual",
    "overview",
    "people",
    "tapes",
    "allocation",
    "consensus",
    "forms",
    "paper",
    "form",
    "data",
    "audit",
)

PAGES: tuple[Page, ...] = tuple(
    page for screen in SCREENS for page in import_module(f"bordin.workbench.{screen}").PAGES
)
urlpatterns = [path(page.path, page.guarded(), name=page.name) for page in PAGES]
handler404 = "bordin.workbench.refusals.not_found"
handler500 = "bordin.workbench.refusals.failed"
handler403 = "bordin.workbench.refusals.forbidden"
handler400 = "bordin.workbench.refusals.bad_request"
