"""A page that runs a generator in a browser, in one HTML file.

``browser`` has its scripts, which are modules of JavaScript without a build step, and
``onnxruntime`` what runs its networks.
"""

from ganzoo.export.web.page import write

__all__ = ["write"]
