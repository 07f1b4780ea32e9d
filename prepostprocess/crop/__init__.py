"""From a person's box to the crop that the network sees, and back."""
