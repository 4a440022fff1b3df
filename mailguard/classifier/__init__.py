"""The model: corpus to features to weights, and predictions from weights. Only `train` and `evaluate` import scikit-learn."""
