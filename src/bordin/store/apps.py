"""The Django application of the store."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """Tells Django where the tables are."""

    name = "bordin.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"

    def import_models(self) -> None:
        """Import the tables; Django would look for a module called ``models``."""
        self.models = self.apps.all_models[self.label]
        self.models_module = import_module("bordin.store.tables")
