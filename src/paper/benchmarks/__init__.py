"""What the page on benchmarks shows; `benchmarks/` at the top measures it."""
