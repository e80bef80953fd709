"""For those who write plugins: checks that each component keeps its promises.

A whole test file is::

    import ganzoo_example
    from ganzoo.testing import check_plugin

    def test_it_keeps_its_promises():
        check_plugin(ganzoo_example)
"""

from ganzoo.testing.plugin import check, check_plugin, only

__all__ = ["check", "check_plugin", "only"]
