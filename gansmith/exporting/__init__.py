"""The ways out of a run folder: to ONNX, and to a folder as the Hugging Face Hub has them."""
