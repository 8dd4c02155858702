"""The compiled kernel: attention over edges on a CPU, samples in the lanes of its vectors. Optional everywhere."""
