"""How Sphinx builds the site."""

import re
import tomllib
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

_ROOT = Path(__file__).parent.parent
_PROJECT = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))

project = "ganzoo"
release = version = _PROJECT["project"]["version"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build"]
myst_heading_anchors = 3
highlight_language = "none"
html_theme = "furo"
html_title = f"ganzoo {release}"
html_show_copyright = False
html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme_options = {"source_directory": "docs/"}
copybutton_exclude = ".linenos, .gp, .go"
copybutton_selector = "div.highlight-console pre, div.highlight-python pre, div.highlight-toml pre"

autodoc_default_options = {
    "members": True,
    "special-members": "__call__, __getitem__, __len__",
    "exclude-members": "model_config, plugin_code",
    "member-order": "bysource",
}
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 80


_SHORTER = [
    (r"ndarray\[tuple\[Any, \.\.\.\], dtype\[(\w+)\]\]", r"NDArray[\1]"),
    (r"<class '[\w.]*?(\w+)'>", r"\1"),
    (r"\s*=\s*<factory>", " = {}"),
    (r"~|_C\.(?=Generator)", ""),
    (r"\b(?!torch\.Generator)(?:\w+\.)+(?=[A-Z])", ""),
]
"""What is replaced in signatures, so that they read as in the source."""


def setup(app: Sphinx) -> None:
    """Shorten signatures."""
    app.connect("autodoc-process-signature", _shortened)


def _shortened(
    app: Sphinx, what: str, name: str, value: Any, options: Any, signature: Any, returns: Any
) -> tuple[str, str | None] | None:
    """The signature and the returned type, shortened; none for the constructor of a protocol."""
    if signature is None:  # of properties and attributes
        return None
    if what == "class" and re.match(r"\(\*args\b", signature):
        signature = ""
    for pattern, text in _SHORTER:
        signature, returns = (each and re.sub(pattern, text, each) for each in (signature, returns))
    return signature, returns
