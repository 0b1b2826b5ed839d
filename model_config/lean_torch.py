"""Imports PyTorch without the half of it that a job never uses. For classify.py alone: nothing else should rely on it.

`import torch` runs about 1,200 modules: tracing, export, quantisation, sharding, NumPy and CUDA bindings. A
job uses tensors, autograd and two layers. The modules named here are put in place empty, and run when something
first reaches into them. Measured for a whole process that does nothing but import torch 2.14: 1.46 s as usual,
0.60 s this way.

A module that torch imports for its side effects alone is never reached into, so those are lost in this process:

- `torch._meta_registrations` and its counterpart in `torch.distributed` register the shape functions that are
  written in Python: many operations on the `meta` device and on fake tensors fail.
- `torch._native` registers GPU kernels written in Triton and CuTe, and applies the user's choice among them.
- torch does not see NumPy and the CUDA bindings, even if they are imported later: `Tensor.numpy()` and
  `torch.from_numpy()` fail.

Tensors on the CPU, autograd and the optimiser's kernel lose nothing: a test compares a run with one that imports all
of torch.
"""

import gc
import sys
import warnings
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

# Run only if something reaches into them; nothing that a job calls does.
DEFERRED = frozenset(
    {
        "torch._dynamo",
        "torch._meta_registrations",
        "torch._native",
        "torch.distributed._meta_registrations",
        "torch.distributions",
        "torch.export",
        "torch.masked",
        "torch.nn.intrinsic",
        "torch.nn.qat",
        "torch.nn.quantizable",
        "torch.nn.quantized",
        "torch.quantization",
        "torch.testing",
    }
)

# Optional for torch: while it is imported, they seem not to be installed, which in the image they aren't.
LEFT_OUT = frozenset({"cuda", "numpy"})


class DeferredModule(ModuleType):
    """A module that has been found but not run; the first name asked of it runs it."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):  # import machinery and `inspect` look at every module
            raise AttributeError(name)
        self.__class__ = ModuleType
        self.__loader__.loader.exec_module(self)
        return getattr(self, name)


class DeferredLoader:
    """Stands before a module's own loader until the module is needed."""

    def __init__(self, loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = DeferredModule


class LeanFinder:
    """Goes before Python's own finders while torch is imported."""

    @staticmethod
    def find_spec(name: str, path=None, target=None) -> ModuleSpec | None:
        if name in LEFT_OUT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name not in DEFERRED:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = DeferredLoader(spec.loader)
        return spec


def import_torch() -> None:
    """Imports torch, lean; imports after it are the usual ones.

    The garbage collector rests meanwhile: what the import makes is there to stay.
    """
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
    sys.meta_path.insert(0, LeanFinder)
    gc.disable()
    try:
        import torch  # noqa: F401
    finally:
        sys.meta_path.remove(LeanFinder)
        gc.freeze()
        gc.enable()
