"""The workbench: the pages on which coders rate blind, patients answer, and the lead sees the study.

One file a screen. Each lists its pages in ``PAGES``, with the roles that may open them; ``urls.py`` gathers them.
"""
