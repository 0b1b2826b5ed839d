"""How the networks that are published are trained: on warped images, by a plan, from checkpoint to checkpoint."""
