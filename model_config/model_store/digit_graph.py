"""The graphs of `models.py`'s two networks as ONNX, written from their weights, without tracing."""

import onnx
from onnx import GraphProto, NodeProto, TensorProto, helper
from torch import nn

from models import ConvNet, FeedForward

INPUT, OUTPUT = "image", "logits"
OPSET, IR_VERSION = 17, 9  # what onnxruntime has read since 1.14


def write_digit_network(model_type: str, network: nn.Module) -> bytes:
    """A network of a type (`ff` or `cnn`) as ONNX: images (n, 1, 28, 28) in 0..1 to logits (n, 10)."""
    weights = {name: tensor.detach().cpu() for name, tensor in network.state_dict().items()}
    graph = helper.make_graph(
        nodes=NODES[model_type](network),
        name=f"{model_type}-network",
        inputs=[helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["images", 1, 28, 28])],
        outputs=[helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["images", 10])],
        initializer=[to_tensor_proto(name, tensor) for name, tensor in weights.items()],
    )
    return serialize(graph)


def serialize(graph: GraphProto) -> bytes:
    """The bytes of a checked ONNX file with this graph."""
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="ml-job-mesh")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def to_tensor_proto(name: str, tensor) -> TensorProto:
    """A tensor of floats with its name; the bytes as they are, which in ONNX are little-endian."""
    data = tensor.float().contiguous().numpy().astype("<f4", copy=False)
    return helper.make_tensor(name, TensorProto.FLOAT, data.shape, data.tobytes(), raw=True)


def feed_forward_nodes(network: FeedForward) -> list[NodeProto]:
    return [
        helper.make_node("Flatten", [INPUT], ["pixels"], axis=1),  # (n, 784)
        linear("pixels", "fc1", "hidden"),  # (n, 500)
        helper.make_node("Relu", ["hidden"], ["hidden_relu"]),
        linear("hidden_relu", "fc2", OUTPUT),  # (n, 10)
    ]


def conv_net_nodes(network: ConvNet) -> list[NodeProto]:
    return [
        convolution(INPUT, "conv1", "maps1", network.conv1),  # (n, 16, 12, 12)
        helper.make_node("Relu", ["maps1"], ["maps1_relu"]),
        convolution("maps1_relu", "conv2", "maps2", network.conv2),  # (n, 32, 5, 5)
        helper.make_node("Relu", ["maps2"], ["maps2_relu"]),
        helper.make_node("Flatten", ["maps2_relu"], ["features"], axis=1),  # (n, 800)
        linear("features", "fc1", "hidden"),  # (n, 128)
        helper.make_node("Relu", ["hidden"], ["hidden_relu"]),
        linear("hidden_relu", "fc2", OUTPUT),  # (n, 10)
    ]


NODES = {"ff": feed_forward_nodes, "cnn": conv_net_nodes}


def linear(source: str, layer: str, target: str) -> NodeProto:
    """nn.Linear, which keeps its weights as (out, in)."""
    return helper.make_node("Gemm", [source, f"{layer}.weight", f"{layer}.bias"], [target], transB=1)


def convolution(source: str, layer: str, target: str, module: nn.Conv2d) -> NodeProto:
    """nn.Conv2d without padding."""
    inputs = [source, f"{layer}.weight", f"{layer}.bias"]
    return helper.make_node("Conv", inputs, [target], kernel_shape=module.kernel_size, strides=module.stride)
