"""The report on one run or several: a page that is one file and needs no network."""
