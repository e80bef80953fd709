"""A page that runs a generator in a browser, in one HTML file."""

from ganzoo.export.web.page import write

__all__ = ["write"]
