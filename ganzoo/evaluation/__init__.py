"""How good generated images are: samples of them and of real ones, measured by metrics."""
