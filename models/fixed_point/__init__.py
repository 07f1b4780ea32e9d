"""A chip's fixed point within PyTorch: networks that are trained as they will be rounded."""
