"""Checks for plugin authors: whether each component does what its kind requires.

A complete test file is::

    import ganzoo_example
    from ganzoo.testing import check_plugin

    def test_the_plugin():
        check_plugin(ganzoo_example)
"""

from ganzoo.testing.plugin import check, check_plugin, only

__all__ = ["check", "check_plugin", "only"]
