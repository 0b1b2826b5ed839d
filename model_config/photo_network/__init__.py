"""The network for photos: EfficientNet-Lite0 with ImageNet weights, brought into the model store's form."""
