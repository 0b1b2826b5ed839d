"""The store of published networks: one folder a version, with the network as ONNX and what there is to know about it.

    {store}/{name}/{version}/model.onnx and model.json

Versions are whole numbers and appear complete or not at all. `model.schema.json` says what is in a model.json;
docs/models.md says how it is used.
"""
