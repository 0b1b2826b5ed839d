"""EfficientNet-Lite as ONNX, written from its modules, with each batch normalisation folded into its convolution."""

from dataclasses import dataclass, field

from onnx import NodeProto, TensorProto, helper
from torch import Tensor, nn

from model_store.digit_graph import INPUT, OUTPUT, linear, serialize, to_tensor_proto


@dataclass
class Graph:
    """Nodes and weights, as far as they are written."""

    nodes: list[NodeProto] = field(default_factory=list)
    weights: list[TensorProto] = field(default_factory=list)

    def add(self, operator: str, inputs: list[str], name: str, **attributes: object) -> str:
        """Adds a node with one output; the output's name."""
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def add_weights(self, name: str, tensor: Tensor) -> str:
        """Adds weights; their name."""
        self.weights.append(to_tensor_proto(name, tensor.detach()))
        return name


def write_photo_network(network: nn.Module, side: int) -> bytes:
    """An EfficientNet-Lite as ONNX: images (n, 3, side, side) to logits (n, classes)."""
    graph = Graph()
    graph.weights += [
        helper.make_tensor(name, TensorProto.FLOAT, [], [limit]) for name, limit in (("zero", 0), ("six", 6))
    ]
    x = relu6(graph, convolution(graph, INPUT, network._conv_stem, network._bn0, "stem"))
    for index, block in enumerate(network._blocks):
        x = inverted_bottleneck(graph, x, block, f"block{index}")
    x = relu6(graph, convolution(graph, x, network._conv_head, network._bn1, "head"))
    x = graph.add("Flatten", [graph.add("GlobalAveragePool", [x], "pooled")], "features", axis=1)
    for name, tensor in (("fc.weight", network._fc.weight), ("fc.bias", network._fc.bias)):
        graph.add_weights(name, tensor)
    graph.nodes.append(linear(x, "fc", OUTPUT))
    return serialize(
        helper.make_graph(
            graph.nodes,
            "efficientnet-lite",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["images", 3, side, side])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["images", network._fc.out_features])],
            graph.weights,
        )
    )


def inverted_bottleneck(graph: Graph, source: str, block: nn.Module, name: str) -> str:
    """Expansion, depthwise convolution and projection, and the way around them where the shapes are equal."""
    arguments = block._block_args
    x = source
    if arguments.expand_ratio != 1:
        x = relu6(graph, convolution(graph, x, block._expand_conv, block._bn0, f"{name}.expand"))
    x = relu6(graph, convolution(graph, x, block._depthwise_conv, block._bn1, f"{name}.depthwise"))
    x = convolution(graph, x, block._project_conv, block._bn2, f"{name}.project")
    is_skipped = arguments.id_skip and arguments.stride == 1 and arguments.input_filters == arguments.output_filters
    return graph.add("Add", [x, source], f"{name}.sum") if is_skipped else x


def convolution(graph: Graph, source: str, conv: nn.Conv2d, norm: nn.BatchNorm2d, name: str) -> str:
    """A convolution without bias and the normalisation after it, as one convolution with a bias."""
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()  # (out,)
    inputs = [
        source,
        graph.add_weights(f"{name}.weight", conv.weight * factor.view(-1, 1, 1, 1)),
        graph.add_weights(f"{name}.bias", norm.bias - norm.running_mean * factor),
    ]
    # The package pads before the convolution, on some sides more than on others, as TensorFlow does.
    left, right, top, bottom = getattr(conv.static_padding, "padding", (0, 0, 0, 0))
    return graph.add(
        "Conv",
        inputs,
        name,
        group=conv.groups,
        kernel_shape=conv.kernel_size,
        pads=[top, left, bottom, right],
        strides=conv.stride,
    )


def relu6(graph: Graph, source: str) -> str:
    return graph.add("Clip", [source, "zero", "six"], f"{source}.relu6")
