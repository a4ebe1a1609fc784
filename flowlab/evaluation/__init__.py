"""How good a flow is: errors against the truth, data-set readers, benchmarks."""
