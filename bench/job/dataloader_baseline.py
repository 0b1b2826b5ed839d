"""The usual way to train and evaluate on MNIST, which `npm run bench job` compares classify.py with.

It is the loop of PyTorch's tutorials: torchvision's MNIST and ToTensor, a shuffling DataLoader with batches of
100, torch.optim.Adam. The networks are model_config's own, and one thread is used, as there.

    python dataloader_baseline.py train ff 5 1 DATA_FOLDER        model type, epochs, seed
    python dataloader_baseline.py evaluate ff NETWORK DATA_FOLDER
"""

import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "model_config"))
from models import NETWORKS


def train(model_type: str, epochs: int, seed: int, folder: str) -> nn.Module:
    """Trains a new network, printing what classify.py prints."""
    torch.manual_seed(seed)
    dataset = datasets.MNIST(folder, train=True, transform=transforms.ToTensor())
    loader = DataLoader(dataset, batch_size=100, shuffle=True)
    model = NETWORKS[model_type]()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    for epoch in range(epochs):
        for i, (images, labels) in enumerate(loader):
            outputs = model(images)
            loss = criterion(outputs, labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if (i + 1) % 100 == 0:
                print(
                    f"Epoch [{epoch + 1}/{epochs}], Step [{i + 1}/{len(loader)}], Loss: {loss.item():.4f}", flush=True
                )
    return model


def evaluate(model: nn.Module, folder: str) -> float:
    """The accuracy on the test images, in percent."""
    dataset = datasets.MNIST(folder, train=False, transform=transforms.ToTensor())
    loader = DataLoader(dataset, batch_size=100, shuffle=False)
    model.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            predicted = model(images).argmax(dim=1)
            correct += (predicted == labels).sum().item()
    return 100 * correct / len(dataset)


def main() -> None:
    started = time.time()
    torch.set_num_threads(1)
    mode, model_type, *rest, folder = sys.argv[1:]
    if mode == "train":
        model = train(model_type, int(rest[0]), int(rest[1]), folder)
    else:
        model = NETWORKS[model_type]()
        model.load_state_dict(torch.load(rest[0], weights_only=True))
    print(f"Accuracy of the network on the 10K test images: {evaluate(model, folder):.2f} %")
    print(f"Time passed: {time.time() - started:.2f} sec")


if __name__ == "__main__":
    main()
