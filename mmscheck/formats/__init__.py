"""Report to text: pure functions, one file each."""
