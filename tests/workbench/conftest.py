"""What tests of the workbench share: Django switched on once, both databases, and the lane of a real browser apart."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1]))

from postgres import database_url, module_database_url

__all__ = ["database_url", "module_database_url"]

# Its tests open a port on the loopback address, which the default lane has no right to: make workbench-browser.
if os.environ.get("BORDIN_BROWSER") != "1":
    collect_ignore = ["browser"]


@pytest.fixture(scope="session", autouse=True)
def django_on(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Switch Django on with all that the site has, since that can be done once in a process.

    A test that needs a record points it at its own: ``bordin.store.setup.setup(Database(database_url))``.
    """
    from django.conf import settings

    from bordin.store.database import Database
    from bordin.store.server_file import ServerFile
    from bordin.store.setup import setup
    from bordin.workbench.site import site_settings

    if settings.configured:
        return
    folder = tmp_path_factory.mktemp("site")
    site = site_settings(folder, ServerFile.model_validate({}))
    setup(Database(f"sqlite:{folder / 'none.sqlite3'}"), **site)
