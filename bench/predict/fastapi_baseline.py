"""The service that tutorials build: FastAPI, a file upload, Pillow, and PyTorch or ONNX Runtime.

    MODEL=FILE.onnx MODEL_TYPE=cnn RUNTIME=torch uvicorn --no-access-log fastapi_baseline:app

An image is looked at as it arrives.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request, UploadFile
from predictors import best_first, load_onnx, load_torch, read_image

loaders = {"torch": load_torch, "onnxruntime": load_onnx}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.predict = loaders[os.environ["RUNTIME"]](Path(os.environ["MODEL"]))
    yield


app = FastAPI(lifespan=lifespan)


# Both on the event loop: handing an image to a thread would cost more than what is done with it.
@app.post("/predict")
async def predict(file: UploadFile) -> dict:
    return look_at(await file.read())


@app.post("/predict/bytes")
async def predict_bytes(request: Request) -> dict:
    return look_at(await request.body())


def look_at(file: bytes) -> dict:
    probabilities = app.state.predict(read_image(file))
    return {"model": "mnist", "version": 1, "predictions": [{"classes": best_first(probabilities[0])}]}


@app.get("/ping")
async def ping() -> dict:
    return {"status": "ok"}
