"""Networks as PyTorch writes them down: what an exported file computes, and its trace."""
