"""How good generated pictures are: samples of them and of real ones, measured by metrics."""
