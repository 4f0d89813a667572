"""The codec's own benchmark: metrics, peers, the runner, its plot, and speed."""
