"""The model: corpus to features to weights, and predictions from weights. Only `train` and `evaluate` import scikit-learn."""

import os

# Must stand before numpy's first import. One message's matrices are small: several threads spend their time waiting for
# each other (measured on two busy cores: 344 ms of CPU a message instead of 19) and take it from the relay.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
