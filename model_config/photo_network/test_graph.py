from types import SimpleNamespace

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from model_store.digit_graph import serialize
from model_store.digit_model import open_session
from photo_network.graph import Graph, convolution, inverted_bottleneck


class PaddedConv(nn.Conv2d):
    """As the package has it: pads first, by other amounts on each side."""

    def __init__(self, *arguments: int, padding_before: tuple | None = None, **options: int) -> None:
        super().__init__(*arguments, bias=False, **options)
        self.static_padding = nn.ZeroPad2d(padding_before) if padding_before else nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return super().forward(self.static_padding(images))


def used_norm(channels: int) -> nn.BatchNorm2d:
    """A normalisation that has seen data, in use."""
    norm = nn.BatchNorm2d(channels, eps=1e-3)
    norm.weight.data, norm.bias.data = torch.rand(channels) + 0.5, torch.randn(channels)
    norm.running_mean, norm.running_var = torch.randn(channels), torch.rand(channels) + 0.1
    return norm.eval()


def run(graph: Graph, output: str, images: torch.Tensor) -> np.ndarray:
    limits = [helper.make_tensor(name, TensorProto.FLOAT, [], [limit]) for name, limit in (("zero", 0), ("six", 6))]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, images.shape)]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, [None] * 4)]
    session = open_session(serialize(helper.make_graph(graph.nodes, "part", inputs, outputs, graph.weights + limits)))
    return session.run([output], {"x": images.numpy()})[0]


@pytest.mark.parametrize("padding", [(0, 1, 0, 1), (1, 2, 0, 3), None])
def test_a_convolution_takes_its_normalisation_and_its_uneven_padding_with_it(padding: tuple | None) -> None:
    torch.manual_seed(1)
    conv, norm = PaddedConv(4, 6, 3, stride=2, groups=2, padding_before=padding), used_norm(6)
    images = torch.randn(2, 4, 9, 9)
    graph = Graph()
    output = convolution(graph, "x", conv, norm, "part")
    np.testing.assert_allclose(run(graph, output, images), norm(conv(images)).detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("expand", "stride", "out", "is_skipped"), [(6, 1, 4, True), (1, 1, 4, True), (6, 2, 4, False), (6, 1, 5, False)]
)
def test_a_block_goes_around_itself_where_its_shapes_are_equal(
    expand: int, stride: int, out: int, is_skipped: bool
) -> None:
    torch.manual_seed(2)
    inner = 4 * expand
    block = SimpleNamespace(
        _block_args=SimpleNamespace(
            expand_ratio=expand, id_skip=True, stride=stride, input_filters=4, output_filters=out
        ),
        _expand_conv=PaddedConv(4, inner, 1),
        _bn0=used_norm(inner),
        _depthwise_conv=PaddedConv(inner, inner, 3, stride=stride, groups=inner, padding_before=(1, 1, 1, 1)),
        _bn1=used_norm(inner),
        _project_conv=PaddedConv(inner, out, 1),
        _bn2=used_norm(out),
    )
    images = torch.randn(2, 4, 8, 8)
    x = torch.clamp(block._bn0(block._expand_conv(images)), 0, 6) if expand > 1 else images
    x = torch.clamp(block._bn1(block._depthwise_conv(x)), 0, 6)
    expected = block._bn2(block._project_conv(x)) + (images if is_skipped else 0)
    graph = Graph()
    output = inverted_bottleneck(graph, "x", block, "block")
    np.testing.assert_allclose(run(graph, output, images), expected.detach(), rtol=1e-3, atol=1e-4)
