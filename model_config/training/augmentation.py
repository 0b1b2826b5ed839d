"""Shifts and warps training images a little, so that a network also knows digits that were not written for MNIST.

Whole batches at once: what a batch costs is one small matrix product and one look-up of pixels, about a tenth of a
training step. Each image is turned, scaled, slanted and moved, and bent by a smooth field of displacements.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from utils import IMAGE_SIDE

# By network, the most by which an image is changed, drawn evenly on both sides of none; `bend_pixels` is a standard
# deviation. The feed-forward network has to learn each place by itself, so that in as many epochs more of this costs it
# more than it gains. Published with each network.
STRENGTH = {
    "ff": {"turn_degrees": 8, "scale": 0.1, "slant": 0.15, "shift_pixels": 1.0, "bend_pixels": 0.5},
    "cnn": {"turn_degrees": 15, "scale": 0.15, "slant": 0.3, "shift_pixels": 1.0, "bend_pixels": 0.8},
}
# Points of the displacement field in each direction; between them it is smooth.
FIELD_SIDE = 5


def basis() -> Tensor:
    """What a grid of pixel positions is made of, (FIELD_SIDE² + 3, 784): the field's points, x, y, and 1."""
    points = torch.eye(FIELD_SIDE**2).view(-1, 1, FIELD_SIDE, FIELD_SIDE)
    smooth = F.interpolate(points, size=(IMAGE_SIDE, IMAGE_SIDE), mode="bicubic", align_corners=True)
    # Pixel centres, from -1 to 1 between the image's edges, as grid_sample counts them.
    centres = (torch.arange(IMAGE_SIDE) + 0.5) * 2 / IMAGE_SIDE - 1
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    return torch.cat([smooth.flatten(1), x.reshape(1, -1), y.reshape(1, -1), torch.ones(1, IMAGE_SIDE**2)])


class Warp:
    """Warps batches, each time otherwise, by torch's random generator; `strength` as in STRENGTH."""

    def __init__(self, strength: dict[str, float]) -> None:
        self.strength = strength
        self.basis = basis()

    @torch.no_grad()
    def __call__(self, images: Tensor) -> Tensor:
        """Images (n, 1, 28, 28) in 0..1 to others of the same shape; what comes in from outside is background."""
        coefficients = self.draw(len(images))  # (n, 2, FIELD_SIDE² + 3)
        grid = (coefficients.view(-1, coefficients.shape[2]) @ self.basis).view(-1, 2, IMAGE_SIDE, IMAGE_SIDE)
        return F.grid_sample(images, grid.permute(0, 2, 3, 1), mode="bilinear", align_corners=False)

    def draw(self, count: int) -> Tensor:
        """For each image, how x and y of where a pixel is taken from are made of the basis, (n, 2, …)."""
        per_pixel = 2 / IMAGE_SIDE  # of a side that goes from -1 to 1
        turn, slant, *rest = (torch.rand(6, count) * 2 - 1).unbind()
        scale, shift = 1 + self.strength["scale"] * torch.stack(rest[:2]), torch.stack(rest[2:])
        turn = turn * math.radians(self.strength["turn_degrees"])
        field = torch.randn(count, 2, FIELD_SIDE**2) * (self.strength["bend_pixels"] * per_pixel)
        x_row = [scale[0] * turn.cos(), slant * self.strength["slant"] - turn.sin()]
        y_row = [turn.sin(), scale[1] * turn.cos()]
        affine = torch.stack([torch.stack(x_row, 1), torch.stack(y_row, 1)], 1)  # (n, 2, 2)
        offset = (shift * (self.strength["shift_pixels"] * per_pixel)).T.unsqueeze(2)  # (n, 2, 1)
        return torch.cat([field, affine, offset], 2)
