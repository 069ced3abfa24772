"""What `make bench` runs: our code against what people would use instead, written to benchmarks/results.json."""
