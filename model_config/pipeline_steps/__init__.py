"""The steps of pipeline.py, each of which finds out by itself what an earlier run has completed."""
