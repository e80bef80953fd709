"""Exports in the format ONNX, which many programs and browsers run."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import RequestError
from ganzoo.export.card import Card
from ganzoo.export.program import Program, image_program
from ganzoo.extras import require_package
from ganzoo.folders import write_atomically
from ganzoo.output.trained_generator import TrainedGenerator
