"""The loss that the quadratic model predicts for the noisy network, and the loss that it has."""
